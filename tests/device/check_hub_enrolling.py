"""While a slow hub makes its key, it says that it has none, and never half of the truth."""

from scripted_board import AUTHORITY, Host, fresh_folder

from tasuki_wire import codec, epoch, layout

NO_KEY = bytes(32)

host = Host(fresh_folder("enrolling"))
ticks_us = host.board.ticks_us


def slow():
    """Every slice of work takes long."""
    host.board.spent += 5_000
    return ticks_us()


host.board.ticks_us = slow
host.tell("enroll", AUTHORITY, b"c" * 32, 0)
turns = 0
while not host.of_kind("enrolled"):
    host.tell("identify")
    host.turn()
    turns += 1
host.tell("identify")
host.turn()

seen = []
for frame in host.of_kind("identity"):
    _, _, key, public, _, life, _, _, _, _ = codec.unpack(frame[0], frame[6])
    keyed = layout.LIFE_CYCLE[life] != "blank"
    assert keyed == (public != NO_KEY), (life, public)
    assert key == (epoch.key_id(public) if keyed else bytes(8))
    if keyed not in seen:
        seen.append(keyed)
assert seen == [False, True] and turns > 10, (seen, turns)
