"""The PostgreSQL sink: blocks straight into the tables that collectors fill, too."""

import contextlib
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tasuki.errors import LinkLost, UsageError
from tasuki.sinks import Delivery, Erased, Key, Recall
from tasuki.sinks.tables import Tables

_PATIENCE_S = 10
_DURABLE = (("fsync", ("on",)), ("synchronous_commit", ("on", "local", "remote_write", "remote_apply")))
_T = TypeVar("_T")


class DatabaseLost(LinkLost):
    """The database is away, full, or does not let us."""


class NotAllowed(DatabaseLost):
    """The login lacks a role."""


class Database:
    """A connection that is made when it is needed, and anew after it was lost.

    UsageError when the server does not promise that what it committed is on disk.
    """

    def __init__(self, conninfo: str) -> None:
        """conninfo: libpq's words; passwords belong in ~/.pgpass. UsageError when it cannot be read."""
        try:
            known: dict[str, Any] = dict(conninfo_to_dict(conninfo))
        except psycopg.Error as e:
            raise UsageError(f"PostgreSQL connection {e}", "Write it like `host=db dbname=tasuki`.") from e
        known.setdefault("connect_timeout", _PATIENCE_S)
        known.setdefault("application_name", "tasuki")
        self._how = known
        self._db: psycopg.Connection[Any] | None = None
        self._tables: Tables | None = None

    def work(self, what: Callable[[Tables], _T], role: str = "tasuki_ingest") -> _T:
        """Do something with the tables; DatabaseLost when the server is away, full or busy.

        role: what the login needs for it.
        """
        try:
            return what(self._connected())
        except psycopg.errors.InsufficientPrivilege as e:
            self.close()
            raise NotAllowed(f"PostgreSQL does not let us write: {_first(e)}", f"Grant {role}.") from e
        except psycopg.errors.UndefinedTable as e:
            self.close()
            raise DatabaseLost(
                "PostgreSQL has no tables of ours", "Run `tasuki sink postgres | psql`."
            ) from e
        except psycopg.Error as e:
            self.close()
            raise DatabaseLost(f"PostgreSQL: {_first(e)}", "It is tried again.") from e
        except BaseException:
            self.close()  # in the middle of a transaction, perhaps
            raise

    def fileno(self) -> int:
        """Of the connection's socket; -1 without one."""
        db = self._db
        return -1 if db is None or db.closed else db.fileno()

    def close(self) -> None:
        """Close the connection."""
        db, self._db, self._tables = self._db, None, None
        if db is not None:
            with contextlib.suppress(psycopg.Error):
                db.close()

    def _connected(self) -> Tables:
        if self._db is None or self._db.closed or self._tables is None:
            self._db = psycopg.connect(autocommit=True, **self._how)
            for name, good in _DURABLE:
                (said,) = self._db.execute(f"SHOW {name}").fetchone() or ("",)
                if said not in good:
                    raise UsageError(f"PostgreSQL says {name}={said}", "Turn it on: confirmed means durable.")
            self._tables = Tables(self._db)
        return self._tables


class PostgresSink:
    """Sends deliveries into the tables. One thread sends; `interrupt` may come from any.

    Attributes:
        recalled: deliveries that a tombstone was newer than; they are decided again.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._database = Database(conninfo)
        self._interrupted = threading.Event()
        self._sending = False
        self.recalled = 0

    def send(self, batch: Iterable[Delivery]) -> list[Key]:
        """Store a batch in one transaction."""
        self._interrupted.clear()
        self._sending = True
        try:
            stored, recalled = self._database.work(lambda tables: tables.store(self._watched(batch)))
        finally:
            self._sending = False
        self.recalled += len(recalled)
        return stored

    def recall(self, recalls: Iterable[Recall]) -> list[Recall]:
        """Store tombstones."""
        recalls = list(recalls)
        self._database.work(lambda tables: tables.bury(recalls))
        return recalls

    def erase(self, recalls: Collection[Recall]) -> Erased:
        """Delete what is stored and bury the recalls (tasuki.sinks.Erasing); needs tasuki_keeper, too."""
        deleted = self._keep(lambda tables: tables.erase(list(recalls)))
        return Erased(f"{deleted} deliveries deleted", "confirmed by the database, which looked again")

    def expire(self, days: Mapping[str, int], today: int) -> int:
        """Delete what is past its retention (tasuki.sinks.Expiring); needs tasuki_keeper."""
        return self._keep(lambda tables: tables.expire(days, today))

    def interrupt(self) -> None:
        """Break off what is being sent; its transaction is rolled back."""
        if not self._sending:
            return
        self._interrupted.set()
        # the other thread may sit in a write that stalls; it owns the connection, so only wake it
        with contextlib.suppress(OSError, psycopg.Error):
            same = socket.socket(fileno=socket.dup(self._database.fileno()))
            with contextlib.closing(same):
                same.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Connect, and see that blocks may be added."""
        self._database.work(lambda tables: tables.store([]))

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _keep(self, what: Callable[[Tables], _T]) -> _T:
        """On a connection of its own, because another thread may be sending."""
        with contextlib.closing(Database(self._conninfo)) as database:
            return database.work(what, "tasuki_keeper")

    def _watched(self, batch: Iterable[Delivery]) -> Iterator[Delivery]:
        for delivery in batch:
            self._check()
            yield delivery
        self._check()

    def _check(self) -> None:
        if self._interrupted.is_set():
            raise LinkLost("consent changed while blocks were under way", "They are decided again.")


def _first(e: psycopg.Error) -> str:
    """The first line of what the server says; the rest may show data."""
    return (str(e).strip().splitlines() or [type(e).__name__])[0]
