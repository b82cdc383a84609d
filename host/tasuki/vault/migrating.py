"""Vaults of version 0.1, whose subject keys were wrapped by one vault key: wrapped by epochs at opening.

One transaction; the old key is retired in it and destroyed after it, so a crash leaves the old vault or
the new one. Pseudonyms that were given before are not in the index: subjects are marked for it.
"""

import sqlite3

from tasuki import database
from tasuki.errors import UsageError
from tasuki.vault import aead, keyfiles, subjects
from tasuki.vault.buckets import VAULT_KEY, Buckets
from tasuki.vault.secret import Secret

_ADDED = {"bucket": "INTEGER NOT NULL DEFAULT -1", "indexed": "INTEGER NOT NULL DEFAULT 0"}


def add_columns(db: sqlite3.Connection) -> None:
    """Give a vault of version 0.1 the columns that it lacks."""
    database.add_columns(db, "subject", _ADDED)
    db.execute(subjects.INDEXES)


def waiting(db: sqlite3.Connection) -> bool:
    """True while subjects are wrapped by the old vault key."""
    return db.execute("SELECT 1 FROM subject WHERE bucket < 0 LIMIT 1").fetchone() is not None


def migrate(db: sqlite3.Connection, buckets: Buckets, vault_key: Secret, spec: str) -> None:
    """Wrap all subjects by epochs, in the caller's transaction."""
    wrapped = []
    for row, handle, old in db.execute("SELECT id, handle, wrapped FROM subject WHERE bucket < 0").fetchall():
        plain = aead.decrypt(vault_key.reveal(), old, subjects.tags(handle))
        if plain is None or len(plain) != 2 * keyfiles.SIZE:
            raise UsageError("the vault key does not open this vault", "Restore the vault.key made with it.")
        bucket = handle[0]
        wrapped.append(
            (aead.encrypt(buckets.key(bucket, spec).reveal(), plain, subjects.tags(handle)), bucket, row)
        )
    db.executemany("UPDATE subject SET wrapped = ?, bucket = ? WHERE id = ?", wrapped)
    db.execute("INSERT OR IGNORE INTO retired VALUES (?, 'file')", (VAULT_KEY,))
