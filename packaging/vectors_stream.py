"""Vectors of what lies under and over a frame: byte stuffing, the byte stream, fragments."""

import struct

from cobs import cobs

from wire_by_hand import body, close, noise, seed, stuff

Lines = list[tuple[str, object]]


def stuffing() -> list[Lines]:
    """Plain and stuffed bytes; the stuffed ones computed by PyPI cobs, without delimiter."""
    nonzero = bytes(range(1, 255))
    plain = {
        "nothing": b"",
        "one zero": b"\0",
        "two zeros": b"\0\0",
        "no zero": b"\x11\x22\x33\x44",
        "zero inside": b"\x11\x22\0\x33",
        "zero first": b"\0\x11",
        "zero last": b"\x11\0",
        "253 bytes without zero": nonzero[:253],
        "254 bytes without zero": nonzero,
        "254 bytes, the last is zero": nonzero[:253] + b"\0",
        "254 bytes, the first is zero": b"\0" + nonzero[:253],
        "254 zeros": bytes(254),
        "254 bytes of noise": noise("cobs", 254),
    }
    return [[("case", c), ("plain", p), ("stuffed", cobs.encode(p))] for c, p in plain.items()]


def broken_stuffing() -> list[Lines]:
    """Bytes that no stuffing yields; PyPI cobs refuses them too."""
    broken = {
        "code points past the end": b"\x05\x11\x22",
        "code 255 points past the end": b"\xff" + b"\x11" * 253,
        "zero as the first code": b"\0\x11",
        "zero as a later code": b"\x02\x11\0",
        "zero inside a group": b"\x04\x11\0\x22",
        "second code points past the end": b"\x02\x11\x03\x22",
    }
    for name, data in broken.items():
        try:
            cobs.decode(data)
        except cobs.DecodeError:
            continue
        raise AssertionError(name)
    return [[("case", c), ("fault", "cobs"), ("stuffed", b)] for c, b in broken.items()]


def streams() -> list[Lines]:
    """Byte streams; `frame` are the intact frames in order, `fault` what the rest is called, in order."""
    a, b, c = (close(body("ecg", 0, i, 4000 * i, struct.pack("<2h", i, -i)), seed("ecg")) for i in range(3))
    flipped = bytearray(stuff(b))
    flipped[20] ^= 0x40
    line = stuff(close(body("log", 8, 0, 5, b"\x14" + b"x" * 100), seed("log")))
    flood = noise("flood", 600).replace(b"\0", b"\1")
    cases: list[tuple[str, bytes, list[bytes], list[str]]] = [
        ("three frames", stuff(a) + stuff(b) + stuff(c), [a, b, c], []),
        ("delimiters in excess are no frames", b"\0\0" + stuff(a) + b"\0\0\0" + stuff(b), [a, b], []),
        ("damaged frame between two", stuff(a) + bytes(flipped) + stuff(c), [a, c], ["crc"]),
        (
            "lost delimiter: two frames are one damaged one",
            stuff(a) + stuff(b)[:-1] + stuff(c) + stuff(a),
            [a, a],
            ["crc"],
        ),
        ("starts in the middle of a frame", stuff(a)[9:] + stuff(b), [b], [_fault(stuff(a)[9:-1])]),
        (
            "byte dropped from inside",
            stuff(a)[:12] + stuff(a)[13:] + stuff(b),
            [b],
            [_fault(stuff(a)[:12] + stuff(a)[13:-1])],
        ),
        (
            "byte dropped from a long group",
            line[:60] + line[61:] + stuff(b),
            [b],
            [_fault(line[:60] + line[61:-1])],
        ),
        (
            "zero put inside",
            stuff(a)[:5] + b"\0" + stuff(a)[5:] + stuff(b),
            [b],
            [_fault(stuff(a)[:5]), _fault(stuff(a)[5:-1])],
        ),
        ("600 bytes without delimiter, then a frame", flood + b"\0" + stuff(a), [a], ["long"]),
        ("ends within a frame", stuff(a) + stuff(b)[:-1], [a], []),
        ("a lone byte", b"\x01\0" + stuff(a), [a], ["short"]),
    ]
    return [
        [("case", name), *[("frame", f) for f in good], *[("fault", f) for f in bad], ("stream", data)]
        for name, data, good, bad in cases
    ]


def _fault(chunk: bytes) -> str:
    """What a damaged chunk is called: PyPI cobs refuses it, or it is under 20 bytes, or its CRC fails."""
    try:
        plain = cobs.decode(chunk)
    except cobs.DecodeError:
        return "cobs"
    return "short" if len(plain) < 20 else "crc"


def fragments() -> list[Lines]:
    """Fragment payloads in order of arrival, and what comes out.

    `message` are the assembled messages in order; `abandoned` counts the
    fragments and half messages that were given up.
    """
    long = noise("long message", 500)
    other = noise("other message", 300)
    full = noise("full message", 4096)

    def cut(message: bytes, number: int) -> list[bytes]:
        parts = [message[i : i + 230] for i in range(0, len(message), 230)]
        return [struct.pack("<HBB", number, i, len(parts)) + part for i, part in enumerate(parts)]

    x, y = cut(long, 1), cut(other, 2)
    too_long = cut(noise("too long", 4097), 3)
    cases: list[tuple[str, list[bytes], list[bytes], int]] = [
        ("one fragment", cut(b"small", 7), [b"small"], 0),
        ("three fragments", x, [long], 0),
        ("4096 bytes in 18 fragments", cut(full, 3), [full], 0),
        ("two messages one after the other", x + y, [long, other], 0),
        ("half assembled, then another message", x[:2] + y, [other], 1),
        ("half assembled at the end", x[:2], [], 0),
        ("last fragment missing, then sent again whole", x[:2] + x, [long], 1),
        ("first fragment missing", x[1:], [], 2),
        ("middle fragment missing", [x[0], x[2]], [], 1),
        ("out of order", [x[0], x[2], x[1]], [], 2),
        ("fragment twice", [x[0], x[1], x[1], x[2]], [], 2),
        ("first fragment twice", [x[0], *x], [long], 1),
        ("number of another message", [x[0], struct.pack("<HBB", 9, 1, 3) + x[1][4:], x[2]], [], 2),
        ("total changes", [x[0], struct.pack("<HBB", 1, 1, 2) + x[1][4:]], [], 1),
        (
            "index at the total",
            [struct.pack("<HBB", 1, 0, 0) + b"a", struct.pack("<HBB", 1, 1, 1) + b"a"],
            [],
            2,
        ),
        ("4097 bytes: over the limit", too_long, [], 1),
        ("19 fragments: over the limit", [struct.pack("<HBB", 1, i, 19) + b"a" for i in range(19)], [], 19),
    ]
    return [
        [("case", c), *[("payload", p) for p in sent], *[("message", m) for m in got], ("abandoned", n)]
        for c, sent, got, n in cases
    ]
