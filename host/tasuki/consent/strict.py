"""Reading TOML strictly: what is not understood in full is refused with its place, and nothing is guessed."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from tasuki.consent import times
from tasuki.errors import UsageError

MAX_BYTES = 1 << 20
MAX_TEXT = 2000

# What would break a terminal's lines or turn their reading direction round: C0, C1, bidi controls.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def read(text: str, name: str) -> "Table":
    """The top table of a document. UsageError when it is too long, too deep or no TOML."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UsageError(
            f"{name}: longer than {MAX_BYTES} bytes", "Policies are short; is it the right file?"
        )
    try:
        return Table(tomllib.loads(text), name)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as e:
        reason = "nested too deeply" if isinstance(e, RecursionError) else str(e)
        raise UsageError(f"{name}: {reason}", "It must be TOML in which every key stands once.") from e


class Table:
    """One table of a document. Every key must be taken before `done`."""

    def __init__(self, data: Mapping[str, Any], name: str, path: str = "") -> None:
        self.data = data
        self.name = name
        self.path = path
        self._taken: set[str] = set()

    def fail(self, key: str, what: str, hint: str = "") -> NoReturn:
        """Refuse the document because of a key."""
        where = f"{self.path}.{key}" if self.path and key else self.path or key
        raise UsageError(
            f"{self.name}: {where}: {what}", hint or "Correct the document; nothing of it is used."
        )

    def has(self, key: str) -> bool:
        """True when the key is there."""
        return key in self.data

    def text(self, key: str, default: str | None = None, pattern: str = "") -> str:
        """A text, not empty; with `pattern` all of it must match."""
        value = self._take(key, default)
        if default is not None and key not in self.data:
            return default
        if not isinstance(value, str) or not value or len(value) > MAX_TEXT:
            self.fail(key, f"must be a text of 1 to {MAX_TEXT} characters")
        if _UNPRINTABLE.search(value):
            self.fail(key, "has a control character")
        if pattern and not re.fullmatch(pattern, value):
            self.fail(key, f"{value!r} does not match {pattern}")
        return value

    def one_of(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """A text out of a closed list."""
        value = self.text(key, default)
        if self.has(key) and value not in (known := list(allowed)):
            self.fail(key, f"unknown {value!r}", f"Known here: {', '.join(known)}.")
        return value

    def some_of(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """A list, not empty, of different texts out of a closed list; none when the key is missing."""
        value = self._take(key, ())
        if value == ():
            return ()
        known = list(allowed)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            self.fail(key, "must be a list of names")
        if unknown := [each for each in value if each not in known]:
            self.fail(key, f"unknown {unknown[0]!r}", f"Known here: {', '.join(known)}.")
        if len(set(value)) < len(value):
            self.fail(key, "names something twice")
        return tuple(value)

    def names(self, key: str, pattern: str) -> tuple[str, ...]:
        """A list, not empty, of different texts that match."""
        value = self._take(key)
        if not isinstance(value, list) or not value or len({str(each) for each in value}) < len(value):
            self.fail(key, "must be a list of different names")
        for each in value:
            if not isinstance(each, str) or not re.fullmatch(pattern, each):
                self.fail(key, f"{each!r} does not match {pattern}")
        return tuple(value)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number in a range, ends included."""
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"must be a whole number from {low} to {high}")
        return value

    def integers(self, key: str, allowed: Iterable[int]) -> tuple[int, ...]:
        """A list of different whole numbers out of a closed list; none when the key is missing."""
        value = self._take(key, ())
        known = set(allowed)
        if value != () and (not isinstance(value, list) or not value or len({*value}) < len(value)):
            self.fail(key, "must be a list of different numbers")
        if any(isinstance(each, bool) or each not in known for each in value):
            self.fail(key, f"known here: {', '.join(map(str, sorted(known)))}")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """True or false; false when the key is missing."""
        value = self._take(key, False)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def when(self, key: str) -> int:
        """A time with its offset from UTC, as Unix nanoseconds."""
        value = self._take(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fail(key, "must be a time with an offset", "Write it like 2026-01-01T00:00:00+09:00.")
        try:
            return times.of_datetime(value)
        except ValueError as e:
            self.fail(key, f"is {e}")

    def table(self, key: str, optional: bool = False) -> "Table":
        """A table below this one; an empty one when it is optional and missing."""
        value = self._take(key, {} if optional else None)
        if not isinstance(value, dict):
            self.fail(key, "must be a table")
        return Table(value, self.name, f"{self.path}.{key}" if self.path else key)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty when the key is missing."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.fail(key, "must be tables", f"Begin each with `[[{key}]]`.")
        return [Table(each, self.name, f"{self.path}{key}[{n}]") for n, each in enumerate(value)]

    def children(self, pattern: str) -> "list[tuple[str, Table]]":
        """Every key as a table, in the order of the document; the keys must match."""
        for key in self.data:
            if not re.fullmatch(pattern, key):
                self.fail(key, f"the name does not match {pattern}")
        return [(key, self.table(key)) for key in self.data]

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        if unknown := [key for key in self.data if key not in self._taken]:
            self.fail(unknown[0], "unknown key", f"Known here: {', '.join(sorted(self._taken))}.")

    def _take(self, key: str, default: Any = None) -> Any:
        self._taken.add(key)
        if key not in self.data:
            if default is None:
                self.fail(key, "is missing")
            return default
        return self.data[key]
