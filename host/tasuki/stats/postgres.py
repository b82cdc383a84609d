"""Statistics over a fleet's PostgreSQL, where gateways and collectors put the blocks (extra `postgres`)."""

from collections.abc import Iterator
from typing import Any

import psycopg

from tasuki.errors import LinkLost, UsageError
from tasuki.sinks import Delivery
from tasuki.stats.stores import DESTINATION, ROW

_AT_ONCE = 500


class PostgresBlocks:
    """Reads the tables of a fleet, as a role that may read the blocks of this purpose."""

    def __init__(self, conninfo: str) -> None:
        """conninfo: libpq's words. LinkLost when the server is away, or does not let us in."""
        self._conninfo = conninfo
        self._db = self._connected()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def pseudonyms(self, item: str) -> list[bytes]:
        """As Store."""
        sql = "SELECT DISTINCT pseudonym FROM tasuki.block WHERE destination = %s AND item = %s ORDER BY 1"
        return [bytes(name) for (name,) in self._rows(sql, (DESTINATION, item))]

    def blocks(self, pseudonym: bytes, item: str) -> Iterator[Delivery]:
        """As Store."""
        sql = (
            f"SELECT {ROW} FROM tasuki.block WHERE destination = %s AND item = %s AND pseudonym = %s "
            "ORDER BY stream, number"
        )
        for row in self._rows(sql, (DESTINATION, item, pseudonym)):
            yield Delivery(*row)

    def _connected(self) -> "psycopg.Connection[Any]":
        try:
            return psycopg.connect(self._conninfo)
        except psycopg.Error as e:
            raise LinkLost(f"PostgreSQL: {_first(e)}", "Is it running, and may this role log in?") from e

    def _rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            with self._db.transaction(), self._db.cursor("statistics", binary=True) as cursor:
                cursor.itersize = _AT_ONCE
                cursor.execute(sql.encode(), values)
                yield from cursor
        except psycopg.errors.InsufficientPrivilege as e:
            raise UsageError(f"PostgreSQL: {_first(e)}", "Grant tasuki_read_statistics to this role.") from e
        except psycopg.Error as e:
            raise LinkLost(f"PostgreSQL: {_first(e)}", "Try again.") from e


def _first(e: psycopg.Error) -> str:
    """The first line of what the server says; the rest may show data."""
    return (str(e).strip().splitlines() or [type(e).__name__])[0]
