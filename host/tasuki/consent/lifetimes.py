"""How long items may be kept: the shortest limit that any of the policies in question sets."""

from collections.abc import Iterable

from tasuki.consent.policy import Policy
from tasuki_wire import items

DAY_NS = 86_400 * 10**9


def shortest(policies: Iterable[Policy]) -> dict[str, int]:
    """Item of the wire to nanoseconds; 0 for one that no policy names, which may not be kept at all."""
    policies = list(policies)
    return {item: _limit(policies, item) for item in items.NAMES}


def days(policy: Policy) -> dict[str, int]:
    """Item of the wire to days, for whoever does not know which products are worn: any of them counts."""
    return {item: limit // DAY_NS for item, limit in shortest([policy, *policy.products.values()]).items()}


def _limit(policies: list[Policy], item: str) -> int:
    known = [row.retention_ns for policy in policies if (row := policy.category(item)) is not None]
    return min(known) if known else 0
