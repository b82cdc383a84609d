"""Erasing in the outbox: envelopes, deliveries, numbers and ledger rows of some pseudonyms.

What was decided stays (rule A-04 and provision records, APPI 29): it names nobody, because the wearer's
name in it died with the wearer's key.
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tasuki import database
from tasuki.errors import LinkLost
from tasuki.pipeline.outbox import CONFIRMED, Outbox
from tasuki.pipeline.parcel import Place
from tasuki_wire import items as wire_items


@contextmanager
def _sources(db: sqlite3.Connection, pseudonyms: Collection[bytes]) -> Iterator[None]:
    """The ids of the sources of these pseudonyms, in the temporary table `erased`."""
    db.execute("CREATE TEMP TABLE erased (id INTEGER PRIMARY KEY)")
    try:
        rows = ((pseudonym,) for pseudonym in pseudonyms)
        db.executemany("INSERT OR IGNORE INTO erased SELECT id FROM source WHERE pseudonym = ?", rows)
        yield
    finally:
        db.execute("DROP TABLE IF EXISTS erased")


def contents(outbox: Outbox, pseudonyms: Collection[bytes], items: Collection[str] | None) -> list[bytes]:
    """The envelopes that wait under these pseudonyms, of these items or of all."""
    with outbox.transaction() as db, _sources(db, pseudonyms):
        sql = f"SELECT content FROM envelope WHERE source IN erased{_of(items)}"
        return [content for (content,) in db.execute(sql).fetchall()]


def erase(outbox: Outbox, pseudonyms: Collection[bytes], items: Collection[str] | None = None) -> int:
    """Delete what waits under these pseudonyms, of these items alone or of all; how many envelopes.

    Of a whole wearer the numbers and the ledger go, too; and envelopes that no source is of, which
    another process may have written while it still remembered one. Nothing of them is in the file or
    its write-ahead log then. LinkLost when somebody reads, or the file cannot be written: try again.
    """
    with outbox.transaction() as db, _sources(db, pseudonyms):
        gone = f"source IN erased{_of(items)}"
        if items is None:
            gone = f"({gone} OR source NOT IN (SELECT id FROM source))"
        db.execute(f"DELETE FROM delivery WHERE envelope IN (SELECT id FROM envelope WHERE {gone})")
        deleted = db.execute(f"DELETE FROM envelope WHERE {gone} RETURNING length(content)").fetchall()
        size = sum(length for (length,) in deleted)
        db.execute("UPDATE held SET envelopes = envelopes - ?, bytes = bytes - ?", (len(deleted), size))
        if items is None:
            for table in ("ledger", "counter"):
                db.execute(f"DELETE FROM {table} WHERE source IN erased")
            db.execute("DELETE FROM source WHERE id IN erased")
    outbox.forget_sources()
    if not empty_log(outbox):
        raise LinkLost("the outbox is being read, so its log still holds what was deleted", "Try again.")
    return len(deleted)


def take_back(outbox: Outbox, place: Place) -> bool:
    """Delete one block that waits; True when it waited and no destination had it yet.

    Its row in the ledger stays, so it never comes back.
    """
    which = """envelope.session = ? AND envelope.epoch = ? AND envelope.stream = ?
    AND envelope.hub = (SELECT id FROM hub WHERE key_id = ?)"""
    values = place.session, place.epoch, place.stream, place.key_id
    with outbox.transaction() as db:
        rows = db.execute(f"DELETE FROM envelope WHERE {which} RETURNING id, length(content)", values)
        gone = rows.fetchall()
        states = [
            state
            for id_, _ in gone
            for (state,) in db.execute("DELETE FROM delivery WHERE envelope = ? RETURNING state", (id_,))
        ]
        size = sum(length for _, length in gone)
        db.execute("UPDATE held SET envelopes = envelopes - ?, bytes = bytes - ?", (len(gone), size))
    return bool(gone) and CONFIRMED not in states


def empty_log(outbox: Outbox) -> bool:
    """Empty the write-ahead log; False when somebody reads."""
    with outbox.reading() as db:
        return database.truncate_log(db)


def expired(outbox: Outbox, items: Collection[str], before_ns: int) -> int:
    """Delete envelopes of these items that wait since before a moment (retention); how many."""
    with outbox.transaction() as db:
        gone = f"stored_ns < ?{_of(items)}"
        sql = f"DELETE FROM delivery WHERE envelope IN (SELECT id FROM envelope WHERE {gone})"
        db.execute(sql, (before_ns,))
        sql = f"DELETE FROM envelope WHERE {gone} RETURNING length(content)"
        deleted = db.execute(sql, (before_ns,)).fetchall()
        size = sum(length for (length,) in deleted)
        db.execute("UPDATE held SET envelopes = envelopes - ?, bytes = bytes - ?", (len(deleted), size))
    return len(deleted)


def expired_decisions(outbox: Outbox, before_ns: int) -> int:
    """Delete decisions that were last made before a moment; how many. The newest stays for its number."""
    sql = "DELETE FROM decision WHERE last_ns < ? AND id < (SELECT max(id) FROM decision)"
    with outbox.transaction() as db:
        return db.execute(sql, (before_ns,)).rowcount


def _of(items: Collection[str] | None) -> str:
    """A condition on the items, which are numbers of ours."""
    if items is None:
        return ""
    numbers = ",".join(
        str(wire_items.NAMES.index(item)) for item in sorted(items) if item in wire_items.NAMES
    )
    return f" AND item IN ({numbers})"
