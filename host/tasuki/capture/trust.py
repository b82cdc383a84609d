"""Where verifying keys come from: --key, the register, or the service's own key files. Never the file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nacl.signing import SigningKey

from tasuki.capture import header
from tasuki.capture.check import KeyOf
from tasuki.capture.header import Header
from tasuki.capture.reading import Capture, read
from tasuki.errors import UsageError
from tasuki.trust.register import HubKeys, HubRegister
from tasuki.vault import keyfiles
from tasuki.vault.vault import Vault

KEY_SIZE = 32
_HINT = "Give 64 hex digits, or a file that holds them or the 32 bytes themselves."


def parse_key(text: str, verified: Path | None = None) -> bytes:
    """A public key from hex or a file; UsageError when it is none, or is the file that is verified."""
    try:
        return _from_hex(text)
    except ValueError:
        path = Path(text)
    try:
        if verified is not None and path.samefile(verified):
            raise UsageError("the key cannot come from the file that it verifies", _HINT)
        with path.open("rb") as file:
            data = file.read(1024)
    except (OSError, ValueError):
        raise UsageError(f"{text} is no key and no readable file", _HINT) from None
    if len(data) == KEY_SIZE:
        return data
    try:
        return _from_hex(data.decode("ascii").strip())
    except ValueError:
        raise UsageError(f"{text} holds no public key", _HINT) from None


def key_of(head: Header | None, given: bytes | None, state: Path) -> KeyOf:
    """Finds the key for a file of this kind: the given one, else what the state folder has."""
    if given is not None:
        return lambda device: given
    if head is not None and head.kind == header.ATTESTED:
        own = _attestation(state)
        return lambda device: own
    return HubKeys(HubRegister(state / "register.json"))


def open_vault(head: Header | None, state: Path) -> Vault | None:
    """The vault for an encrypted file; None for a plain one. UsageError when the folder has none."""
    if head is None or not head.encrypted:
        return None
    return vault(state)


def vault(state: Path) -> Vault:
    """The vault of a state folder; UsageError when there is none, instead of a new one."""
    if not (state / "vault.db").exists():
        raise UsageError(f"{state} has no vault, and this needs keys", "Give the right folder with --state.")
    return Vault(state)


@contextlib.contextmanager
def opened(file: Path, state: Path) -> Iterator[Capture]:
    """A capture or bundle with the keys to read it, where the state folder has them."""
    with read(file) as plain:
        keys = open_vault(plain.header, state)
    with contextlib.closing(keys) if keys else contextlib.nullcontext(), read(file, keys) as capture:
        yield capture


def _from_hex(text: str) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != KEY_SIZE:
        raise ValueError(f"key of {len(data)} bytes")
    return data


def _attestation(state: Path) -> bytes:
    path = state / "keys" / "attestation.key"
    if not keyfiles.exists(path):
        raise UsageError(
            "a gateway-attested bundle needs the service's attestation key", "Give it with --key."
        )
    return bytes(SigningKey(keyfiles.read(path).reveal()).verify_key)
