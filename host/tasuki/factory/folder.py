"""The folder of an authority: its key or where that lies, its certificate and those above it.

key             the encrypted key (keys), or
key.uri         where it lies: an HSM (hsm), or `demo:` for a published key
certificate.pem its own, then its issuers', without the root
root.pem        the root
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasuki.errors import UsageError
from tasuki.factory import hsm, keys
from tasuki.factory.keys import FileKey, Key
from tasuki.trust import certificates
from tasuki.trust.anchors import DEMO_SEED
from tasuki.vault import keyfiles

DEMO = "demo:"
ROLES = ("root", "plant", "orders", "station")

Ask = Callable[[str], str]  # a question to a person; the answer is a secret


@dataclass(frozen=True)
class Authority:
    """An opened folder.

    Attributes:
        chain: its certificate, then its issuers'; the root's own has none above it.
        demo: its root is the published one.
    """

    folder: Path
    key: Key
    chain: Sequence[x509.Certificate]
    root: x509.Certificate

    @property
    def certificate(self) -> x509.Certificate:
        """Its own."""
        return self.chain[0] if self.chain else self.root

    @property
    def demo(self) -> bool:
        """True when everybody has the keys of its root."""
        return certificates.public_key(self.root) == demo_key("root").public

    def close(self) -> None:
        """Give back the key."""
        self.key.close()


def demo_key(role: str) -> FileKey:
    """The published key of a role, for demonstrations."""
    return FileKey(Ed25519PrivateKey.from_private_bytes(sha256(DEMO_SEED.format(role).encode()).digest()))


def new_key(folder: Path, role: str, place: str, ask: Ask) -> Key:
    """A key for a new authority: in its folder, or where place says. UsageError when there is one."""
    keyfiles.folder(folder)
    if place == DEMO:
        key: Key = demo_key(role)
    elif place:
        key = hsm.HsmKey(hsm.Place.of(place), ask(f"PIN of the token for {folder.name}"), create=True)
    else:
        return keys.create(folder / "key", ask(f"New passphrase for {folder.name}"))
    (folder / "key.uri").write_text(place + "\n")
    return key


def write(folder: Path, chain: Sequence[x509.Certificate], root: x509.Certificate) -> None:
    """The certificates of a new authority."""
    (folder / "certificate.pem").write_bytes(certificates.pem(chain or [root]))
    (folder / "root.pem").write_bytes(certificates.pem([root]))


def read_chain(folder: Path) -> tuple[list[x509.Certificate], x509.Certificate]:
    """Chain without root, and root; UsageError when the folder is none of an authority."""
    try:
        chain = certificates.load((folder / "certificate.pem").read_bytes())
        (root,) = certificates.load((folder / "root.pem").read_bytes())
    except (OSError, ValueError) as e:
        raise UsageError(
            f"{folder} is no folder of an authority",
            "`tasuki factory root init` begins; docs/factory.md goes on.",
        ) from e
    return [one for one in chain if one != root], root


def open_key(folder: Path, role: str, ask: Ask) -> Key:
    """The key of a folder, wherever it lies."""
    place = folder / "key.uri"
    if not place.exists():
        return keys.open_file(folder / "key", ask(f"Passphrase of {folder.name}"))
    uri = place.read_text().strip()
    if uri == DEMO:
        return demo_key(role)
    return hsm.HsmKey(hsm.Place.of(uri), ask(f"PIN of the token for {folder.name}"))


def open_authority(folder: Path, role: str, ask: Ask) -> Authority:
    """A folder with its key; UsageError when key and certificate do not belong together."""
    chain, root = read_chain(folder)
    authority = Authority(folder, open_key(folder, role, ask), chain, root)
    if certificates.public_key(authority.certificate) != authority.key.public:
        authority.close()
        raise UsageError(f"the key in {folder} is not that of its certificate", "Restore the folder.")
    return authority
