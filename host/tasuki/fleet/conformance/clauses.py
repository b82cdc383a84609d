"""A check: one promise of SPEC.md, by the clause that makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasuki.fleet.conformance.probe import Probe

Function = Callable[["Probe"], None]


class Breach(Exception):
    """The hub breaks a clause; `clause` where it is another than the check's own."""

    def __init__(self, reason: str, clause: str = "") -> None:
        super().__init__(reason)
        self.clause = clause


class Unseen(Exception):
    """There is nothing that a check could look at, for a reason that another check has told."""


@dataclass(frozen=True)
class Check:
    """Looks at one promise.

    Attributes:
        clause: section of SPEC.md, and in brackets the rule in it where it has names.
        promise: what holds, a sentence.
        function: raises Breach, or Unseen.
    """

    clause: str
    promise: str
    function: Function


def require(holds: object, reason: str) -> None:
    """Breach with the reason unless it holds."""
    if not holds:
        raise Breach(reason)


def see(holds: object, reason: str) -> None:
    """Unseen with the reason unless there is something to look at."""
    if not holds:
        raise Unseen(reason)


def checks() -> tuple[list[Check], Callable[[str, str], Callable[[Function], Function]]]:
    """A list, and a decorator that puts checks into it."""
    found: list[Check] = []

    def clause(number: str, promise: str) -> Callable[[Function], Function]:
        def add(function: Function) -> Function:
            found.append(Check(number, promise, function))
            return function

        return add

    return found, clause
