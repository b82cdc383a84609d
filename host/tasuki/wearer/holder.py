"""wearer.db as an erasure sees it: what to look for in it, and how it is deleted."""

from contextlib import closing

from tasuki.errors import LinkLost
from tasuki.session.state import State
from tasuki.wearer.records import Records

_MARKER = 16  # bytes of an encrypted value, from behind its head
_HEAD = 28


class WearerDb:
    """Accounts, profile, ratings and requests of a wearer."""

    name = "accounts and profiles"

    def __init__(self, state: State) -> None:
        self._state = state

    def markers(self, subject: str, items: frozenset[str] | None) -> list[bytes]:
        """The encrypted values, and the keyed name to sign in."""
        with closing(Records(self._state)) as records:
            values = records.values_of(subject, items)
            login = records.accounts.login_key(subject) if items is None else b""
        found = [value[_HEAD : _HEAD + _MARKER] for value in values]
        return [*found, login] if login else found

    def erase(self, subject: str, items: frozenset[str] | None, before_ns: int) -> str:
        """Delete all of it, or of these items; LinkLost while somebody reads the file."""
        with closing(Records(self._state)) as records:
            if not records.forget(subject, items, before_ns):
                raise LinkLost("the accounts are being read, so their log is not empty", "Try again.")
            if records.values_of(subject, items, before_ns):
                raise LinkLost("something came meanwhile", "Try again.")
        return "0 values found; log emptied"
