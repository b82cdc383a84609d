"""A part that is missing, dies or stalls has a name, the others go on, and it comes back by itself."""

from reporting_board import ReportingHost
from scripted_board import fresh_folder

host = ReportingHost(fresh_folder("sensors"))
parts = host.board.parts
parts[0].dead = True
host.sampling()
host.pass_time(4_200_000)
assert host.stream(0)[0] == "missing"
assert "stream 0 failed: bus" in host.lines()
assert not host.of_kind("ecg") and host.of_kind("imu")

# dies in use
parts[3].broken = True
host.frames = []
host.pass_time(4_200_000)
assert host.stream(3)[0] == "failed" and not parts[3].powered
assert host.lines() == ["stream 3 failed: bus"]

# says nothing any more: four periods, and at least two seconds
parts[4].silent = True
parts[2].silent = True
host.frames = []
host.pass_time(2_100_000)
assert host.lines() == ["stream 4 stalled"]
host.pass_time(4_200_000)
assert host.lines() == ["stream 4 stalled", "stream 2 stalled"]
host.pass_time(4_000_000)
assert host.stream(4)[0] == host.stream(2)[0] == "stalled"
assert host.stream(1)[0] == "running"

# each is tried again every ten seconds: quietly while it fails, said when it runs
host.frames = []
starts = parts[0].starts
host.pass_time(30_000_000)
assert host.lines() == []
assert parts[0].starts == starts + 3
assert parts[4].starts >= 3
parts[0].dead = parts[3].broken = parts[2].silent = False
host.pass_time(14_000_000)
assert sorted(host.lines()) == ["stream 0 runs again", "stream 2 runs again", "stream 3 runs again"]
assert [host.stream(number)[0] for number in range(5)] == ["running"] * 4 + ["stalled"]
# records that come by themselves end a stall at once
parts[4].silent = False
host.frames = []
host.pass_time(100_000)
assert "stream 4 runs again" in host.lines()

# without consent nothing is tried again
parts[0].broken = True
host.pass_time(1_000_000)
assert host.ask("narrow", 32)[0] == "answer"
starts = [part.starts for part in parts]
host.pass_time(25_000_000)
assert [part.starts for part in parts] == starts
assert not [part for part in parts if part.powered]
