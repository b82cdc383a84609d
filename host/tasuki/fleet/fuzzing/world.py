"""What the fuzzer knows of the hub that it plagues, so that its commands mean something to it."""

from dataclasses import dataclass, field
from hashlib import sha256

import nacl.signing

from tasuki_wire import epoch, layout

ITEMS = (1 << 6) - 1


class Key:
    """An Ed25519 key whose secret everybody knows."""

    def __init__(self, seed: bytes) -> None:
        self._key = nacl.signing.SigningKey(seed)
        self.public = bytes(self._key.verify_key)
        self.key_id = bytes(epoch.key_id(self.public))

    def sign(self, domain: str, body: bytes) -> bytes:
        """Signature over a body of a domain."""
        return self._key.sign(epoch.signed(domain, body)).signature


AUTHORITY = Key(sha256(b"fuzz authority").digest())
STRANGER = Key(sha256(b"fuzz stranger").digest())
ORDER = Key(sha256(b"tasuki development order key").digest())  # tasuki_hub.anchors obeys it


@dataclass
class Token:
    """A token that was signed by the authority and sent."""

    sequence: int
    items: int
    lifetime: int


@dataclass
class World:
    """The hub as its answers have shown it.

    Attributes:
        tokens: those sent in this life that the hub may take, by request id.
        signed_sequences: those of all such tokens under this key.
        order_signed: an order that the hub must obey when it is locked was sent in this life.
        last_session: the highest seen under this key, and the lives since then.
        blob: the blob that is under way: (name, bytes, next offset).
        seqs: latest seq seen, by stream.
    """

    device: bytes = bytes(8)
    nonce: bytes = bytes(16)
    public: bytes = bytes(32)
    authority: bytes = bytes(8)
    life: str = "blank"
    sequence: int = 0
    session: int = 0
    epoch: int = 0
    state: str = "waiting"
    streams: tuple[int, ...] = tuple(row[0] for row in layout.DEFAULT_PROFILE)
    seqs: dict[int, int] = field(default_factory=dict)
    tokens: dict[int, list[Token]] = field(default_factory=dict)
    blob: tuple[str, bytes, int] = ("calibration", b"", 0)
    signed_sequences: set[int] = field(default_factory=set)
    order_signed: bool = False
    last_session: int = 0
    lives_since: int = 0

    def next_sequence(self) -> int:
        """A token sequence above all that were used."""
        return max([self.sequence, *self.signed_sequences]) + 1

    def born_again(self, nonce: bytes) -> None:
        """The hub started anew; what was sent to the life before counts no more."""
        self.nonce = nonce
        self.session = self.epoch = 0
        self.tokens = {}
        self.seqs = {}
        self.order_signed = False
        self.lives_since += 1

    def another_key(self, public: bytes, authority: bytes) -> None:
        """The hub was enrolled anew: its counters began again."""
        self.public, self.authority = public, authority
        self.sequence = self.last_session = self.session = 0
        self.signed_sequences = set()
