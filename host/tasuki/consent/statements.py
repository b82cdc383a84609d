"""What a wearer can say: which items go with which purpose, and with which separate consent.

The policy's table has the purposes. Entrusting, foreign processors, modules and location need a
consent of their own beside it (rules P-01, P-04, M-01, C2-03), under a purpose of these forms:

    entrust                    to a processor at home; any item
    entrust_foreign:COUNTRY    to one abroad, two capital letters (ISO 3166); any item
    module:NAME                to a module of another maker; items of category 2 only
    location                   to be located at all; the item location
"""

import re

from tasuki.consent.policy import Policy
from tasuki.consent.scopes import ENTRUST, LOCATION
from tasuki.errors import UsageError

_FOREIGN = re.compile(r"entrust_foreign:[A-Z]{2}")
_MODULE = re.compile(r"module:[a-z0-9][a-z0-9._-]{0,62}")
SEPARATE = (ENTRUST, "entrust_foreign:COUNTRY", "module:NAME", LOCATION)


def items_for(policy: Policy, purpose: str) -> tuple[str, ...]:
    """The items that a consent to this purpose may name; none for an unknown purpose."""
    if purpose in policy.purposes:
        return policy.items_for(purpose)
    if purpose == ENTRUST or _FOREIGN.fullmatch(purpose):
        return _nameable(policy)
    if _MODULE.fullmatch(purpose):
        return tuple(item for item in _nameable(policy) if policy.category_of[item] == 2)
    if purpose == LOCATION:
        return ("location",)
    return ()


def check(policy: Policy, purpose: str, items: frozenset[str]) -> None:
    """UsageError with a way out unless a wearer can say something of these items and this purpose."""
    possible = items_for(policy, purpose)
    if not possible:
        hint = f"The policy has {', '.join(policy.purposes)}; beside them there are {', '.join(SEPARATE)}."
        raise UsageError(f"unknown purpose {purpose!r}", hint)
    if not items:
        raise UsageError("no item is named", f"For {purpose} the policy has {', '.join(possible)}.")
    for item in sorted(items):
        category = policy.category(item)
        if policy.consent_item(item) != item:
            raise UsageError(
                f"{item!r} is no item of its own", f"Consent names it as {policy.consent_item(item)}."
            )
        if category is None:
            raise UsageError(f"unknown item {item!r}", f"For {purpose} the policy has {', '.join(possible)}.")
        if item not in possible:
            rule = f"Rule {category.closed_rule}: for" if purpose in policy.purposes else "For"
            raise UsageError(
                f"{item!r} cannot serve {purpose}", f"{rule} {purpose} the policy has {', '.join(possible)}."
            )


def _nameable(policy: Policy) -> tuple[str, ...]:
    """The items that consent can name: parts go with their group."""
    return tuple(name for name, item in policy.items.items() if not item.part_of)
