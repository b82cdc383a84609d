"""Erasing a wearer or some of a wearer's items, everywhere (rules D-03, D-04)."""

from tasuki.session.state import State
from tasuki.wearer.erasure.progress import Progress


class Erasures:
    """The erasures of one state folder; what another process began, this one can carry on."""

    def __init__(self, state: State) -> None:
        self._state = state

    def begin(self, subject: str, items: frozenset[str] | None = None) -> str:
        """Stop routing, destroy the keys, and open a case; its id.

        items: erase these alone; None erases all of the wearer. When this returned, consent is
        withdrawn and nothing that was encrypted can be read again; `advance` does the rest.
        The case that is open for the same wearer and items already is returned when there is one.
        UsageError when nobody of this name is known.
        """
        raise NotImplementedError

    def advance(self, case: str) -> Progress:
        """Do what can be done now, and say what is done, what is waited for and what is out of scope.

        Call it again until `complete`; every call goes on where the last one, or a crash, ended.
        UsageError when there is no such case.
        """
        raise NotImplementedError

    def progress(self, case: str) -> Progress:
        """What `advance` said last; does nothing."""
        raise NotImplementedError

    def cases(self) -> list[Progress]:
        """All erasures, the oldest first."""
        raise NotImplementedError

    def receipt(self, case: str) -> bytes | None:
        """The signed receipt, JSON; None while any store is pending."""
        raise NotImplementedError

    def acknowledge(self, case: str, store: str, by: str) -> Progress:
        """Note that a processor, or whoever answers for a store, has confirmed the deletion."""
        raise NotImplementedError
