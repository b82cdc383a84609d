"""Breach cases as they are kept: what was found, what follows from it, and which reports were made."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tasuki.consent.policy import Policy
from tasuki.vault.vault import Vault
from tasuki.wearer import encrypted
from tasuki.wearer.requests.breach import Assessment, Incident, assess
from tasuki.wearer.tables import Tables

QUICK, FULL, PEOPLE = REPORTS = ("quick", "full", "people")

SCHEMA = """
CREATE TABLE IF NOT EXISTS breach (id TEXT PRIMARY KEY, opened_ns INTEGER NOT NULL, value BLOB NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS breach_report (
  breach TEXT NOT NULL, report TEXT NOT NULL, at_ns INTEGER NOT NULL,
  PRIMARY KEY (breach, report)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Breach:
    """One case. reports: report to when it was made, Unix nanoseconds."""

    id: str
    opened_ns: int
    incident: Incident
    words: str
    assessment: Assessment
    reports: dict[str, int]


class Breaches:
    """All breach cases, encrypted to the privacy office."""

    def __init__(self, tables: Tables, vault: Vault, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._tables = tables
        self._vault = vault
        self._clock_ns = clock_ns

    def open(self, incident: Incident, words: str) -> str:
        """Keep an incident; its number."""
        id_, fields = f"B-{secrets.token_hex(3).upper()}", {**vars(incident), "items": sorted(incident.items)}
        plain = json.dumps({"incident": fields, "words": words}, ensure_ascii=False).encode()
        row = (id_, self._clock_ns(), encrypted.for_office(self._vault, plain))
        with self._tables.turn() as db:
            db.execute("INSERT INTO breach VALUES (?, ?, ?)", row)
        return id_

    def all(self, policy: Policy) -> list[Breach]:
        """All cases, the newest first."""
        rows = self._tables.rows("SELECT id, opened_ns, value FROM breach ORDER BY opened_ns DESC")
        out = []
        for id_, opened, value in rows:
            kept = json.loads(encrypted.at_office(self._vault, value))
            incident = Incident(**{**kept["incident"], "items": frozenset(kept["incident"]["items"])})
            made: dict[str, int] = dict(
                self._tables.rows("SELECT report, at_ns FROM breach_report WHERE breach = ?", id_)
            )
            out.append(Breach(id_, opened, incident, kept["words"], assess(policy, incident), made))
        return out

    def reported(self, id_: str, report: str) -> None:
        """Keep that a report was made; the first time counts."""
        if report not in REPORTS:
            raise ValueError(report)
        with self._tables.turn() as db:
            sql = "INSERT OR IGNORE INTO breach_report VALUES (?, ?, ?)"
            db.execute(sql, (id_, report, self._clock_ns()))
