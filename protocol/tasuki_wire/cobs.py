"""Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM ToN 1999).

Stuffed bytes hold no zero, so 0x00 ends a frame and a receiver is back in
step after one damaged frame. Frames stay at or below 254 bytes, so stuffing
costs exactly one byte.
"""

from tasuki_wire.errors import error

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    Buffer = bytes | bytearray | memoryview


def encode_into(dst: bytearray, src: "Buffer", n: int) -> int:
    """Stuff src[:n] into dst, which has n + n // 254 + 1 bytes; return the length.

    The delimiter is not written.
    """
    code_at = 0
    out = 1
    code = 1
    for i in range(n):
        byte = src[i]
        if byte:
            dst[out] = byte
            out += 1
            code += 1
            if code < 255 or i == n - 1:
                continue
        dst[code_at] = code
        code_at = out
        out += 1
        code = 1
    dst[code_at] = code
    return out


def decode_into(dst: bytearray, src: "Buffer", n: int) -> int:
    """Unstuff src[:n] (no delimiter) into dst, at least n bytes; return the length.

    Raises Damaged("cobs") for a zero byte or a code that points past the end.
    """
    i = 0
    out = 0
    while i < n:
        code = src[i]
        end = i + code
        if not code or end > n:
            raise error("cobs", "code %d at %d of %d bytes" % (code, i, n))
        i += 1
        while i < end:
            byte = src[i]
            if not byte:
                raise error("cobs", "zero at %d" % i)
            dst[out] = byte
            out += 1
            i += 1
        if code < 255 and i < n:
            dst[out] = 0
            out += 1
    return out
