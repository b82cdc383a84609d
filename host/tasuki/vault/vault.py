"""The vault: every wearer's keys, wrapped, and the service's own keys.

    keys/vault.key          wraps the subject keys; keep it off the data disk and back it up apart
    keys/authority.key      Ed25519, signs consent tokens
    keys/attestation.key    Ed25519, signs stripped blocks; shared by all wearers
    keys/audit.key          Ed25519, signs checkpoints of the audit log
    keys/names.key          HMAC, names in the audit log of what is no wearer's
    keys/storage.key        X25519, opens what hubs stored while the link was down
    keys/destination-*.key  X25519, opens what was encrypted to our own research destinations
    vault.db                subject keys under the vault key, item keys under the subject key

Who holds keys/ and vault.db opens everything; vault.db alone opens nothing. Losing vault.key loses
every envelope: that is the point of it, so it needs its own backup.
"""

import hashlib
import hmac
import os
import re
import struct
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from nacl.public import PrivateKey

from tasuki import database
from tasuki.errors import Refused, UsageError
from tasuki.vault import aead, keyfiles
from tasuki.vault.secret import Secret, Signer

PSEUDONYM_SIZE = 16

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subject (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, handle BLOB NOT NULL, wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS item_key (
  subject INTEGER NOT NULL REFERENCES subject(id), item TEXT NOT NULL, serial INTEGER NOT NULL,
  wrapped BLOB NOT NULL, PRIMARY KEY (subject, item));
"""


class _Subject:
    __slots__ = ("handle", "key", "row", "secret")

    def __init__(self, row: int, handle: bytes, key: Secret, secret: Secret) -> None:
        self.row = row
        self.handle = handle
        self.key = key
        self.secret = secret


class Vault:
    """Keys by subject and item. Safe to use from several threads."""

    def __init__(self, folder: Path, keys: Path | None = None, tenant: str = "tasuki") -> None:
        """Open a state folder, making what is missing.

        folder: holds vault.db. keys: folder of the key files, `folder`/keys unless given; put it on
        another disk where you can. UsageError when a key is missing although data needs it.
        """
        self.tenant = tenant
        self._keys = keyfiles.folder(keys or folder / "keys")
        path, vault_key = folder / "vault.db", self._keys / "vault.key"
        if path.exists() and path.stat().st_size and not keyfiles.exists(vault_key):
            hint = f"Restore it; without it nothing that {path} wraps can be read."
            raise UsageError(f"key file {vault_key} is missing", hint)
        self._vault_key = keyfiles.read_or_create(vault_key)
        self._db = database.connect(path, _SCHEMA)
        self._lock = threading.RLock()
        self._subjects: dict[str, _Subject] = {}
        self._item_keys: dict[tuple[str, str], tuple[int, Secret]] = {}
        self._pseudonyms: dict[tuple[str, str, str, int], bytes] = {}
        self._owners: dict[tuple[str, str, int, bytes], str] = {}
        self._names_key: Secret | None = None

    def close(self) -> None:
        """Close the files."""
        self._db.close()

    def signer(self, name: str) -> Signer:
        """The service's signing key `authority`, `attestation` or `audit`, made on first use."""
        if name not in ("authority", "attestation", "audit"):
            raise ValueError(f"no signing key {name}")
        return Signer(keyfiles.read_or_create(self._keys / f"{name}.key"))

    def private_key(self, name: str) -> PrivateKey:
        """The X25519 key `storage` or `destination-NAME`, made on first use."""
        if not re.fullmatch(r"storage|destination-[a-z0-9-]+", name):
            raise ValueError(f"no encryption key {name}")
        return PrivateKey(keyfiles.read_or_create(self._keys / f"{name}.key").reveal())

    def add_subject(self, name: str) -> None:
        """Make a subject's keys; nothing happens when they exist."""
        with self._lock:
            known = "SELECT 1 FROM subject WHERE name = ?"
            if name in self._subjects or self._db.execute(known, (name,)).fetchone():
                return
        handle = os.urandom(16)
        plain = os.urandom(2 * keyfiles.SIZE)
        wrapped = aead.encrypt(self._vault_key.reveal(), plain, _subject_tags(handle))
        with self._lock:
            sql = "INSERT OR IGNORE INTO subject (name, handle, wrapped) VALUES (?, ?, ?)"
            self._db.execute(sql, (name, handle, wrapped))

    def subjects(self) -> list[str]:
        """Names of all subjects that have keys."""
        with self._lock:
            return [name for (name,) in self._db.execute("SELECT name FROM subject ORDER BY id")]

    def item_key(self, subject: str, item: str, create: bool = True) -> tuple[int, Secret]:
        """(serial, key) of a subject's item; a new one has a new serial.

        Refused("key_erased") when there is none and `create` is False, or no such subject.
        """
        kept = self._item_keys.get((subject, item))
        if kept is not None:
            return kept
        with self._lock:
            owner = self._subject(subject)
            found = self._stored_item_key(owner, item)
            if found is None and create:
                self._make_item_key(owner, item)
                found = self._stored_item_key(owner, item)
            if found is None:
                raise Refused("key_erased", f"no key for {item}", "What it encrypted cannot be read again.")
            self._item_keys[subject, item] = found
            return found

    def pseudonym(self, subject: str, purpose: str, destination: str, key_epoch: int) -> bytes:
        """Name of a subject at one destination for one purpose in one key epoch, 16 bytes.

        HMAC-SHA-256 under the subject's random secret: two destinations cannot compare notes, and
        nobody can compute it once the subject's keys are gone.
        """
        key = (subject, purpose, destination, key_epoch)
        kept = self._pseudonyms.get(key)
        if kept is None:
            with self._lock:
                secret = self._subject(subject).secret.reveal()
            text = _prefixed((self.tenant, purpose, destination, str(key_epoch)))
            kept = hmac.new(secret, text, hashlib.sha256).digest()[:PSEUDONYM_SIZE]
            self._pseudonyms[key] = kept
            self._owners[purpose, destination, key_epoch, kept] = subject
        return kept

    def service_pseudonym(self, purpose: str, text: str) -> bytes:
        """A keyed name of something that is no wearer's, 16 bytes, under a secret of this service."""
        if self._names_key is None:
            self._names_key = keyfiles.read_or_create(self._keys / "names.key")
        plain = _prefixed((self.tenant, purpose)) + text.encode()
        return hmac.new(self._names_key.reveal(), plain, hashlib.sha256).digest()[:PSEUDONYM_SIZE]

    def subject_of(self, pseudonym: bytes, purpose: str, destination: str, key_epoch: int) -> str:
        """The subject behind a pseudonym of ours; Refused("key_erased") when no key makes it."""
        known = self._owners.get((purpose, destination, key_epoch, pseudonym))
        if known is not None:
            return known
        for name in self.subjects():
            if hmac.compare_digest(self.pseudonym(name, purpose, destination, key_epoch), pseudonym):
                return name
        raise Refused("key_erased", "no wearer has this pseudonym", "The wearer's keys may have been erased.")

    def erase_item(self, subject: str, item: str) -> None:
        """Destroy a subject's item key: what it encrypted stays unreadable for good."""
        with self._lock:
            row = self._subject(subject).row
            self._db.execute("DELETE FROM item_key WHERE subject = ? AND item = ?", (row, item))
            self._item_keys.pop((subject, item), None)
            database.truncate_log(self._db)

    def erase_subject(self, subject: str) -> None:
        """Destroy all of a subject's keys and the secret behind the pseudonyms."""
        with self._lock:
            row = self._subject(subject).row
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute("DELETE FROM item_key WHERE subject = ?", (row,))
                self._db.execute("DELETE FROM subject WHERE id = ?", (row,))
            self._subjects.pop(subject, None)
            self._item_keys = {key: kept for key, kept in self._item_keys.items() if key[0] != subject}
            self._pseudonyms = {key: kept for key, kept in self._pseudonyms.items() if key[0] != subject}
            self._owners = {key: name for key, name in self._owners.items() if name != subject}
            database.truncate_log(self._db)

    def _subject(self, name: str) -> _Subject:
        kept = self._subjects.get(name)
        if kept is not None:
            return kept
        row = self._db.execute("SELECT id, handle, wrapped FROM subject WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Refused(
                "key_erased", f"no keys for subject {name}", "Add the subject, or accept the erasure."
            )
        plain = aead.decrypt(self._vault_key.reveal(), row[2], _subject_tags(row[1]))
        if plain is None:
            raise UsageError("the vault key does not open this vault", "Restore the vault.key made with it.")
        size = keyfiles.SIZE
        kept = _Subject(row[0], row[1], Secret(plain[:size]), Secret(plain[size:]))
        self._subjects[name] = kept
        return kept

    def _stored_item_key(self, owner: _Subject, item: str) -> tuple[int, Secret] | None:
        sql = "SELECT serial, wrapped FROM item_key WHERE subject = ? AND item = ?"
        row = self._db.execute(sql, (owner.row, item)).fetchone()
        if row is None:
            return None
        plain = aead.decrypt(owner.key.reveal(), row[1], _item_tags(owner.handle, item, row[0]))
        if plain is None:
            raise UsageError(f"the wrapped key for {item} is damaged", "Restore vault.db from its backup.")
        return row[0], Secret(plain)

    def _make_item_key(self, owner: _Subject, item: str) -> None:
        serial = int.from_bytes(os.urandom(4), "little")
        tags = _item_tags(owner.handle, item, serial)
        wrapped = aead.encrypt(owner.key.reveal(), os.urandom(aead.KEY_SIZE), tags)
        sql = "INSERT OR IGNORE INTO item_key VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (owner.row, item, serial, wrapped))


def key_epoch(t0_ns: int) -> int:
    """Key epoch of data from a moment (Unix nanoseconds): its year in UTC."""
    return _year(t0_ns // 86_400_000_000_000)


@lru_cache(maxsize=64)
def _year(day: int) -> int:
    return datetime.fromtimestamp(day * 86_400, UTC).year


def _subject_tags(handle: bytes) -> bytes:
    return b"tasuki/wrap/subject/v1\x00" + handle


def _item_tags(handle: bytes, item: str, serial: int) -> bytes:
    return b"tasuki/wrap/item/v1\x00" + handle + struct.pack("<I", serial) + item.encode()


def _prefixed(parts: Iterable[str]) -> bytes:
    encoded = [part.encode() for part in parts]
    return b"".join(struct.pack("<H", len(part)) + part for part in encoded)
