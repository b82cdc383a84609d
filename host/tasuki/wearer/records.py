"""All that wearer.db has, opened beside a state folder."""

import hashlib
import time
from collections.abc import Callable

from tasuki.consent.events import FOREVER
from tasuki.session.state import State
from tasuki.wearer.accounts import book as accounts_book
from tasuki.wearer.accounts import sessions as sessions_book
from tasuki.wearer.accounts.book import Accounts
from tasuki.wearer.accounts.passwords import Passwords
from tasuki.wearer.accounts.sessions import Sessions
from tasuki.wearer.garments import Garments
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

Items = frozenset[str] | None

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
        self.ratings = Ratings(tables, state.vault, state.engine, state.outbox, clock_ns)
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

    def values_of(self, subject: str, items: Items = None, before_ns: int = FOREVER) -> list[bytes]:
        """What is kept encrypted of a wearer from up to a moment, of these items or of all (None)."""
        found = self.profiles.kept(subject, self._with_parts(items), before_ns)
        if items is None or ratings_book.ITEM in items:
            found += self.ratings.kept(subject, before_ns)
        return found

    def forget(self, subject: str, items: Items = None, before_ns: int = FOREVER) -> bool:
        """Delete what is from up to a moment, of these items or all with the account (None).

        False while somebody reads the file, so that its log still holds it. Open cases of the privacy
        office stay until they are answered.
        """
        self.profiles.forget(subject, self._with_parts(items), before_ns)
        if items is None or ratings_book.ITEM in items:
            self.ratings.forget(subject, before_ns)
        if items is None:
            account = self.accounts.of(subject)
            if account:
                self.sessions.revoke_all(account.id)
            self.accounts.forget(subject, before_ns)
            self.cases.forget(subject, before_ns)
        return self._tables.overwrite()

    def expire(self, now_ns: int) -> int:
        """Delete what is older than the policy's limits, and cases that ended long ago; how many."""
        policy = self.state.engine.in_force(now_ns)
        gone = self.cases.purge()
        for item in policy.items if policy else ():
            row = policy.category(item) if policy else None
            before = now_ns - (row.retention_ns if row else 0)
            gone += self.profiles.expire(item, before)
            if item == ratings_book.ITEM:
                gone += self.ratings.expire(before)
        self._tables.overwrite()
        return gone

    def _with_parts(self, items: Items) -> Items:
        """Items with the parts that go with them."""
        if items is None:
            return None
        known = self.state.policy.items
        return items | {name for name, item in known.items() if item.part_of in items}


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
