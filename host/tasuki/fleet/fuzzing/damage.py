"""What befalls a command on its way: before the CRC, so that it reaches the handlers, or after it."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tasuki.framing import stuffed
from tasuki_wire import codec, layout

_WORDS = (layout.WORD, layout.WORD + 1, 0x7FFFFFFF, 0xFFFFFFFF)


@dataclass(frozen=True)
class Frame:
    """A frame before its CRC; any field may hold what it must not."""

    kind: int
    payload: bytes
    seq: int = 0
    version: int = layout.VERSION
    stream: int = layout.LINK_STREAM
    flags: int = 0
    high: int = 0
    low: int = 0

    def wire(self) -> bytes:
        """Closed with its CRC, stuffed, delimited."""
        head = struct.pack(
            "<BBBBIII", self.version, self.kind, self.stream, self.flags, self.seq, self.high, self.low
        )
        known = codec.KINDS.get(self.kind)
        body = head + self.payload
        return stuffed(body + struct.pack("<I", zlib.crc32(body, known.seed if known else 0)))


def before_crc(frame: Frame, rng: Random) -> Frame:
    """One or a few mutations; the CRC will hold."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        frame = rng.choice(_MUTATIONS)(frame, rng)
    return frame


def _cut(frame: Frame, rng: Random) -> Frame:
    return replace(frame, payload=frame.payload[: rng.randint(0, len(frame.payload))])


def _longer(frame: Frame, rng: Random) -> Frame:
    extra = rng.randbytes(rng.choice((1, 2, 8, 100, max(0, layout.MAX_PAYLOAD - len(frame.payload)), 300)))
    return replace(frame, payload=frame.payload + extra)


def _other_bytes(frame: Frame, rng: Random) -> Frame:
    """Behind the id, whose answer is waited for."""
    data = bytearray(frame.payload)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if len(data) > 2:
            data[rng.randrange(2, len(data))] = rng.choice((0, 1, 127, 128, 255, rng.getrandbits(8)))
    return replace(frame, payload=bytes(data))


def _other_word(frame: Frame, rng: Random) -> Frame:
    data = bytearray(frame.payload)
    if len(data) >= 6:
        struct.pack_into("<I", data, rng.randrange(2, len(data) - 3), rng.choice((*_WORDS, 0)))
    return replace(frame, payload=bytes(data))


def _other_kind(frame: Frame, rng: Random) -> Frame:
    return replace(frame, kind=rng.choice((rng.choice(sorted(codec.KINDS)), rng.getrandbits(8))))


def _other_header(frame: Frame, rng: Random) -> Frame:
    name, value = rng.choice(
        (
            ("version", rng.choice((0, layout.VERSION + 1, layout.VERSION + 16, 255))),
            ("flags", rng.choice((1, 2, 128, 255))),
            ("stream", rng.choice((0, 5, 14, 15, 254))),
            ("seq", rng.choice(_WORDS)),
            ("high", rng.choice(_WORDS)),
            ("low", rng.choice(_WORDS)),
        )
    )
    changed: dict[str, Any] = {name: value}
    return replace(frame, **changed)


# the payload's content twice as often: only there it comes as far as a handler
_MUTATIONS: tuple[Callable[[Frame, Random], Frame], ...] = (
    _other_bytes,
    _other_bytes,
    _other_word,
    _other_word,
    _cut,
    _longer,
    _other_kind,
    _other_header,
)


def after_crc(wire: bytes, rng: Random) -> bytes:
    """The bytes of a stuffed frame as a bad line would bring them."""
    return rng.choice(_NOISES)(wire, rng)


def _flip(wire: bytes, rng: Random) -> bytes:
    data = bytearray(wire)
    for _ in range(rng.choice((1, 1, 2, 9))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _lose(wire: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(wire))
    return wire[:at] + wire[at + rng.randint(1, 8) :]


def _zero(wire: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(wire))
    return wire[:at] + bytes(rng.randint(1, 3)) + wire[at:]


def _joined(wire: bytes, rng: Random) -> bytes:
    return wire[:-1]


def _noise(wire: bytes, rng: Random) -> bytes:
    return rng.randbytes(rng.randint(1, 64)) + wire


def _endless(wire: bytes, rng: Random) -> bytes:
    """More bytes without a zero than any frame has."""
    return bytes(rng.choices(range(1, 256), k=rng.choice((254, 255, 256, 257, 258, 600, 1500)))) + b"\0"


_NOISES: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _lose, _zero, _joined, _noise, _endless)
