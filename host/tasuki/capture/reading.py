"""Reads captures and bundles, part by part. Nothing is verified here but that bytes are whole."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from tasuki.capture import container, header, index, parts, seeking
from tasuki.capture.container import NOWHERE, Damage, Place, Record, Scan
from tasuki.capture.header import Header
from tasuki.capture.index import Gathered
from tasuki.capture.keys import FileKeys, Keys, open_keys
from tasuki.errors import UsageError

_ITEM_PARTS = (parts.BLOCK, parts.TAIL)


class Capture:
    """An opened capture or bundle; iterate over it once.

    Attributes:
        header: None when the file is damaged before its end.
        subject: whose it is, empty when unknown or erased.
        damage: what was found wrong so far, by offset; complete after the iteration.
        digest: SHA-256 of the bytes before the record that was read last.
    """

    def __init__(self, path: Path, keys: Keys | None = None) -> None:
        try:
            self._file = path.open("rb")
            self.size = path.stat().st_size
        except OSError as e:
            raise UsageError(f"{path}: {e.strerror}", "Give the path of a capture or bundle.") from None
        self.path = path
        self.subject = ""
        self.header: Header | None = None
        self._scan = Scan(self._file)
        self._records = iter(self._scan)
        self._bad: list[Damage] = []
        self._gathered = Gathered()
        self._damaged_before = 0
        self._keys: FileKeys | None = None
        self._read_header(keys)

    def __enter__(self) -> "Capture":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def damage(self) -> list[Damage]:
        """What was found wrong so far, by offset."""
        return sorted(self._scan.damage + self._bad, key=lambda damage: damage.offset)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes before the record that was read last."""
        return self._scan.digest_before

    def __iter__(self) -> Iterator[parts.Part]:
        """The intact parts in the file's order; the rest goes to `damage`."""
        if self.header is None:
            return
        for record in self._records:
            try:
                part = self._part(record)
            except ValueError as e:
                self._bad.append(Damage(record.offset, str(e) or type(e).__name__))
                continue
            self._gather(part, record)
            yield part
        if self._scan.index not in (NOWHERE, self._gathered.last):
            self._bad.append(Damage(self.size, "the end names an index that is not the last one"))

    def at(self, place: Place) -> parts.Part:
        """The part at a place, wherever the iteration is; ValueError when none can be read there."""
        return self._part(seeking.record_at(self._file, place))

    def last_index(self) -> Place:
        """The index record that the end of the file names; ValueError when none does."""
        return seeking.last_index(self._file)

    def walk(self, first: Place) -> Iterator[tuple[Place, int]]:
        """(place, type) of the records from one on, read by their starts alone."""
        return seeking.walk(self._file, first)

    def add_damage(self, damage: Damage) -> None:
        """Add what a reader of the parts found wrong with the bytes."""
        self._bad.append(damage)

    def _read_header(self, keys: Keys | None) -> None:
        record = next(self._records, None)
        if record is None:
            return
        try:
            if record.type != parts.HEADER or record.number:
                raise ValueError("the header is not the first record")
            head = Header.from_bytes(record.payload)
            if (head.kind == header.CAPTURE) != (self._scan.content == container.CAPTURE):
                raise ValueError(f"{head.kind} under another head")
        except ValueError as e:
            self._bad.append(Damage(record.offset, str(e)))
            return
        self.header = head
        if head.encrypted and keys is not None:
            self.subject, self._keys, altered = open_keys(keys, head)
            self._bad += [Damage(record.offset, f"wrapped key of {item} was altered") for item in altered]

    def _part(self, record: Record) -> parts.Part:
        offset, payload = record.offset, record.payload
        if record.type in _ITEM_PARTS:
            return self._item_part(record)
        if record.type == parts.EPOCH:
            return parts.read_epoch(offset, payload)
        if record.type == parts.CLOCK:
            return parts.read_clock(offset, payload)
        if record.type == parts.EVENT:
            return parts.EventPart(offset, header.read_json(payload))
        if record.type == parts.COUNTS:
            return parts.CountsPart(offset, header.read_json(payload))
        if record.type == parts.ATTESTED:
            return parts.AttestedPart(offset, payload)
        if record.type == parts.SIGNATURE:
            return parts.SignaturePart(offset, payload)
        if record.type == parts.INDEX and self._scan.format > 1:
            return parts.IndexPart(offset, *index.read(payload, self._rows_of(record.number)))
        raise ValueError(f"no record type {record.type} in format {self._scan.format}")

    def _item_part(self, record: Record) -> parts.Part:
        item, content = parts.read_item(record.payload)
        if self.header is not None and self.header.encrypted:
            if self._keys is None or item not in self._keys:
                return parts.Unreadable(record.offset, item, len(content))
            plain = self._keys.decrypt(item, record.number, content)
            if plain is None:
                raise ValueError(f"{item} record does not open: altered, or moved")
            content = plain
        if record.type == parts.TAIL:
            return parts.read_frames(record.offset, item, content)
        return parts.read_block(record.offset, item, content)

    def _rows_of(self, number: int) -> index.Coder:
        """Decrypts the rows of index record `number`; ValueError when they were altered."""

        def decrypt(item: str, data: bytes) -> bytes | None:
            if self.header is None or not self.header.encrypted:
                return data
            if self._keys is None or item not in self._keys:
                return None
            plain = self._keys.decrypt(item, number, data)
            if plain is None:
                raise ValueError(f"index of {item} does not open: altered, or moved")
            return plain

        return decrypt

    def _gather(self, part: parts.Part, record: Record) -> None:
        """Compare an index record with what stands before it, as far as that was whole."""
        gathered = self._gathered
        if self._scan.format < 2:
            return
        if isinstance(part, parts.BlockPart):
            gathered.add_block(part.item, index.row_of(record.number, record.offset, part.block))
        elif isinstance(part, parts.ClockPart):
            gathered.add_clock(*vars(part).values())
        elif isinstance(part, parts.IndexPart):
            damaged = len(self._scan.damage) + len(self._bad)
            if damaged == self._damaged_before and not gathered.agrees(
                part.previous, part.blocks, part.clocks
            ):
                self._bad.append(Damage(part.offset, "the index does not fit the records before it"))
            self._damaged_before = len(self._scan.damage) + len(self._bad)
            gathered.begin(Place(record.number, record.offset))


def read(path: Path, keys: Keys | None = None) -> Capture:
    """Open a capture or bundle; keys is the vault for encrypted captures.

    UsageError when the file cannot be opened; damage is collected, never raised.
    """
    return Capture(path, keys)
