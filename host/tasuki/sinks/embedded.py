"""The embedded store: one SQLite file, durable before it confirms, idempotent.

Rows have an integer key and a unique index that grows at its end: random hash keys cost two thirds
of the speed.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import SealedBox

from tasuki import database
from tasuki.block import Block
from tasuki.consent.registers import ENVELOPE
from tasuki.errors import LinkLost, Untrusted
from tasuki.self_report import SelfReport
from tasuki.self_report import read as read_content
from tasuki.sinks import Delivery, Key
from tasuki.vault import attested, envelope
from tasuki.vault.vault import Vault, key_epoch
from tasuki_wire import layout

_SCHEMA = """
CREATE TABLE IF NOT EXISTS source (
  id INTEGER PRIMARY KEY, destination TEXT NOT NULL, purpose TEXT NOT NULL, pseudonym BLOB NOT NULL,
  UNIQUE (pseudonym));
CREATE TABLE IF NOT EXISTS block (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source(id), stream INTEGER NOT NULL,
  number INTEGER NOT NULL, item TEXT NOT NULL, form TEXT NOT NULL, tags BLOB NOT NULL, content BLOB NOT NULL,
  stored_h INTEGER NOT NULL DEFAULT (unixepoch() / 3600), UNIQUE (source, stream, number));
"""
# What a store of version 0.1 holds counts as stored when this version first opens it.
_ADDED = {"stored_h": "INTEGER NOT NULL DEFAULT 0"}
_DATE = "UPDATE block SET stored_h = unixepoch() / 3600 WHERE stored_h = 0"
_SELECT = """
SELECT source.destination, source.purpose, source.pseudonym, block.stream, block.number, block.item,
  block.form, block.tags, block.content, block.id FROM block JOIN source ON source.id = block.source
"""

_COUNTED = 10_000


@dataclass(frozen=True)
class Row:
    """A stored delivery and its place in the store."""

    delivery: Delivery
    id: int = field(default=0)


@dataclass(frozen=True)
class Extent:
    """What is stored of one stream of one pseudonym; blocks are counted up to a limit, `more` past it."""

    stream: int
    item: str
    blocks: int
    more: bool
    last_number: int
    first_tags: bytes
    last_tags: bytes


class EmbeddedStore:
    """A sink and its read side. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._db = database.connect(path, _SCHEMA)
        database.add_columns(self._db, "block", _ADDED)
        self._db.execute("CREATE INDEX IF NOT EXISTS undated ON block (id) WHERE stored_h = 0")
        self._db.execute(_DATE)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def send(self, batch: Iterable[Delivery]) -> list[Key]:
        """Store a batch in one transaction; LinkLost when the file cannot be written now."""
        keys: list[Key] = []
        with self._lock:
            sources: dict[bytes, int] = {}
            with self._writing(), database.transaction(self._db) as db:
                db.executemany(
                    "INSERT OR IGNORE INTO block (source, stream, number, item, form, tags, content)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    self._values(batch, sources, keys),
                )
        return keys

    def erase(self, pseudonyms: Collection[bytes], items: Collection[str] | None = None) -> int:
        """Delete all under these pseudonyms, or of these items of them; how many blocks. LinkLost.

        When it returned, nothing of them is in the file or its write-ahead log.
        """
        deleted = 0
        with self._lock, self._writing():
            with database.transaction(self._db):
                for pseudonym in pseudonyms:
                    deleted += self._erase(pseudonym, items)
            emptied = database.truncate_log(self._db)
        if not emptied:
            raise LinkLost("the store is being read, so its log still holds what was deleted", "Try again.")
        return deleted

    def expire(self, items: Collection[str], before_h: int) -> int:
        """Delete blocks of these items that were stored before an hour (Unix hours); how many. LinkLost."""
        sql = "DELETE FROM block WHERE item = ? AND stored_h < ?"
        with self._lock:
            with self._writing(), database.transaction(self._db) as db:
                gone = sum(db.execute(sql, (item, before_h)).rowcount for item in sorted(items))
                if gone:
                    db.execute("DELETE FROM source WHERE id NOT IN (SELECT source FROM block)")
            if gone:
                database.truncate_log(self._db)
        return gone

    def holds(self, pseudonym: bytes) -> bool:
        """True when something is or was stored under a pseudonym."""
        with self._lock:
            sql = "SELECT 1 FROM source WHERE pseudonym = ?"
            return self._db.execute(sql, (pseudonym,)).fetchone() is not None

    def contents(self, pseudonym: bytes, items: Collection[str] | None = None) -> list[bytes]:
        """What is stored under a pseudonym, as it came, of some items or of all."""
        sql = "SELECT item, content FROM block WHERE source = (SELECT id FROM source WHERE pseudonym = ?)"
        with self._lock:
            rows = self._db.execute(sql, (pseudonym,)).fetchall()
        return [content for item, content in rows if items is None or item in items]

    def empty_log(self) -> bool:
        """Empty the write-ahead log; False when somebody reads."""
        with self._lock:
            return database.truncate_log(self._db)

    def _erase(self, pseudonym: bytes, items: Collection[str] | None) -> int:
        row = self._db.execute("SELECT id FROM source WHERE pseudonym = ?", (pseudonym,)).fetchone()
        if row is None:
            return 0
        if items is None:
            gone = self._db.execute("DELETE FROM block WHERE source = ?", row).rowcount
            self._db.execute("DELETE FROM source WHERE id = ?", row)
            return gone
        sql = "DELETE FROM block WHERE source = ? AND item = ?"
        return sum(self._db.execute(sql, (*row, item)).rowcount for item in sorted(items))

    def count(self, destination: str | None = None) -> int:
        """How many blocks are stored, for one destination or for all."""
        sql = "SELECT count(*) FROM block JOIN source ON source.id = block.source"
        where, values = (" WHERE destination = ?", (destination,)) if destination else ("", ())
        with self._lock:
            return int(self._db.execute(sql + where, values).fetchone()[0])

    def rows(self, destination: str | None = None) -> Iterator[Row]:
        """All stored rows in the order they came, read in pages."""
        last, where = 0, " AND source.destination = ?" if destination else ""
        values = (destination,) if destination else ()
        while True:
            sql = f"{_SELECT} WHERE block.id > ?{where} ORDER BY block.id LIMIT 500"
            with self._lock:
                page = self._db.execute(sql, (last, *values)).fetchall()
            if not page:
                return
            for row in page:
                yield Row(Delivery(*row[:-1]), row[-1])
            last = page[-1][-1]

    def extents(self, pseudonym: bytes) -> list[Extent]:
        """What is stored under a pseudonym, by stream of a hub; as fast however many others there are."""
        with self._lock:
            source = self._db.execute("SELECT id FROM source WHERE pseudonym = ?", (pseudonym,)).fetchone()
            found = [self._extent(source[0], stream) for stream in range(layout.STREAMS)] if source else []
        return [extent for extent in found if extent is not None]

    def newest(self, pseudonym: bytes, stream: int, count: int, before: int | None = None) -> list[Row]:
        """The last `count` rows of a stream, or the last before a number; in their order."""
        sql = (
            f"{_SELECT} WHERE source.pseudonym = ? AND stream = ? AND number < ? ORDER BY number DESC LIMIT ?"
        )
        with self._lock:
            last = 2**62 if before is None else before
            found = self._db.execute(sql, (pseudonym, stream, last, count)).fetchall()
        return [Row(Delivery(*row[:-1]), row[-1]) for row in reversed(found)]

    def of(self, pseudonym: bytes, stream: int) -> Iterator[Row]:
        """All rows of a stream under a pseudonym by number, read in pages."""
        sql = f"""{_SELECT} WHERE source.pseudonym = ? AND block.stream = ? AND block.number > ?
        ORDER BY block.number LIMIT 100"""
        number = -1
        while True:
            with self._lock:
                page = self._db.execute(sql, (pseudonym, stream, number)).fetchall()
            if not page:
                return
            for row in page:
                yield Row(Delivery(*row[:-1]), row[-1])
            number = page[-1][4]

    def _extent(self, source: int, stream: int) -> Extent | None:
        where = "FROM block WHERE source = ? AND stream = ?"
        ends = [
            self._db.execute(
                f"SELECT number, item, tags {where} ORDER BY number {way} LIMIT 1", (source, stream)
            )
            for way in ("ASC", "DESC")
        ]
        first, last = (each.fetchone() for each in ends)
        if first is None:
            return None
        sql = f"SELECT count(*) FROM (SELECT 1 {where} LIMIT {_COUNTED + 1})"
        (n,) = self._db.execute(sql, (source, stream)).fetchone()
        return Extent(stream, last[1], min(n, _COUNTED), n > _COUNTED, last[0], first[2], last[2])

    def _values(
        self, batch: Iterable[Delivery], sources: dict[bytes, int], keys: list[Key]
    ) -> Iterator[tuple[int, int, int, str, str, bytes, bytes]]:
        for d in batch:
            source = sources.get(d.pseudonym)
            if source is None:
                source = sources[d.pseudonym] = self._source(d)
            keys.append(d.key)
            yield source, d.stream, d.number, d.item, d.form, d.tags, d.content

    def _source(self, d: Delivery) -> int:
        sql = "INSERT OR IGNORE INTO source (destination, purpose, pseudonym) VALUES (?, ?, ?)"
        self._db.execute(sql, (d.destination, d.purpose, d.pseudonym))
        found = self._db.execute("SELECT id FROM source WHERE pseudonym = ?", (d.pseudonym,)).fetchone()
        return int(found[0])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as e:
            raise LinkLost(f"the store cannot be written: {e}", "It is tried again.") from e


def open_row(row: Row, vault: Vault) -> Block | SelfReport | attested.AttestedBlock:
    """What a row holds, for our own purposes: the block with its proof, a self-report, or what was stripped.

    Refused("key_erased") when the wearer's key is gone, Untrusted when the bytes were altered.
    """
    d = row.delivery
    if d.form == ENVELOPE:
        tags = envelope.Tags.from_bytes(d.tags)
        subject = vault.subject_of(tags.pseudonym, d.purpose, d.destination, key_epoch(tags.t0_ns))
        return read_content(envelope.decrypt(vault, subject, tags, d.content))
    try:
        plain = SealedBox(vault.private_key(f"destination-{d.destination}")).decrypt(d.content)
    except CryptoError as e:
        raise Untrusted("envelope", f"a block for {d.destination} does not open") from e
    return attested.read(plain, vault.signer("attestation").public)
