"""A wearer's consent file: TOML in, events out.

    format = 1
    subject = "name of the wearer's account"
    notice = "2026-1"                # version of the policy, or of a product's terms, that was shown
    language = "ja"                  # of that notice; optional
    by = "account of a parent"       # who speaks for the wearer; optional, with
    relation = "parent"              # or "guardian"

    [[consent]]
    decision = "granted"             # or "refused", "withdrawn"
    purpose = "service_information"  # one purpose of the policy
    items = ["ecg", "body_motion"]   # or "all": every item that the policy lets serve the purpose
    at = 2026-01-01T09:00:00+09:00   # with its offset from UTC

Beside the policy's purposes there are the separate consents of `tasuki.consent.statements`. Nothing
is guessed: an unknown key, item or purpose, or a pair that the policy's table does not
have, is an error that names the line.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from tasuki.consent import notice as notices
from tasuki.consent import statements, times
from tasuki.consent.events import DECISIONS, RELATIONS, Event
from tasuki.consent.policy import Policy
from tasuki.errors import UsageError

_TOP = {"format", "subject", "notice", "language", "by", "relation", "consent"}
_ENTRY = {"decision", "purpose", "items", "at"}
_HINT = "`tasuki.consent.files` describes the form; demo-wearer.toml beside it is an example."


@dataclass(frozen=True)
class WearerFile:
    """One wearer's statements."""

    subject: str
    events: tuple[Event, ...]


def read(path: str | Path, policy: Policy) -> WearerFile:
    """Read a wearer's file; UsageError says which line cannot be used and what would."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "is not UTF-8 text"
        raise UsageError(f"consent file {path}: {reason}", "Give the path of a wearer's TOML file.") from e
    return parse(text, policy, str(path))


def demo_wearer(policy: Policy) -> WearerFile:
    """The built-in wearer: grants service_information, part of service_improvement, refuses the rest."""
    text = resources.files("tasuki.consent").joinpath("demo-wearer.toml").read_text("utf-8")
    return parse(text, policy, "demo-wearer.toml")


def parse(text: str, policy: Policy, name: str = "consent file") -> WearerFile:
    """Events of a wearer's file given as text; UsageError as for `read`."""
    return _Parser(text, policy, name).parse()


class _Parser:
    def __init__(self, text: str, policy: Policy, name: str) -> None:
        self.text = text
        self.policy = policy
        self.name = name

    def parse(self) -> WearerFile:
        try:
            data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as e:
            raise UsageError(f"{self.name}: {e}", _HINT) from e
        self._keys(data, _TOP, -1)
        if data.get("format") != 1:
            self._fail(-1, "format", f"format {data.get('format')!r}", "Write `format = 1`.")
        subject = self._string(data, "subject", -1)
        notice = self._string(data, "notice", -1)
        shown_policy = self.policy.under(notice)
        if shown_policy is None:
            self._fail(
                -1, "notice", f"notice {notice!r} is not in force", f"It is {self.policy.version!r} now."
            )
        self.policy = shown_policy  # individual terms have a table of their own (rule G-04)
        language = self._string(data, "language", -1) if "language" in data else "ja"
        by = relation = ""
        if "by" in data or "relation" in data:
            by, relation = self._string(data, "by", -1), self._string(data, "relation", -1)
            if relation not in RELATIONS:
                self._fail(-1, "relation", f"relation {relation!r}", f"Use one of {_list(RELATIONS)}.")
        shown = notices.text_hash(notice, language)
        said = notice, language, shown, by, relation, "file"
        entries = data.get("consent", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._fail(-1, "consent", "`consent` is no list of tables", "Begin each with `[[consent]]`.")
        events = [self._event(n, entry, subject, said) for n, entry in enumerate(entries)]
        return WearerFile(subject, tuple(events))

    def _event(self, n: int, entry: dict[str, Any], subject: str, said: tuple[str, ...]) -> Event:
        self._keys(entry, _ENTRY, n)
        decision = self._string(entry, "decision", n)
        if decision not in DECISIONS:
            self._fail(n, "decision", f"decision {decision!r}", f"Use one of {_list(DECISIONS)}.")
        purpose = self._string(entry, "purpose", n)
        if not statements.items_for(self.policy, purpose):
            hint = f"The policy has {_list(self.policy.purposes)}."
            self._fail(n, "purpose", f"unknown purpose {purpose!r}", hint)
        at_ns, items = self._time(entry, n), self._items(entry, purpose, n)
        return Event(at_ns, at_ns, subject, decision, purpose, items, *said)

    def _items(self, entry: dict[str, Any], purpose: str, n: int) -> frozenset[str]:
        value = entry.get("items")
        if value == "all":
            return frozenset(statements.items_for(self.policy, purpose))
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            self._fail(n, "items", "items must be a list of names", 'Or write `items = "all"`.')
        try:
            statements.check(self.policy, purpose, frozenset(value))
        except UsageError as e:
            self._fail(n, "items", str(e), e.hint)
        return frozenset(value)

    def _time(self, entry: dict[str, Any], n: int) -> int:
        at = entry.get("at")
        if not isinstance(at, datetime) or at.tzinfo is None:
            self._fail(n, "at", "`at` is no time with an offset", "Write it like 2026-01-01T09:00:00+09:00.")
        try:
            return times.of_datetime(at)
        except ValueError as e:
            self._fail(n, "at", f"`at` is {e}", "Write when it was said.")

    def _string(self, table: dict[str, Any], key: str, n: int) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            self._fail(n, key, f"`{key}` is missing or no text", f'Write `{key} = "..."`.')
        return value

    def _keys(self, table: dict[str, Any], known: set[str], n: int) -> None:
        for key in table:
            if key not in known:
                self._fail(n, key, f"unknown key `{key}`", f"Known here: {_list(sorted(known))}.")

    def _fail(self, n: int, key: str, what: str, hint: str) -> NoReturn:
        raise UsageError(f"{self.name}, line {self._line(n, key)}: {what}", f"{hint} {_HINT}")

    def _line(self, n: int, key: str) -> int:
        """Line of a key in the n-th `[[consent]]`, or at the top for -1; of the section if it is missing."""
        section, start = -1, 1
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(r"\s*\[\[\s*consent\s*\]\]", line):
                section += 1
                if section == n:
                    start = number
            elif section == n and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return number
        return start


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
