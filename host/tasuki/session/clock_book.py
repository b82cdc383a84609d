"""How each life of a hub's clock stood against ours, kept for epochs that arrive later.

A life is known by its boot nonce. The first entry is durable before the hub gets
a token, so that whatever it stores under one of our tokens can be timed.
"""

import sqlite3
from pathlib import Path

from tasuki import database
from tasuki.clock import Fit
from tasuki.errors import LinkLost

_SCHEMA = """
create table if not exists clock (
    number integer primary key,
    nonce blob not null unique,
    device_us real not null,
    wall_us real not null,
    rate real not null,
    uncertainty_us real not null
);
"""
_NOTE = """
insert into clock (nonce, device_us, wall_us, rate, uncertainty_us) values (?, ?, ?, ?, ?)
on conflict (nonce) do update set device_us = excluded.device_us, wall_us = excluded.wall_us,
rate = excluded.rate, uncertainty_us = excluded.uncertainty_us
"""
_KEPT = 10_000  # lives; a hub that boots ten times a day takes three years for it
_FORGET = "delete from clock where number <= (select max(number) from clock) - ?"
_FIND = "select device_us, wall_us, rate, uncertainty_us from clock where nonce = ?"


class ClockBook:
    """Fits of clock models by boot nonce. LinkLost when the file cannot be written now."""

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)

    def note(self, nonce: bytes, fit: Fit) -> None:
        """Remember the latest fit of a life; durable when this returns."""
        values = (nonce, fit.device_us, fit.wall_us, fit.rate, fit.base_us)
        try:
            self._db.execute(_NOTE, values)
            self._db.execute(_FORGET, (_KEPT,))
        except sqlite3.OperationalError as e:
            raise LinkLost(f"the clock book cannot be written: {e}", "Free the disk; try again.") from e

    def find(self, nonce: bytes) -> Fit | None:
        """The latest fit of a life; None for one that this host never met."""
        row = self._db.execute(_FIND, (nonce,)).fetchone()
        return Fit(*row) if row else None

    def close(self) -> None:
        """Close the file."""
        self._db.close()
