"""Vectors of packed payloads, their bits written as text from SPEC.md section 5.1."""

import random
import struct
from itertools import pairwise

from wire_by_hand import NUMBERS, body, close, seed, stuff

Lines = list[tuple[str, object]]
US = 3_600_000_123
_RNG = random.Random("packed")
_NOISE = [tuple(_RNG.randrange(-32768, 32768) for _ in range(6)) for _ in range(10)]

# (case, kind, records)
CASES: list[tuple[str, str, list[tuple[int, ...]]]] = [
    ("ecg, 25 samples of a slope", "ecg", [(-90 + 7 * i,) for i in range(25)]),
    ("ecg, equal samples need no bits", "ecg", [(-1,)] * 25),
    ("ecg, the fewest that pay", "ecg", [(5,)] * 3),
    ("ecg, as many as a raw frame holds", "ecg", [(i % 3,) for i in range(117)]),
    ("ecg, up and down by the most that 14 bits say", "ecg",
     [(8191 if i % 2 else 0,) for i in range(24)] + [(-1,)]),
    ("ecg, over the end of the range and back", "ecg", [(32767,), (-32768,), (32767,), (-32768,)] * 3),
    ("respiration", "respiration", [(i * i,) for i in range(25)]),
    ("imu, a width for each column", "imu",
     [(0, -i, 2048 + 100 * (i % 2), 16 * i, -16, 5 * i * i) for i in range(10)]),
    ("imu, one column of noise takes 16 bits", "imu", [(noise[0], 1, 2, 3, 4, 5) for noise in _NOISE]),
    ("imu, a difference of 15 bits takes 16", "imu", [(0, 0, 0, 0, 0, 0), (8192, 0, 0, 0, 0, 0)]),
    ("imu, two records, whole bytes of widths", "imu", [(1, 2, 3, 4, 5, 6)] * 2),
    ("strain, six scans", "strain", [tuple(100 * c - c * s for c in range(14)) for s in range(6)]),
    ("strain, as many scans as a raw frame holds", "strain", [tuple(range(s, s + 14)) for s in range(8)]),
    ("ecg, one sample goes raw", "ecg", [(1,)]),
    ("ecg, two equal samples would take as much", "ecg", [(1,)] * 2),
    ("ecg, noise goes raw", "ecg", [noise[:1] for noise in _NOISE]),
    ("imu, noise goes raw", "imu", _NOISE),
]  # fmt: skip


def zigzag(step: int) -> int:
    """0 -1 1 -2 2 as 0 1 2 3 4, of a difference modulo 2^16."""
    step = (step + 32768) % 65536 - 32768
    return 2 * step if step >= 0 else -2 * step - 1


def pack(records: list[tuple[int, ...]], wider: int = 0) -> bytes:
    """Packed records; `wider` raises the width of the first column over the least."""
    bits = ""
    for number, column in enumerate(zip(*records, strict=True)):
        steps = [zigzag(b - a) for a, b in pairwise(column)]
        code = min(15, max([0, *steps]).bit_length() + (wider if number == 0 else 0))
        width = 16 if code == 15 else code
        bits += f"{code:04b}" + "".join(f"{step:0{width}b}" if width else "" for step in steps)
    bits += "0" * (-len(bits) % 8)
    head = struct.pack(f"<B{len(records[0])}h", len(records), *records[0])
    return head + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def frame(kind: str, payload: bytes, flags: int = 1, stream: int = 3) -> bytes:
    """A frame with flags."""
    made = body(kind, stream, 5, US, payload)
    return close(made[:3] + bytes([flags]) + made[4:], seed(kind))


def packed() -> list[Lines]:
    """Records and how they go."""
    out: list[Lines] = []
    for case, kind, records in CASES:
        raw = b"".join(struct.pack(f"<{len(record)}h", *record) for record in records)
        payload = pack(records)
        lines: Lines = [("case", case), ("kind", kind), ("number", NUMBERS[kind]), ("records", raw)]
        if len(payload) >= len(raw):
            out.append([*lines, ("payload", b"")])
            continue
        whole = frame(kind, payload)
        out.append([*lines, ("payload", payload), ("raw", whole), ("stuffed", stuff(whole))])
    return out


def faults() -> list[tuple[str, str, bytes, str]]:
    """Rows for faults.txt: flags and payloads that no sender packs."""
    slope = [(-90 + 7 * i,) for i in range(25)]
    ecg, small = pack(slope), pack([(0, 0, 0, 0, 0, 0)] * 3)
    even = pack([(5,)] * 25)
    flat = [(0, 0, 0, 0, 0, 0)] * 10
    spare = pack([*flat, (0, 0, 0, 0, 0, 1)])  # 44 bits, so 4 of fill
    payloads: list[tuple[str, str, bytes]] = [
        ("no bytes", "ecg", b""),
        ("a count alone", "ecg", ecg[:1]),
        ("no bits behind the first record", "ecg", ecg[:3]),
        ("raw samples", "ecg", struct.pack("<3h", 1, 2, 3)),
        ("count 0", "ecg", b"\0" + ecg[1:]),
        ("count 1", "ecg", b"\1" + even[1:]),
        ("a record less than there are bits for", "ecg", b"\x18" + ecg[1:]),
        ("a record more than there are bits for", "ecg", b"\x1b" + ecg[1:]),
        ("last byte gone", "ecg", ecg[:-1]),
        ("a byte of zeros behind the end", "ecg", ecg + b"\0"),
        ("last bit of the fill set", "ecg", ecg[:-1] + bytes([ecg[-1] | 1])),
        ("first bit of the fill set", "imu", spare[:-1] + bytes([spare[-1] | 8])),
        ("a width of 1 more than needed", "ecg", pack(slope, wider=1)),
        ("a width of 1 where none is needed", "ecg", pack([(5,)] * 25, wider=1)),
        ("16 bits where 14 are enough", "imu", pack([*flat, (8191, 0, 0, 0, 0, 0)], wider=1)),
        ("widths cut", "imu", small[:-1]),
        ("a column missing", "strain", pack([(1,) * 14] * 6)[:-1]),
        ("118 equal ecg samples", "ecg", pack([(5,)] * 118)),
        ("20 equal imu records", "imu", pack([(1, 2, 3, 4, 5, 6)] * 20)),
        ("as long as its records", "ecg", pack([(1,)] * 2)),
        ("longer than its records", "imu", pack(_NOISE)),
    ]
    rows = [(f"packed: {case}", "length", frame(kind, payload), "-") for case, kind, payload in payloads]
    return [
        *rows,
        ("packed body_temperature", "flags", frame("body_temperature", even), "-"),
        ("packed log", "flags", frame("log", b"\x14x"), "-"),
        ("packed link message", "flags", frame("start", b"\1\0", stream=255), "-"),
        ("packed and an unknown flag", "flags", frame("ecg", ecg, flags=3), "-"),
        ("packed on stream 15, too short", "stream", frame("ecg", ecg[:-1], stream=15), "-"),
    ]
