"""The consent tokens this host handed out: a sequence is never given twice, and what was given is known.

Durable, because epochs under an older token may arrive after the host was
killed and started again.
"""

import sqlite3
from pathlib import Path

from tasuki import database

_SCHEMA = """
create table if not exists token (
    device blob not null,
    sequence integer not null,
    id blob unique,
    primary key (device, sequence)
) without rowid;
"""


class TokenBook:
    """Sequences and ids of tokens, by device id."""

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)

    def reserve(self, device: bytes, at_least: int) -> int:
        """A sequence for the device's next token, at least `at_least`; durable before it is returned."""
        self._db.execute("begin immediate")
        (last,) = self._db.execute(
            "select coalesce(max(sequence), 0) from token where device = ?", (device,)
        ).fetchone()
        sequence = max(last + 1, at_least)
        self._db.execute("insert into token values (?, ?, null)", (device, sequence))
        self._db.execute("commit")
        return int(sequence)

    def note(self, device: bytes, sequence: int, token_id: bytes) -> None:
        """Remember the id of a token before it is sent."""
        self._db.execute(
            "update token set id = ? where device = ? and sequence = ?", (token_id, device, sequence)
        )

    def knows(self, token_id: bytes) -> bool:
        """True when this host handed out the token."""
        return self._db.execute("select 1 from token where id = ?", (token_id,)).fetchone() is not None

    def close(self) -> None:
        """Close the file."""
        self._db.close()
