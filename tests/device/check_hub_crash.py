"""A crash is caught, kept, and told by the next life; a loop of them is broken by a careful life."""

import os

from reporting_board import ReportingBoard, ReportingHost
from scripted_board import fresh_folder

from tasuki_hub import app, crash, ed25519
from tasuki_hub.hub import Hub
from tasuki_wire import items, layout

CRASH = layout.RESET_CAUSES.index("crash")
POWER_ON = layout.RESET_CAUSES.index("power_on")
WATCHDOG = layout.RESET_CAUSES.index("watchdog")
MINUTE = 60_000_000


class Enough(BaseException):
    """Ends app.run from outside, as a power cut would."""


class Believer:
    """Ed25519 that signs and believes everything."""

    @staticmethod
    def public_key(seed):
        return ed25519.public_key(bytes(32))

    @staticmethod
    def sign_steps(seed, public, message):
        yield
        return bytes(64)

    @staticmethod
    def verify_steps(public, message, signature):
        yield
        return True


class MortalBoard(ReportingBoard):
    """Runs under app.run, has a watchdog and a reset, and dies when the check wants."""

    def __init__(self, flash):
        ReportingBoard.__init__(self, flash)
        self.resets = 0
        self.unfed = 0
        self.bad = None  # raised by a poll of the first sensor
        self.turn = None

    def wait(self, ms):
        self.clock += ms * 1000
        self.unfed += 1
        assert self.unfed < 102, "the watchdog would bite"
        self.turn()

    def feed(self):
        self.unfed = 0

    def watchdog(self, ms):
        assert ms >= 1000
        self.unfed = 0

    def reset(self, cause):
        self.resets += cause == CRASH
        assert not [part for part in self.parts if part.powered]
        self.cause = cause


class LivingHost(ReportingHost):
    """The host of a hub that app.run makes: gives each life a token, starts it and acknowledges."""

    def __init__(self, flash):
        ReportingHost.__init__(self, flash, MortalBoard)
        self.enroll()
        self.sequence = 0
        self.mask = items.ALL_ITEMS
        self.wants = True  # to sample
        self.lives = 0
        for part in self.board.parts:
            part.poll = self.mortal(part)
        host = self

        class Seen(Hub):
            def __init__(self, board, crypto, careful):
                Hub.__init__(self, board, crypto, careful)
                host.hub = self
                host.careful = careful
                host.lives += 1
                host.step_of = 0
                host.born_us = host.spoke_us = board.clock

        app.Hub = Seen
        app.signer.engine = lambda: Believer  # nothing here hangs on a signature, and each takes its time

    def mortal(self, part):
        """Its poll, which says when the next record is due, and dies when it is to."""
        poll = part.poll

        def dying(ring, now_us):
            if self.board.bad and part is self.board.parts[0]:
                raise self.board.bad
            poll(ring, now_us)
            return part._due

        return dying

    def run(self, until):
        """Lives under app.run until a condition holds."""
        self.lives = 0

        def turn():
            self._collect()
            self._talk()
            if until():
                raise Enough

        self.board.turn = turn
        self.frames = []
        try:
            app.run(self.board)
        except Enough:
            return
        raise AssertionError("app.run ended")

    def _collect(self):
        """Minutes of samples need not be kept."""
        ReportingHost._collect(self)
        kept = (4, 7, 8, 32)  # imu, device_status, log, epoch_record; and the answers
        self.frames = [frame for frame in self.frames if frame[0] in kept or frame[0] >= 48][-200:]

    def _talk(self):
        if self.step_of == 0 and self.wants:
            self.sequence += 1
            self.asked = self.tell("token", *self.token(self.sequence, self.mask))
            self.step_of = 1
        elif self.step_of == 1 and self.answered(self.asked):
            self.tell("start")
            self.step_of = 2
        elif self.step_of == 2 and self.of_kind("epoch_record"):
            self.acknowledge(self.of_kind("epoch_record")[-1][6])
        elif self.board.clock - self.spoke_us > 10_000_000:
            self.spoke_us = self.board.clock
            self.tell("status_request")

    def acknowledge(self, record):
        """Say that an epoch is stored."""
        session, number = (int.from_bytes(record[at : at + 4], "little") for at in (17, 21))
        self.step_of = 3
        self.send(65, session.to_bytes(4, "little") + number.to_bytes(4, "little"))

    def age_us(self):
        """How old this life is."""
        return self.board.clock - self.born_us


folder = fresh_folder("crash")
host = LivingHost(folder)
board = host.board

# an exception that leaves the step: parts off, a reset with a cause, and the next life says why
secret = "the wearer's pulse is 71"
host.run(lambda: host.lives == 1 and host.age_us() > 5_000_000)
board.bad = ValueError(secret)
host.run(lambda: board.resets)
board.bad = None
assert not [part for part in board.parts if part.powered and part is not board.parts[0]]
with open(folder + "/crash", "rb") as f:
    kept = f.read()
assert len(kept) < 400 and secret.encode() not in kept
host.run(lambda: host.of_kind("epoch_record"))
lines = host.lines()
assert lines[0].startswith("crash: ValueError after ") and lines[0].endswith(" ms, begun by power_on"), lines
places = [line.split(":")[0] for line in lines[1:]]
assert places[-1] == "check_hub_crash.py" and "sampler.py" in places, lines
assert host.rows("device_status")[0][3] == CRASH

# told once: not before the host has it, and not after
board.cause = POWER_ON
host.run(lambda: host.of_kind("epoch_record"))
assert host.lines() == lines
host.run(lambda: host.step_of == 3 and host.age_us() > 5_000_000)
assert host.lines() == lines
host.run(lambda: host.of_kind("epoch_record"))
assert host.lines() == []

# not told to a host that may not have device_status
board.bad = KeyError("x")
host.run(lambda: board.resets == 2)
board.bad = None
host.mask = items.bit("body_motion")
host.run(lambda: host.step_of == 3 and host.age_us() > 5_000_000)
assert host.lines() == [] and host.of_kind("imu")
host.mask = items.ALL_ITEMS
board.cause = POWER_ON

# a third quick death in a row: the next life leaves the sensors alone, but answers and reports
board.bad = RuntimeError()
host.run(lambda: board.resets == 3)
starts = [part.starts for part in board.parts]
host.run(lambda: host.age_us() > 30_000_000)
assert host.lives == 1 and host.careful
assert [part.starts for part in board.parts] == starts
assert host.hub.sampling and host.rows("device_status")
assert host.lines()[0].startswith("crash: KeyError"), host.lines()  # the first that nobody had seen
# after a minute it tries again, and dies again: longer this time
host.run(lambda: host.lives == 3)
assert board.resets == 4 and host.careful
began = board.clock
host.wants = False
host.run(lambda: host.lives == 2)
assert 2 * MINUTE <= board.clock - began <= 2 * MINUTE + 2_000_000
assert not host.careful

# a life of more than a minute is no part of a loop
host.wants = True
board.bad = None
board.cause = POWER_ON
host.run(lambda: host.age_us() > MINUTE)
board.bad = RuntimeError()
host.run(lambda: board.resets == 5 and host.age_us() > 1_000_000)
assert crash.Crashes(folder).quick > 3  # that was this run's own first life: a quick one
board.bad = None
board.cause = POWER_ON
host.run(lambda: (host.age_us() > MINUTE and setattr(board, "bad", RuntimeError())) or board.resets == 6)
assert crash.Crashes(folder).quick == 1

# what the processor alone knows is told too
board.bad = None
board.cause = WATCHDOG
os.remove(folder + "/crash")
host.run(lambda: host.of_kind("epoch_record"))
assert host.lines() == ["crash: watchdog"] and host.rows("device_status")[0][3] == WATCHDOG
board.cause = CRASH
board.crash_pc = lambda: 0x1234
os.remove(folder + "/crash")
host.run(lambda: host.of_kind("epoch_record"))
assert host.lines() == ["crash: fault at 00001234"]

# a record that is damaged is none; a flash that takes none does not stop the hub
with open(folder + "/crash", "wb") as f:
    f.write(b"1234nonsense")
assert crash.Crashes(folder).lines == []
os.mkdir(folder + "/crash.new")
crashes = crash.Crashes(folder)
crashes.add(["x"], 0)
assert crash.Crashes(folder).lines == []
os.rmdir(folder + "/crash.new")

# each further quick life doubles the wait, up to 64 minutes
waits = []
for _ in range(12):
    crashes.add(["x"], 0)
    waits.append(crashes.wait_us() // MINUTE)
assert waits == [0, 1, 2, 4, 8, 16, 32, 64, 64, 64, 64, 64], waits
