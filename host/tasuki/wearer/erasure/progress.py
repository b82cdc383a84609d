"""How far an erasure is, store by store."""

from dataclasses import dataclass

DONE, PENDING, OUT_OF_SCOPE = "done", "pending", "out_of_scope"


@dataclass(frozen=True)
class StoreProgress:
    """One place that holds, or may hold, something of the wearer.

    Attributes:
        name: of the store, e.g. `vault`, `outbox`, `sink improvement`, `hub 0102030405060708`.
        state: DONE, PENDING or OUT_OF_SCOPE.
        what: what was done there, or what is waited for.
        verified: how it was verified; empty while it is pending.
    """

    name: str
    state: str
    what: str = ""
    verified: str = ""


def waits_for(name: str, error: Exception) -> StoreProgress:
    """A store that cannot be reached now, with the way out that the error names."""
    hint = getattr(error, "hint", "")
    return StoreProgress(name, PENDING, f"{error}. {hint}" if hint else str(error))


@dataclass(frozen=True)
class Progress:
    """An erasure at a moment.

    Attributes:
        case: its id.
        items: what is erased; None for everything.
        begun_ns: Unix nanoseconds.
        stores: in the order in which they are walked.
        ended_ns: when it was complete, Unix nanoseconds; None while it is not.
    """

    case: str
    items: frozenset[str] | None
    begun_ns: int
    stores: tuple[StoreProgress, ...]
    ended_ns: int | None = None

    @property
    def complete(self) -> bool:
        """True when no store is pending and the receipt is signed (rule D-03): only then it is done."""
        return self.ended_ns is not None

    @property
    def pending(self) -> tuple[StoreProgress, ...]:
        """The stores that are waited for."""
        return tuple(store for store in self.stores if store.state == PENDING)
