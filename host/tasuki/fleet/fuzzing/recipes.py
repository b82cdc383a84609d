"""Commands in full: any from its table, and by hand those that only mean something when they are signed."""

import struct
from collections.abc import Callable
from hashlib import sha256
from random import Random

from tasuki.fleet.fuzzing import fields
from tasuki.fleet.fuzzing.world import AUTHORITY, ORDER, STRANGER, Token, World
from tasuki_wire import codec, layout

FIRST_COMMAND = codec.number("hello_request")
_ANSWERS = ("identity", "streams", "time_answer", "enrolled", "token_answer", "status", "answer")
COMMANDS = tuple(k.name for k in codec.KINDS.values() if k.number >= FIRST_COMMAND and k.name not in _ANSWERS)
KINDS = frozenset(map(codec.number, COMMANDS))
# how often, where it is not 1: what ends a state comes seldom, so that the others are reached in it
_LOCKING = ("lock", "order")
_WEIGHTS = {
    "stop": 0.25,
    "narrow": 0.25,
    "reboot": 0.06,
    "maintenance": 0.06,
    "lock": 0.1,
    "enroll": 0.6,
    "token": 0.7,
}
_FIELDS = {row[1]: row[4] for row in layout.MESSAGES}


def command(world: World, rng: Random, request: int, gentle: bool = False) -> tuple[str, bytes]:
    """Name and payload of some command, as an honest or a clumsy host would send it.

    gentle: none that locks a hub.
    """
    weights = [0.0 if gentle and name in _LOCKING else _WEIGHTS.get(name, 1.0) for name in COMMANDS]
    name = rng.choices(COMMANDS, weights)[0]
    return name, payload(name, world, rng, request)


def payload(name: str, world: World, rng: Random, request: int) -> bytes:
    """Payload of a command of this name."""
    make = _RECIPES.get(name)
    if make and rng.random() < 0.8:
        return make(world, rng, request)
    return packed(name, *fields.values(_FIELDS[name], world, rng, request))


def packed(name: str, *values: object) -> bytes:
    """Payload from values; bytes of the rest are cut to a frame."""
    return bytes(codec.pack(codec.number(name), *values))[: layout.MAX_PAYLOAD]


def token(world: World, request: int, **changed: int | bytes) -> bytes:
    """Payload of a token that holds, unless something is changed; one that holds is noted in the world."""
    values = {
        "format": layout.TOKEN_FORMAT,
        "authority": AUTHORITY.key_id,
        "device": world.device,
        "binding": b"b" * 16,
        "items": 0x3F,
        "sequence": world.next_sequence(),
        "nonce": world.nonce,
        "lifetime": 3600,
        "policy": b"p" * 32,
        "storage": bytes(32),
        **changed,
    }
    body = packed("token", request, *(values[row[0]] for row in layout.TOKEN[:-1]), bytes(64))[2:-64]
    told = Token(int(values["sequence"]), int(values["items"]), int(values["lifetime"]))
    lawful = 0 < told.lifetime <= layout.MAX_LIFETIME_S and told.sequence > world.sequence
    if lawful and not set(changed) - {"items", "lifetime", "sequence"}:
        world.tokens.setdefault(request, []).append(told)
        world.signed_sequences.add(told.sequence)
    return request.to_bytes(2, "little") + body + AUTHORITY.sign("token", body)


def _some_token(world: World, rng: Random, request: int) -> bytes:
    """Mostly one that some check refuses; a signature is costly for the hub, so few get so far."""
    wrong: dict[str, int | bytes] = {
        "format": 2,
        "device": bytes(8),
        "authority": STRANGER.key_id,
        "nonce": bytes(16),
        "sequence": world.sequence,
        "lifetime": rng.choice((0, layout.MAX_LIFETIME_S + 1, 0xFFFFFFFF)),
    }
    choice = rng.random()
    if choice < 0.75:
        name = rng.choice([n for n in wrong if n != "lifetime" or choice < 0.4])
        return token(world, request, **{name: wrong[name]})
    if choice < 0.9:
        right = token(world, request, binding=b"x" * 16)
        return right[:-1] + bytes([right[-1] ^ 1])
    lifetime = rng.choice((1, 2, 5, 3600, layout.MAX_LIFETIME_S))
    return token(world, request, items=rng.choice((0x3F, 0x3F, rng.getrandbits(16))), lifetime=lifetime)


def order(world: World, request: int, **changed: int | bytes) -> bytes:
    """Payload of an order to unlock that holds, unless something is changed."""
    values = {
        "format": layout.ORDER_FORMAT,
        "action": 0,
        "device": world.device,
        "nonce": world.nonce,
        **changed,
    }
    body = packed("order", request, *(values[row[0]] for row in layout.ORDER[:-1]), bytes(64))[2:-64]
    world.order_signed = world.order_signed or not changed
    return request.to_bytes(2, "little") + body + ORDER.sign("order", body)


def _some_order(world: World, rng: Random, request: int) -> bytes:
    wrong: dict[str, int | bytes] = {
        "format": 2,
        "action": len(layout.ORDERS),
        "device": bytes(8),
        "nonce": bytes(16),
    }
    choice = rng.random()
    if choice < 0.5:
        name = rng.choice(sorted(wrong))
        return order(world, request, **{name: wrong[name]})
    if choice < 0.9:
        right = order(world, request, action=0)
        return right[:-1] + bytes([right[-1] ^ 1])
    return order(world, request)


def calibration(world: World, rng: Random) -> bytes:
    """A blob of calibration constants for this hub."""
    head = codec.struct_format(layout.CALIBRATION)
    row = codec.struct_format(layout.CALIBRATION_ROW)
    device = rng.choice((world.device, world.device, bytes(8)))
    body = struct.pack(head, layout.CALIBRATION_FORMAT, device, rng.randint(1, 0xFFFF))
    for _ in range(rng.randint(0, 20)):
        body += struct.pack(row, rng.randint(0, 7), rng.randint(0, 15), rng.randint(-9, 9), 16384)
    return body + rng.choice((ORDER, ORDER, STRANGER)).sign("calibration", body)


def _begin(world: World, rng: Random, request: int) -> bytes:
    name = rng.choice(layout.BLOBS)
    data = calibration(world, rng) if name == "calibration" else rng.randbytes(rng.randint(1, 900))
    world.blob = (name, data, 0)
    digest = sha256(data).digest() if rng.random() < 0.8 else rng.randbytes(32)
    return packed("blob_begin", request, layout.BLOBS.index(name), len(data), digest)


def _data(world: World, rng: Random, request: int) -> bytes:
    name, data, at = world.blob
    part = data[at : at + rng.choice((1, 60, 200, 228))]
    world.blob = (name, data, at + len(part))
    return packed("blob_data", request, at, part)


def transfer(world: World, rng: Random, request: int) -> list[tuple[str, bytes]]:
    """Names and payloads of a whole blob, mostly in order and in full."""
    out = [("blob_begin", _begin(world, rng, request))]
    while world.blob[2] < len(world.blob[1]):
        out.append(("blob_data", _data(world, rng, request)))
    out.append(("blob_end", packed("blob_end", request)))
    if rng.random() < 0.2:
        del out[rng.randrange(len(out))]
    return out


_RECIPES: dict[str, Callable[[World, Random, int], bytes]] = {
    "token": _some_token,
    "order": _some_order,
    "blob_begin": _begin,
    "blob_data": _data,
}
