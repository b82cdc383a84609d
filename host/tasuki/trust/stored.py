"""Epochs that a hub stored while no host was there: parts joined, boxes opened, rows read.

What comes out is believed no more than what comes over the line: it still has
to be verified. Rules only; the key is handed in.
"""

from dataclasses import dataclass, field

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from tasuki.errors import Untrusted
from tasuki_wire import codec, epoch, layout
from tasuki_wire.errors import WireError

KIND = codec.number("stored_epoch")
_HELLO = 0
_LEAVES = codec.number("leaf_hashes")


@dataclass(frozen=True)
class Stored:
    """All parts of one epoch, still sealed; session and epoch are what the hub claims."""

    session: int
    epoch: int
    boxes: tuple[bytes, ...] = field(repr=False)


class Parts:
    """Joins the parts of one epoch after another, as hubs send them.

    Attributes:
        broken: epochs that did not come whole and in order; the hub sends them again after a hello.
    """

    def __init__(self) -> None:
        self._place: tuple[int, int, int] | None = None  # session, epoch, parts
        self._boxes: list[bytes] = []
        self.broken = 0

    def add(self, message: bytes) -> Stored | None:
        """The epoch that this part completes."""
        try:
            session, number, part, parts, box = codec.unpack(KIND, message)
        except WireError:
            self._break()
            return None
        place = session, number, parts
        if part == 0:
            if self._place:
                self.broken += 1
            self._place, self._boxes = place, []
        if self._place is None:
            return None  # the rest of one that is broken already
        if place != self._place or part != len(self._boxes) or part >= parts:
            self._break()
            return None
        self._boxes.append(box)
        if len(self._boxes) < parts:
            return None
        self._place = None
        return Stored(session, number, tuple(self._boxes))

    def _break(self) -> None:
        self.broken += 1
        self._place = None


@dataclass
class Contents:
    """What a stored epoch holds.

    Attributes:
        bodies: frames, header and payload each, in the order of their packing.
        nonce: of the hub's life that sampled it, empty when it is not told.
        differing: sample kinds that the hub sampled by another schema than ours.
        record, opening, leaves: messages as they come over the line.
    """

    bodies: list[bytes] = field(default_factory=list)
    nonce: bytes = b""
    differing: list[str] = field(default_factory=list)
    record: bytes = b""
    opening: bytes = b""
    leaves: list[bytes] = field(default_factory=list)


def unseal(stored: Stored, key: PrivateKey) -> Contents:
    """Open and read an epoch.

    Raises Untrusted: `not_sealed_to_us` for a box that the key does not open (it is another
    host's, or damaged) and `malformed` for rows that do not add up.
    """
    box = SealedBox(key)
    try:
        plain = [box.decrypt(part) for part in stored.boxes]
    except (CryptoError, TypeError, ValueError) as e:
        raise Untrusted("not_sealed_to_us", "the storage key of this host does not open it") from e
    out = Contents()
    for row in (row for part in plain for row in _rows(part)):
        _take(out, row)
    if not out.record or not out.opening:
        raise Untrusted("malformed", "a stored epoch without its record or opening")
    return out


def _rows(part: bytes) -> list[bytes]:
    out, at = [], 0
    while at < len(part):
        size = int.from_bytes(part[at : at + 2], "little")
        row = part[at + 2 : at + 2 + size]
        if len(part) < at + 2 or len(row) != size or not size:
            raise Untrusted("malformed", f"row of {size} bytes at {at} of {len(part)}")
        out.append(row)
        at += 2 + size
    return out


def _take(out: Contents, row: bytes) -> None:
    """A frame begins with its wire version, anything else with its kind; other kinds are skipped."""
    kind, message = row[0], row[1:]
    if layout.OLDEST_VERSION <= kind <= layout.VERSION:
        if len(row) < layout.HEADER_SIZE or len(row) > layout.HEADER_SIZE + layout.MAX_PAYLOAD:
            raise Untrusted("malformed", f"frame of {len(row)} bytes")
        out.bodies.append(row)
    elif kind == _HELLO:
        try:
            out.nonce, _, seeds = codec.read_hello(message)
        except WireError as e:
            raise Untrusted("malformed", f"schema of a stored epoch: {e}") from e
        known = codec.KINDS
        out.differing = [known[n].name for n, seed in seeds.items() if n in known and known[n].seed != seed]
    elif kind == epoch.RECORD:
        out.record = message
    elif kind == epoch.OPENING:
        out.opening = message
    elif kind == _LEAVES:
        out.leaves.append(message)
