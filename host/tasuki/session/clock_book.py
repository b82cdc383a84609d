"""How each life of a hub's clock stood against ours, kept for epochs that arrive later.

A life is known by the hub and its boot nonce. The first entry is durable before the hub gets
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
    device blob not null,
    nonce blob not null,
    device_us real not null,
    wall_us real not null,
    rate real not null,
    uncertainty_us real not null,
    unique (device, nonce)
);
"""
_NOTE = """
insert into clock (device, nonce, device_us, wall_us, rate, uncertainty_us) values (?, ?, ?, ?, ?, ?)
on conflict (device, nonce) do update set device_us = excluded.device_us, wall_us = excluded.wall_us,
rate = excluded.rate, uncertainty_us = excluded.uncertainty_us
"""
_KEPT = 10_000  # lives of each hub; one that boots ten times a day takes three years for it
_FORGET = """
delete from clock where device = :device and number <=
(select number from clock where device = :device order by number desc limit 1 offset :kept)
"""
_FIND = "select device_us, wall_us, rate, uncertainty_us from clock where device = ? and nonce = ?"


class ClockBook:
    """Fits of clock models by device id and boot nonce. LinkLost when the file cannot be written now."""

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)

    def note(self, device: bytes, nonce: bytes, fit: Fit) -> None:
        """Remember the latest fit of a life; durable when this returns."""
        values = (device, nonce, fit.device_us, fit.wall_us, fit.rate, fit.base_us)
        try:
            self._db.execute(_NOTE, values)
            self._db.execute(_FORGET, {"device": device, "kept": _KEPT})
        except sqlite3.OperationalError as e:
            raise LinkLost(f"the clock book cannot be written: {e}", "Free the disk; try again.") from e

    def find(self, device: bytes, nonce: bytes) -> Fit | None:
        """The latest fit of a life; None for one that this host never met."""
        row = self._db.execute(_FIND, (device, nonce)).fetchone()
        return Fit(*row) if row else None

    def forget(self, device: bytes) -> bool:
        """Drop all lives of a hub; False when somebody read, so that the write-ahead log still holds them."""
        self._db.execute("delete from clock where device = ?", (device,))
        return database.truncate_log(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
