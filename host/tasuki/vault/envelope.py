"""Envelopes: a block encrypted under its subject's item key (DESIGN section 7).

    format u8 | key serial u32 | nonce 24 | XChaCha20-Poly1305 of Block.to_bytes() or SelfReport.to_bytes()

The associated data is the head and the block's immutable tags, so an envelope cannot be passed off
as another's. What changes, such as the granted purposes, stays outside.
"""

import struct
from dataclasses import dataclass

from tasuki.errors import Refused, Untrusted
from tasuki.vault import aead
from tasuki.vault.vault import Vault
from tasuki_wire import items

FORMAT = 1
_HEAD = struct.Struct("<BI")
_TAGS = struct.Struct("<16sBBqqqQ")
_NAME = b"tasuki/envelope/v1\x00"


@dataclass(frozen=True)
class Tags:
    """What an envelope says in the clear, and is bound to.

    Attributes:
        pseudonym: the subject's at our own store, 16 bytes.
        item: item name.
        stream: stream number.
        t0_ns, t1_ns, uncertainty_ns: when it was acquired, the host's statement, Unix nanoseconds.
        number: counts from 0 per pseudonym and stream.
    """

    pseudonym: bytes
    item: str
    stream: int
    t0_ns: int
    t1_ns: int
    uncertainty_ns: int
    number: int

    def to_bytes(self) -> bytes:
        """58 bytes, the associated data's end."""
        return _TAGS.pack(
            self.pseudonym,
            items.NAMES.index(self.item),
            self.stream,
            self.t0_ns,
            self.t1_ns,
            self.uncertainty_ns,
            self.number,
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tags":
        """Read tags; ValueError when the bytes are none."""
        if len(data) != _TAGS.size:
            raise ValueError(f"tags of {len(data)} bytes")
        pseudonym, item, *rest = _TAGS.unpack(data)
        if item >= len(items.NAMES):
            raise ValueError(f"tags of unknown item {item}")
        return cls(pseudonym, items.NAMES[item], *rest)


def encrypt(vault: Vault, subject: str, tags: Tags, plain: bytes) -> bytes:
    """The envelope of a block's bytes."""
    serial, key = vault.item_key(subject, tags.item)
    head = _HEAD.pack(FORMAT, serial)
    return head + aead.encrypt(key.reveal(), plain, _NAME + head + tags.to_bytes())


def decrypt(vault: Vault, subject: str, tags: Tags, data: bytes) -> bytes:
    """The block's bytes.

    Refused("key_erased") when its key is gone; Untrusted("envelope") when envelope or tags were altered.
    """
    if len(data) < _HEAD.size + aead.NONCE_SIZE:
        raise Untrusted("envelope", f"envelope of {len(data)} bytes")
    form, serial = _HEAD.unpack_from(data)
    if form != FORMAT:
        raise Untrusted("envelope", f"envelope format {form}")
    current, key = vault.item_key(subject, tags.item, create=False)
    if serial != current:
        raise Refused("key_erased", f"the key of this {tags.item} envelope was erased")
    head = data[: _HEAD.size]
    plain = aead.decrypt(key.reveal(), data[_HEAD.size :], _NAME + head + tags.to_bytes())
    if plain is None:
        raise Untrusted("envelope", f"{tags.item} envelope does not open: altered, or not with these tags")
    return plain
