"""Frames and messages to bytes and back, on hub and host alike.

This is the plain form, from struct. The host's reference parser
(tasuki.reference, construct) and its fast decoder (native/) are built from
the same rows and held equal to it by tests.
"""

import binascii
import struct
import sys
from array import array

from tasuki_wire import layout
from tasuki_wire.errors import error

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    from collections.abc import Iterator
    from typing import Any

    Fields = tuple[tuple[str, str, int, str, int, str], ...]
    Buffer = bytes | bytearray | memoryview
    Message = tuple[int, str, str | None, int, Fields, Fields]


def struct_format(fields: "Fields") -> str:
    """Struct format of a field list, little-endian; a field of the rest adds nothing."""
    out = "<"
    for _, code, count, _, _, _ in fields:
        if code == "T":
            out += "II" * count
        elif code == "s":
            out += "%ds" % count if count else ""
        else:
            out += code * count
    return out


def takes_rest(fields: "Fields") -> bool:
    """True when the last field is all bytes that are left."""
    return bool(fields) and fields[-1][1] == "s" and not fields[-1][2]


def schema_text(head: "Fields", rows: "Fields") -> str:
    """The canonical text whose CRC-32 seeds the kind's frame CRC."""
    lines = []
    for mark, fields in (("", head), ("*", rows)):
        for name, code, count, unit, scale, _ in fields:
            lines.append("%s%s|%s|%d|%s|%d\n" % (mark, name, code, count, unit, scale))
    return "".join(lines)


def schema_seed(head: "Fields", rows: "Fields") -> int:
    """That CRC-32."""
    return binascii.crc32(schema_text(head, rows).encode())


def _seeds() -> "array[int]":
    """CRC seed of every kind, by its number; the hello has none, so that any version can read it."""
    out = array("I", [0] * (layout.MESSAGES[-1][0] + 1))
    for number, _, _, _, head, rows in layout.MESSAGES[1:]:
        out[number] = schema_seed(head, rows)
    return out


SEEDS = _seeds()


class Kind:
    """One row of layout.MESSAGES with what follows from it.

    Only the formats are kept, the rest is worked out when asked: a hub has a dozen of these.
    """

    def __init__(self, message: "Message") -> None:
        self._message = message
        self.head = struct_format(message[4])
        self.row = struct_format(message[5])

    @property
    def head_size(self) -> int:
        """Bytes of the head, without a rest."""
        return struct.calcsize(self.head)

    @property
    def row_size(self) -> int:
        """Bytes of a row, 0 for a kind without rows."""
        return struct.calcsize(self.row)

    @property
    def seed(self) -> int:
        """What its frame CRC begins with."""
        return SEEDS[self._message[0]]

    @property
    def number(self) -> int:
        """Kind number."""
        return self._message[0]

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return self._message[1]

    @property
    def item(self) -> "str | None":
        """The item that a sample kind belongs to."""
        return self._message[2]

    @property
    def mode(self) -> int:
        """layout.SAMPLES, ONE or FRAGMENTS."""
        return self._message[3]

    @property
    def head_rest(self) -> bool:
        """True when the head ends with all bytes that are left."""
        return takes_rest(self._message[4])

    @property
    def row_rest(self) -> bool:
        """True when a row does."""
        return takes_rest(self._message[5])

    @property
    def columns(self) -> int:
        """Columns of i16 in a record of a kind that may be packed, else 0."""
        return self.row_size // 2 if self._message[0] in layout.PACKED_KINDS else 0

    def length_holds(self, n: int) -> bool:
        """True when a payload of n bytes can be this kind."""
        if self.mode == layout.FRAGMENTS:
            return n > layout.FRAGMENT_SIZE
        return self.message_holds(n)

    def payload_holds(self, flags: int, payload: "Buffer") -> bool:
        """True when a frame of this kind with these flags can have this payload."""
        if flags & layout.FLAG_PACKED:
            from tasuki_wire import packing  # only a host receives such frames: a hub keeps the RAM

            return packing.holds(payload, self.columns)
        return self.length_holds(len(payload))

    def message_holds(self, n: int) -> bool:
        """True when an assembled message of n bytes can be this kind."""
        n -= self.head_size
        if self.mode == layout.SAMPLES:
            return n >= self.row_size if self.row_rest else n > 0 and n % self.row_size == 0
        if n < 0 or self.head_rest or not self.number:
            return n >= 0
        return n % self.row_size == 0 if self.row_size else n == 0


class Kinds:
    """The kinds by number, a mapping to read.

    A kind is made when it is first asked for and then kept: a hub needs a dozen of them.
    """

    def __init__(self) -> None:
        self._made: dict[int, Kind] = {}

    def get(self, number: int) -> "Kind | None":
        """The kind of this number, None when there is none."""
        kind = self._made.get(number)
        if kind is None:
            for row in layout.MESSAGES:
                if row[0] == number:
                    kind = self._made[number] = Kind(row)
        return kind

    def __getitem__(self, number: int) -> Kind:
        kind = self._made.get(number) or self.get(number)
        if kind is None:
            raise KeyError(number)
        return kind

    def __contains__(self, number: object) -> bool:
        return number in [row[0] for row in layout.MESSAGES]

    def __iter__(self) -> "Iterator[int]":
        for row in layout.MESSAGES:
            yield row[0]

    def __len__(self) -> int:
        return len(layout.MESSAGES)

    def values(self) -> "list[Kind]":
        """All of them, in the order of their numbers."""
        return [self[number] for number in self]

    def items(self) -> "list[tuple[int, Kind]]":
        """All of them with their numbers."""
        return [(number, self[number]) for number in self]


KINDS = Kinds()
if sys.implementation.name != "micropython":  # a hub asks by number
    BY_NAME = {kind.name: kind for kind in KINDS.values()}


def number(name: str) -> int:
    """Kind number of a message name."""
    for row in layout.MESSAGES:
        if row[1] == name:
            return row[0]
    raise KeyError(name)


def pack(kind: int, *values: "Any", rows: bytes = b"") -> bytes:
    """Bytes of a message: head values in order (a time is two), then packed rows."""
    k = KINDS[kind]
    if k.head_rest:
        return struct.pack(k.head, *values[:-1]) + bytes(values[-1])
    return struct.pack(k.head, *values) + rows


def pack_row(kind: int, *values: "Any") -> bytes:
    """Bytes of one row of a message."""
    k = KINDS[kind]
    if k.row_rest:
        return struct.pack(k.row, *values[:-1]) + bytes(values[-1])
    return struct.pack(k.row, *values)


def unpack(kind: int, message: "Buffer") -> "tuple[Any, ...]":
    """Head values of a message in order, then its remaining bytes when it has any place for them.

    Raises Malformed("length") when the bytes cannot be this kind.
    """
    k = KINDS[kind]
    if not k.message_holds(len(message)):
        raise error("length", "%s of %d bytes" % (k.name, len(message)))
    values = struct.unpack_from(k.head, message)
    if k.head_rest or k.row_size:
        values += (bytes(message[k.head_size :]),)
    return values


def unpack_rows(kind: int, rows: "Buffer") -> "list[tuple[Any, ...]]":
    """The rows of a message as a list of tuples."""
    k = KINDS[kind]
    if k.row_rest:
        return [struct.unpack_from(k.row, rows) + (bytes(rows[k.row_size :]),)]
    return [struct.unpack_from(k.row, rows, i) for i in range(0, len(rows), k.row_size)]


def hello(nonce: bytes, flags: int) -> bytes:
    """Payload of a hello that announces every kind of this version."""
    rows = b"".join([pack_row(0, number, SEEDS[number]) for number in KINDS])
    return pack(0, nonce, flags, len(KINDS), rows=rows)


def read_hello(payload: "Buffer") -> "tuple[bytes, int, dict[int, int]]":
    """(nonce, flags, {kind: seed}) of a hello; bytes after the counted rows are of a later version."""
    nonce, flags, count, rows = unpack(0, payload)
    size = KINDS[0].row_size
    if len(rows) < count * size:
        raise error("length", "hello announces %d kinds in %d bytes" % (count, len(rows)))
    return nonce, flags, dict(unpack_rows(0, rows[: count * size]))


def body_into(buf: bytearray, kind: int, stream: int, flags: int, seq: int, hi: int, lo: int, n: int) -> int:
    """Put a header before the n payload bytes that already stand at buf[16:]; return the body's length."""
    struct.pack_into("<BBBBIII", buf, 0, layout.VERSION, kind, stream, flags, seq, hi, lo)
    return layout.HEADER_SIZE + n


def close_frame_into(buf: bytearray, n: int) -> int:
    """Append the CRC to a body of n bytes (header and payload); return the frame's length."""
    crc = binascii.crc32(memoryview(buf)[:n], SEEDS[buf[1]])
    struct.pack_into("<I", buf, n, crc)
    return n + layout.CRC_SIZE


def frame(kind: int, stream: int, flags: int, seq: int, hi: int, lo: int, payload: bytes) -> bytes:
    """A frame as bytes, not stuffed."""
    return closed(struct.pack("<BBBBIII", layout.VERSION, kind, stream, flags, seq, hi, lo) + payload)


def closed(body: bytes) -> bytes:
    """A body (header and payload) with its CRC, not stuffed."""
    return body + struct.pack("<I", binascii.crc32(body, SEEDS[body[1]]))


def split(
    raw: "Buffer", announced: "dict[int, int] | None" = None
) -> "tuple[int, int, int, int, int, int, bytes]":
    """Header values and payload of one unstuffed frame.

    Returns (kind, stream, flags, seq, hi, lo, payload). `announced` maps kinds
    to the seeds that the sender's hello gave. Raises the WireError that the
    first failing check of layout.FAULTS names.
    """
    fault = check(raw, announced or {})
    if fault != "ok":
        raise error(fault, "%d bytes" % len(raw))
    _, kind, stream, flags, seq, hi, lo = struct.unpack_from("<BBBBIII", raw)
    return kind, stream, flags, seq, hi, lo, bytes(raw[layout.HEADER_SIZE : -layout.CRC_SIZE])


def check(raw: "Buffer", announced: "dict[int, int]") -> str:
    """Name of the first rule of layout.FAULTS that an unstuffed frame breaks, or "ok"."""
    if len(raw) > layout.MAX_FRAME:
        return "long"
    if len(raw) < layout.HEADER_SIZE + layout.CRC_SIZE:
        return "short"
    version, kind, stream, flags, seq, hi, lo = struct.unpack_from("<BBBBIII", raw)
    body = memoryview(raw)[: -layout.CRC_SIZE]
    (crc,) = struct.unpack_from("<I", raw, len(body))
    k = KINDS.get(kind)
    if not k or binascii.crc32(body, k.seed) != crc:
        if kind in announced and binascii.crc32(body, announced[kind]) == crc:
            return "schema_mismatch" if k else "unknown_kind"
        return "crc"
    if not layout.OLDEST_VERSION <= version <= layout.VERSION:
        return "version"
    if flags & ~layout.KNOWN_FLAGS or (flags & layout.FLAG_PACKED and not k.columns):
        return "flags"
    if stream != layout.LINK_STREAM if k.item is None else stream >= layout.STREAMS:
        return "stream"
    if seq >= layout.WORD or hi >= layout.WORD or lo >= layout.WORD:
        return "field"
    return "ok" if k.payload_holds(flags, body[layout.HEADER_SIZE :]) else "length"


def records(kind: int, flags: int, payload: "Buffer") -> bytes:
    """The records of a sample frame's payload, packed or not; Malformed("length") when it cannot be one."""
    if flags & layout.FLAG_PACKED:
        from tasuki_wire import packing

        return packing.unpack(payload, KINDS[kind].columns)
    if not KINDS[kind].length_holds(len(payload)):
        raise error("length", "%s of %d bytes" % (KINDS[kind].name, len(payload)))
    return bytes(payload)


def fragments(message_id: int, message: bytes) -> "list[bytes]":
    """Payloads of the fragments of a message, in order; ValueError above 4 KiB."""
    if len(message) > layout.MAX_MESSAGE:
        raise ValueError("message of %d bytes" % len(message))
    size = layout.MAX_FRAGMENT
    total = (len(message) + size - 1) // size
    return [
        struct.pack("<HBB", message_id, i, total) + message[i * size : (i + 1) * size] for i in range(total)
    ]


class Assembler:
    """Joins fragments, one message in assembly per kind; bounded by layout.MAX_MESSAGE."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, int, list[bytes]]] = {}
        self.abandoned = 0

    def reset(self) -> None:
        """Forget what is in assembly, as a hello with another nonce asks for."""
        self._open = {}

    def add(self, kind: int, payload: "Buffer") -> "bytes | None":
        """The whole message when this fragment completes it, else None.

        A fragment out of order, of another message or past the size limit
        abandons what was in assembly and is counted.
        """
        message_id, index, total = struct.unpack_from("<HBB", payload)
        part = bytes(payload[layout.FRAGMENT_SIZE :])
        seen = self._open.pop(kind, None)
        if index == 0:
            self.abandoned += seen is not None
            seen = (message_id, total, [])
        if (
            seen is None
            or seen[:2] != (message_id, total)
            or len(seen[2]) != index
            or index >= total
            or total > layout.MAX_FRAGMENTS
            or sum([len(p) for p in seen[2]]) + len(part) > layout.MAX_MESSAGE
        ):
            self.abandoned += 1
            return None
        seen[2].append(part)
        if index + 1 < total:
            self._open[kind] = seen
            return None
        return b"".join(seen[2])


def time_words(us: int) -> "tuple[int, int]":
    """(high, low) words of a device time in microseconds."""
    return us >> 30, us & (layout.WORD - 1)


def time_us(hi: int, lo: int) -> int:
    """Device time in microseconds from its two words."""
    return (hi << 30) | lo
