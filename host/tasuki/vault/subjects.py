"""A subject's rows in the vault: its key and secret, its item keys; and what rolling a bucket does to them.

Pure wrapping and rows; the caller owns connection, lock and transaction. What rolling a bucket
changes lies together in the file: a subject's number begins with its bucket, and so do index entries.
"""

import hmac
import os
import sqlite3
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.errors import UsageError
from tasuki.vault import aead, keyfiles
from tasuki.vault.buckets import Buckets
from tasuki.vault.secret import Secret

PSEUDONYM_SIZE = 16

SCHEMA = """
CREATE TABLE IF NOT EXISTS subject (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, handle BLOB NOT NULL, wrapped BLOB NOT NULL,
  bucket INTEGER NOT NULL DEFAULT -1, indexed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS item_key (
  subject INTEGER NOT NULL REFERENCES subject(id), item TEXT NOT NULL, serial INTEGER NOT NULL,
  wrapped BLOB NOT NULL, PRIMARY KEY (subject, item));
CREATE TABLE IF NOT EXISTS alias (
  bucket INTEGER NOT NULL, tag BLOB NOT NULL, subject INTEGER NOT NULL, context BLOB NOT NULL,
  PRIMARY KEY (bucket, tag)) WITHOUT ROWID;
"""
INDEXES = "CREATE INDEX IF NOT EXISTS subject_in ON subject (bucket)"
_BUCKET_SHIFT = 40
_LAST = (1 << _BUCKET_SHIFT) - 1
_SELECT = "SELECT id, name, handle, wrapped, bucket FROM subject"


@dataclass(frozen=True)
class Subject:
    """A subject as it is unwrapped.

    Attributes:
        row: its number in the file. handle: random, 16 bytes; what wrappings are bound to.
        key: wraps its item keys. secret: behind its pseudonyms.
    """

    row: int
    name: str
    handle: bytes
    bucket: int
    key: Secret
    secret: Secret

    def pseudonym(self, text: bytes) -> bytes:
        """HMAC-SHA-256 of a context under the secret, 16 bytes."""
        return hmac.digest(self.secret.reveal(), text, "sha256")[:PSEUDONYM_SIZE]


def find(db: sqlite3.Connection, buckets: Buckets, name: str) -> Subject | None:
    """A subject by its name, unwrapped; None when there is none."""
    row = db.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
    return _unwrapped(row, buckets.key(row[4])) if row else None


def add(db: sqlite3.Connection, buckets: Buckets, name: str, spec: str) -> None:
    """Make a subject's keys, unless it has some."""
    handle = os.urandom(16)
    bucket = handle[0]  # random, so that it tells nothing of the name
    wrapped = aead.encrypt(buckets.key(bucket, spec).reveal(), os.urandom(2 * keyfiles.SIZE), tags(handle))
    sql = "SELECT coalesce(max(id), ?) + 1 FROM subject WHERE id BETWEEN ? AND ?"
    first = bucket << _BUCKET_SHIFT
    (row,) = db.execute(sql, (first, first, first | _LAST)).fetchone()
    row_of = (row, name, handle, wrapped, bucket)
    db.execute("INSERT OR IGNORE INTO subject VALUES (?, ?, ?, ?, ?, 1)", row_of)


def delete(db: sqlite3.Connection, owner: Subject) -> None:
    """Delete a subject's rows."""
    db.execute("DELETE FROM alias WHERE bucket = ? AND subject = ?", (owner.bucket, owner.row))
    db.execute("DELETE FROM item_key WHERE subject = ?", (owner.row,))
    db.execute("DELETE FROM subject WHERE id = ?", (owner.row,))


def renew(db: sqlite3.Connection, owner: Subject, without: Iterable[str], old: Secret) -> None:
    """Give a subject a new key under its bucket's old one, and its items but some the wrapping by it.

    So that what wrapped the keys of these items is in no wrapping of the next epoch. The secret stays.
    """
    gone, fresh = set(without), Secret(os.urandom(aead.KEY_SIZE))
    for item, serial, wrapped in db.execute(
        "SELECT item, serial, wrapped FROM item_key WHERE subject = ?", (owner.row,)
    ).fetchall():
        if item in gone:
            db.execute("DELETE FROM item_key WHERE subject = ? AND item = ?", (owner.row, item))
            continue
        bound = item_tags(owner.handle, item, serial)
        again = aead.encrypt(fresh.reveal(), opened(owner.key, wrapped, bound, item).reveal(), bound)
        db.execute("UPDATE item_key SET wrapped = ? WHERE subject = ? AND item = ?", (again, owner.row, item))
    for tag, sealed in db.execute(
        "SELECT tag, context FROM alias WHERE bucket = ? AND subject = ?", (owner.bucket, owner.row)
    ).fetchall():
        bound = alias_tags(owner.handle)
        context = opened(owner.key, sealed, bound, "a pseudonym").reveal()
        again = aead.encrypt(fresh.reveal(), context, bound)
        db.execute("UPDATE alias SET context = ? WHERE bucket = ? AND tag = ?", (again, owner.bucket, tag))
    plain = fresh.reveal() + owner.secret.reveal()
    wrapped = aead.encrypt(old.reveal(), plain, tags(owner.handle))
    db.execute("UPDATE subject SET wrapped = ? WHERE id = ?", (wrapped, owner.row))


def rewrap(db: sqlite3.Connection, buckets: Buckets, bucket: int, old: Secret, new: Secret) -> None:
    """Wrap all subjects of a bucket under its new key, and name their index entries by it."""
    aliases: dict[int, list[bytes]] = {}
    for subject, sealed in db.execute("SELECT subject, context FROM alias WHERE bucket = ?", (bucket,)):
        aliases.setdefault(subject, []).append(sealed)
    db.execute("DELETE FROM alias WHERE bucket = ?", (bucket,))
    wrapped, tagged = [], []
    for row in db.execute(f"{_SELECT} WHERE bucket = ?", (bucket,)).fetchall():
        one = _unwrapped(row, old)
        plain = one.key.reveal() + one.secret.reveal()
        wrapped.append((aead.encrypt(new.reveal(), plain, tags(one.handle)), one.row))
        for sealed in aliases.get(one.row, ()):
            text = opened(one.key, sealed, alias_tags(one.handle), "a pseudonym").reveal()
            tagged.append((bucket, buckets.tag(new, text + one.pseudonym(text)), one.row, sealed))
    db.executemany("UPDATE subject SET wrapped = ? WHERE id = ?", wrapped)
    db.executemany("INSERT OR REPLACE INTO alias VALUES (?, ?, ?, ?)", tagged)


def item_key(db: sqlite3.Connection, owner: Subject, item: str) -> tuple[int, Secret] | None:
    """(serial, key) of a subject's item; None when there is none."""
    sql = "SELECT serial, wrapped FROM item_key WHERE subject = ? AND item = ?"
    row = db.execute(sql, (owner.row, item)).fetchone()
    if row is None:
        return None
    return row[0], opened(owner.key, row[1], item_tags(owner.handle, item, row[0]), item)


def make_item_key(db: sqlite3.Connection, owner: Subject, item: str) -> None:
    """Make an item's key, unless there is one; its serial is random."""
    serial = int.from_bytes(os.urandom(4), "little")
    wrapped = aead.encrypt(
        owner.key.reveal(), os.urandom(aead.KEY_SIZE), item_tags(owner.handle, item, serial)
    )
    db.execute("INSERT OR IGNORE INTO item_key VALUES (?, ?, ?, ?)", (owner.row, item, serial, wrapped))


def opened(key: Secret, wrapped: bytes, bound: bytes, what: str) -> Secret:
    """What is wrapped under a subject's key; UsageError when the row was altered."""
    plain = aead.decrypt(key.reveal(), wrapped, bound)
    if plain is None:
        raise UsageError(f"the wrapped key for {what} is damaged", "Restore vault.db from its backup.")
    return Secret(plain)


def prefixed(words: Iterable[str]) -> bytes:
    """Words, each after its length."""
    encoded = [word.encode() for word in words]
    return b"".join(struct.pack("<H", len(word)) + word for word in encoded)


def tags(handle: bytes) -> bytes:
    """What the wrapping of a subject's key is bound to."""
    return b"tasuki/wrap/subject/v1\x00" + handle


def item_tags(handle: bytes, item: str, serial: int) -> bytes:
    """What the wrapping of an item key is bound to."""
    return b"tasuki/wrap/item/v1\x00" + handle + struct.pack("<I", serial) + item.encode()


def alias_tags(handle: bytes) -> bytes:
    """What the encryption of an index entry's context is bound to."""
    return b"tasuki/wrap/alias/v1\x00" + handle


def _unwrapped(row: tuple[int, str, bytes, bytes, int], key: Secret) -> Subject:
    number, name, handle, wrapped, bucket = row
    plain = aead.decrypt(key.reveal(), wrapped, tags(handle))
    if plain is None:
        raise UsageError("the vault key does not open this vault", "Restore the keys made with it.")
    size = keyfiles.SIZE
    return Subject(number, name, handle, bucket, Secret(plain[:size]), Secret(plain[size:]))
