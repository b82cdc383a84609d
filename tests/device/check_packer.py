"""A frame goes packed where that is shorter, else as it is; its records are the ring's."""

from tasuki_hub import emitting
from tasuki_hub.packer import Packer
from tasuki_hub.ring import FrameRing, SampleRing
from tasuki_wire import codec, layout


class Stream:
    """A stream with records in its ring, and an epoch that has room for them."""

    number = 3

    def __init__(self, kind, per_frame, records):
        size = codec.KINDS[kind].row_size
        self.ring = SampleRing(size, len(records) // size, 4000)
        self.ring.bind(kind, 3, per_frame)
        self.ring.restart(0)
        self.ring.push(records, len(records) // size)
        slot = bytearray(emitting.SLOT_SIZE + emitting.slot_stack(8))
        self.rows = ((self.ring.state, self.ring.buf, slot, bytearray(8 * layout.NODE_SIZE)),)


def frames(kind, per_frame, records, packed):
    """(flags, payload) of the frames that a packer makes of all records."""
    ring = FrameRing(4096)
    stream = Stream(kind, per_frame, records)
    Packer(ring, packed).pack([stream], stream, 1000000000, True)
    out = []
    while ring.next():
        body = bytes(ring.next())
        out.append((body[3], body[layout.HEADER_SIZE :]))
        ring.mark_sent()
    return out


noise = b"".join([((i * 40503 + i * i * 30011) & 0xFFFF).to_bytes(2, "little") for i in range(25)])
slope = b"".join([(7 * i).to_bytes(2, "little") for i in range(25)])
one = b"\x05\x00"

for kind, packs in ((1, True), (2, True), (3, False)):
    records = slope + noise + slope + one
    for packed in (True, False):
        made = frames(kind, 25, records, packed)
        shorter = packs and packed
        assert [flags for flags, _ in made] == [int(shorter), 0, int(shorter), 0]
        assert b"".join([codec.records(kind, flags, payload) for flags, payload in made]) == records
        assert (len(made[0][1]) < 50) == shorter and made[1][1] == noise and made[3][1] == one
