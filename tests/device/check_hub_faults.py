"""Noise, nonsense, a dead sensor or a dead line: the hub goes on and counts."""

import random

from scripted_board import Host, fresh_folder

from tasuki_wire import codec

random.seed(56)
host = Host(fresh_folder("faults"))
host.sampling()

# random payloads for every command, with a right CRC: answered or counted, never fatal
ending = ("maintenance", "enroll", "reboot")
commands = [k for k in codec.KINDS.values() if k.number >= 48 and k.name not in ending]
for case in range(400):
    kind = random.choice(commands)
    n = kind.head_size if case % 4 else random.randrange(kind.head_size + 9)
    host.send(kind.number, bytes([random.getrandbits(8) for _ in range(n)]))
    host.turn(1000)
    host.frames = []
assert host.ask("status_request")[0] == "status"
assert host.hub.link.damaged > 50

# bytes without meaning, also without an end, do no harm
for size in (1, 300, 5000):
    host.board.to_hub += bytes([random.getrandbits(8) for _ in range(size)])
    host.board.to_hub += b"\x00"
host.pass_time(1_000_000)
assert host.ask("identify")[1][0] == host.hub.device

# a sensor that dies is said so, the others go on
if not host.hub.consent.live(host.board.clock) or not host.hub.sampling:
    assert host.give(1000) == "ok" and host.status("start") == "ok"
assert host.give(host.hub.keys.sequence + 1) == "ok"
host.board.parts[0].broken = True
host.frames = []
host.pass_time(1_000_000)
assert not host.of_kind("ecg") and host.of_kind("imu")
assert [f for f in host.of_kind("log") if b"stream 0 failed" in f[6]]

# a line that takes nothing: the oldest frames go, all are counted, and it comes back
host.board.listening = False
host.pass_time(20_000_000)
lost = host.hub.ring.dropped
assert lost > 100
host.board.listening = True
host.frames = []
host.pass_time(1_000_000)
seqs = [f[3] for f in host.of_kind("imu")][1:]  # the first was half sent when the line died
assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
assert host.ask("status_request")[0] == "status"

# maintenance needs a hub that does not sample
assert host.status("maintenance") == "busy"
assert host.status("stop") == "ok"
assert host.status("maintenance") == "ok"
assert host.hub.leaving

# a damaged key file is no key: the hub says so and signs nothing
with open(host.board.flash + "/session", "wb") as f:
    f.write(b"half")
host.boot()
assert host.hub.keys.seed is None
assert host.give(9999) == "no_key"
