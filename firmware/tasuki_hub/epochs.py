"""Epochs on the hub: leaves as frames are packed, entries and root when closed.

Everything is held in buffers that are made once: the slots of the one open
epoch, and leaves of three, of which two are closed and wait for their
signature or serve resends.
"""

from tasuki_hub import emitting, trees
from tasuki_wire import codec, epoch, layout

_KEPT = 2
_ROWS = 40  # where the entries of an opening begin


class Epoch:
    """Buffers of one epoch, used again and again."""

    def __init__(self, streams, slots, shapes):
        self.slots = slots  # by stream, see emitting.py; those of whichever epoch is open
        self.leaves = {number: bytearray(frames * layout.NODE_SIZE) for number, _, frames in shapes}
        self.rows = tuple([self._row(stream) for stream in streams])
        self.end = (0, 0)
        self.number = -1
        self.record = b""
        self.opening = b""
        self.root = b""
        self.token = b""

    def _row(self, stream):
        """What emit needs of a stream."""
        ring = stream.ring
        return ring.state, ring.buf, self.slots[stream.number], self.leaves[stream.number]

    def open(self, number, secret, token, items, calibration, now_us):
        """Start over as epoch `number`; items are the consent bits in force."""
        self.number = number
        self.items = items
        self.calibration = calibration
        self.secret = secret
        self.token = token
        self.start_us = now_us
        self.end = codec.time_words(now_us + layout.DEFAULT_EPOCH_US)
        self.record = b""
        self.opening = b""
        size = layout.KEY_SIZE
        self._keys = trees.slot_keys(secret)
        keys = memoryview(self._keys)
        for stream, slot in self.slots.items():
            slot[6] = slot[7] = 0  # no frame yet
            emitting.copy_into(slot, emitting.SLOT_KEY, keys, stream * size, size)

    def full(self, stream):
        """True when no further frame of the stream fits."""
        return self.count(stream) * layout.NODE_SIZE == len(self.leaves[stream])

    def count(self, stream):
        """Frames of a stream, while the epoch is open."""
        slot = self.slots[stream]
        return slot[6] | slot[7] << 8

    def empty(self):
        """True when no frame was added."""
        return not any([slot[6] | slot[7] for slot in self.slots.values()])

    def close(self, session, reason):
        """Fix entries and root and build the opening."""
        rows = b""
        for stream in sorted(self.slots):
            if self.count(stream):
                slot = self.slots[stream]
                emitting.close_slot(slot, self.leaves[stream])
                rows += memoryview(slot)[: layout.ENTRY_SIZE]
        meta = epoch.pack_meta(layout.CLOSE_REASONS.index(reason), self.items, self.calibration)
        head = codec.pack(epoch.OPENING, session, self.number, self.secret, 0, 0, 0, b"")
        self.root = trees.slot_root(self._keys, rows, meta)
        self._keys = None
        self.opening = head[: -layout.META_SIZE] + meta + rows

    def leaf_bytes(self, stream, first, count):
        """Leaves of a stream of a closed epoch from index first on, or None when there are none."""
        for at in range(_ROWS, len(self.opening), layout.ENTRY_SIZE):
            if self.opening[at] == stream:
                last = min(first + count, self.opening[at + 6] | self.opening[at + 7] << 8)
                if first < last:
                    return bytes(self.leaves[stream][first * layout.NODE_SIZE : last * layout.NODE_SIZE])
        return None


class Epochs:
    """The open epoch and the closed ones."""

    def __init__(self, streams, extra):
        shapes = [(s.number, s.kind, _frames_in_bound(s.driver)) for s in streams] + list(extra)
        for stream in streams:
            stream.ring.bind(stream.kind, stream.number, stream.per_frame)
        slots = {
            number: bytearray(emitting.SLOT_SIZE + emitting.slot_stack(frames))
            for number, _, frames in shapes
        }
        self._free = [Epoch(streams, slots, shapes) for _ in range(_KEPT + 1)]
        self.closed = []  # oldest first, signed or not
        self.open = None
        self.next_number = 0
        self.given_up = 0
        self.calibration = 0  # version of the constants that the next epoch is sampled with

    def begin(self, secret, token, items, now_us):
        """Open the next epoch."""
        self.open = self._free.pop()
        self.open.open(self.next_number, secret, token, items, self.calibration, now_us)
        self.next_number += 1

    def can_close(self):
        """False while the signer is behind: every kept epoch still waits for it."""
        return len(self.closed) < _KEPT or bool(self.closed[0].record)

    def close(self, session, reason):
        """Close the open epoch; the oldest kept one makes room. Call when can_close()."""
        if len(self.closed) == _KEPT:
            self._free.append(self.closed.pop(0))
        self.open.close(session, reason)
        self.closed.append(self.open)
        self.open = None
        return self.closed[-1]

    def give_up(self):
        """Drop the open epoch unsigned; its number is not used again."""
        if not self.open.empty():
            self.given_up += 1
        else:
            self.next_number -= 1
        self._free.append(self.open)
        self.open = None

    def trim(self, number):
        """The host has stored this epoch durably."""
        kept = self.find(number)
        if kept and kept.record:
            self.closed.remove(kept)
            self._free.append(kept)

    def find(self, number):
        """A closed epoch by its number, or None."""
        for kept in self.closed:
            if kept.number == number:
                return kept
        return None


def _frames_in_bound(driver):
    # What an epoch of the usual length takes, and some that a gap or an early flush
    # makes short; a longer one is closed when a slot is full.
    usual = layout.DEFAULT_EPOCH_US // (driver.period_us * driver.per_frame)
    return min(layout.MAX_BLOCK_FRAMES, usual + usual // 8 + 3)
