"""The hub with all drivers on simulated parts: allowed parts are spoken to and sampled, no other."""

from garment import ITEM_OF, GarmentHost
from scripted_board import fresh_folder

from tasuki_wire import codec, items

host = GarmentHost(fresh_folder("drivers"))
board = host.board
parts = host.parts
host.enroll()
host.pass_time(100_000)
assert host.status("start") == "no_token" and parts.traffic() == {}

sequence = 0
for mask in (0, 1, 2, 4, 8, 16, 32, 63):
    sequence += 1
    parts.clear()
    assert host.give(sequence, mask) == "ok"
    assert parts.traffic() == {}
    host.frames = []
    assert host.status("start") == "ok"
    host.pass_time(300_000)
    allowed = {part for part, item in ITEM_OF.items() if items.bit(item) & mask}
    assert set(parts.traffic()) == allowed, (mask, parts.traffic())
    assert host.status("stop") == "ok"
    host.turn()
    found = {codec.KINDS[frame[0]].item for frame in host.samples()}
    assert found == {name for name in items.names(mask) if name != "subjective"}, (mask, found)
    parts.clear()
    host.pass_time(100_000)
    assert parts.traffic() == {}, mask

# a bus that breaks stops its streams and is told; the others go on
assert host.give(sequence + 1) == "ok"
parts.sims["heat"].identity = 0x1116
assert host.status("start") == "ok"
host.pass_time(200_000)
broken_us = board.clock
parts.i2c0.faults[0x6B].broken = True
host.pass_time(1_000_000)
lines = [frame[6][1:].decode() for frame in host.of_kind("log")]
assert "stream 2 failed: tmp117: device id is 1116, not x117" in lines
assert [line for line in lines if line.startswith("stream 6 failed: ")]
newest = {}
for frame in host.samples():
    newest[frame[1]] = codec.time_us(frame[4], frame[5])
assert min(newest[0], newest[3], newest[4], newest[7]) > broken_us
assert newest.get(6, 0) < broken_us
