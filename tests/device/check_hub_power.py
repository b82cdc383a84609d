"""Power states with their reason; a battery at its end is told, signed, and switches the board off."""

from reporting_board import ReportingBoard, ReportingHost, again
from scripted_board import fresh_folder

from tasuki_hub import hub as hub_module
from tasuki_wire import items


class Switched(ReportingBoard):
    """A board that can switch itself off."""

    def power_off(self):
        raise SystemExit


STATUS = items.bit("device_status")
host = ReportingHost(fresh_folder("power"), Switched)
host.board.millivolts = 3900
host.sampling()
host.pass_time(9_000_000)
# what was before is told first, then what is, then every four seconds
assert host.powers() == [("idle", "boot"), ("active", "start"), ("active", "start"), ("active", "start")]

# no sensor of the body runs any more: told soon
host.frames = []
host.ask("narrow", STATUS)
host.pass_time(600_000)
assert host.powers() == [("idle", "narrow")]
assert host.give(2) == "ok"
host.pass_time(600_000)
assert host.powers()[1:] == [("active", "token")]

# the reason of the last idle time is the first thing that is told after it
assert host.status("stop") == "ok"
host.frames = []
assert host.status("start") == "ok"
host.pass_time(600_000)
assert host.powers() == [("idle", "stop"), ("active", "start")]
host.frames = []
for _ in range(4):  # nobody speaks
    host.board.clock += 10_000_000
    host.turn()
assert not host.hub.sampling
host.frames = []
assert host.status("start") == "ok"
host.pass_time(600_000)
assert host.powers() == [("idle", "link"), ("active", "start")]

# every sensor dies: a fault; one comes back
for part in host.board.parts:
    part.broken = True
host.frames = []
host.pass_time(600_000)
assert host.powers() == [("idle", "fault")]
host.board.parts[0].broken = False
host.pass_time(11_000_000)
assert ("active", "start") in host.powers()
for part in host.board.parts:
    part.broken = False
host.pass_time(10_000_000)

# one dip is none; low twice is the end, with a last report and a signed stop
host.frames = []
host.board.millivolts = 3200
while not host.hub.power._lows:
    host.turn()
host.board.millivolts = 3310
host.pass_time(3_000_000)
assert set(host.powers()) <= {("active", "start")}
host.board.millivolts = 3299
host.pass_time(4_000_000)
assert host.powers()[-1] == ("off", "battery")
assert host.rows("device_status")[-1][0] == 3299
assert host.reasons()[-1] == "stop"
assert host.hub.leaving == hub_module.OFF
assert not [part for part in host.board.parts if part.powered]

# a board that cannot switch off goes idle, and starts again only well above the threshold
host = ReportingHost(fresh_folder("power2"))
host.board.millivolts = 3200
host.sampling()
host.pass_time(8_000_000)
assert not host.hub.sampling and not host.hub.leaving
assert host.powers()[-1] == ("off", "battery") and host.reasons()[-1] == "stop"
for millivolts, goes in ((3400, False), (3460, True)):
    host.board.millivolts = millivolts
    host.frames = []
    assert host.status("start") == "ok"
    host.pass_time(8_000_000)
    assert host.powers()[0] == ("idle", "battery")
    assert host.hub.sampling == goes
host.board.millivolts = 3310  # below that again is not yet low
host.pass_time(5_000_000)
assert host.hub.sampling

# a voltage of 0 was not measured
host.board.millivolts = 0
host.pass_time(5_000_000)
assert host.hub.sampling

# without device_status nothing is told, and the end is the same
host.board.millivolts = 3200
host.boot()
assert again(host, 9) == "ok"
assert host.ask("narrow", 1)[0] == "answer"
host.frames = []
host.pass_time(8_000_000)
assert host.powers() == [] and not host.hub.sampling and host.reasons()[-1] == "stop"
