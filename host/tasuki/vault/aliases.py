"""The index of pseudonyms: from one that was given back to its subject, and all that a subject was given.

An entry's name is keyed by the bucket's epoch key and its context is encrypted under the subject's key,
so an old copy of the index tells nothing once a subject is erased. The caller owns connection, lock and
transaction.
"""

import sqlite3
import struct

from tasuki.vault import aead, subjects
from tasuki.vault.buckets import Buckets


def note(db: sqlite3.Connection, buckets: Buckets, owner: subjects.Subject, text: bytes) -> None:
    """Enter a pseudonym that was made, so that it leads back to its subject and is known at its erasure."""
    tag = buckets.tag(buckets.key(owner.bucket), text + owner.pseudonym(text))
    sealed = aead.encrypt(owner.key.reveal(), text, subjects.alias_tags(owner.handle))
    db.execute("INSERT OR IGNORE INTO alias VALUES (?, ?, ?, ?)", (owner.bucket, tag, owner.row, sealed))


def has(db: sqlite3.Connection, buckets: Buckets, owner: subjects.Subject, text: bytes) -> bool:
    """True when it is entered already."""
    tag = buckets.tag(buckets.key(owner.bucket), text + owner.pseudonym(text))
    sql = "SELECT 1 FROM alias WHERE bucket = ? AND tag = ?"
    return db.execute(sql, (owner.bucket, tag)).fetchone() is not None


def contexts(db: sqlite3.Connection, owner: subjects.Subject) -> list[bytes]:
    """The contexts of all pseudonyms that a subject was given."""
    sql = "SELECT context FROM alias WHERE bucket = ? AND subject = ?"
    rows = db.execute(sql, (owner.bucket, owner.row)).fetchall()
    return [
        subjects.opened(owner.key, sealed, subjects.alias_tags(owner.handle), "a pseudonym").reveal()
        for (sealed,) in rows
    ]


def by_tags(db: sqlite3.Connection, found: list[tuple[int, bytes]]) -> str | None:
    """The name of the subject that one of these index entries (bucket, tag) is of."""
    places = ",".join(["(?, ?)"] * len(found))
    sql = f"""WITH asked (bucket, tag) AS (VALUES {places}) SELECT subject.name FROM asked
        CROSS JOIN alias ON alias.bucket = asked.bucket AND alias.tag = asked.tag
        JOIN subject ON subject.id = alias.subject"""
    row = db.execute(sql, [value for each in found for value in each]).fetchone()
    return str(row[0]) if row else None


def context(tenant: str, purpose: str, destination: str, key_epoch: int) -> bytes:
    """What a pseudonym is made for, each part after its length."""
    return subjects.prefixed((tenant, purpose, destination, str(key_epoch)))


def parts(text: bytes) -> tuple[str, ...]:
    """The parts of a context: tenant, purpose, destination, key epoch."""
    out, at = [], 0
    while at < len(text):
        (size,) = struct.unpack_from("<H", text, at)
        out.append(text[at + 2 : at + 2 + size].decode())
        at += 2 + size
    return tuple(out)
