"""Vectors of frames: one or more valid ones of every kind, and the canonical texts."""

import struct
from typing import Any

from wire_by_hand import DEVICE_ID, LINK, NUMBERS, body, close, noise, schema, seed, sha256, stuff, words

Lines = list[tuple[str, object]]
US = 3_600_000_123  # above 2**30, so that both time words are used
NONCE = noise("nonce", 16)

# (case, kind, stream, seq, head format, head values, row format, rows)
PLAIN: list[tuple[str, str, int, int, str, tuple[Any, ...], str, list[tuple[Any, ...]]]] = [
    ("ecg, 25 samples, both ends of the range", "ecg", 0, 0, "<", (), "<h",
     [(v,) for v in (-32768, 32767, 0, -1, 1, *range(-1000, 1000, 100))]),
    ("ecg, one sample, highest seq", "ecg", 14, 2**30 - 1, "<", (), "<h", [(1,)]),
    ("respiration", "respiration", 1, 1, "<", (), "<h", [(100 * i - 300,) for i in range(25)]),
    ("body_temperature, 34.5 to 34.5234375 degC", "body_temperature", 2, 2, "<", (), "<h",
     [(4416,), (4417,), (4418,), (4419,)]),
    ("imu, ten records", "imu", 3, 3, "<", (), "<6h", [(0, -i, 2048, 16 * i, -16, 5) for i in range(10)]),
    ("imu, as many records as a frame holds", "imu", 6, 3, "<", (), "<6h",
     [(i, 0, 0, 0, 0, 0) for i in range(19)]),
    ("strain, six scans", "strain", 4, 4, "<", (), "<14h", [tuple(range(s, s + 14)) for s in range(6)]),
    ("subjective", "subjective", 7, 5, "<", (), "<Hh", [(3, -2)]),
    ("device_status", "device_status", 5, 6, "<", (), "<HBBBIIIIII", [(3700, 0, 1, 1, 0, 2, 3, 0, 5, 61440)]),
    ("log, a line of UTF-8", "log", 8, 7, "<", (), "<B", [(30, "33.5 °C".encode())]),
    ("log, an empty line", "log", 8, 8, "<", (), "<B", [(20, b"")]),
    ("stream_status, two streams", "stream_status", 13, 9, "<", (), "<BBIIII",
     [(0, 1, 64003, 180, 0, 0), (3, 4, 0, 12000, 7, 19)]),
    ("epoch_record", "epoch_record", LINK, 9, "<B8s8sII32s16s24s64s",
     (0x10, DEVICE_ID, noise("key", 8), 7, 1, noise("prev", 32), noise("token", 16), noise("root", 24),
      noise("signature", 64)), "<", []),
    ("hello_request", "hello_request", LINK, 0, "<H", (1,), "<", []),
    ("identify", "identify", LINK, 1, "<H", (2,), "<", []),
    ("identity", "identity", LINK, 2, "<H8s8s32s8sBII16s16s",
     (2, DEVICE_ID, noise("key", 8), noise("public", 32), noise("authority", 8), 1, 12, 41,
      b"0.1.0".ljust(16, b"\0"), b"unix".ljust(16, b"\0")), "<", []),
    ("describe", "describe", LINK, 3, "<H", (3,), "<", []),
    ("streams, two of them", "streams", LINK, 4, "<H", (3,), "<BBBBI",
     [(0, 1, 1, 25, 4000), (2, 3, 1, 4, 10**6)]),
    ("streams, none", "streams", LINK, 5, "<H", (3,), "<BBBBI", []),
    ("time_request", "time_request", LINK, 6, "<HII", (4, *words(2**50 + 5)), "<", []),
    ("time_answer", "time_answer", LINK, 7, "<HIIIIII",
     (4, *words(2**50 + 5), *words(US), *words(US + 40)), "<", []),
    ("enroll", "enroll", LINK, 8, "<H32s32sB",
     (5, noise("authority key", 32), noise("challenge", 32), 0), "<", []),
    ("enrolled", "enrolled", LINK, 9, "<H8s32s64s",
     (5, DEVICE_ID, noise("public", 32), noise("sig", 64)), "<", []),
    ("token", "token", LINK, 10, "<HB8s8s16sHI16sI32s32s64s",
     (6, 1, noise("authority", 8), DEVICE_ID, noise("binding", 16), 0x3F, 42, NONCE, 3600, sha256(b"policy"),
      bytes(32), noise("sig", 64)), "<", []),
    ("token_answer", "token_answer", LINK, 11, "<HBHIIII", (6, 0, 0x3F, 7, 1, *words(US)), "<", []),
    ("narrow", "narrow", LINK, 12, "<HH", (7, 0x3E), "<", []),
    ("start", "start", LINK, 13, "<H", (8,), "<", []),
    ("stop", "stop", LINK, 14, "<H", (9,), "<", []),
    ("resend", "resend", LINK, 15, "<HBIH", (10, 3, 77, 4), "<", []),
    ("leaves_request", "leaves_request", LINK, 16, "<HIBHH", (11, 1, 3, 7, 4), "<", []),
    ("epoch_request", "epoch_request", LINK, 17, "<HI", (12, 1), "<", []),
    ("ack", "ack", LINK, 18, "<II", (7, 1), "<", []),
    ("status_request", "status_request", LINK, 19, "<H", (13,), "<", []),
    ("status", "status", LINK, 20, "<HBHIIIH", (13, 2, 0x3F, 7, 2, 3599, 4), "<", []),
    ("maintenance", "maintenance", LINK, 21, "<H", (14,), "<", []),
    ("answer", "answer", LINK, 22, "<HBBH", (10, NUMBERS["resend"], 0, 4), "<", []),
    ("blob_begin", "blob_begin", LINK, 23, "<HBI32s", (15, 1, 70_000, sha256(b"blob")), "<", []),
    ("blob_data", "blob_data", LINK, 24, "<HI", (16, 65_536, noise("part", 200)), "<", []),
    ("blob_end", "blob_end", LINK, 25, "<H", (17,), "<", []),
    ("reboot", "reboot", LINK, 26, "<H", (18,), "<", []),
    ("lock", "lock", LINK, 27, "<H8s", (19, DEVICE_ID), "<", []),
    ("stored_ack", "stored_ack", LINK, 29, "<II", (7, 1), "<", []),
    ("order", "order", LINK, 28, "<HBB8s16s64s", (20, 1, 0, DEVICE_ID, NONCE, noise("sig", 64)), "<", []),
]  # fmt: skip

# The same, of kinds that travel in fragments; here each fits into one.
WHOLE: list[tuple[str, str, int, int, str, tuple[Any, ...], str, list[tuple[Any, ...]]]] = [
    ("opening of one block", "opening", LINK, 10, "<II16sBHH11s",
     (7, 1, noise("secret", 16), 0, 1, 0, bytes(11)),
     "<BBIHIIII24s", [(0, 1, 0, 40, *words(US), *words(US + 3_996_000), noise("root", 24))]),
    ("stored_epoch", "stored_epoch", LINK, 11, "<IIBB", (7, 0, 1, 3, noise("sealed box", 90)), "<", []),
    ("leaf_hashes, two leaves", "leaf_hashes", LINK, 12, "<HIBH", (11, 1, 3, 7), "<24s",
     [(noise("leaf 7", 24),), (noise("leaf 8", 24),)]),
]  # fmt: skip


def show(values: tuple[Any, ...]) -> str:
    """Values as the head and row lines hold them."""
    return " ".join("h" + v.hex() if isinstance(v, bytes) else str(v) for v in values) or "-"


def join(form: str, values: tuple[Any, ...]) -> bytes:
    """Packed values; one more than the format knows is all the rest."""
    known = len(struct.unpack(form, bytes(struct.calcsize(form))))
    return struct.pack(form, *values[:known]) + b"".join(values[known:])


def frames() -> list[Lines]:
    """Valid frames of every kind."""
    seeds = [(number, seed(kind)) for kind, number in NUMBERS.items()]
    hello = ("hello", "hello", LINK, 0, "<16sBB", (NONCE, 3, len(seeds)), "<BI", seeds)
    tail = b"what a later minor version appends"
    out = [_frame(*hello)]
    out.append(
        _frame(
            "hello, with a longer tail",
            "hello",
            LINK,
            1,
            "<16sBB",
            (NONCE, 0, 1),
            "<BI",
            [(1, seed("ecg"))],
            tail=tail,
        )
    )
    out += [_frame(*row) for row in PLAIN]
    out += [_frame(*row, fragment=struct.pack("<HBB", 9, 0, 1)) for row in WHOLE]
    return out


def _frame(case: str, kind: str, stream: int, seq: int, hf: str, head: tuple[Any, ...], rf: str,
           rows: list[tuple[Any, ...]], fragment: bytes = b"", tail: bytes = b"") -> Lines:  # fmt: skip
    message = join(hf, head) + b"".join(join(rf, row) for row in rows) + tail
    frame = close(body(kind, stream, seq, US, fragment + message), seed(kind))
    lines: Lines = [
        ("case", case),
        ("kind", kind),
        ("number", NUMBERS[kind]),
        ("stream", stream),
        ("flags", 0),
    ]
    lines += [("seq", seq), ("time", US), ("head", show(head)), *[("row", show(row)) for row in rows]]
    lines += [("tail", tail)] if tail else []
    lines += [("fragment", show(struct.unpack("<HBB", fragment)))] if fragment else []
    return [*lines, ("payload", fragment + message), ("raw", frame), ("stuffed", stuff(frame))]


def schemas() -> list[Lines]:
    """Canonical text and seed of every kind but hello, whose seed is 0."""
    out: list[Lines] = []
    for kind, number in NUMBERS.items():
        if number:
            text = schema(kind)
            out.append([("case", kind), ("number", number), ("text", text), ("seed", seed(kind))])
    return out
