"""Documents for tests: what ships, and small changes of it."""

from importlib import resources

from tasuki.consent.library import Library
from tasuki.consent.times import of_datetime

SECOND = 1_000_000_000
DAY = 86_400 * SECOND

TEXTS = {
    each.name: each.read_text("utf-8")
    for each in resources.files("tasuki.consent").joinpath("policies").iterdir()
    if each.name.endswith(".toml")
}
BASE = TEXTS["base-2026-1.toml"]
LAW = TEXTS["law-jp-2026-1.toml"]
INTERNAL = TEXTS["internal-2026-1.toml"]
TERMS_1, TERMS = TEXTS["demo-garment-1.toml"], TEXTS["demo-garment-2.toml"]


def changed(text, *changes):
    """A text with replacements, each of which must meet something."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def library(*texts):
    """A library of these texts."""
    return Library.read({f"document {n}": text for n, text in enumerate(texts)})


def moment(year, month=1, day=1):
    """Unix nanoseconds of a midnight in UTC."""
    from datetime import UTC, datetime

    return of_datetime(datetime(year, month, day, tzinfo=UTC))


def next_base(*changes):
    """Version 2026-2 of the policy, in force from July 2026."""
    head = ('version = "2026-1"', 'version = "2026-2"'), ("published = 2026-01", "published = 2026-06")
    return changed(BASE, *head, ("effective = 2026-01", "effective = 2026-07"), *changes)
