"""Epoch keys of the vault's 256 buckets: each wraps the subject keys of one bucket until it is rolled.

Rolling a bucket makes its next epoch's key, and retires the old one: `finish` destroys it. Whatever
was wrapped under it and not wrapped anew is gone then, in every copy of the file. The caller owns
connection, lock and transaction; keys are made inside it, so that a crash leaves nothing but an unused
key, which the next roll replaces.
"""

import hashlib
import hmac
import sqlite3
from pathlib import Path

from tasuki.errors import UsageError
from tasuki.vault import keyfiles, keystores
from tasuki.vault.keystores import KeyStore
from tasuki.vault.secret import Secret

COUNT = 256
VAULT_KEY = "vault.key"  # what vaults of version 0.1 had instead of epochs
_INDEX = b"tasuki/vault/index/v1"

SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (
  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, store TEXT NOT NULL, blob BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS retired (name TEXT NOT NULL, store TEXT NOT NULL, PRIMARY KEY (name, store));
"""


class Buckets:
    """The keys of all buckets that have one."""

    def __init__(self, db: sqlite3.Connection, vault_id: str, folder: Path) -> None:
        """vault_id: part of every key's name, so that vaults can share a place; folder: of key files."""
        self._db = db
        self._id = vault_id
        self._folder = folder
        self._stores: dict[str, KeyStore] = {}
        self._keys: dict[str, Secret] = {}
        self._index_keys: dict[str, bytes] = {}

    def store(self, spec: str) -> KeyStore:
        """The key store of a setting, opened once."""
        if spec not in self._stores:
            self._stores[spec] = keystores.opened(spec, self._folder)
        return self._stores[spec]

    def numbers(self) -> list[int]:
        """Buckets that have a key."""
        return [n for (n,) in self._db.execute("SELECT n FROM bucket ORDER BY n")]

    def key(self, n: int, spec: str = "") -> Secret:
        """The present key of a bucket; with `spec` one is made there when there is none yet."""
        row = self._db.execute("SELECT epoch, store, blob FROM bucket WHERE n = ?", (n,)).fetchone()
        if row is None:
            secret, blob = self.store(spec).make(self.name(n, 0))
            self._db.execute("INSERT INTO bucket VALUES (?, 0, ?, ?)", (n, spec, blob))
            return secret  # not remembered: the transaction may be rolled back
        name = self.name(n, row[0])
        if name not in self._keys:
            self._keys[name] = self.store(row[1]).open(name, row[2])
        return self._keys[name]

    def check(self) -> None:
        """UsageError when no key is where it should be: better now than at the first block.

        Some may lack, in a copy of the vault that is older than an erasure.
        """
        error: UsageError | None = None
        for n in self.numbers():
            try:
                self.key(n)
                return
            except UsageError as e:
                error = error or e
        if error:
            raise error

    def roll(self, n: int, spec: str) -> tuple[Secret, Secret]:
        """(old, new) key of a bucket; the new one counts and the old one is retired with the transaction."""
        old = self.key(n)
        epoch, store = self._db.execute("SELECT epoch, store FROM bucket WHERE n = ?", (n,)).fetchone()
        new, blob = self.store(spec).make(self.name(n, epoch + 1))
        self._db.execute(
            "UPDATE bucket SET epoch = ?, store = ?, blob = ? WHERE n = ?", (epoch + 1, spec, blob, n)
        )
        self._db.execute("INSERT OR IGNORE INTO retired VALUES (?, ?)", (self.name(n, epoch), store))
        return old, new

    def finish(self) -> None:
        """Destroy what was retired, each durably before it is forgotten. LinkLost when a store is away."""
        for name, spec in self._db.execute("SELECT name, store FROM retired").fetchall():
            if name == VAULT_KEY:
                keyfiles.destroy(self._folder / VAULT_KEY)
            else:
                self.store(spec).destroy(name)
            self._keys.pop(name, None)
            self._index_keys.pop(name, None)
            self._db.execute("DELETE FROM retired WHERE name = ? AND store = ?", (name, spec))

    def tag(self, key: Secret, text: bytes) -> bytes:
        """The name of an index entry under a bucket's key, 16 bytes: it dies with the key."""
        return hmac.digest(index_key(key), text, "sha256")[:16]

    def tags(self, text: bytes) -> list[tuple[int, bytes]]:
        """That name in every bucket, by its number."""
        out = []
        for n, epoch in self._db.execute("SELECT n, epoch FROM bucket").fetchall():
            name = self.name(n, epoch)
            if name not in self._index_keys:
                try:
                    self._index_keys[name] = index_key(self.key(n))
                except UsageError:  # destroyed since this copy of the vault was made
                    continue
            out.append((n, hmac.digest(self._index_keys[name], text, "sha256")[:16]))
        return out

    def close(self) -> None:
        """End what stores have open."""
        for store in self._stores.values():
            store.close()

    def forget(self) -> None:
        """Drop keys that are kept in memory."""
        self._keys.clear()
        self._index_keys.clear()

    def name(self, n: int, epoch: int) -> str:
        """What a store knows a key by."""
        return f"{self._id}-{n:02x}-{epoch}"


def index_key(key: Secret) -> bytes:
    """A key of its own for index entries, from a bucket's key."""
    return hmac.new(key.reveal(), _INDEX, hashlib.sha256).digest()
