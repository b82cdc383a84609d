"""The link finds the same frames however its stream is cut, and counts what is too long once."""

import gc
import random

from tasuki_hub.link import Link
from tasuki_hub.ring import FrameRing
from tasuki_wire import cobs, codec, layout

random.seed(7)


def stuffed(raw):
    """A frame as it stands on the line, with its delimiter."""
    out = bytearray(len(raw) + 2)
    return bytes(out[: cobs.encode_into(out, raw, len(raw))]) + b"\x00"


def fed(stream, size):
    """Frames and count of damage from a stream read in pieces of at most `size`."""
    link = Link(FrameRing(600))
    buf = bytearray(256)
    out = []
    at = 0
    while at < len(stream):
        n = min(random.randrange(1, size + 1), len(stream) - at)
        buf[:n] = stream[at : at + n]
        out += link.feed(buf, n)
        at += n
    return out, link.damaged


kind = codec.number("narrow")
wanted = []
line = b"\x00\x00"
for i in range(20):
    payload = codec.pack(kind, i, i * 777)
    wanted.append((kind, payload))
    line += stuffed(codec.frame(kind, layout.LINK_STREAM, 0, i, 0, 0, payload)) + bytes(i % 3)
# the longest frame that there is, and noise of every awkward length, each one fault
largest = codec.frame(0, layout.LINK_STREAM, 0, 0, 0, 0, b"n" * 16 + b"\x00\x00" + bytes(216))
assert len(largest) == layout.MAX_FRAME
line += stuffed(largest)
wanted.append((0, largest[16:-4]))
noise = (1, 2, 19, 254, 255, 256, 257, 258, 511, 512, 513, 3000)
for n in noise:
    line += b"\x55" * n + b"\x00"
# a good frame with more behind it is too long, and never the good frame
line += stuffed(largest)[:-1] + b"\x55\x00"
line += stuffed(codec.frame(kind, layout.LINK_STREAM, 0, 20, 0, 0, payload))
wanted.append((kind, payload))
for size in (1, 2, 7, 100, 255, 256):
    got, damaged = fed(line + b"\x07half a frame", size)
    assert got == wanted and damaged == len(noise) + 1, (size, len(got), damaged)

wanted = got = noise = line = None  # the next takes much of a small heap
gc.collect()

# many frames that are sent again push no answer out of the full queue, but one of themselves
link = Link(FrameRing(600))
link.answer(kind, codec.pack(kind, 1, 0))
while link.room():
    link.again(largest[:-4])
link.answer(kind, codec.pack(kind, 2, 0))
link.answer(kind, codec.pack(kind, 3, 0))
sent = bytearray()
link.pump(lambda data: sent.extend(data) or len(data), 0, 1 << 20)
frames, _ = fed(bytes(sent), 256)
assert [codec.unpack(k, p)[0] for k, p in frames if k == kind] == [1, 2, 3], frames
assert len(frames) == 64 and link.dropped == 2
