"""What one item of a self-test came to. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tasuki.fleet.selftest.product import Limit

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not_applicable"


@dataclass(frozen=True)
class Result:
    """One item.

    Attributes:
        item: its name, such as memory.free or sensor.0.noise.
        outcome: `pass`, `fail` or `not_applicable`.
        value: what was measured, None where nothing was.
        unit: of value and limit.
        limit: what the product file allows, in words.
        reason: why it failed, or why it does not apply here.
    """

    item: str
    outcome: str
    value: float | str | None = None
    unit: str = ""
    limit: str = ""
    reason: str = ""

    def row(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


def measured(item: str, value: float, unit: str, limit: Limit, reason: str = "") -> Result:
    """Judge a figure; a reason is why it could not be good."""
    broken = reason or limit.broken_by(value)
    return Result(item, FAIL if broken else PASS, _rounded(value), unit, str(limit), broken)


def held(item: str, holds: bool, value: str, wanted: str, reason: str = "") -> Result:
    """Judge a fact: what was found beside what is wanted."""
    told = "" if holds else reason or f"is {value}, not {wanted}"
    return Result(item, PASS if holds else FAIL, value, "", wanted, told)


def failed(item: str, reason: str, unit: str = "", limit: Limit | None = None) -> Result:
    """An item of which nothing could be measured."""
    return Result(item, FAIL, None, unit, str(limit or ""), reason)


def not_here(item: str, reason: str, value: float | str | None = None, unit: str = "") -> Result:
    """An item that this hub cannot show; a value may be told, but it proves nothing."""
    return Result(item, NOT_APPLICABLE, value, unit, "", reason)


def passed(results: Iterable[Result]) -> bool:
    """True when something was shown and no item failed."""
    outcomes = [result.outcome for result in results]
    return PASS in outcomes and FAIL not in outcomes


def state_of(results: Iterable[Result]) -> str:
    """How a hub's turn ends: `passed`, or `test_failed` of troubles.WAYS_OUT."""
    return "passed" if passed(results) else "test_failed"


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")
