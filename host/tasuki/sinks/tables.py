"""The tables in PostgreSQL: who may do what in them, and blocks and tombstones into them.

Blocks come by COPY into a staging table of the connection and from there, in one statement, into
`tasuki.block`: what is there already is left alone, what a tombstone is newer than is left out. Both
happen in one transaction that shares a lock with others of its kind and excludes tombstones. So no block
is committed after a tombstone that it is older than.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from tasuki.consent import lifetimes
from tasuki.consent.policy import Policy
from tasuki.sinks import Delivery, Key, Recall

ROLE_OF = "tasuki_read_"
_LOCK, _DAY_LOCK = 0x7461737501, 0x7461737502

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS staging (
  pseudonym bytea, stream int2, number int8, day int4, destination text, purpose text, item text,
  form text, consent int8, tags bytea, content bytea) ON COMMIT DELETE ROWS
"""
_TYPES = ("bytea", "int2", "int8", "int4", "text", "text", "text", "text", "int8", "bytea", "bytea")
_COPY = "COPY staging FROM STDIN (FORMAT BINARY)"
_OLDER = """
EXISTS (SELECT FROM tasuki.tombstone t
  WHERE t.pseudonym = s.pseudonym AND t.item = s.item AND t.consent > s.consent)
"""
_INSERT = f"""
INSERT INTO tasuki.block SELECT * FROM staging s WHERE NOT {_OLDER} ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
"""
_RECALLED = f"SELECT pseudonym, stream, number FROM staging s WHERE {_OLDER}"
_TOMBSTONE = """
INSERT INTO tasuki.tombstone (pseudonym, item, destination, consent) VALUES (%s, %s, %s, %s)
ON CONFLICT (pseudonym, item)
DO UPDATE SET consent = greatest(tombstone.consent, excluded.consent), at = now()
"""
_MEANT = """
b.pseudonym = ANY(%(who)s) AND EXISTS (
  SELECT FROM unnest(%(who)s::bytea[], %(items)s::text[], %(versions)s::int8[]) r (pseudonym, item, consent)
  WHERE r.pseudonym = b.pseudonym AND r.item = b.item AND r.consent > b.consent)
"""
_ERASE = f"DELETE FROM tasuki.block b WHERE {_MEANT}"
_LEFT = f"SELECT count(*) FROM tasuki.block b WHERE {_MEANT}"
_TODAY = "SELECT floor(extract(epoch FROM now()) / 86400)::int4"
_ROWS = """
SELECT destination, purpose, pseudonym, stream, number, item, form, tags, content, day, consent
FROM tasuki.block WHERE %s::text IS NULL OR destination = %s ORDER BY day, pseudonym, stream, number
"""


def schema(policy: Policy) -> str:
    """The SQL that makes schema, roles and policies; a reading role for each purpose of the policy."""
    names = [ROLE_OF + purpose for purpose in policy.purposes]
    text = resources.files("tasuki.sinks").joinpath("schema.sql").read_text("utf-8")
    text = text.replace("@ROLES@", ", ".join(f"'{name}'" for name in names))
    text = text.replace("@NAMES@", ", ".join(names)).replace("@DAY_LOCK@", str(_DAY_LOCK))
    days = lifetimes.days(policy)
    short = [f"'{item}'" for item, limit in days.items() if limit < max(days.values())]
    text = text.replace("@SHORT@", ", ".join(short) or "NULL")
    for purpose, name in zip(policy.purposes, names, strict=True):
        text += f"DROP POLICY IF EXISTS {purpose} ON tasuki.block;\n"
        text += (
            f"CREATE POLICY {purpose} ON tasuki.block FOR SELECT TO {name} USING (purpose = '{purpose}');\n"
        )
    return text


class Tables:
    """Writes through one connection, which is in autocommit mode; the caller handles its loss."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._db = connection
        self._days: set[int] = set()
        connection.execute(_STAGE)

    def store(self, batch: Iterable[Delivery]) -> tuple[list[Key], list[Key]]:
        """Store a batch in one durable transaction: keys that are there now, and keys that were recalled."""
        with self._db.transaction(), self._db.cursor() as cursor:
            keys, days = self._stage(cursor, batch)
            self._make(cursor, days)
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_LOCK,))
            recalled: list[Key] = []
            if cursor.execute(_INSERT).rowcount < len(keys):
                recalled = [
                    (bytes(who), stream, n) for who, stream, n in cursor.execute(_RECALLED, binary=True)
                ]
        self._days |= days
        if recalled:
            gone = set(recalled)
            keys = [key for key in keys if key not in gone]
        return keys, recalled

    def bury(self, recalls: Sequence[Recall]) -> None:
        """Store tombstones durably; a newer one of the same item stays."""
        with self._db.transaction(), self._db.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self._bury(cursor, recalls)

    def erase(self, recalls: Sequence[Recall]) -> int:
        """Bury these and delete what they are about in one durable transaction, and look again; how many.

        Needs the roles tasuki_ingest and tasuki_keeper. Most of it is deleted ahead, because nobody can
        store while the transaction lasts.
        """
        which = {
            "who": [one.pseudonym for one in recalls],
            "items": [one.item for one in recalls],
            "versions": [one.version for one in recalls],
        }
        deleted = self._db.execute(_ERASE, which).rowcount
        with self._db.transaction(), self._db.cursor() as cursor:
            # before the other lock, as `store` takes them when it makes a day
            cursor.execute("LOCK TABLE tasuki.block IN ROW EXCLUSIVE MODE")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self._bury(cursor, recalls)
            deleted += cursor.execute(_ERASE, which).rowcount
        (left,) = self._db.execute(_LEFT, which).fetchone() or (1,)
        if left:
            raise psycopg.OperationalError(f"{left} blocks are still there")
        return deleted

    def expire(self, days: Mapping[str, int], today: int) -> int:
        """Delete what is past its retention (tasuki.sinks.Expiring); how many blocks, and days as one each.

        The earlier of the caller's and the server's day counts: one clock that runs ahead deletes nothing.
        Needs the role tasuki_keeper.
        """
        if not days:
            return 0
        (theirs,) = self._db.execute(_TODAY).fetchone() or (0,)
        today = min(today, theirs)
        longest = max(days.values())
        (gone,) = self._db.execute("SELECT tasuki.drop_days(%s)", (today - longest,)).fetchone() or (0,)
        for limit in sorted({*days.values()} - {longest}):
            names = sorted(item for item, most in days.items() if most == limit)
            items = sql.SQL(", ").join(map(sql.Literal, names))  # as literals the index of schema.sql serves
            old = sql.SQL("DELETE FROM tasuki.block WHERE day < {} AND item IN ({})")
            gone += self._db.execute(old.format(sql.Literal(today - limit), items)).rowcount
        return int(gone)

    def _bury(self, cursor: psycopg.Cursor[Any], recalls: Sequence[Recall]) -> None:
        rows = sorted((r.pseudonym, r.item, r.destination, r.version) for r in recalls)
        cursor.executemany(_TOMBSTONE, rows)

    def _stage(self, cursor: psycopg.Cursor[Any], batch: Iterable[Delivery]) -> tuple[list[Key], set[int]]:
        keys: list[Key] = []
        days: set[int] = set()
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            write = copy.write_row
            for d in batch:
                keys.append(d.key)
                days.add(d.day)
                write(
                    (
                        d.pseudonym,
                        d.stream,
                        d.number,
                        d.day,
                        d.destination,
                        d.purpose,
                        d.item,
                        d.form,
                        d.version,
                        d.tags,
                        d.content,
                    )
                )
        return keys, days

    def _make(self, cursor: psycopg.Cursor[Any], days: set[int]) -> None:
        for day in sorted(days - self._days):
            cursor.execute("SELECT tasuki.make_day(%s)", (day,))


def rows(connection: psycopg.Connection[Any], destination: str | None = None) -> Iterator[Delivery]:
    """What the connection's role may read, day by day; for one destination or for all."""
    with connection.transaction(), connection.cursor("rows", binary=True) as cursor:
        cursor.itersize = 500
        for row in cursor.execute(_ROWS, (destination, destination)):
            yield Delivery(*row)
