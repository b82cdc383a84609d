"""The few forms of DER (X.690) that `cryptography` leaves to its callers: written whole, read strictly."""


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of what is DER already."""
    return _form(0x30, b"".join(parts))


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return _form(0x04, value)


def bits(value: bytes) -> bytes:
    """BIT STRING of whole bytes."""
    return _form(0x03, b"\0" + value)


def text(value: str) -> bytes:
    """UTF8String."""
    return _form(0x0C, value.encode())


def integer(value: int) -> bytes:
    """INTEGER that is not negative."""
    return _form(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return _form(0x06, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _form(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(long)]) + long + body


def split(data: bytes) -> list[bytes]:
    """The forms that stand one after another; ValueError when they do not end where the data ends."""
    parts = []
    while data:
        end = _end(data)
        parts.append(data[:end])
        data = data[end:]
    return parts


def body(form: bytes) -> bytes:
    """What a form holds; ValueError when there is none."""
    if len(form) < 2:
        raise ValueError("cut short")
    return form[2 if form[1] < 0x80 else 2 + (form[1] & 0x7F) :]


def _end(data: bytes) -> int:
    if len(data) < 2:
        raise ValueError("cut short")
    size, start = data[1], 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if start + size > len(data):
        raise ValueError("cut short")
    return start + size
