"""A block: one stream of one epoch, with all that proves it.

The unit of consent, disclosure, storage and upload. It proves itself against
a public key without telling anything of the epoch's other streams.
"""

import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from tasuki_wire import codec, epoch, items, layout

_FORMAT = 1
_HEAD = struct.Struct("<BHI")
_RECORD_SIZE = codec.KINDS[epoch.RECORD].head_size
_PROOF_SIZE = _RECORD_SIZE + layout.ENTRY_SIZE + layout.KEY_SIZE + 4 * layout.NODE_SIZE


@dataclass(frozen=True)
class Block:
    """One stream of one epoch.

    Attributes:
        record: epoch record with its signature, 161 bytes.
        entry: the block's entry in the epoch's tree, 48 bytes.
        slot_key: K_s, 16 bytes.
        path: 4 nodes from the slot leaf to the epoch root, 96 bytes.
        places: shape (held,), uint16, rising: which of the entry's frames are held.
        lengths: shape (held,), uint16: bytes of each held frame body.
        frames: the held frame bodies (header and payload, no CRC), joined.
        leaves: leaves of the frames that are not held, 24 bytes each, in order.
    """

    record: bytes
    entry: bytes
    slot_key: bytes
    path: bytes
    places: NDArray[np.uint16]
    lengths: NDArray[np.uint16]
    frames: bytes
    leaves: bytes = b""

    @cached_property
    def _record(self) -> tuple[int, bytes, bytes, int, int, bytes, bytes, bytes, bytes]:
        return _read_record(self.record)

    @cached_property
    def _entry(self) -> tuple[int, int, int, int, int, int, bytes]:
        return epoch.unpack_entry(self.entry)

    @property
    def device(self) -> bytes:
        """Device id, 8 bytes; category 2 (rule C2-01)."""
        return self._record[1]

    @property
    def key_id(self) -> bytes:
        """Key id, 8 bytes."""
        return self._record[2]

    @property
    def session(self) -> int:
        """Session counter of the hub's key."""
        return self._record[3]

    @property
    def epoch(self) -> int:
        """Epoch number in the session."""
        return self._record[4]

    @property
    def stream(self) -> int:
        """Stream number, 0 to 14."""
        return self._entry[0]

    @property
    def kind(self) -> int:
        """Kind of all frames."""
        return self._entry[1]

    @property
    def item(self) -> str:
        """The item that consent speaks of."""
        return str(codec.KINDS[self.kind].item)

    @property
    def category(self) -> int:
        """Category of the item under policy section 2."""
        return int(items.category(self.item))

    @property
    def count(self) -> int:
        """Frames in the block, held or not."""
        return self._entry[3]

    @property
    def t0_us(self) -> int:
        """Device time of the first sample, microseconds."""
        return self._entry[4]

    @property
    def t1_us(self) -> int:
        """Device time of the last sample, microseconds."""
        return self._entry[5]

    @property
    def complete(self) -> bool:
        """True when every frame is held."""
        return len(self.places) == self.count

    def bodies(self) -> list[bytes]:
        """The held frame bodies, header and payload each."""
        ends = np.cumsum(self.lengths, dtype=np.int64).tolist()
        return [
            self.frames[end - length : end] for end, length in zip(ends, self.lengths.tolist(), strict=True)
        ]

    def to_bytes(self) -> bytes:
        """The block as it stands in envelopes, captures and bundles."""
        held = len(self.places)
        return b"".join(
            (
                _HEAD.pack(_FORMAT, held, len(self.frames)),
                self.record,
                self.entry,
                self.slot_key,
                self.path,
                self.places.astype("<u2", copy=False).tobytes(),
                self.lengths.astype("<u2", copy=False).tobytes(),
                self.frames,
                self.leaves,
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Block":
        """Read a block; ValueError when the bytes are none. The content is not verified yet."""
        if len(data) < _HEAD.size + _PROOF_SIZE:
            raise ValueError(f"block of {len(data)} bytes")
        form, held, size = _HEAD.unpack_from(data)
        at = _HEAD.size
        parts = []
        for part in (
            _RECORD_SIZE,
            layout.ENTRY_SIZE,
            layout.KEY_SIZE,
            4 * layout.NODE_SIZE,
            2 * held,
            2 * held,
            size,
        ):
            parts.append(data[at : at + part])
            at += part
        record, entry, slot_key, path, places, lengths, frames = parts
        leaves = data[at:]
        block = cls(
            record,
            entry,
            slot_key,
            path,
            np.frombuffer(places, "<u2") if len(places) == 2 * held else np.zeros(0, np.uint16),
            np.frombuffer(lengths, "<u2") if len(lengths) == 2 * held else np.zeros(0, np.uint16),
            frames,
            leaves,
        )
        if (
            form != _FORMAT
            or at > len(data)
            or int(block.lengths.sum()) != size
            or held > block.count
            or len(leaves) != layout.NODE_SIZE * (block.count - held)
            or (
                held
                and (
                    int(block.places[-1]) >= block.count
                    or bool((np.diff(block.places.astype(int)) < 1).any())
                )
            )
        ):
            raise ValueError("block does not add up")
        return block


@lru_cache(maxsize=64)
def _read_record(data: bytes) -> tuple[int, bytes, bytes, int, int, bytes, bytes, bytes, bytes]:
    """A record's fields; the blocks of an epoch share its record."""
    return codec.unpack(epoch.RECORD, data)
