"""What changed between two policies, and for whom (rule L-03).

A consent stays bound to the version it was given under: what becomes wider waits for a new consent,
what becomes narrower stops at once, and a purpose with other words is another purpose.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tasuki.consent.events import GRANTED, ConsentLog
from tasuki.consent.policy import Policy

WIDENED, NARROWED, REWORDED = EFFECTS = ("widened", "narrowed", "reworded")

CONSEQUENCES = {
    WIDENED: (
        "No consent given before covers it: denied until the wearer agrees to the new version.",
        "以前の同意は及びません。着用者が新しい版に同意するまで拒否します。",
    ),
    NARROWED: (
        "Consents to it are no longer used once the new version is in force.",
        "新しい版の発効後、この利用への同意は使われません。",
    ),
    REWORDED: (
        "Consents to the old words do not count for the new ones: denied until the wearer agrees again.",
        "以前の文言への同意は新しい文言には及びません。着用者が改めて同意するまで拒否します。",
    ),
}


@dataclass(frozen=True)
class Change:
    """One (item, purpose) that is not as it was, parts of the item included.

    The rules are those that allow or deny it.
    """

    item: str
    purpose: str
    effect: str
    rule_before: str
    rule_after: str

    def consequence(self, language: str = "en") -> str:
        """What it means for consents, in `en` or `ja`."""
        return CONSEQUENCES[self.effect][language == "ja"]


@dataclass(frozen=True)
class Detail:
    """Something beside the table that is not as it was; an empty text stands for absent."""

    what: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """All that changed."""

    changes: tuple[Change, ...]
    details: tuple[Detail, ...]


def difference(before: Policy, after: Policy) -> Difference:
    """What changed from one policy to another."""
    items = dict.fromkeys((*before.items, *after.items))
    purposes = dict.fromkeys((*before.purposes, *after.purposes))
    found = [
        change for item in items for purpose in purposes if (change := _change(before, after, item, purpose))
    ]
    seen = set(found)
    changes = [each for each in found if (group := _of_group(after, each)) == each or group not in seen]
    return Difference(tuple(changes), tuple(_details(before, after)))


def affected(changes: Iterable[Change], log: ConsentLog, at_ns: int) -> dict[Change, tuple[str, ...]]:
    """For each change the subjects who have granted that pair at a moment (Unix nanoseconds)."""
    subjects = log.subjects()
    return {
        change: tuple(
            subject
            for subject in subjects
            if log.span(subject, change.item, change.purpose, at_ns).state == GRANTED
        )
        for change in changes
    }


def _change(before: Policy, after: Policy, item: str, purpose: str) -> Change | None:
    was, is_ = before.allows(item, purpose), after.allows(item, purpose)
    same = _words(before, item, purpose) == _words(after, item, purpose)
    if was == is_ and (same or not is_):
        return None
    effect = REWORDED if was and is_ else WIDENED if is_ else NARROWED
    return Change(item, purpose, effect, _rule(before, item, purpose), _rule(after, item, purpose))


def _of_group(policy: Policy, change: Change) -> Change:
    """The same change of the item that this one is a part of: said once for all parts."""
    return replace(change, item=policy.consent_item(change.item))


def _words(policy: Policy, item: str, purpose: str) -> tuple[str, ...]:
    known = policy.items.get(item)
    return (known.words.ja, known.part_of, policy.purposes.get(purpose, "")) if known else ()


def _rule(policy: Policy, item: str, purpose: str) -> str:
    category = policy.category(item)
    return category.rule(purpose) if category and purpose in policy.purposes else ""


def _details(before: Policy, after: Policy) -> Iterable[Detail]:
    listed = (
        ("item", _items(before), _items(after)),
        ("rule", dict(before.rules), dict(after.rules)),
        ("retention", _retention(before), _retention(after)),
        ("hold", {"": _days(before.hold_ns)}, {"": _days(after.hold_ns)}),
        ("controller", {"": before.controller.ja}, {"": after.controller.ja}),
        ("data_manager", {"": before.data_manager.ja}, {"": after.data_manager.ja}),
    )
    for what, was, is_ in listed:
        for name in dict.fromkeys((*was, *is_)):
            if was.get(name, "") != is_.get(name, ""):
                yield Detail(what, name, was.get(name, ""), is_.get(name, ""))


def _items(policy: Policy) -> dict[str, str]:
    return {name: f"category {item.category}" for name, item in policy.items.items()}


def _retention(policy: Policy) -> dict[str, str]:
    return {f"category {n}": _days(each.retention_ns) for n, each in policy.categories.items()}


def _days(ns: int) -> str:
    return f"{ns / 86_400e9:g} days"
