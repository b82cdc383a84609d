"""Epochs on the hub: leaves as frames are packed, entries and root when closed.

Everything is held in buffers that are made once: one open epoch and two
closed ones, which wait for their signature or serve resends.
"""

from tasuki_hub import trees
from tasuki_wire import codec, epoch, layout

_KEPT = 2


class _Slot:
    """What an epoch knows of one stream."""

    def __init__(self, number, kind, frames):
        self.number = number
        self.kind = kind
        self.leaves = bytearray(frames * layout.NODE_SIZE)
        self.capacity = frames
        self.count = 0
        self.key = b""
        self.first_seq = 0
        self.t0 = self.t1 = (0, 0)


class Epoch:
    """Buffers of one epoch, used again and again."""

    def __init__(self, shapes):
        self.slots = {number: _Slot(number, kind, frames) for number, kind, frames in shapes}
        self.number = -1
        self.record = b""
        self.opening = b""
        self.root = b""
        self.token = b""

    def open(self, number, secret, token, items, calibration, now_us):
        """Start over as epoch `number`; items are the consent bits in force, calibration a version."""
        self.number = number
        self.items = items
        self.calibration = calibration
        self.secret = secret
        self.token = token
        self.start_us = now_us
        self.record = b""
        self.opening = b""
        for slot in self.slots.values():
            slot.count = 0
            slot.key = epoch.slot_key(secret, slot.number)

    def full(self, stream):
        """True when no further frame of the stream fits."""
        slot = self.slots[stream]
        return slot.count == slot.capacity

    def add(self, stream, seq, t0, t1, body):
        """Hash a frame body; t0 and t1 are the time words of its first and last sample."""
        slot = self.slots[stream]
        if not slot.count:
            slot.first_seq = seq
            slot.t0 = t0
        at = slot.count * layout.NODE_SIZE
        trees.frame_leaf_into(slot.leaves, at, slot.key, body)
        slot.count += 1
        slot.t1 = t1

    def empty(self):
        """True when no frame was added."""
        return not any([slot.count for slot in self.slots.values()])

    def close(self, session, reason):
        """Fix entries and root and build the opening."""
        entries = {}
        for slot in self.slots.values():
            if slot.count:
                root = trees.root(memoryview(slot.leaves)[: slot.count * layout.NODE_SIZE])
                entries[slot.number] = epoch.pack_entry(
                    slot.number, slot.kind, slot.first_seq, slot.count, slot.t0, slot.t1, root
                )
        meta = epoch.pack_meta(layout.CLOSE_REASONS.index(reason), self.items, self.calibration)
        head = codec.pack(epoch.OPENING, session, self.number, self.secret, 0, 0, 0, b"")
        rows = b"".join([entries[number] for number in sorted(entries)])
        self.root = trees.slot_root(self.secret, rows, meta)
        self.opening = head[: -layout.META_SIZE] + meta + rows

    def leaf_bytes(self, stream, first, count):
        """Leaves of a stream from index first on, or None when there are none."""
        slot = self.slots.get(stream)
        if slot is None or first >= slot.count or not count:
            return None
        last = min(first + count, slot.count)
        return bytes(slot.leaves[first * layout.NODE_SIZE : last * layout.NODE_SIZE])


class Epochs:
    """The open epoch and the closed ones."""

    def __init__(self, streams, extra):
        shapes = [(s.number, s.kind, _frames_in_bound(s.driver)) for s in streams] + list(extra)
        self._free = [Epoch(shapes) for _ in range(_KEPT + 1)]
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
        """The host has stored everything up to this epoch durably."""
        while self.closed and self.closed[0].record and self.closed[0].number <= number:
            self._free.append(self.closed.pop(0))

    def find(self, number):
        """A closed epoch by its number, or None."""
        for kept in self.closed:
            if kept.number == number:
                return kept
        return None


def _frames_in_bound(driver):
    # an early flush makes short frames, hence the margin
    full = layout.MAX_BLOCK_US // (driver.period_us * driver.per_frame)
    return min(layout.MAX_BLOCK_FRAMES, full + full // 4 + 8)
