"""Epochs on the hub: leaves as frames are packed, entries and root when closed.

Everything is held in buffers that are made once: the slots of the one open
epoch, and each stream's newest leaves, those of six seconds. Two closed
epochs wait for their signature or for a host that asks for them again.
"""

import struct

from tasuki_hub import emitting, trees
from tasuki_hub.fast import copy_into
from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const

_KEPT = const(2)
_ROWS = const(40)  # where the entries of an opening begin


class Epoch:
    """One epoch, used again and again; all share what `buffers` has."""

    def __init__(self, buffers):
        self._buffers = buffers
        self.slots = buffers.slots
        self.leaves = buffers.leaves
        self.rows = buffers.rows
        self.end = (0, 0)
        self.number = -1
        self.record = b""
        self.opening = b""
        self.root = b""
        self.token = b""

    def open(self, number, secret, token, items, calibration, now_us):
        """Start over as epoch `number`; items are the consent bits in force."""
        self.number = number
        self.items = items
        self.calibration = calibration
        self.secret = secret
        self.token = token
        self.start_us = now_us
        self.end_us = now_us + layout.DEFAULT_EPOCH_US
        self.end = codec.time_words(self.end_us)
        self.record = b""
        self.opening = b""
        size = layout.KEY_SIZE
        self._keys = trees.slot_keys(secret)
        keys = memoryview(self._keys)
        self._buffers.note_ends()
        for stream, slot in self.slots.items():
            slot[6] = slot[7] = 0  # no frame yet
            copy_into(slot, emitting.SLOT_KEY, keys, stream * size, size)

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
                trees.close_slot(slot, self.leaves[stream])
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
                seq, frames = struct.unpack_from("<IH", self.opening, at + 2)
                count = min(count, frames - first)
                return self._buffers.leaf_bytes(stream, seq + first, count) if count > 0 else None
        return None


class Buffers:
    """What the epochs work in: slots, see emitting.py, and leaves by stream, and the rows for emit.

    The leaf of the frame with number seq stands at place seq modulo the places.
    """

    def __init__(self, streams, shapes):
        self.slots = {}
        self.leaves = {}
        self._ends = {}  # seq behind the newest frame, of epochs before the open one
        for number, _, frames in shapes:
            self.slots[number] = bytearray(emitting.SLOT_SIZE + emitting.slot_stack(frames))
            self.leaves[number] = bytearray(frames * layout.NODE_SIZE)
        self.rows = tuple([self._row(stream) for stream in streams])

    def _row(self, stream):
        """What emit needs of a stream."""
        ring = stream.ring
        return ring.state, ring.buf, self.slots[stream.number], self.leaves[stream.number]

    def note_ends(self):
        """The slots are about to start over."""
        for stream in self.slots:
            self._ends[stream] = self._end(stream)

    def _end(self, stream):
        seq, count = struct.unpack_from("<IH", self.slots[stream], 2)
        return seq + count if count else self._ends.get(stream, 0)

    def leaf_bytes(self, stream, seq, count):
        """Leaves of count frames from seq on, or None when newer ones have taken their place."""
        size = layout.NODE_SIZE
        leaves = self.leaves[stream]
        places = len(leaves) // size
        if self._end(stream) - seq > places:
            return None
        at = seq % places
        behind = max(0, at + count - places)
        return bytes(leaves[at * size : (at + count) * size] + leaves[: behind * size])


class Epochs:
    """The open epoch and the closed ones."""

    def __init__(self, streams, extra):
        shapes = [(s.number, s.kind, _places(s.driver)) for s in streams] + list(extra)
        for stream in streams:
            stream.ring.bind(stream.kind, stream.number, stream.per_frame)
        buffers = Buffers(streams, shapes)
        self._free = [Epoch(buffers) for _ in range(_KEPT + 1)]
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


def _places(driver):
    # What one and a half epochs of the usual length take: the host asks soon after the close.
    # An epoch with so many frames, because gaps made them short, is closed as full.
    usual = layout.DEFAULT_EPOCH_US // (driver.period_us * driver.per_frame)
    return min(layout.MAX_BLOCK_FRAMES, usual + usual // 2 + 3)
