"""All that wearer.db has, opened beside a state folder."""

import hashlib
import time
from collections.abc import Callable

from tasuki.session.state import State
from tasuki.wearer.accounts import book as accounts_book
from tasuki.wearer.accounts import sessions as sessions_book
from tasuki.wearer.accounts.book import Accounts
from tasuki.wearer.accounts.passwords import Passwords
from tasuki.wearer.accounts.sessions import Sessions
from tasuki.wearer.holdings.flows import Garments
from tasuki.wearer.profile import book as profile_book
from tasuki.wearer.profile.book import Profiles
from tasuki.wearer.ratings import book as ratings_book
from tasuki.wearer.ratings.book import Ratings
from tasuki.wearer.requests import breaches as breaches_book
from tasuki.wearer.requests import cases as cases_book
from tasuki.wearer.requests.breaches import Breaches
from tasuki.wearer.requests.cases import Cases
from tasuki.wearer.tables import Tables

FILE = "wearer.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS erasure_code (code BLOB PRIMARY KEY, erasure TEXT NOT NULL) WITHOUT ROWID;
"""


class Records:
    """Accounts, sessions, profiles, ratings, cases and breach cases of a state folder.

    Attributes:
        state: the open state folder, which stays its opener's.
        garments: who wears what.
    """

    def __init__(
        self,
        state: State,
        passwords: Passwords | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.state = state
        self._tables = tables = Tables(
            state.folder / FILE,
            _SCHEMA,
            accounts_book.SCHEMA,
            sessions_book.SCHEMA,
            profile_book.SCHEMA,
            ratings_book.SCHEMA,
            cases_book.SCHEMA,
            breaches_book.SCHEMA,
        )
        self.accounts = Accounts(tables, state.vault, passwords, clock_ns)
        self.sessions = Sessions(tables, clock_ns)
        self.profiles = Profiles(tables, state.vault, clock_ns)
        self.ratings = Ratings(tables, state.vault, state.engine, clock_ns)
        self.cases = Cases(tables, state.vault, clock_ns)
        self.breaches = Breaches(tables, state.vault, clock_ns)
        self.garments = Garments(state.book.registers)

    def close(self) -> None:
        """Close the file; the state folder stays open."""
        self._tables.close()

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def keep_erasure(self, code: str, case: str) -> None:
        """Let whoever has this code look at an erasure: the wearer, who has no account any longer."""
        with self._tables.turn() as db:
            db.execute("INSERT INTO erasure_code VALUES (?, ?)", (_hashed(code), case))

    def erasure_of(self, code: str) -> str:
        """The erasure that a code is for; empty when there is none."""
        found = self._tables.row("SELECT erasure FROM erasure_code WHERE code = ?", _hashed(code))
        return str(found[0]) if found else ""

    def forget(self, subject: str) -> None:
        """Delete all that wearer.db has of a wearer; open cases stay until they are answered."""
        account = self.accounts.of(subject)
        if account:
            self.sessions.revoke_all(account.id)
        self.accounts.forget(subject)
        self.profiles.forget(subject)
        self.ratings.forget(subject)
        self.cases.forget(subject)


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
