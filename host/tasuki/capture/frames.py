"""Frames as people read them: from captures, bundles and raw dumps of the wire."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from tasuki import reference
from tasuki.capture import parts
from tasuki.capture.reading import Capture
from tasuki_wire import codec, layout
from tasuki_wire.errors import WireError

_CHUNK = 65536
_TEXTS = ("text", "firmware", "board")
_ATTESTED_HEAD = 70  # tasuki.vault.attested has the layout
_LONGEST = layout.MAX_FRAME + 2  # one byte more than any stuffed frame: enough to call it long


@dataclass(frozen=True)
class Shown:
    """One frame, good or bad.

    Attributes:
        offset: where it starts in the file (in a capture: its record).
        fault: "ok", a name of layout.FAULTS, or what a capture says of a record.
        time_us: device time; in attested blocks microseconds from the block's start.
        values: field name to (unit, value); a sample field has a list, a value per record.
    """

    offset: int
    fault: str
    kind: str = ""
    stream: int = -1
    seq: int = -1
    time_us: int = -1
    values: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values; a damaged frame has its offset and fault alone."""
        if self.fault != "ok":
            return {"offset": self.offset, "fault": self.fault, **({"kind": self.kind} if self.kind else {})}
        fields = {name: {"unit": unit, "value": value} for name, (unit, value) in self.values.items()}
        return {**vars(self), "values": fields}

    def matches(self, kind: str | None, stream: int | None) -> bool:
        """True when the frame is of this kind and stream; damage is of any."""
        return self.fault != "ok" or (kind in (None, self.kind) and stream in (None, self.stream))

    def line(self) -> str:
        """One line of text."""
        if self.fault != "ok":
            return f"{'':>14}  damaged at byte {self.offset}: {self.fault}"
        stream = "link" if self.stream == layout.LINK_STREAM else str(self.stream)
        fields = self.values.items()
        values = "  ".join(f"{name}={_text(value)}{unit and ' ' + unit}" for name, (unit, value) in fields)
        return f"{self.time_us / 1e6:>14.6f}  {stream:>4}  {self.kind:<16}  {self.seq:>7}  {values}"


def from_dump(file: BinaryIO) -> Iterator[Shown]:
    """All frames of a raw dump; seeds are those of the last hello in it."""
    announced: dict[int, int] = {}
    for offset, run in _runs(file):
        frame = reference.parse_frame(run, announced)
        if frame.fault != "ok":
            yield Shown(offset, frame.fault)
            continue
        if frame.raw[1] == 0:
            announced = _seeds(frame.body[layout.HEADER_SIZE :], announced)
        yield _shown(offset, frame.body)


def from_capture(capture: Capture) -> Iterator[Shown]:
    """All frames of a capture or bundle, and its damage at the end. Nothing is verified."""
    for part in capture:
        if isinstance(part, parts.BlockPart):
            yield from (_shown(part.offset, body) for body in part.block.bodies())
        elif isinstance(part, parts.TailPart):
            yield from (_shown(part.offset, body) for body in part.frames)
        elif isinstance(part, parts.Unreadable):
            yield Shown(part.offset, f"{part.size} bytes without a key", part.item)
        elif isinstance(part, parts.AttestedPart):
            yield _shown_attested(part)
    for damage in capture.damage:
        yield Shown(damage.offset, damage.what)


def _runs(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """What stands between delimiters, with its offset; a run longer than a frame is cut to _LONGEST bytes."""
    at, held, size = 0, b"", 0
    while data := file.read(_CHUNK):
        *ended, rest = data.split(b"\0")
        for piece in ended:
            run, length = held + piece[: _LONGEST - len(held)], size + len(piece)
            if run:
                yield at, run
            at, held, size = at + length + 1, b"", 0
        held, size = held + rest[: _LONGEST - len(held)], size + len(rest)
    if held:
        yield at, held


def _seeds(payload: bytes, before: dict[int, int]) -> dict[int, int]:
    try:
        seeds: dict[int, int] = codec.read_hello(payload)[2]
    except WireError:
        return before
    return seeds


def _shown(offset: int, body: bytes) -> Shown:
    """An intact frame body; one that a capture holds but that does not parse is a fault."""
    payload = body[layout.HEADER_SIZE :]
    if len(body) < layout.HEADER_SIZE or body[1] not in codec.KINDS:
        return Shown(offset, "short" if len(body) < layout.HEADER_SIZE else "unknown_kind")
    kind, stream = body[1], body[2]
    known = codec.KINDS[kind]
    header = reference.HEADER.parse(body)
    if not known.payload_holds(header.flags, payload):
        return Shown(offset, "length")
    if known.item:
        payload = codec.records(kind, header.flags, payload)
    return Shown(offset, "ok", known.name, stream, header.seq, header.time, _values(kind, payload))


def _values(kind: int, payload: bytes) -> dict[str, tuple[str, Any]]:
    parsed = reference.PAYLOADS[kind].parse(payload)
    head = parsed.get("head", parsed if codec.KINDS[kind].mode == layout.FRAGMENTS else {})
    rows = parsed.get("rows", [])
    out = {name: ("", _plain(name, value)) for name, value in head.items() if name != "_io"}
    for name in [name for name in (rows[0] if rows else ()) if name != "_io"]:
        values = [reference.physical(kind, name, _plain(name, row[name])) for row in rows]
        out[name] = values[0][1], [value for value, _ in values]
    return out


def _shown_attested(part: parts.AttestedPart) -> Shown:
    """A stripped block, its signature not checked: kind, stream, number and rows."""
    data = part.data
    try:
        (number,), (count,) = struct.unpack_from("<Q", data, 20), struct.unpack_from("<H", data, 68)
        at = _ATTESTED_HEAD
        for _ in ("purpose", "destination"):
            at += 1 + data[at]
        rows = data[at + 8 * count : -layout.SIGNATURE_SIZE]
        kind = codec.KINDS[data[1]]
    except (struct.error, LookupError):
        return Shown(part.offset, "no attested block")
    if kind.item is None or not kind.length_holds(len(rows)):
        return Shown(part.offset, "length")
    return Shown(part.offset, "ok", kind.name, data[2], number, 0, _values(kind.number, rows))


def _plain(name: str, value: Any) -> Any:
    """Lists stay lists; bytes become hex, or text where the field is text."""
    if isinstance(value, bytes) and name in _TEXTS:
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in _decoded(value))
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, list) else value


def _decoded(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(f"({_text(v)})" if isinstance(v, list) else _text(v) for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
