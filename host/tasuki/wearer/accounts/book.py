"""Accounts: who may sign in as what.

A wearer's name to sign in is an e-mail address (item of category 1). It stands here as a keyed hash only,
so that the file can be searched by it and not read.
"""

import hashlib
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from tasuki.consent.events import FOREVER
from tasuki.errors import Refused
from tasuki.vault.vault import Vault
from tasuki.wearer.accounts.passwords import Passwords
from tasuki.wearer.tables import Tables

WEARER, OFFICER = ROLES = ("wearer", "officer")
INVITATION_NS = 14 * 86_400 * 10**9

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  id INTEGER PRIMARY KEY AUTOINCREMENT, login BLOB NOT NULL UNIQUE, role TEXT NOT NULL, subject TEXT NOT NULL,
  name TEXT NOT NULL, language TEXT NOT NULL, password TEXT NOT NULL, created_ns INTEGER NOT NULL,
  trained_until_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS account_of ON account (subject);
CREATE TABLE IF NOT EXISTS invitation (
  code BLOB PRIMARY KEY, subject TEXT NOT NULL, until_ns INTEGER NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "id, role, subject, name, language, trained_until_ns"


@dataclass(frozen=True)
class Account:
    """One account.

    Attributes:
        role: one of ROLES.
        subject: the wearer that it is, by the name in the consent book; empty for an officer.
        name: an officer's; empty for a wearer.
        trained_until_ns: until when an officer's training is current (rule S-07), Unix nanoseconds.
    """

    id: int
    role: str
    subject: str
    name: str
    language: str
    trained_until_ns: int


class Accounts:
    """All accounts of a service."""

    def __init__(
        self,
        tables: Tables,
        vault: Vault,
        passwords: Passwords | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tables = tables
        self._vault = vault
        self._passwords = passwords or Passwords()
        self._clock_ns = clock_ns

    def key_of(self, login: str) -> bytes:
        """What stands for a name to sign in, 16 bytes; capitals and widths of letters do not matter."""
        plain = unicodedata.normalize("NFKC", login).strip().casefold()
        return self._vault.service_pseudonym("login", plain)

    def register(self, login: str, password: str, language: str, invitation: str = "") -> Account | None:
        """A new wearer's account; None when somebody has the name, after the same work.

        invitation: a code of `invite`, for a wearer that is known already. Refused("no_invitation") when
        it does not hold (any longer); where that wearer has an account, it gets this name and password.
        """
        hashed = self._passwords.hash(password)
        with self._tables.turn() as db:
            subject = self._redeem(db, invitation) if invitation else f"w-{secrets.token_hex(8)}"
            login_key = self.key_of(login)
            owner = db.execute("SELECT subject FROM account WHERE login = ?", (login_key,)).fetchone()
            if owner and (owner[0] != subject or not subject):
                return None
            db.execute("DELETE FROM account WHERE subject = ?", (subject,))
            row = (login_key, WEARER, subject, "", language, hashed, self._clock_ns(), 0)
            db.execute(_INSERT, row)
        return self._by("login", login_key)

    def add_officer(self, name: str, password: str, trained_until_ns: int) -> Account:
        """A privacy officer's account, or its new password and training; made at the command line only."""
        hashed, login_key = self._passwords.hash(password), self.key_of(name)
        with self._tables.turn() as db:
            taken = db.execute("SELECT role FROM account WHERE login = ?", (login_key,)).fetchone()
            if taken and taken[0] != OFFICER:
                raise Refused("login_taken", "a wearer signs in by this name", "Choose another name.")
            db.execute("DELETE FROM account WHERE login = ?", (login_key,))
            row = (login_key, OFFICER, "", name, "ja", hashed, self._clock_ns(), trained_until_ns)
            db.execute(_INSERT, row)
        made = self._by("login", login_key)
        assert made is not None
        return made

    def authenticate(self, login: str, password: str) -> Account | None:
        """Whose name and password these are; None, after the same work, when they are nobody's."""
        found = self._tables.row("SELECT id, password FROM account WHERE login = ?", self.key_of(login))
        if not self._passwords.matches(password, found[1] if found else None) or found is None:
            return None
        if self._passwords.outdated(found[1]):
            self.set_password(found[0], password)
        return self.get(found[0])

    def confirm(self, account: Account, password: str) -> bool:
        """True when this is the account's password."""
        found = self._tables.row("SELECT password FROM account WHERE id = ?", account.id)
        return self._passwords.matches(password, found[0] if found else None)

    def set_password(self, id_: int, password: str) -> None:
        """Keep a new password."""
        hashed = self._passwords.hash(password)
        with self._tables.turn() as db:
            db.execute("UPDATE account SET password = ? WHERE id = ?", (hashed, id_))

    def get(self, id_: int) -> Account | None:
        """An account by its number."""
        return self._by("id", id_)

    def of(self, subject: str) -> Account | None:
        """The account of a wearer; None when the wearer has none."""
        return self._by("subject", subject) if subject else None

    def by_login(self, login: str) -> Account | None:
        """Whose name this is; only for the privacy office, after it has verified who asks."""
        return self._by("login", self.key_of(login))

    def invite(self, subject: str) -> str:
        """A code with which a known wearer makes an account, or gets back into it; once, for two weeks."""
        code = secrets.token_urlsafe(16)
        row = (_hashed(code), subject, self._clock_ns() + INVITATION_NS)
        with self._tables.turn() as db:
            db.execute("DELETE FROM invitation WHERE subject = ?", (subject,))
            db.execute("INSERT INTO invitation VALUES (?, ?, ?)", row)
        return code

    def login_key(self, subject: str) -> bytes:
        """What stands for the name by which a wearer signs in; empty without an account."""
        row = self._tables.row("SELECT login FROM account WHERE subject = ?", subject) if subject else None
        return bytes(row[0]) if row else b""

    def forget(self, subject: str, before_ns: int = FOREVER) -> None:
        """Delete a wearer's account, if it was made up to a moment, and invitations."""
        with self._tables.turn() as db:
            sql = "DELETE FROM account WHERE subject = ? AND role = ? AND created_ns <= ?"
            db.execute(sql, (subject, WEARER, before_ns))
            db.execute("DELETE FROM invitation WHERE subject = ?", (subject,))

    def _redeem(self, db: sqlite3.Connection, code: str) -> str:
        sql = "DELETE FROM invitation WHERE code = ? RETURNING subject, until_ns"
        found = db.execute(sql, (_hashed(code),)).fetchone()
        if found is None or found[1] <= self._clock_ns():
            raise Refused("no_invitation", "the invitation does not hold", "Ask for a new one.")
        return str(found[0])

    def _by(self, column: str, value: object) -> Account | None:
        found = self._tables.row(f"SELECT {_COLUMNS} FROM account WHERE {column} = ?", value)
        return Account(*found) if found else None


_INSERT = """
INSERT INTO account (login, role, subject, name, language, password, created_ns, trained_until_ns)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
