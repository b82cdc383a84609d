"""Moments as people and records write them: RFC 3339, to the nanosecond where it counts."""

import re
from datetime import UTC, datetime, timedelta

from tasuki.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")
_FIRST, _LAST = -62_135_596_800 * 10**9, 253_402_300_800 * 10**9  # years 1 to 9999


def exact(at_ns: int) -> str:
    """UTC with nine digits of the second; ValueError outside the years 1 to 9999."""
    if not _FIRST <= at_ns < _LAST:
        raise ValueError(f"no year has {at_ns}")
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
    """Unix nanoseconds of an ISO 8601 time with its offset; UsageError without one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(
            f"{text!r} is no time with an offset", "Write it like 2026-01-01T09:00:00+09:00 or end it with Z."
        )
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def for_person(at_ns: int) -> str:
    """Local time with its offset, to the second."""
    return datetime.fromtimestamp(at_ns // 10**9).astimezone().isoformat(sep=" ")
