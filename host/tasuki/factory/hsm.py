"""A key in an HSM, by PKCS#11 (OASIS, version 3.0; Ed25519 as CKM_EDDSA).

A key is named by a URI (RFC 7512):

    pkcs11:token=line;object=station?module-path=/usr/lib/softhsm/libsofthsm2.so
"""

import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote

from tasuki.errors import LinkLost, UsageError
from tasuki_wire import epoch

SCHEME = "pkcs11:"
# PrintableString "edwards25519" (RFC 8410 names it by an OID, which SoftHSM takes as well)
_CURVE = bytes.fromhex("130c656477617264733235353139")
_POINT = 2 + 32  # OCTET STRING of the public key


@dataclass(frozen=True)
class Place:
    """Where a key lies."""

    token: str
    name: str
    module: str

    @classmethod
    def of(cls, uri: str) -> "Place":
        """From a URI; UsageError when it does not name a token, an object and a module."""
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        parts = dict(part.partition("=")[::2] for part in path.split(";"))
        module = dict(parse_qsl(query)).get("module-path", "")
        if not (parts.get("token") and parts.get("object") and module):
            raise UsageError(
                f"{uri} does not name a key", "Write pkcs11:token=NAME;object=NAME?module-path=LIBRARY."
            )
        return cls(unquote(parts["token"]), unquote(parts["object"]), module)


class HsmKey:
    """A key that never leaves its token. Signs from one thread at a time; a lost session is opened again."""

    def __init__(self, place: Place, pin: str, create: bool = False) -> None:
        """create: make the key; UsageError when there is one already, or none without it."""
        self._place, self._pin = place, pin
        self._lock = threading.Lock()
        self._session: Any = None
        self._key: Any = None
        self._public = b""
        self._open(create)

    @property
    def public(self) -> bytes:
        """Its public half."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Signature, 64 bytes; LinkLost when the HSM does not answer, even to a new session."""
        pkcs11 = _library()
        with self._lock:
            for again in (False, True):
                try:
                    if self._key is None:
                        self._open(False)
                    return bytes(self._key.sign(data, mechanism=pkcs11.Mechanism.EDDSA))
                except (pkcs11.exceptions.PKCS11Error, LinkLost) as e:
                    self._drop()
                    if again:
                        raise LinkLost(
                            f"the HSM does not sign: {e or type(e).__name__}", "Connect it; then try again."
                        ) from e
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None:
            try:
                session.close()
            except _library().exceptions.PKCS11Error:
                pass  # it is gone, which is why we are here

    def _open(self, create: bool) -> None:
        pkcs11 = _library()
        kind, classes = pkcs11.KeyType.EC_EDWARDS, pkcs11.ObjectClass
        try:
            token = pkcs11.lib(self._place.module).get_token(token_label=self._place.token)
            try:
                self._session = token.open(rw=create, user_pin=self._pin)
            except pkcs11.exceptions.UserAlreadyLoggedIn:  # by another key of this process
                self._session = token.open(rw=create)
            if create:
                self._make(pkcs11)
            self._key = self._session.get_key(
                object_class=classes.PRIVATE_KEY, key_type=kind, label=self._place.name
            )
            half = self._session.get_key(
                object_class=classes.PUBLIC_KEY, key_type=kind, label=self._place.name
            )
            public = bytes(half[pkcs11.Attribute.EC_POINT])[-32:]
        except pkcs11.exceptions.NoSuchKey as e:
            raise UsageError(
                f"the token {self._place.token} has no key {self._place.name}", "Make it with `init`."
            ) from e
        except pkcs11.exceptions.PinIncorrect as e:
            raise UsageError(f"the PIN of token {self._place.token} is another", "Check TASUKI_PIN.") from e
        except (pkcs11.exceptions.PKCS11Error, RuntimeError) as e:
            raise LinkLost(
                f"the HSM cannot be used: {e or type(e).__name__}", "Connect it; try again."
            ) from e
        if self._public not in (b"", public):
            raise UsageError(
                "the HSM has another key than before", "Connect the right one; nothing was signed."
            )
        self._public = public

    def _make(self, pkcs11: ModuleType) -> None:
        found = self._session.get_objects({pkcs11.Attribute.LABEL: self._place.name})
        if any(True for _ in found):
            raise UsageError(
                f"the token {self._place.token} has an object {self._place.name}",
                "A key is never replaced; give another name.",
            )
        domain = self._session.create_domain_parameters(
            pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: _CURVE}, local=True
        )
        domain.generate_keypair(
            mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=self._place.name
        )

    def __repr__(self) -> str:
        return f"<key {epoch.key_id(self._public).hex()}>"


def _library() -> ModuleType:
    """Imported on use: whoever keeps keys in files needs no library for HSMs."""
    try:
        import pkcs11
        import pkcs11.exceptions
    except ImportError as e:
        raise UsageError("python-pkcs11 is not installed", "Run `pip install 'tasuki[factory]'`.") from e
    return pkcs11
