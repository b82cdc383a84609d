"""Who is signed in: random tokens in a cookie, their hashes here, each revocable at once.

A session ends after half an hour without a request and twelve hours in all; one that stays signed in,
which the wearer asks for, after thirty days (OWASP Session Management Cheat Sheet).
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tasuki.wearer.tables import Tables

IDLE_NS = 30 * 60 * 10**9
LONGEST_NS = 12 * 3600 * 10**9
STAYING_NS = 30 * 86_400 * 10**9
_TOUCH_NS = 60 * 10**9  # how exact the last request is known, so that not every one is written

SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
  token BLOB PRIMARY KEY, account INTEGER NOT NULL, created_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL, staying INTEGER NOT NULL, acting TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_of ON session (account);
"""


@dataclass(frozen=True)
class Session:
    """One browser that is signed in.

    Attributes:
        id: by which a person can end it; tells nothing of the token.
        account: number of the account.
        created_ns, seen_ns: Unix nanoseconds.
        staying: True when the cookie outlives the browser.
        acting: the wearer for whom a guardian acts; empty for oneself.
        form_token: what every form of this session carries (against CSRF).
    """

    id: str
    account: int
    created_ns: int
    seen_ns: int
    staying: bool
    acting: str
    form_token: str = ""


class Sessions:
    """All sessions of a service."""

    def __init__(self, tables: Tables, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._tables = tables
        self._clock_ns = clock_ns

    def start(self, account: int, staying: bool = False) -> str:
        """A new session's token, for the cookie."""
        token, now = secrets.token_urlsafe(32), self._clock_ns()
        until = now + (STAYING_NS if staying else LONGEST_NS)
        with self._tables.turn() as db:
            db.execute("DELETE FROM session WHERE until_ns <= ?", (now,))
            row = (_hashed(token), account, now, now, until, int(staying), "")
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token; None when there is none (any longer)."""
        key, now = _hashed(token), self._clock_ns()
        sql = "SELECT account, created_ns, seen_ns, until_ns, staying, acting FROM session WHERE token = ?"
        row = self._tables.row(sql, key)
        if row is None:
            return None
        account, created, seen, until, staying, acting = row
        if now >= until or (not staying and now - seen >= IDLE_NS):
            self._end("token = ?", key)
            return None
        if now - seen >= _TOUCH_NS:
            with self._tables.turn() as db:
                db.execute("UPDATE session SET seen_ns = ? WHERE token = ?", (now, key))
        return Session(_id(key), account, created, now, bool(staying), acting, _form_token(token))

    def act_for(self, token: str, subject: str) -> None:
        """Let this session act for another wearer from now on; empty: for oneself."""
        with self._tables.turn() as db:
            db.execute("UPDATE session SET acting = ? WHERE token = ?", (subject, _hashed(token)))

    def of(self, account: int) -> list[Session]:
        """All that are signed in to an account."""
        sql = "SELECT token, account, created_ns, seen_ns, staying, acting FROM session WHERE account = ?"
        rows = self._tables.rows(sql + " ORDER BY created_ns", account)
        return [
            Session(_id(key), number, created, seen, bool(staying), acting)
            for key, number, created, seen, staying, acting in rows
        ]

    def end(self, token: str) -> None:
        """Sign this browser out."""
        self._end("token = ?", _hashed(token))

    def revoke(self, account: int, id_: str) -> None:
        """Sign out one of an account's browsers, by its id."""
        for (key,) in self._tables.rows("SELECT token FROM session WHERE account = ?", account):
            if _id(key) == id_:
                self._end("token = ?", key)

    def revoke_all(self, account: int, but: str = "") -> None:
        """Sign out all browsers of an account, but the one with this token."""
        self._end("account = ? AND token != ?", account, _hashed(but))

    def _end(self, where: str, *values: object) -> None:
        with self._tables.turn() as db:
            db.execute(f"DELETE FROM session WHERE {where}", values)


def same(form_token: str, given: str) -> bool:
    """True when a form carries its session's token."""
    return hmac.compare_digest(form_token.encode(), given.encode())


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _form_token(token: str) -> str:
    return hmac.new(token.encode(), b"tasuki/form/v1", hashlib.sha256).hexdigest()


def _id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:12]
