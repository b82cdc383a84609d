"""Which values a profile may have (rule S-01), and when they are old."""

import re
import unicodedata
from datetime import UTC, date, datetime

from tasuki.consent.policy import Policy

CATEGORY = 1
STALE_NS = 365 * 86_400 * 10**9
LONGEST = 200

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,24}")
_COUNTRY = re.compile(r"[A-Z]{2}")
SEXES = ("female", "male", "other")

# What a value in the unit of the policy can be for a living person.
_RANGES = {
    "age": (0, 130),
    "height": (30, 280),
    "weight": (1, 650),
    "mean_body_temperature": (30, 43),
    "pulse": (20, 250),
}


def items(policy: Policy) -> tuple[str, ...]:
    """The items that a profile has: all of category 1 but the groups, in the policy's order."""
    return tuple(
        name for name, item in policy.items.items() if item.category == CATEGORY and item.type != "group"
    )


def read(item: str, text: str) -> str:
    """The value that a person typed in, in one form; ValueError when it cannot be one."""
    value = " ".join(unicodedata.normalize("NFKC", text).split())
    if not value or len(value) > LONGEST or not value.isprintable():
        raise ValueError(item)
    if item in _RANGES:
        return _number(item, value)
    if item == "birth_date":
        return _birth_date(value)
    if item == "country_or_region":
        value = value.upper()
    patterns = {"email": _EMAIL, "phone": _PHONE, "country_or_region": _COUNTRY}
    if item in patterns and not patterns[item].fullmatch(value):
        raise ValueError(item)
    if item == "sex" and value not in SEXES:
        raise ValueError(item)
    return value


def stale(checked_ns: int, now_ns: int) -> bool:
    """True for a value that nobody has confirmed for a year; it identifies nobody any longer (S-01)."""
    return now_ns - checked_ns >= STALE_NS


def _number(item: str, value: str) -> str:
    low, high = _RANGES[item]
    number = float(value)
    if not low <= number <= high or (item == "age" and number != int(number)):
        raise ValueError(item)
    return f"{number:g}"


def _birth_date(value: str) -> str:
    day = date.fromisoformat(value.replace("/", "-"))
    if not date(1890, 1, 1) <= day <= datetime.now(UTC).date():
        raise ValueError(value)
    return day.isoformat()
