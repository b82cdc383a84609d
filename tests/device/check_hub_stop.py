"""A clean stop is told by a signed epoch even when nothing was measured since the last border."""

from scripted_board import Host, fresh_folder

from tasuki_wire import codec, epoch, items, layout

host = Host(fresh_folder("stop"))
host.sampling(items.bit("body_temperature"))

# one reading a second: behind a border in between, nothing is there yet
host.pass_time(4_500_000)
assert host.give(2, items.bit("body_temperature")) == "ok"
assert host.status("stop") == "ok"
host.pass_time(200_000)

last = host.hub.epochs.closed[-1]
assert last.record and len(last.opening) == codec.KINDS[epoch.OPENING].head_size
assert layout.CLOSE_REASONS[codec.unpack(epoch.OPENING, last.opening)[3]] == "stop"
