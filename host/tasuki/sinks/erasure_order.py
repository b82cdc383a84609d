"""Orders to erase and their acknowledgements as bytes: signed, so that a broker can make up neither.

    order            2 u8 | nonce 16 | tenant, destination: length u8 and ASCII each | rows | signature 64
    row              item u8 | version u64 | pseudonym 16
    acknowledgement  3 u8 | outcome u8 | SHA-256 of the order 32 | Unix milliseconds u64 | signature 64

A row says: of this pseudonym and item, what was sent with a lower consent version goes. So an order that
somebody sends again later deletes nothing that the wearer gave later, and its nonce keeps an old
acknowledgement from answering a new order. Both are in the domain `tombstone`, whose bodies begin with a
format of their own each (sinks/tombstone.py is 1).
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.errors import Untrusted
from tasuki.sinks import Recall
from tasuki.sinks.tombstone import DOMAIN
from tasuki.vault.secret import Signer
from tasuki_wire import epoch, items, layout

ORDER, ACKNOWLEDGEMENT = 2, 3
ERASED, NOT_ALLOWED = range(2)
MOST = 1000  # rows of an order: it stays far below what a broker takes
NONCE_SIZE = 16
_ROW = struct.Struct("<BQ16s")
_SAID = struct.Struct("<BB32sQ")


@dataclass(frozen=True)
class Order:
    """An order as it travels.

    Attributes:
        data: its bytes. recalls: its rows, all of one destination. nonce: 16 random bytes of this order.
    """

    data: bytes
    recalls: tuple[Recall, ...]
    nonce: bytes

    @property
    def hash(self) -> bytes:
        """What an acknowledgement names, 32 bytes."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True)
class Acknowledgement:
    """What a collector said to an order.

    Attributes:
        outcome: ERASED, or NOT_ALLOWED when its database login may not delete.
        at_ms: when, by its clock, Unix milliseconds. key_id: of its key, 8 bytes.
    """

    outcome: int
    at_ms: int
    key_id: bytes


def order(recalls: Sequence[Recall], tenant: str, signer: Signer) -> Order:
    """A signed order for 1 to MOST recalls of one destination; ValueError for anything else."""
    (destination,) = {one.destination for one in recalls}
    if len(recalls) > MOST:
        raise ValueError(f"an order of {len(recalls)} rows")
    nonce = os.urandom(NONCE_SIZE)
    rows = b"".join(_ROW.pack(items.NAMES.index(one.item), one.version, one.pseudonym) for one in recalls)
    body = bytes([ORDER]) + nonce + _text(tenant) + _text(destination) + rows
    return Order(body + signer.sign(DOMAIN, body), tuple(recalls), nonce)


def read_order(data: bytes, publics: Iterable[bytes], tenant: str) -> Order:
    """The order that one of these Ed25519 keys signed for this tenant; Untrusted("order") when it is none."""
    body, _ = _proved(data, publics, "order", "an order that no known gateway signed")
    try:
        if body[0] != ORDER:
            raise ValueError(f"format {body[0]}")
        said, rest = _read_text(body[1 + NONCE_SIZE :])
        destination, rows = _read_text(rest)
        if said != tenant:
            raise ValueError(f"for tenant {said!r}")
        if not rows:
            raise ValueError("no rows")
        recalls = tuple(
            Recall(destination, pseudonym, items.NAMES[item], version)
            for item, version, pseudonym in _ROW.iter_unpack(rows)
        )
        if any(one.version >= 1 << 63 for one in recalls):
            raise ValueError("a version out of range")
    except (struct.error, ValueError, IndexError) as e:
        raise Untrusted("order", f"an order that is none of ours: {e}") from e
    return Order(data, recalls, body[1 : 1 + NONCE_SIZE])


def acknowledge(of: Order, outcome: int, at_ms: int, signer: Signer) -> bytes:
    """The signed acknowledgement of an order."""
    body = _SAID.pack(ACKNOWLEDGEMENT, outcome, of.hash, at_ms)
    return body + signer.sign(DOMAIN, body)


def read_acknowledgement(data: bytes, publics: Iterable[bytes], of: Order) -> Acknowledgement:
    """What one of these collectors said to this very order; Untrusted("acknowledgement")."""
    body, public = _proved(
        data, publics, "acknowledgement", "an acknowledgement that no known collector signed"
    )
    try:
        form, outcome, which, at_ms = _SAID.unpack(body)
    except struct.error as e:
        raise Untrusted("acknowledgement", "an acknowledgement that cannot be read") from e
    if form != ACKNOWLEDGEMENT or which != of.hash or outcome not in (ERASED, NOT_ALLOWED):
        raise Untrusted("acknowledgement", "an acknowledgement of something else")
    return Acknowledgement(outcome, at_ms, bytes(epoch.key_id(public)))


def _proved(data: bytes, publics: Iterable[bytes], reason: str, text: str) -> tuple[bytes, bytes]:
    """The body, and the key that signed it."""
    body, signature = data[: -layout.SIGNATURE_SIZE], data[-layout.SIGNATURE_SIZE :]
    for public in publics:
        try:
            VerifyKey(public).verify(epoch.signed(DOMAIN, body), signature)
        except (BadSignatureError, ValueError):
            continue
        return body, public
    raise Untrusted(reason, text)


def _text(text: str) -> bytes:
    data = text.encode("ascii")
    return bytes([len(data)]) + data


def _read_text(data: bytes) -> tuple[str, bytes]:
    end = 1 + data[0]
    if len(data) < end:
        raise ValueError("cut off")
    return data[1:end].decode("ascii"), data[end:]
