"""Epochs made by hand for the vectors: the tree, the record, the opening, a block's path."""

import struct
from dataclasses import dataclass, field

from nacl.signing import SigningKey

from wire_by_hand import DEVICE_ID, DEVICE_KEY, VERSION, body, key_id, noise, path, sha256, sign, tree, words

TOKEN_HASH = noise("consent token", 16)


@dataclass
class Made:
    """An epoch as the hub holds it; change a part and ask for what follows from it.

    Attributes:
        bodies: frames by stream, header and payload each.
        kinds: kind number by stream, where the entry is to say another than the frames.
        times: (t0, t1) in microseconds by stream.
        said: entry by stream, where it is to be another than follows from the rest.
    """

    number: int
    bodies: dict[int, list[bytes]]
    times: dict[int, tuple[int, int]]
    prev: bytes = bytes(32)
    session: int = 7
    secret: bytes = b""
    reason: int = 0
    signer: SigningKey = DEVICE_KEY
    domain: str = "epoch"
    claims: bytes = key_id(DEVICE_KEY)
    kinds: dict[int, int] = field(default_factory=dict)
    said: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secret = self.secret or noise(f"secret {self.session} {self.number}", 16)
        self.meta = struct.pack("<BHH11s", self.reason, 0x3F, 2, b"")

    def slot_key(self, slot: int) -> bytes:
        """K_s."""
        return sha256(b"\3", self.secret, bytes([slot]))[:16]

    def leaves(self, stream: int) -> list[bytes]:
        """Frame leaves of a stream."""
        return [sha256(b"\0", self.slot_key(stream), frame)[:24] for frame in self.bodies[stream]]

    def entry(self, stream: int) -> bytes:
        """Entry of a stream's block."""
        if stream in self.said:
            return self.said[stream]
        frames = self.bodies[stream]
        kind = self.kinds.get(stream, frames[0][1])
        (first,) = struct.unpack_from("<I", frames[0], 4)
        t0, t1 = self.times[stream]
        return struct.pack("<BBIHIIII", stream, kind, first, len(frames), *words(t0), *words(t1)) + tree(
            self.leaves(stream)
        )

    def entries(self) -> list[bytes]:
        """Entries in rising order of stream."""
        return [self.entry(stream) for stream in sorted(self.bodies)]

    def slot_leaves(self) -> list[bytes]:
        """The 16 of them."""
        said = {stream: self.entry(stream) for stream in self.bodies} | {15: self.meta}
        return [sha256(b"\2", self.slot_key(s), said.get(s, b""))[:24] for s in range(16)]

    def record_body(self) -> bytes:
        """The record up to its signature."""
        head = struct.pack("<B8s8sII", VERSION, DEVICE_ID, self.claims, self.session, self.number)
        return head + self.prev + TOKEN_HASH + tree(self.slot_leaves())

    def record(self) -> bytes:
        """The record with its signature."""
        return self.record_body() + sign(self.signer, self.domain, self.record_body())

    def opening(self) -> bytes:
        """The opening as a message."""
        return (
            struct.pack("<II", self.session, self.number) + self.secret + self.meta + b"".join(self.entries())
        )

    def path(self, slot: int) -> bytes:
        """The four nodes from a slot's leaf to the root."""
        return b"".join(path(self.slot_leaves(), slot))

    def all_bodies(self) -> list[bytes]:
        """Every frame, by stream and seq."""
        return [frame for stream in sorted(self.bodies) for frame in self.bodies[stream]]


def flip(data: bytes, at: int) -> bytes:
    """One bit of one byte turned; `at` counts from the end when negative."""
    out = bytearray(data)
    out[at] ^= 1
    return bytes(out)


def frames_of(kind: str, stream: int, first: int, times: list[int], payloads: list[bytes]) -> list[bytes]:
    """Bodies with seq from `first`."""
    return [
        body(kind, stream, first + i, us, payload)
        for i, (us, payload) in enumerate(zip(times, payloads, strict=True))
    ]


def garment(epoch: int) -> tuple[dict[int, list[bytes]], dict[int, tuple[int, int]]]:
    """Frames and times of an epoch with all eight sample kinds."""
    at = 1_200_000_000 + 4_000_000 * epoch
    ecg = [struct.pack("<4h", i, -i, 200 + i, epoch) for i in range(3)]
    warm = [struct.pack("<4h", *range(4400 + 8 * epoch + 4 * i, 4404 + 8 * epoch + 4 * i)) for i in range(2)]
    status = struct.pack("<HBBB6I", 3700, 0, 1, 1, 0, 0, 0, 0, 0, 60000)
    bodies = {
        0: frames_of("ecg", 0, 3 * epoch, [at + 16_000 * i for i in range(3)], ecg),
        1: frames_of("respiration", 1, epoch, [at + 1], [struct.pack("<3h", 5, 6, 7)]),
        2: frames_of("body_temperature", 2, 2 * epoch, [at, at + 2_000_000], warm),
        3: frames_of("imu", 3, epoch, [at + 3], [struct.pack("<6h", 0, 0, 2048, 1, -1, epoch)]),
        4: frames_of("strain", 4, epoch, [at + 4], [struct.pack("<14h", *range(14))]),
        5: frames_of("device_status", 5, epoch, [at + 5], [status]),
        6: frames_of("subjective", 6, epoch, [at + 6], [struct.pack("<Hh", 1, 4)]),
        7: frames_of("log", 7, epoch, [at + 7], [b"\x14epoch %d" % epoch]),
    }  # fmt: skip
    times = {stream: (at + stream, at + stream) for stream in bodies}
    return bodies, times | {0: (at, at + 44_000), 1: (at + 1, at + 80_001), 2: (at, at + 3_000_000)}


def session() -> list[Made]:
    """Epochs 0 and 1 of the whole garment, 2 of five ECG frames and a clean stop."""
    first = Made(0, *garment(0))
    second = Made(1, *garment(1), prev=sha256(first.record()))
    at = 1_208_000_000
    ecg = frames_of("ecg", 0, 6, [at + 4000 * i for i in range(5)], [struct.pack("<h", i) for i in range(5)])
    third = Made(2, {0: ecg}, {0: (at, at + 16_000)}, prev=sha256(second.record()), reason=3)
    return [first, second, third]
