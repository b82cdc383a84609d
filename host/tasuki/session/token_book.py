"""The consent tokens this host handed out: a sequence is never given twice, and what was given is known.

Durable, because epochs under an older token may arrive after the host was
killed and started again.
"""

import sqlite3
from pathlib import Path

from tasuki import database
from tasuki.errors import LinkLost

_SCHEMA = """
create table if not exists token (
    device blob not null,
    sequence integer not null,
    id blob unique,
    primary key (device, sequence)
) without rowid;
create table if not exists life (
    id blob primary key,
    nonce blob not null
) without rowid;
"""

_RESERVE = """
insert into token select :device, max(coalesce(max(sequence), 0) + 1, :at_least), null
from token where device = :device returning sequence
"""
_LIFE = "insert into life values (:id, :nonce) returning 0"
_NOTE = "update token set id = :id where device = :device and sequence = :sequence returning sequence"


class TokenBook:
    """Sequences and ids of tokens, by device id. LinkLost when the file cannot be written now."""

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)

    def reserve(self, device: bytes, at_least: int) -> int:
        """A sequence for the device's next token, at least `at_least`; durable before it is returned."""
        (sequence,) = self._write(_RESERVE, {"device": device, "at_least": at_least})
        return int(sequence)

    def note(self, device: bytes, sequence: int, token_id: bytes, nonce: bytes) -> None:
        """Remember the id of a token, and for which life of the hub it is, before it is sent."""
        # the life first: what is known as ours can then be timed
        values = {"device": device, "sequence": sequence, "id": token_id, "nonce": nonce}
        self._write(_LIFE, values)
        self._write(_NOTE, values)

    def _write(self, sql: str, values: dict[str, object]) -> tuple[int]:
        """One durable statement and the sequence that it wrote."""
        try:
            row: tuple[int] = self._db.execute(sql, values).fetchall()[0]
        except sqlite3.OperationalError as e:
            raise LinkLost(f"the token book cannot be written: {e}", "Free the disk; try again.") from e
        return row

    def knows(self, token_id: bytes) -> bool:
        """True when this host handed out the token."""
        return self._db.execute("select 1 from token where id = ?", (token_id,)).fetchone() is not None

    def nonce(self, token_id: bytes) -> bytes | None:
        """Boot nonce of the life that a token of this host was for; None for an unknown token."""
        row = self._db.execute("select nonce from life where id = ?", (token_id,)).fetchone()
        return bytes(row[0]) if row else None

    def forget(self, device: bytes) -> bool:
        """Drop what is known of a hub's tokens and lives but the highest sequence; False when read.

        Then the write-ahead log still holds it.
        """
        self._db.execute("begin immediate")
        try:
            life = "delete from life where id in (select id from token where device = ?)"
            self._db.execute(life, (device,))
            highest = "(select max(sequence) from token where device = :device)"
            self._db.execute(
                f"delete from token where device = :device and sequence < {highest}", {"device": device}
            )
            self._db.execute("update token set id = null where device = ?", (device,))
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise
        return database.truncate_log(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
