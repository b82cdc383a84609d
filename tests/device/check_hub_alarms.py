"""An alarm closes its epoch at once: at most once a second, never past the signer, shared when more come."""

from reporting_board import ReportingHost
from scripted_board import fresh_folder

from tasuki_wire import codec, layout

host = ReportingHost(fresh_folder("alarms"))
host.sampling()
host.pass_time(1_000_000)
host.frames = []
at = host.board.clock
host.hub.alarm("fall")
host.pass_time(200_000)
assert host.reasons() == ["alarm"]

# all that was sampled until then is in it, though no frame was full
opening = host.openings()[0]
entries = codec.unpack_rows(codec.number("opening"), opening[40:])
for entry in entries:
    end = codec.time_us(entry[6], entry[7])
    period = layout.DEFAULT_PROFILE[entry[0]][3] if entry[0] < 5 else 4_000_000
    assert at - max(period, 20_000) <= end <= at + 20_000, entry
assert {entry[0] for entry in entries} >= {0, 1, 2, 3, 4, 5}
# nothing that it would tell of body motion is told as device status
assert host.lines() == []

# more within the second share the next, which comes when the second is over
host.frames = []
for _ in range(20):
    host.hub.alarm("button")
    host.turn()
assert host.reasons() == []
host.pass_time(1_000_000)
assert host.reasons() == ["alarm"]
host.pass_time(2_000_000)
assert host.reasons() == ["alarm"]

# an alarm shortly before the end of the epoch is its reason, and makes no second one
host.frames = []
host.hub.alarm("button")
host.pass_time(200_000)
assert host.reasons() == ["alarm"]
host.pass_time(3_500_000)
host.hub.alarms._free_us = host.board.clock + 1_000_000
host.hub.alarm("button")
host.pass_time(1_300_000)
assert host.reasons() == ["alarm", "alarm"]
host.pass_time(3_900_000)
assert host.reasons() == ["alarm", "alarm", "length"]

# while the signer is behind no alarm adds to the epochs that wait for it; none is forgotten
host.pass_time(1_200_000)
host.frames = []
host.signer.held = True
for _ in range(3):
    host.hub.alarm("fall")
    host.pass_time(1_040_000)
waiting = [kept for kept in host.hub.epochs.closed if not kept.record]
assert len(waiting) == 2 and host.hub.epochs.given_up == 0
assert host.hub.alarms.waits
host.signer.held = False
host.pass_time(2_000_000)
assert host.reasons() == ["alarm"] * 3
numbers = [int.from_bytes(opening[4:8], "little") for opening in host.openings()]
assert numbers == list(range(numbers[0], numbers[0] + 3))

# after a stop nothing is left to close
host.hub.alarm("fall")
assert host.status("stop") == "ok"
assert not host.hub.alarms.waits
