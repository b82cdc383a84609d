"""The wire on the hub's side: bytes in to checked frames, frames out to bytes.

Answers go first, then what was packed, in order; the record and opening of an
epoch wait until the epoch's frames have left.
"""

from tasuki_hub import fast, native
from tasuki_hub.emitting import take_into
from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const
from tasuki_wire.errors import WireError

_STUFFED = layout.MAX_FRAME + 2
_MAX_QUEUED = const(64)
_LINK_KINDS = const(32)  # sample kinds have numbers below


class Link:
    """Both directions of one serial line."""

    def __init__(self, ring):
        self.ring = ring
        self._frames = ring.state
        self._ring_view = ring.view
        self.damaged = 0
        self.dropped = 0  # messages that found the queue full
        self.seq = 0
        self._rx = bytearray(_STUFFED)
        self._rx_n = 0
        self._tx = bytearray(_STUFFED + 1)
        self._seeds = codec.SEEDS
        self._tx_view = memoryview(self._tx)
        self._tx_n = 0
        self._tx_at = 0
        # the C module stuffs in place
        self._body = self._tx if native.module else bytearray(layout.MAX_FRAME)
        self._message = 0
        self.hold = False  # nobody listens: what was sampled waits, or is stored
        self._answers = []
        self._bulk = []  # (frames that go first, kind, payload)

    def feed(self, data, n):
        """Take received bytes; return the frames that they complete, as (kind, payload)."""
        out = []
        at = 0
        while at < n:
            end = data.find(b"\x00", at, n)
            stop = n if end < 0 else end
            size = min(stop - at, _STUFFED - self._rx_n)  # what is too long stays too long
            fast.copy_into(self._rx, self._rx_n, data, at, size)
            self._rx_n += size
            if end >= 0 and self._rx_n:
                self._finish(out)
                self._rx_n = 0
            at = stop + 1
        return out

    def _finish(self, out):
        try:
            if self._rx_n > layout.MAX_FRAME + 1:
                raise WireError("long")
            n = fast.decode_into(self._rx, self._rx, self._rx_n)  # bytes only move to the front
            frame = codec.split(bytes(memoryview(self._rx)[:n]))
        except WireError:
            self.damaged += 1
            return
        out.append((frame[0], frame[6]))

    def answer(self, kind, payload):
        """Queue a message that fits a frame, ahead of all samples."""
        self._queue(self._answers, (0, kind, payload))

    def bulk(self, kind, message):
        """Queue a message behind the frames packed so far, in fragments where its kind says so."""
        payloads = [message]
        if codec.KINDS[kind].mode == layout.FRAGMENTS:
            self._message = (self._message + 1) & 0xFFFF
            payloads = codec.fragments(self._message, message)
        for payload in payloads:
            self._queue(self._bulk, (self.ring.packed, kind, payload))

    def bulk_frame(self, kind, payload):
        """Queue one payload behind the frames packed so far, as for a message that is made piece by piece."""
        self._queue(self._bulk, (self.ring.packed, kind, payload))

    def withdraw(self, record):
        """Drop this record and the opening behind it from what waits: they leave another way."""
        kept = []
        drop = False
        for entry in self._bulk:
            if entry[1] != epoch.OPENING:
                drop = entry[1] == epoch.RECORD and entry[2] == record
            if not drop:
                kept.append(entry)
        self._bulk = kept

    def _queue(self, queue, entry):
        if len(queue) >= _MAX_QUEUED:
            # a frame sent again is asked for again; an answer that went is not
            again = [i for i, e in enumerate(queue) if e[1] is None]
            queue.pop(again[0] if again else 0)
            self.dropped += 1
        queue.append(entry)

    def room(self):
        """How many answers can be queued before the oldest goes."""
        return _MAX_QUEUED - len(self._answers)

    def again(self, body):
        """Queue a frame body that was sent before."""
        self._queue(self._answers, (0, None, bytes(body)))

    def quiet(self):
        """True when no answer waits."""
        return not self._answers

    def idle(self):
        """True when all has been written that may be."""
        if not self.quiet() or self._tx_at != self._tx_n:
            return False
        return self.hold or (not self._bulk and self.ring.next() is None)

    def forget(self, streams):
        """Drop the frames of these streams that wait to be sent again."""
        self._answers = [e for e in self._answers if e[1] is not None or e[2][2] not in streams]
        self._unload(streams)

    def _unload(self, streams):
        """Drop a frame of one of these streams, None for all, stuffed while the line took nothing."""
        tx = self._tx
        # the first code tells where the first zero is: behind version and kind, and perhaps it is the stream
        if self._tx_at or not self._tx_n or tx[0] <= 2 or tx[2] >= _LINK_KINDS:
            return
        if streams is None or (tx[3] if tx[0] > 3 else 0) in streams:
            self._tx_n = 0
            fast.wipe(tx)

    def wipe(self):
        """Drop all that tells of samples; a frame already half sent is ended."""
        self._answers = [e for e in self._answers if e[1] is not None]
        self._bulk = []
        self._unload(None)

    def pump(self, write, now_us, budget):
        """Write until the line takes no more or budget bytes have gone."""
        at = self._tx_at
        end = self._tx_n
        # frames of samples are what there is most of: the shortest way is theirs
        queued = self._answers or self._bulk or self.hold
        tx = self._tx
        view = self._tx_view
        frames = self._frames
        ring = self._ring_view
        seeds = self._seeds
        while budget > 0:
            if at == end:
                at = 0
                end = self._load(now_us) if queued else take_into(tx, frames, ring, seeds)
                if not end:
                    break
            n = write(view[at:end])
            if not n:
                break
            at += n
            budget -= n
        self._tx_at = at
        self._tx_n = end

    def _load(self, now_us):
        """Stuff the next frame into the transmit buffer; its length, 0 when there is none."""
        if self._answers:
            entry = self._answers.pop(0)
        elif self.hold:
            return 0
        elif self._bulk and self._bulk[0][0] <= self.ring.sent:
            entry = self._bulk.pop(0)
        else:
            return take_into(self._tx, self._frames, self._ring_view, self._seeds)
        _, kind, payload = entry
        n = len(payload)
        if kind is None:
            return self._stuff(payload, n)
        self._body[layout.HEADER_SIZE : layout.HEADER_SIZE + n] = payload
        hi, lo = codec.time_words(now_us)
        n = codec.body_into(self._body, kind, layout.LINK_STREAM, 0, self.seq, hi, lo, n)
        self.seq += 1
        return self._stuff(self._body, n)

    def _stuff(self, body, n):
        """Put a body of n bytes into the transmit buffer, as it goes over the line; its length there."""
        if native.module:
            return native.module.frame_into(self._tx, body, n, codec.SEEDS[body[1]])
        if body is not self._body:
            fast.copy_into(self._body, 0, body, 0, n)
        n = fast.encode_into(self._tx, self._body, codec.close_frame_into(self._body, n))
        self._tx[n] = 0
        return n + 1
