"""The reference parser: construct structs built from the rows of layout.

It serves tools, tests and whoever wants to read one frame. The fast decoder
(tasuki.pipeline.decode) is held equal to it by property tests on every kind,
over good and damaged bytes. The only importer of construct.
"""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import construct as cs

from tasuki_wire import cobs, codec, layout
from tasuki_wire.errors import WireError, error

_CODES = {"B": cs.Int8ul, "b": cs.Int8sl, "H": cs.Int16ul, "h": cs.Int16sl, "I": cs.Int32ul, "i": cs.Int32sl}
_TIME = cs.ExprAdapter(
    cs.Sequence(cs.Int32ul, cs.Int32ul),
    lambda words, _: codec.time_us(words[0], words[1]),
    lambda us, _: list(codec.time_words(us)),
)


def _field(code: str, count: int) -> Any:
    if code == "s":
        return cs.Bytes(count) if count else cs.GreedyBytes
    one = _TIME if code == "T" else _CODES[code]
    return one if count == 1 else cs.Array(count, one)


def _struct(fields: Any) -> Any:
    return cs.Struct(*[name / _field(code, count) for name, code, count, _, _, _ in fields])


def _payload(mode: int, head: Any, rows: Any, tail: bool) -> Any:
    """Payload of a frame as bytes of a fragment, or head and rows."""
    if mode == layout.FRAGMENTS:
        return _struct(layout.FRAGMENT)
    return _message(head, rows, tail)


def _message(head: Any, rows: Any, tail: bool) -> Any:
    parts = ["head" / _struct(head)]
    if tail:
        parts.append("rows" / cs.Array(cs.this.head.count, _struct(rows)))
        parts.append("tail" / cs.GreedyBytes)
    elif rows:
        parts.append("rows" / cs.GreedyRange(_struct(rows)))
    return cs.Struct(*parts)


HEADER = _struct(layout.HEADER)
"""construct Struct of the 16-byte frame header."""

PAYLOADS = {
    number: _payload(mode, head, rows, not number) for number, _, _, mode, head, rows in layout.MESSAGES
}
"""Kind to construct Struct of a frame's payload: a fragment, or `head` and `rows`."""

MESSAGES = {number: _message(head, rows, not number) for number, _, _, _, head, rows in layout.MESSAGES}
"""Kind to construct Struct of a whole message; a hello's rows end at its count."""

_WIDEST = 15  # this width code stands for 16 bits
_COLUMN = cs.Struct(
    "code" / cs.BitsInteger(4),
    "steps"
    / cs.Array(
        lambda this: this._root.count - 1 if this.code else 0,
        cs.BitsInteger(lambda this: 16 if this.code == _WIDEST else this.code),
    ),
)

PACKED = {
    kind.number: cs.Struct(
        "count" / cs.Int8ul,
        "first" / cs.Array(kind.columns, cs.Int16sl),
        "bits" / cs.Bitwise(cs.Struct("columns" / cs.Array(kind.columns, _COLUMN), "fill" / cs.GreedyBytes)),
    )
    for kind in codec.KINDS.values()
    if kind.columns
}
"""Kind to construct Struct of a packed payload; `fill` has a byte for each bit that is left."""

_FIELDS = {row[0]: {field[0]: field for field in row[4] + row[5]} for row in layout.MESSAGES}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as found in a stream of bytes.

    Attributes:
        fault: "ok", or the first rule of layout.FAULTS that it breaks.
        raw: unstuffed bytes with CRC; empty where there is no way to unstuff them.
    """

    fault: str
    raw: bytes

    @property
    def body(self) -> bytes:
        """Header and payload."""
        return self.raw[: -layout.CRC_SIZE]

    def header(self) -> Any:
        """The header as a construct Container; raises construct.StreamError when cut."""
        return HEADER.parse(self.raw)

    def payload(self) -> Any:
        """The payload of a good frame; raises construct.ConstructError for a hello cut within its rows."""
        payload = self.body[layout.HEADER_SIZE :]
        if self.header().flags & layout.FLAG_PACKED:
            payload = unpack(self.raw[1], payload)
        return PAYLOADS[self.raw[1]].parse(payload)


def unpack(kind: int, payload: bytes) -> bytes:
    """The records of a packed payload; Malformed("length") unless packing them gives these very bytes."""
    try:
        parsed = PACKED[kind].parse(payload)
    except cs.ConstructError as e:
        raise error("length", "packed payload is cut") from e
    columns = []
    for first, column in zip(parsed.first, parsed.bits.columns, strict=True):
        steps = column.steps if column.code else [0] * (parsed.count - 1)
        columns.append([*accumulate((s // 2 if s % 2 == 0 else -(s + 1) // 2 for s in steps), initial=first)])
    records = [value & 0xFFFF for record in zip(*columns, strict=True) for value in record]
    raw = b"".join(map(cs.Int16ul.build, records))
    if len(raw) > layout.MAX_PAYLOAD or pack(kind, raw) != payload:
        raise error("length", "records are packed in another way")
    return raw


def pack(kind: int, records: bytes) -> bytes:
    """Packed payload of records, b"" where that is not smaller than they are."""
    rows = cs.GreedyRange(cs.Array(codec.KINDS[kind].columns, cs.Int16sl)).parse(records)
    columns: list[dict[str, Any]] = []
    bits = 0
    for column in zip(*rows, strict=True):
        moves = [(after - before + 0x8000) % 0x10000 - 0x8000 for before, after in pairwise(column)]
        steps = [2 * move if move >= 0 else -2 * move - 1 for move in moves]
        code = min(_WIDEST, max(steps, default=0).bit_length())
        columns.append({"code": code, "steps": steps if code else []})
        bits += 4 + len(steps) * (16 if code == _WIDEST else code)
    packed = PACKED[kind].build(
        {"count": len(rows), "first": list(rows[0]), "bits": {"columns": columns, "fill": bytes(-bits % 8)}}
    )
    return packed if len(packed) < len(records) else b""


def parse_frame(stuffed: bytes, announced: dict[int, int] | None = None) -> Frame:
    """One frame from its stuffed bytes without delimiter; `announced` are the seeds of the hello."""
    if len(stuffed) > layout.MAX_FRAME + 1:
        return Frame("long", b"")
    raw = bytearray(len(stuffed))
    try:
        size = cobs.decode_into(raw, stuffed, len(stuffed))
    except WireError as error:
        return Frame(error.fault, b"")
    return Frame(codec.check(bytes(raw[:size]), announced or {}), bytes(raw[:size]))


def parse(data: bytes, announced: dict[int, int] | None = None) -> list[Frame]:
    """All frames of a stream of bytes, good and bad, in order.

    What follows the last delimiter is a frame in the making and left out,
    unless it is already too long to become one.
    """
    *runs, last = data.split(b"\x00")
    if len(last) > layout.MAX_FRAME + 1:
        runs.append(last)
    return [parse_frame(run, announced) for run in runs if run]


def physical(kind: int, name: str, raw: Any) -> tuple[Any, str]:
    """A field's value in its unit, and the unit: raw / scale; lists stay lists, bytes stay bytes."""
    _, code, _, unit, scale, _ = _FIELDS[kind][name]
    if code == "s" or scale == 1:
        return raw, unit
    return ([value / scale for value in raw] if isinstance(raw, list) else raw / scale), unit
