"""What statistics need of a store: the blocks of one wearer after another, in order.

The embedded store's file is read here, a fleet's PostgreSQL in `postgres`.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tasuki.errors import UsageError
from tasuki.sinks import Delivery

DESTINATION = "research-statistics"
PURPOSE = "statistics"

ROW = "destination, purpose, pseudonym, stream, number, item, form, tags, content"
_FROM = "FROM block JOIN source ON source.id = block.source WHERE destination = ? AND item = ?"


class Store(Protocol):
    """Reads deliveries of the statistics destination."""

    def pseudonyms(self, item: str) -> list[bytes]:
        """Of everybody of whom there is such a block, rising."""

    def blocks(self, pseudonym: bytes, item: str) -> Iterator[Delivery]:
        """One wearer's blocks of an item, by stream and then by number."""


class EmbeddedBlocks:
    """Reads the embedded store's file, and never writes it."""

    def __init__(self, path: Path) -> None:
        """UsageError when there is no such file: reading never makes one."""
        if not path.exists():
            raise UsageError(f"{path.parent} has no store", "Give the state folder of a run.")
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def pseudonyms(self, item: str) -> list[bytes]:
        """As Store."""
        sql = f"SELECT DISTINCT pseudonym {_FROM} ORDER BY pseudonym"
        return [bytes(name) for (name,) in self._db.execute(sql, (DESTINATION, item))]

    def blocks(self, pseudonym: bytes, item: str) -> Iterator[Delivery]:
        """As Store."""
        sql = f"SELECT {ROW} {_FROM} AND pseudonym = ? ORDER BY stream, number"
        for row in self._db.execute(sql, (DESTINATION, item, pseudonym)):
            yield Delivery(*row)
