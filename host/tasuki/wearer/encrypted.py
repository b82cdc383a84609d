"""What wearer.db keeps of a person, encrypted.

    of a wearer      key serial u32 | nonce 24 | XChaCha20-Poly1305 under the wearer's item key
    of an inquiry    a libsodium sealed box to the privacy office: whoever asks may be nobody we know

The associated data names table, place and item, so that a value cannot be moved to another place. When
the item's key is destroyed in the vault, the value cannot be read again.
"""

import struct

from nacl.exceptions import CryptoError
from nacl.public import SealedBox

from tasuki.errors import Refused, Untrusted
from tasuki.vault import aead
from tasuki.vault.vault import Vault

_SERIAL = struct.Struct("<I")
_OFFICE = "destination-privacy-office"


def encrypt(vault: Vault, subject: str, item: str, place: str, plain: bytes) -> bytes:
    """A value of a wearer's item, bound to where it stands."""
    vault.add_subject(subject)
    serial, key = vault.item_key(subject, item)
    return _SERIAL.pack(serial) + aead.encrypt(key.reveal(), plain, _tags(place, item, serial))


def decrypt(vault: Vault, subject: str, item: str, place: str, data: bytes) -> bytes:
    """The value; Refused("key_erased") when its key is gone, Untrusted when the bytes were altered."""
    if len(data) < _SERIAL.size + aead.NONCE_SIZE:
        raise Untrusted("envelope", f"value of {len(data)} bytes")
    (serial,) = _SERIAL.unpack_from(data)
    current, key = vault.item_key(subject, item, create=False)
    if serial != current:
        raise Refused("key_erased", f"the key of this {item} was erased")
    plain = aead.decrypt(key.reveal(), data[_SERIAL.size :], _tags(place, item, serial))
    if plain is None:
        raise Untrusted("envelope", f"a kept {item} does not open: altered, or moved")
    return plain


def for_office(vault: Vault, plain: bytes) -> bytes:
    """What only the privacy office opens."""
    return bytes(SealedBox(vault.private_key(_OFFICE).public_key).encrypt(plain))


def at_office(vault: Vault, data: bytes) -> bytes:
    """What was encrypted to the privacy office; Untrusted when it was altered."""
    try:
        return bytes(SealedBox(vault.private_key(_OFFICE)).decrypt(data))
    except CryptoError as e:
        raise Untrusted("envelope", "a kept inquiry does not open: altered") from e


def _tags(place: str, item: str, serial: int) -> bytes:
    return b"tasuki/wearer/v1\x00" + _SERIAL.pack(serial) + f"{place}\x00{item}".encode()
