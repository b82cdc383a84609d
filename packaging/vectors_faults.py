"""Vectors of frames that break a rule each."""

import struct

import vectors_packed as packed
from wire_by_hand import LINK, body, close, noise, seed

Lines = list[tuple[str, object]]
US = 3_600_000_123
NONCE = noise("nonce", 16)


def faults() -> list[Lines]:
    """Frames that break one rule each; `announced` is what a hello said before."""
    good = body("ecg", 0, 5, US, struct.pack("<3h", 1, 2, 3))
    ecg = seed("ecg")
    frame = close(good, ecg)
    flipped = bytearray(frame)
    flipped[17] ^= 1
    newer = body(200, 0, 5, US, b"abc")
    huge = body("log", 8, 5, US, b"\x14" + b"x" * 234)

    def put(at: int, form: str, value: int) -> bytes:
        changed = bytearray(good)
        struct.pack_into(form, changed, at, value)
        return close(bytes(changed), ecg)

    rows: list[tuple[str, str, bytes, str]] = [
        ("255 bytes, CRC right", "long", close(huge, seed("log")), "-"),
        ("no bytes", "short", b"", "-"),
        ("a header alone", "short", good[:16], "-"),
        ("19 bytes", "short", frame[:19], "-"),
        ("bad CRC: one bit of a sample flipped", "crc", bytes(flipped), "-"),
        ("bad CRC: one bit of the CRC flipped", "crc", frame[:-1] + bytes([frame[-1] ^ 1]), "-"),
        ("bad CRC: another kind number, all else right", "crc", frame[:1] + b"\x02" + frame[2:], "-"),
        ("cut frame: last byte gone", "crc", frame[:-1], "-"),
        ("cut frame: first byte gone", "crc", frame[1:], "-"),
        ("cut frame: one byte gone from inside", "crc", frame[:9] + frame[10:], "-"),
        ("CRC from 0 instead of the kind's seed", "crc", close(good, 0), "-"),
        ("CRC from another kind's seed", "crc", close(good, seed("respiration")), "-"),
        ("kind that nobody announced", "crc", close(newer, 1234), "-"),
        ("kind announced with another seed than its CRC has", "crc", close(newer, 1234), "200:1235"),
        ("other schema: CRC holds under the announced seed", "schema_mismatch", close(good, 77), "1:77"),
        ("unknown kind: CRC holds under the announced seed", "unknown_kind", close(newer, 1234), "200:1234"),
        ("older major version", "version", put(0, "B", 0x0F), "-"),
        ("newer minor version", "version", put(0, "B", 0x11), "-"),
        ("newer major version", "version", put(0, "B", 0x20), "-"),
        *[(f"unknown flag, bit {bit}", "flags", put(3, "B", 1 << bit), "-") for bit in range(1, 8)],
        ("sample on stream 15", "stream", put(2, "B", 15), "-"),
        ("sample on stream 254", "stream", put(2, "B", 254), "-"),
        ("sample on the link stream", "stream", put(2, "B", 255), "-"),
        ("link message on stream 0", "stream", close(body("start", 0, 0, US, b"\x01\0"), seed("start")), "-"),
        ("seq of 2**30", "field", put(4, "I", 2**30), "-"),
        ("seq of 2**32 - 1", "field", put(4, "I", 2**32 - 1), "-"),
        ("high time word of 2**30", "field", put(8, "I", 2**30), "-"),
        ("low time word of 2**30", "field", put(12, "I", 2**30), "-"),
        ("ecg without a sample", "length", close(good[:16], ecg), "-"),
        ("ecg of two and a half samples", "length", close(good[:-1], ecg), "-"),
        ("log without a level", "length", close(body("log", 8, 0, US, b""), seed("log")), "-"),
        ("start, one byte short", "length", close(body("start", LINK, 0, US, b"\1"), seed("start")), "-"),
        ("start, one byte long", "length", close(body("start", LINK, 0, US, b"\1\0\0"), seed("start")), "-"),
        ("hello, one byte short", "length", close(body("hello", LINK, 0, US, NONCE + b"\0"), 0), "-"),
        (
            "streams, half a row",
            "length",
            close(body("streams", LINK, 0, US, b"\1\0\0\1"), seed("streams")),
            "-",
        ),
        (
            "fragment with no bytes in it",
            "length",
            close(body("opening", LINK, 0, US, b"\1\0\0\1"), seed("opening")),
            "-",
        ),
        *packed.faults(),
        # Two rules broken: the earlier one names the fault.
        (
            "newer version and unknown flag",
            "version",
            close(b"\x11" + good[1:3] + b"\x80" + good[4:], ecg),
            "-",
        ),
        ("unknown flag and stream 15", "flags", close(good[:2] + b"\x0f\x02" + good[4:], ecg), "-"),
        ("stream 15 and seq of 2**30", "stream", close(good[:2] + b"\x0f\0\0\0\0\x40" + good[8:], ecg), "-"),
        ("seq of 2**30 and half a sample", "field", close(good[:4] + b"\0\0\0\x40" + good[8:-1], ecg), "-"),
    ]
    return [[("case", c), ("fault", f), ("announced", a), ("raw", raw)] for c, f, raw, a in rows]


def hello_faults() -> list[Lines]:
    """Hellos that are intact frames but announce more than they hold."""
    rows = struct.pack("<BI", 1, 2)
    return [
        [("case", "two rows announced, one there"), ("fault", "length"), ("payload", NONCE + b"\0\2" + rows)],
        [("case", "a row announced, none there"), ("fault", "length"), ("payload", NONCE + b"\0\1")],
        [
            ("case", "a row announced, four fifths there"),
            ("fault", "length"),
            ("payload", NONCE + b"\0\1" + rows[:4]),
        ],
    ]
