"""stream_status: each stream's period, wait, lateness, losses and state, measured."""

from reporting_board import ReportingHost
from scripted_board import fresh_folder

from tasuki_wire import codec, layout

host = ReportingHost(fresh_folder("streams"))
host.sampling()
host.pass_time(9_000_000)

# one after another, equidistant, and no report on the reports themselves
numbers = [row[0] for row in host.rows("stream_status")]
assert numbers[:7] == [0, 1, 2, 3, 4, 5, 0], numbers
frames = host.of_kind("stream_status")
assert {frame[1] for frame in frames} == {layout.STREAM_STATUS[0]}
times = [codec.time_us(frame[4], frame[5]) for frame in frames]
records = [len(frame[6]) // 18 for frame in frames]
for i in range(len(times) - 1):
    assert times[i + 1] - times[i] == records[i] * 500_000

# polled every 20 ms, the 250-Hz stream waits up to 20 ms, three of five records more than one period
state, period, jitter, late, overruns = host.stream(0)
assert state == "running" and overruns == 0
assert abs(period - 4_000 * 16) < 16 * 16, period
assert 12_000 <= jitter <= 20_000, jitter
counted = host.hub.sampler.streams[0].late
assert late <= counted and abs(counted - host.board.parts[0].taken * 3 // 5) < 10, counted
# the slow ones are never late, and their wait is that of the turn
for number, period_us in ((1, 40_000), (2, 1_000_000)):
    state, period, jitter, late, overruns = host.stream(number)
    assert (state, late, overruns) == ("running", 0, 0)
    assert abs(period - period_us * 16) <= period_us * 16 // 100, (number, period)
    assert jitter <= 20_000
# the ring is drained each turn; a stall of three seconds overruns it and makes everything late
before = [host.stream(number) for number in range(5)]
host.board.clock += 3_000_000
host.pass_time(6_000_000)
rows = host.rows("stream_status")
worst = {number: max([row[3] for row in rows if row[0] == number]) for number in range(5)}
for number in range(5):
    assert worst[number] > 2_000_000 or number == 2, (number, worst)
    assert host.stream(number)[3] > before[number][3]
assert host.stream(0)[4] > 500 and host.stream(2)[4] == 0
# a wait is of one report, lateness and losses are since boot
assert host.stream(0)[2] <= 20_000

# a driver may name how long its part keeps records: within that nothing is late
host.hub.sampler.streams[3].counts[3] = 2_000_000
at = host.stream(3)[3]
host.board.clock += 1_000_000
host.pass_time(5_000_000)
assert host.stream(3)[3] == at
assert host.stream(4)[3] > before[4][3]

# a driver that says when it wants to be called is not called before
calls = []


def lazy(ring, now_us, poll=host.board.parts[2].poll):
    """The thermometer's poll, on request only."""
    calls.append(now_us)
    poll(ring, now_us)
    return host.board.parts[2]._due


host.board.parts[2].poll = lazy
host.pass_time(10_000_000)
assert 9 <= len(calls) <= 11, len(calls)
assert host.stream(2)[0] == "running"

# what is not allowed is off
host.ask("narrow", 32)
host.frames = []
host.pass_time(5_000_000)
assert {host.stream(number)[0] for number in range(5)} == {"off"}
assert host.stream(5)[0] == "running"
