"""How a delivery travels through a broker: its topic, its MQTT 5 properties, and the answer to it.

    <tenant>/<purpose>/<destination>/<item>/<pseudonym>    a block; its content is the payload
    <tenant>/tombstone/<destination>/<pseudonym>           a recall (sinks/tombstone.py)
    <tenant>/erasure/<destination>                         an order to erase (sinks/erasure_order.py)
    <tenant>/reply/<name>                                  answers to a gateway, its response topic

A destination has a level of its own, because two parties may serve one purpose and neither may read
the other's. What a block is beside its content stands in the user properties destination, purpose,
stream, number, form, tags, consent and day. The correlation data is 16
random bytes of one `send`: only who received a block of it can answer, and an answer to anything else
is not heard.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasuki.errors import Untrusted
from tasuki.sinks import Delivery, Key

NONCE_SIZE = 16
STORED, RECALLED = range(2)
_ANSWER = struct.Struct("<16sBQB")


@dataclass(frozen=True)
class Topics:
    """The topics of one tenant."""

    tenant: str

    def block(self, d: Delivery) -> str:
        """Where a delivery goes."""
        return f"{self.tenant}/{d.purpose}/{d.destination}/{d.item}/{d.pseudonym.hex()}"

    def tombstone(self, destination: str, pseudonym: bytes) -> str:
        """Where a recall goes."""
        return f"{self.tenant}/tombstone/{destination}/{pseudonym.hex()}"

    def blocks(self, group: str, destination: str) -> str:
        """What a group of collectors subscribes to: each block of a destination goes to one of them."""
        return f"$share/{group}/{self.tenant}/+/{destination}/+/+"

    def tombstones(self, destination: str) -> str:
        """What each of them subscribes to: each recall of a destination goes to all of them."""
        return f"{self.tenant}/tombstone/{destination}/+"

    def erasure(self, destination: str) -> str:
        """Where orders to erase go; each of them goes to all collectors of the destination."""
        return f"{self.tenant}/erasure/{destination}"

    def reply(self, name: str) -> str:
        """Where answers to a gateway go, and a collector's messages to itself."""
        return f"{self.tenant}/reply/{name}"


def delivery_of(topic: str, payload: bytes, properties: Iterable[tuple[str, str]]) -> Delivery:
    """The delivery that a message carries; Untrusted("message") when topic and properties disagree."""
    said = dict(properties)
    try:
        tenant, purpose, destination, item, pseudonym = topic.split("/")
        d = Delivery(
            said["destination"],
            said["purpose"],
            bytes.fromhex(pseudonym),
            int(said["stream"]),
            int(said["number"]),
            item,
            said["form"],
            bytes.fromhex(said["tags"]),
            payload,
            int(said["day"]),
            int(said["consent"]),
        )
        if (d.purpose, d.destination) != (purpose, destination) or len(d.pseudonym) != 16:
            raise ValueError(f"a block for {d.destination} on the topic of {destination} of {tenant}")
        if not (
            0 <= d.stream < 256
            and 0 <= d.number < 1 << 63
            and 0 <= d.version < 1 << 63
            and 0 <= d.day < 1 << 20
        ):
            raise ValueError("a number out of range")
    except (KeyError, ValueError) as e:
        raise Untrusted("message", f"a message that is no block: {e}") from e
    return d


def pack_answer(outcomes: Iterable[tuple[Key, int]]) -> bytes:
    """An answer: keys, each with STORED or RECALLED."""
    return b"".join(_ANSWER.pack(*key, outcome) for key, outcome in outcomes)


def read_answer(data: bytes) -> Sequence[tuple[Key, int]]:
    """Read an answer; Untrusted("answer") when it is none."""
    if len(data) % _ANSWER.size:
        raise Untrusted("answer", f"an answer of {len(data)} bytes")
    return [((who, stream, number), outcome) for who, stream, number, outcome in _ANSWER.iter_unpack(data)]
