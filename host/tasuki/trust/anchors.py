"""What this host trusts beside its register: makers' roots, and the newest list of revocations.

roots.pem         roots whose hubs for production are trusted
development.pem   roots whose development hubs are, too
revocations.json  the newest signed list; looked at again whenever it changes
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from nacl.signing import SigningKey

from tasuki import durable
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.trust.revocations import SUPERSEDED, Revocations, Revoked, of_body

if TYPE_CHECKING:  # `cryptography` is only needed where a root is trusted
    from cryptography import x509

    from tasuki.trust.certificates import HubIdentity

# of the keys that everybody has: an authority's name goes into the braces
DEMO_SEED = "tasuki development factory {} key"
_DEMO_ROOT = bytes(SigningKey(sha256(DEMO_SEED.format("root").encode()).digest()).verify_key)
_ROOTS, _DEVELOPMENT, _LIST = "roots.pem", "development.pem", "revocations.json"


class Anchors:
    """The trust folder of a host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[int, int] | None = None
        self._list = Revocations()

    # -- roots ------------------------------------------------------------------

    def roots(self, development: bool = False) -> "list[x509.Certificate]":
        """Trusted roots; with development, those whose development hubs are trusted."""
        path = self.folder / (_DEVELOPMENT if development else _ROOTS)
        if not path.exists():
            return []
        from tasuki.trust import certificates

        return certificates.load(path.read_bytes())

    def trust(self, root: bytes, development: bool = False) -> "x509.Certificate":
        """Trust the one self-signed certificate of a PEM file.

        UsageError for anything else. development: also the hubs that were not locked.
        """
        from tasuki.trust import certificates

        found = certificates.load(root)
        if len(found) != 1 or not certificates.is_root(found[0]):
            raise UsageError("this is not one root certificate", "Give the file that `root init` made.")
        if certificates.public_key(found[0]) == _DEMO_ROOT and not development:
            raise UsageError("everybody has the key of this root", "For a demonstration, add --development.")
        for name in (_ROOTS, _DEVELOPMENT) if development else (_ROOTS,):
            kept = self.roots(name == _DEVELOPMENT)
            if found[0] not in kept:
                _replace(self.folder / name, certificates.pem([*kept, found[0]]))
        return found[0]

    def distrust(self, root: bytes) -> "x509.Certificate":
        """Trust the root of a PEM file no more, nor any hub, list or order below it.

        UsageError when it was not trusted. What hubs below it signed before stays provable by their keys.
        """
        from tasuki.trust import certificates

        found = certificates.load(root)
        if len(found) != 1 or found[0] not in self.roots():
            raise UsageError("this root is not trusted here", "Give the file that was trusted.")
        for name in (_ROOTS, _DEVELOPMENT):
            kept = [one for one in self.roots(name == _DEVELOPMENT) if one != found[0]]
            _replace(self.folder / name, certificates.pem(kept))
        return found[0]

    def identify(self, chain: bytes) -> "HubIdentity":
        """Who a chain says that a hub is.

        Untrusted when it does not hold, Refused("development_hub") when its root is trusted for
        production only, Refused("revoked") when hub, station or factory are on the list.
        """
        from tasuki.trust import certificates

        identity = certificates.verify_hub(chain, self.roots())
        demo = [root for root in self.roots() if certificates.public_key(root) == _DEMO_ROOT]
        if identity.life == "production" and _held_by(chain, demo):
            raise Untrusted("demo_key", "a hub for production under a root whose key everybody has")
        if identity.life != "production" and not _held_by(chain, self.roots(development=True)):
            raise Refused(
                "development_hub",
                f"hub {identity.device.hex()} is a development hub",
                "Only a host that trusts its root with --development takes it.",
            )
        for one in certificates.load(chain):
            if row := self.revocations().of_certificate(certificates.digest(one)):
                raise revoked(row)
        return identity

    # -- revocations ------------------------------------------------------------

    def take(self, text: str) -> Revocations:
        """Keep a signed list.

        Untrusted when no order key of a trusted root signed it, Refused("stale_list") when it is not
        newer than the one that is kept.
        """
        from tasuki.trust import signed

        new = of_body(signed.read("revocation", text, self.roots()).body)
        if new.number <= self.revocations().number:
            raise Refused(
                "stale_list",
                f"list {new.number} is not newer than {self.revocations().number}, which is kept",
                "Get the newest list.",
            )
        _replace(self.folder / _LIST, text.encode())
        return self.revocations()

    def revocations(self) -> Revocations:
        """The list as it is now. It was verified when it was taken; UsageError when it is damaged."""
        path = self.folder / _LIST
        try:
            state = path.stat()
        except FileNotFoundError:
            return self._list
        if self._stamp != (stamp := (state.st_ino, state.st_mtime_ns)):
            try:
                self._list = of_body(json.loads(json.loads(path.read_text())["body"]))
            except (ValueError, KeyError, TypeError, Untrusted) as e:
                raise UsageError(f"{path} is damaged", "Take the newest list again.") from e
            self._stamp = stamp
        return self._list

    def refuse_revoked(self, public: bytes, before: Iterable[bytes] = ()) -> None:
        """Refused("revoked") when the key of a hub is on the list.

        before: keys that led to it. One that was revoked takes its successors with it, since who
        had it could make them; one that was only superseded does not.
        """
        found = self.revocations()
        if row := found.of_key(public):
            raise revoked(row)
        for old in before:
            row = found.of_key(old)
            if row and row.reason != SUPERSEDED:
                raise revoked(row)


def revoked(row: Revoked) -> Refused:
    """The refusal, with the reason of the list."""
    return Refused(
        "revoked",
        f"{row.name or 'this hub'} was revoked: {row.reason}",
        "What it signed before stays provable; it needs a new key: docs/factory.md.",
    )


def _held_by(chain: bytes, roots: "list[x509.Certificate]") -> bool:
    from tasuki.trust import certificates

    try:
        certificates.verify_hub(chain, roots)
    except Untrusted:
        return False
    return True


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.replace(path, data)
