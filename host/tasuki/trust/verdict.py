"""What the verifier says about epochs; each verdict names its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tasuki.block import Block
from tasuki.native.epoch import MISSING, PROVED, REFUSED, Checked
from tasuki_wire import layout


class Record(NamedTuple):
    """An epoch record, read; fields as in layout."""

    wire: int
    device: bytes
    key: bytes
    session: int
    epoch: int
    prev: bytes
    token: bytes
    root: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive frames of one stream: seq of the first, its index in the entry, how many."""

    stream: int
    seq: int
    index: int
    count: int


@dataclass(slots=True)
class Verified:
    """An epoch whose signature, opening and frames hold.

    Attributes:
        record: the record, read.
        raw: the same with its signature, 161 bytes, as in a block.
        meta: entry of slot 15, 16 bytes.
        entries: one 48-byte entry per stream, joined.
        checked: keys, nodes and frames.
        leaves: {stream: {index: leaf}} that came in place of lost frames.
        gaps: frames that nothing brought back; their blocks cannot be proved.
    """

    record: Record
    raw: bytes
    meta: bytes
    entries: bytes
    checked: Checked
    leaves: dict[int, dict[int, bytes]] = field(default_factory=dict)
    gaps: tuple[Run, ...] = ()

    @property
    def session(self) -> int:
        """Session counter."""
        return self.record.session

    @property
    def epoch(self) -> int:
        """Epoch number in the session."""
        return self.record.epoch

    @property
    def close_reason(self) -> str:
        """Why the hub closed the epoch, one of layout.CLOSE_REASONS, or `unknown`."""
        code = self.meta[0]
        return layout.CLOSE_REASONS[code] if code < len(layout.CLOSE_REASONS) else "unknown"

    @property
    def items(self) -> int:
        """Consent bits that were in force on the hub."""
        return int.from_bytes(self.meta[1:3], "little")

    @property
    def calibration(self) -> int:
        """Version of the unit's constants that the values were corrected with, 0 for raw ones."""
        return int.from_bytes(self.meta[3:5], "little")

    @property
    def frames(self) -> int:
        """Frames that are held and proved."""
        return len(self.checked.places) // 2

    @property
    def dropped(self) -> tuple[int, ...]:
        """Streams whose frames consent refused on this host; they have no block."""
        return self._streams(REFUSED)

    @property
    def lost(self) -> tuple[int, ...]:
        """Streams whose block could not be proved; `gaps` tells the frames."""
        return self._streams(MISSING)

    def _streams(self, status: int) -> tuple[int, ...]:
        found = enumerate(self.checked.status)
        return tuple(self.entries[i * layout.ENTRY_SIZE] for i, one in found if one == status)

    def blocks(self) -> Iterator[Block]:
        """The proved blocks, one per stream, in the order of the entries."""
        byte = place = 0
        for i, result in enumerate(self.checked.entries()):
            if self.checked.status[i] != PROVED:
                continue
            entry = self.entries[i * layout.ENTRY_SIZE : (i + 1) * layout.ENTRY_SIZE]
            yield self._block(entry, result.held, byte, byte + result.size, place)
            byte += result.size
            place += result.held

    def _block(self, entry: bytes, held: int, start: int, stop: int, place: int) -> Block:
        stream = entry[0]
        span = slice(2 * place, 2 * (place + held))
        places = np.frombuffer(self.checked.places[span], np.uint16)
        absent = sorted(self._absent(entry, places.tolist())) if held < _count(entry) else []
        return Block(
            record=self.raw,
            entry=entry,
            slot_key=self.checked.slot_key(stream),
            path=self.checked.path(stream),
            places=places,
            lengths=np.frombuffer(self.checked.lengths[span], np.uint16),
            frames=self.checked.frames[start:stop],
            leaves=b"".join(self.leaves[stream][index] for index in absent),
        )

    @staticmethod
    def _absent(entry: bytes, places: list[int]) -> set[int]:
        return set(range(_count(entry))) - set(places)


def _count(entry: bytes) -> int:
    return int.from_bytes(entry[6:8], "little")


@dataclass(frozen=True, slots=True)
class Rejected:
    """An epoch, or a message that claims to belong to one, that is not accepted.

    reason is one of REASONS. session and epoch are what the bytes claim.
    """

    reason: str
    session: int
    epoch: int
    detail: str = ""


REASONS = (
    "malformed",  # no record, opening or leaf message of this version
    "wrong_version",  # a wire version that this host does not read
    "wrong_device",  # another hub's id
    "wrong_key",  # another key's id
    "superseded_key",  # an old key's, of a session after the one in which it ended
    "bad_signature",  # forged or altered record
    "replayed",  # accepted before
    "unknown_token",  # signed under a consent token that this host never gave
    "broken_chain",  # prev does not fit its neighbour
    "root_mismatch",  # opening or frames are not those that were signed
    "bad_bounds",  # too long, too many, out of order, or of another kind
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What to ask the hub for: the record or the opening (one request brings both), or frames.

    With leaves set, asking for the frames did not help: ask for their leaf hashes.
    """

    session: int
    epoch: int
    record: bool = False
    opening: bool = False
    frames: tuple[Run, ...] = ()
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A signed epoch that stays closed: its opening never came, or never fitted."""

    session: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Omitted:
    """Epoch numbers that were skipped and did not come within the resend window."""

    session: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class SessionJump:
    """Whole sessions that this host never saw: the counter went from `last` to `session`."""

    last: int
    session: int


@dataclass(frozen=True, slots=True)
class UnknownTail:
    """A session that ended without a clean stop, or with frames that no record covers.

    session is None when no record of it came; frames counts them by stream, and
    bodies are those of them that are still held: intact, let in, and unproved.
    """

    session: int | None
    after_epoch: int
    frames: dict[int, int]
    bodies: tuple[bytes, ...] = field(default=(), compare=False, repr=False)


Verdict = Verified | Rejected | Missing | Gap | Omitted | SessionJump | UnknownTail
