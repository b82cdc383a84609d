"""The rings against plain lists: whatever goes in comes out whole, in order, and what is lost is counted."""

import random

from tasuki_hub._portable_rings import pull_into
from tasuki_hub.ring import FrameRing, SampleRing
from tasuki_wire import codec, layout

random.seed(5)
buf = bytearray(layout.MAX_FRAME)


def body(stream, seq):
    """A frame body whose every byte follows from stream and seq; its length."""
    n = codec.body_into(buf, 1, stream, 0, seq, 0, 0, 1 + (seq * 37 + stream * 11) % 233)
    for i in range(layout.HEADER_SIZE, n):
        buf[i] = (stream + seq + i) & 0xFF
    return n


def held(ring, streams=4):
    """(stream, seq, bytes) of all frames sent and still held, by find."""
    return [(s, bytes(b)) for s in range(streams) for b in ring.find(s, 0, 1 << 30)]


# frames: sizes 600 to 2,000 make it wrap at every place
for size in (600, 1021, 2000):
    ring = FrameRing(size)
    seqs = [0] * 4
    waiting = []  # what next() must give, in order, unless it was dropped
    dropped = forgotten = out = 0
    for turn in range(3000):
        what = random.randrange(100)
        if what < 50:
            stream = random.randrange(4)
            n = body(stream, seqs[stream])
            waiting.append((stream, seqs[stream]))
            seqs[stream] += 1
            ring.add(buf, n)
            while len(waiting) > ring.packed - ring.sent:
                waiting.pop(0)
                dropped += 1
        elif what < 95:
            got = ring.next()
            assert (got is None) == (not waiting)
            if waiting:
                n = body(*waiting.pop(0))
                assert got == buf[:n]
                ring.mark_sent()
                out += 1
        elif what < 98:
            stream = random.randrange(4)
            ring.forget((stream,))
            before = len(waiting)
            waiting = [w for w in waiting if w[0] != stream]
            forgotten += before - len(waiting)
            assert not list(ring.find(stream, 0, 1 << 30))
        elif not what % 7:
            ring.wipe()
            forgotten += len(waiting)
            waiting = []
            assert not any(ring.buf) and not held(ring)
        assert ring.dropped == dropped
        assert ring.packed == sum(seqs) == out + dropped + forgotten + len(waiting)
        if not turn % 50:
            for stream, data in held(ring):
                seq = int.from_bytes(data[4:8], "little")
                n = body(stream, seq)
                assert data == buf[:n] and (stream, seq) not in waiting
    # the newest frames are always there, as far as they can fit beside a gap at the end
    for _ in range(8):
        ring.add(buf, body(3, seqs[3]))
        seqs[3] += 1
    while ring.next() is not None:
        ring.mark_sent()
    room = size - 2 * (layout.MAX_FRAME + 2)
    for seq in range(seqs[3] - 1, seqs[3] - 9, -1):
        n = body(3, seq)
        room -= n + 2
        if room < 0:
            break
        assert [bytes(b) for b in ring.find(3, seq, 1)] == [bytes(buf[:n])]

# a resend of frames that are partly gone gives the rest, in order
ring = FrameRing(600)
for seq in range(10):
    buf[layout.HEADER_SIZE : layout.HEADER_SIZE + 80] = bytes([seq]) * 80
    ring.add(buf, codec.body_into(buf, 1, 2, 0, seq, 0, 0, 80))
    ring.mark_sent()
assert [b[4] for b in ring.find(2, 0, 8)] == [4, 5, 6, 7]

# samples: a list of (time, value) with gaps stands for the ring
PERIOD = 10
for case in range(60):
    ring = SampleRing(2, 12, PERIOD)
    ring.bind(1, 0, 4)
    model = []  # (time, value, first behind a gap)
    now = value = overruns = 0
    fresh = True
    for turn in range(200):
        what = random.randrange(10)
        if what < 6:
            if fresh:
                ring.restart(now)
                # a second gap while one is held: what stands between is given up and counted
                gaps = [i for i, m in enumerate(model) if m[2] and i]
                if gaps:
                    overruns += len(model) - gaps[0]
                    model = model[: gaps[0]]
            for _ in range(random.randrange(1, 5)):
                ring.push(value.to_bytes(2, "little"), 1)
                model.append((now, value, fresh))
                fresh = False
                if len(model) > 12:
                    model.pop(0)
                    overruns += 1
                value += 1
                now += PERIOD
        elif what < 7:
            now += random.randrange(1, 100)
            fresh = True
        elif not fresh:
            flush = random.randrange(2)
            until = now - random.randrange(60)
            n = ring.ready(until, flush)
            run = 1 if model else 0
            while run < len(model) and not model[run][2]:
                run += 1
            cut = run < len(model)
            due = len([m for m in model[:run] if m[0] < until])
            assert n == (4 if due >= 4 else due if flush or cut else 0), (n, due, flush, cut)
            if n:
                assert ring.first_us == model[0][0]
                out = bytearray(20)
                assert pull_into(ring.state, ring.buf, out, 3, n) == 2 * n
                assert [int.from_bytes(out[3 + 2 * i : 5 + 2 * i], "little") for i in range(n)] == [
                    m[1] for m in model[:n]
                ]
                model = model[n:]
        assert (ring.count, ring.overruns) == (len(model), overruns), (case, turn)
    ring.wipe()
    assert not any(ring.buf) and not ring.ready(now, True) and ring.overruns == overruns
