"""Values for the fields of any message: mostly such that mean something, some at the edges, some random."""

from random import Random
from typing import Any

from tasuki.fleet.fuzzing.world import AUTHORITY, STRANGER, World
from tasuki_wire import layout

Values = list[int | bytes]

_EDGES = (0, 1, 2, 255, 256, 0x7FFF, 0xFFFF, layout.WORD - 1, layout.WORD, 0x7FFFFFFF, 0xFFFFFFFF)
_MOST = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF}
_LEAST = {"b": -0x80, "h": -0x8000, "i": -0x80000000}


def values(fields: tuple[Any, ...], world: World, rng: Random, request: int) -> Values:
    """One value for each struct item of a field list; a time is two."""
    out: Values = []
    for name, code, count, _, _, _ in fields:
        for _ in range(1 if code == "s" else count):
            out += _one(name, code, count, world, rng, request)
    return out


def _one(name: str, code: str, count: int, world: World, rng: Random, request: int) -> Values:
    if name == "id":
        return [request]
    if code == "T":
        return [_number("I", rng), _number("I", rng)]
    meant = _meant(name, world, rng) if rng.random() < 0.75 else None
    if code == "s":
        if isinstance(meant, bytes):
            return [meant]
        return [_bytes(count or rng.choice((0, 1, 16, 100, 200)), rng)]
    if isinstance(meant, int):
        return [meant & _MOST[code] if code in _MOST else meant]
    return [_number(code, rng)]


def _number(code: str, rng: Random) -> int:
    if code in _LEAST:
        return rng.choice((_LEAST[code], -1, 0, 1, -_LEAST[code] - 1))
    most = _MOST[code]
    return rng.choice((rng.randint(0, most), min(most, rng.choice(_EDGES))))


def _bytes(count: int, rng: Random) -> bytes:
    return rng.choice((bytes(count), b"\xff" * count, rng.randbytes(count), rng.randbytes(count)))


def _meant(name: str, world: World, rng: Random) -> int | bytes | None:
    """What a field of this name would hold in earnest; None where that is any value."""
    stream = rng.choice(world.streams)
    _, data, offset = world.blob
    choices = {
        "device": (world.device,),
        "nonce": (world.nonce,),
        "authority": (AUTHORITY.public, AUTHORITY.public, STRANGER.public),
        "session": (world.session, world.session, world.session + 1, world.session - 1),
        "epoch": tuple(world.epoch - n for n in range(4) if world.epoch >= n),
        "stream": (stream, stream, 13, 14, 15, 255),
        "first_seq": (max(0, world.seqs.get(stream, 0) - rng.randint(0, 40)), 0),
        "first": (0, 1, rng.randint(0, 60)),
        "count": (1, 2, 25, 170, 171, 0xFFFF),
        "items": (0x3F, 0x3F, rng.getrandbits(6), 0),
        "repin": (0,) * 60 + (1, 2),
        "blob": (*range(len(layout.BLOBS)), len(layout.BLOBS), 255),
        "size": (len(data), len(data), 64, 4096, 1 << 20),
        "offset": (offset, offset, 0, offset + 1, offset - 1 if offset else 0),
        "format": (1,),
        "action": (0,),
    }
    return rng.choice(choices[name]) if name in choices else None
