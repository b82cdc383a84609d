"""One random key per (file, item), wrapped by the wearer's item key.

Destroying the item key in the vault therefore makes these records unreadable, wherever copies of
the file went.
"""

import os
from typing import Protocol

from tasuki.capture.header import Header, WrappedKey
from tasuki.errors import Refused
from tasuki.vault import aead
from tasuki.vault.secret import Secret
from tasuki_wire import items

_WRAP = b"tasuki/capture/key/v1\x00"
_RECORD = b"tasuki/capture/record/v1\x00"
_PURPOSE = "capture"


class Keys(Protocol):
    """What captures need of the vault (tasuki.vault.vault.Vault)."""

    def item_key(self, subject: str, item: str, create: bool = True) -> tuple[int, Secret]:
        """(serial, key) of a subject's item; Refused("key_erased") when there is none."""

    def pseudonym(self, subject: str, purpose: str, destination: str, key_epoch: int) -> bytes:
        """Name of a subject that only the vault can resolve, 16 bytes."""

    def subject_of(self, pseudonym: bytes, purpose: str, destination: str, key_epoch: int) -> str:
        """The subject behind a pseudonym; Refused("key_erased") when there is none."""


class FileKeys:
    """The keys of one file, by item."""

    def __init__(self, file_id: bytes, secrets: dict[str, Secret]) -> None:
        self._id = file_id
        self._secrets = secrets

    def __contains__(self, item: object) -> bool:
        return item in self._secrets

    def encrypt(self, item: str, number: int, plain: bytes) -> bytes:
        """Nonce and ciphertext of a record's content, bound to file, record number and item."""
        return aead.encrypt(self._secrets[item].reveal(), plain, self._tags(item, number))

    def decrypt(self, item: str, number: int, data: bytes) -> bytes | None:
        """The content; None when it was altered or stood elsewhere."""
        return aead.decrypt(self._secrets[item].reveal(), data, self._tags(item, number))

    def _tags(self, item: str, number: int) -> bytes:
        return _RECORD + self._id + number.to_bytes(4, "little") + item.encode()


def make(keys: Keys, subject: str, file_id: bytes) -> tuple[bytes, dict[str, WrappedKey], FileKeys]:
    """(owner, wrapped keys, keys) of a new file, for every item."""
    secrets, wrapped = {}, {}
    for item in items.NAMES:
        secret = Secret(os.urandom(aead.KEY_SIZE))
        serial, item_key = keys.item_key(subject, item)
        wrapped[item] = WrappedKey(
            serial, aead.encrypt(item_key.reveal(), secret.reveal(), _wrap_tags(file_id, item))
        )
        secrets[item] = secret
    owner = keys.pseudonym(subject, _PURPOSE, file_id.hex(), 0)
    return owner, wrapped, FileKeys(file_id, secrets)


def open_keys(keys: Keys, header: Header) -> tuple[str, FileKeys, list[str]]:
    """(subject, keys that can be opened, items whose wrapped key was altered).

    The subject is empty when the vault has erased or never had it.
    """
    try:
        subject = keys.subject_of(header.owner, _PURPOSE, header.id.hex(), 0)
    except Refused:
        return "", FileKeys(header.id, {}), []
    secrets, altered = {}, []
    for item, (serial, wrapped) in header.keys.items():
        try:
            current, item_key = keys.item_key(subject, item, create=False)
        except Refused:
            continue
        if serial != current:
            continue
        plain = aead.decrypt(item_key.reveal(), wrapped, _wrap_tags(header.id, item))
        if plain is None or len(plain) != aead.KEY_SIZE:
            altered.append(item)
        else:
            secrets[item] = Secret(plain)
    return subject, FileKeys(header.id, secrets), altered


def _wrap_tags(file_id: bytes, item: str) -> bytes:
    return _WRAP + file_id + item.encode()
