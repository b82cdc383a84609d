"""Moments as people and records write them: RFC 3339, to the nanosecond where it counts."""

import re
from datetime import UTC, datetime, timedelta

from tasuki.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")
# What every register, file and array can hold as 64-bit nanoseconds.
FIRST_YEAR, LAST_YEAR = 1700, 2199
_FIRST, _END = (
    int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * 10**9
    for year in (FIRST_YEAR, LAST_YEAR + 1)
)
_OUTSIDE = f"not between the years {FIRST_YEAR} and {LAST_YEAR}"


def of_datetime(at: datetime) -> int:
    """Unix nanoseconds of an aware time; ValueError outside FIRST_YEAR to LAST_YEAR."""
    at_ns = (at - _EPOCH) // timedelta(microseconds=1) * 1000
    if not _FIRST <= at_ns < _END:
        raise ValueError(_OUTSIDE)
    return at_ns


def exact(at_ns: int) -> str:
    """UTC with nine digits of the second; ValueError outside FIRST_YEAR to LAST_YEAR."""
    if not _FIRST <= at_ns < _END:
        raise ValueError(_OUTSIDE)
    second, rest = divmod(at_ns, 10**9)
    return f"{(_EPOCH + timedelta(seconds=second)).isoformat()[:19]}.{rest:09d}Z"


def of_exact(text: str) -> int:
    """The Unix nanoseconds of what `exact` wrote; ValueError for any other text."""
    found = _EXACT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time like 2026-01-01T00:00:00.000000000Z")
    seconds = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - _EPOCH
    at_ns = (seconds.days * 86_400 + seconds.seconds) * 10**9 + int(found[2])
    if exact(at_ns) != text:
        raise ValueError(f"{text!r} is no moment")
    return at_ns


def of_person(text: str) -> int:
    """Unix nanoseconds of an ISO 8601 time with its offset; UsageError without one, or far away."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(
            f"{text!r} is no time with an offset", "Write it like 2026-01-01T09:00:00+09:00 or end it with Z."
        )
    try:
        return of_datetime(at)
    except ValueError as e:
        raise UsageError(f"{text!r} is {e}", "Leave the time out where there is no limit.") from e


def for_person(at_ns: int) -> str:
    """Local time with its offset, to the second."""
    return datetime.fromtimestamp(at_ns // 10**9).astimezone().isoformat(sep=" ")
