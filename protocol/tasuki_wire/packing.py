"""Packed payloads: the records of a sample frame as differences, in as few bits as they need.

    count u8 | first record | for each column: width (4 bits), count - 1 differences

Records are columns of i16. The bits after the first record stand most
significant first, and the last byte is filled with zeros. SPEC.md section 5.1
has the rules. Plain, to be read beside them: the hub packs by tasuki_hub.packing,
the host unpacks by native/src/unpack.c, and tests hold them all equal.
"""

from tasuki_wire import layout
from tasuki_wire.errors import error

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    Buffer = bytes | bytearray | memoryview

_WIDEST = 15  # this code stands for 16 bits


def pack_into(dst: bytearray, at: int, src: "Buffer", start: int, n: int, columns: int) -> int:
    """Pack the n records of `columns` i16 at src[start:] to dst[at:]; return the bytes written.

    Returns 0 when that would not be less than the records take: they then go
    as they are. dst[at + 2 * n * columns - 1:] is never touched.
    """
    size = 2 * columns
    held = bits = 0
    for column in range(columns):
        steps = _steps(src, start + 2 * column, n, size)
        code = _code(_union(steps))
        width = _width(code)
        held = held << 4 | code
        bits += 4 + width * len(steps)
        for step in steps:
            held = held << width | step
    rest = (bits + 7) // 8
    total = 1 + size + rest
    if total >= n * size:
        return 0
    dst[at] = n
    dst[at + 1 : at + 1 + size] = src[start : start + size]
    dst[at + 1 + size : at + total] = (held << (-bits % 8)).to_bytes(rest, "big")
    return total


def unpack(packed: "Buffer", columns: int) -> bytes:
    """The records of a packed payload; Malformed("length") unless pack_into writes just these bytes."""
    size = 2 * columns
    n = packed[0] if len(packed) else 0
    if n * size > layout.MAX_PAYLOAD or not size < len(packed) < n * size:
        raise error("length", "%d packed bytes for %d records of %d" % (len(packed), n, size))
    out = bytearray(n * size)
    out[:size] = packed[1 : 1 + size]
    held = int.from_bytes(bytes(packed[1 + size :]), "big")
    bits = 8 * (len(packed) - 1 - size)
    for i in range(0, size, 2):
        code = held >> (bits - 4) if bits >= 4 else 0
        width = _width(code)
        bits -= 4
        steps = []
        if bits < width * (n - 1):
            raise error("length", "bits end in column %d" % (i // 2))
        held &= (1 << bits) - 1
        for _ in range(n - 1):
            bits -= width
            steps.append(held >> bits)
            held &= (1 << bits) - 1
        if _code(_union(steps)) != code:
            raise error("length", "column %d would fit into fewer bits" % (i // 2))
        _add_up(out, i, steps, size)
    if bits >= 8 or held:
        raise error("length", "%d bits behind the last column" % bits)
    return bytes(out)


def holds(packed: "Buffer", columns: int) -> bool:
    """True when unpack takes these bytes."""
    try:
        unpack(packed, columns)
    except ValueError:
        return False
    return True


def _steps(src: "Buffer", i: int, n: int, size: int) -> "list[int]":
    """Zig-zag differences, modulo 2**16, down a column that starts at src[i]."""
    out = []
    before = src[i] | src[i + 1] << 8
    for at in range(i + size, i + n * size, size):
        value = src[at] | src[at + 1] << 8
        step = (value - before) & 0xFFFF
        out.append((step << 1 ^ -(step >> 15)) & 0xFFFF)
        before = value
    return out


def _add_up(out: bytearray, i: int, steps: "list[int]", size: int) -> None:
    """Fill a column whose first value stands at out[i] from its zig-zag differences."""
    value = out[i] | out[i + 1] << 8
    for step in steps:
        i += size
        value += step >> 1 ^ -(step & 1)
        out[i] = value & 255
        out[i + 1] = value >> 8 & 255


def _union(steps: "list[int]") -> int:
    """All bits that any of them has."""
    out = 0
    for step in steps:
        out |= step
    return out


def _code(union: int) -> int:
    """The width code for differences that have these bits."""
    code = 0
    while union and code < _WIDEST:
        union >>= 1
        code += 1
    return code


def _width(code: int) -> int:
    return 16 if code == _WIDEST else code
