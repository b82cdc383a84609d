"""A flash that takes nothing more: said, never fatal, and no counter is used that was not kept."""

import os

from reporting_board import ReportingHost
from scripted_board import fresh_folder

EIO = 5
ENOSPC = 28  # MicroPython's errno has no name for it

folder = fresh_folder("flash")
host = ReportingHost(folder)
host.enroll()
keys = host.hub.keys


def full(number):
    """From now on every write fails."""

    def write(name, data):
        raise OSError(number)

    keys._write = write


def well():
    """The flash takes writes again."""
    del keys._write


def session_kept():
    """The session counter as a hub that boots now reads it."""
    return type(keys)(folder).session


# a token whose sequence cannot be kept is not accepted: it could be used again
full(ENOSPC)
assert host.give(1) == "full"
assert not host.hub.consent.live(host.board.clock) and keys.sequence == 0
well()
assert host.give(1) == "ok"

# a session counter that cannot be kept starts nothing, and powers nothing
full(EIO)
assert host.status("start") == "full"
assert not host.hub.sampling and host.hub.session == 0 and session_kept() == 0
assert not [part for part in host.board.parts if part.powered]
host.pass_time(1_000_000)
assert not host.samples()

# when it can be kept again, the first epoch says what was wrong, and why the hub was idle
well()
assert host.status("start") == "ok"
host.pass_time(1_000_000)
assert host.hub.session == session_kept() == 1
assert host.powers()[0] == ("idle", "fault") and host.powers()[1] == ("active", "start")
lines = host.lines()
assert len(lines) == 2 and lines[0].startswith("flash failed: ") and lines[1].startswith("flash failed: ")

# while it samples: the new token is refused, the old one goes on, and the log says so
full(ENOSPC)
host.frames = []
assert host.give(2) == "full"
host.pass_time(5_000_000)
assert host.hub.sampling and host.reasons()[0] == "token"
assert len(host.lines()) == 1 and host.of_kind("imu")
well()
assert host.give(2) == "ok"

# an authority that cannot be pinned is not pinned
host.hub.keys.forget()
host.boot()
keys = host.hub.keys
full(ENOSPC)
assert host.status("enroll", bytes(range(32)), b"c" * 32, 0) == "full"
assert not keys.keyed and not os.listdir(folder)
assert host.ask("identify")[0] == "identity"
well()
assert host.enroll()[0] == "enrolled"

# a key that could not be replaced is gone, and the hub starts anew: its session goes on under no other
assert host.give(1) == "ok" and host.status("start") == "ok" and host.status("stop") == "ok"
assert host.hub.session == 1
old = host.hub
keys = old.keys
full(ENOSPC)
assert host.status("enroll", bytes(range(32)), b"c" * 32, 1) == "full"
host.turn()
assert host.hub is not old and host.hub.session == 0 and host.hub.public == bytes(32)
assert host.enroll()[0] == "enrolled"
assert host.give(1) == "ok" and host.status("start") == "ok"
assert host.hub.session == session_kept() == 1

# stored epochs that cannot be deleted hold an enrolment up, and end no life
assert host.status("stop") == "ok"


def refuse():
    """As a shelf on a flash that fails."""
    raise OSError(EIO)


host.hub.store.wipe = refuse
assert host.status("enroll", bytes(range(32)), b"c" * 32, 1) == "full"
