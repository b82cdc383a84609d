"""Wearers' statements at random, and short ways to make one."""

from hypothesis import strategies as st

from tasuki.consent import library
from tasuki.consent.events import Event

NOON = 1_795_000_000 * 10**9  # in November 2026
POLICY = library.shipped().effective(NOON)
ITEMS = ("ecg", "respiration", "body_motion")
PURPOSES = ("service_information", "statistics", "entrust", "entrust_foreign:US")


def said(decision, at=NOON, *, items=("ecg",), purpose="statistics", recorded=None, subject="s", **rest):
    """One event."""
    recorded = at if recorded is None else recorded
    return Event(at, recorded, subject, decision, purpose, frozenset(items), POLICY.version, **rest)


def histories(most=8):
    """Up to so many events of the subject `s`, recorded one after the other, dated as they like."""
    one = st.tuples(
        st.sampled_from(["granted", "refused", "withdrawn"]),
        st.integers(-20, 20),
        st.frozensets(st.sampled_from(ITEMS), min_size=1),
        st.sampled_from(PURPOSES),
        st.sampled_from([("", ""), ("mother", "parent"), ("office", "guardian")]),
        st.sampled_from(["ja", "en"]),
        st.sampled_from(["", "command", "import:1"]),
        st.sampled_from(["", "ab" * 32]),
    )
    return st.lists(one, max_size=most).map(
        lambda rows: [
            said(
                decision,
                NOON + n + off,
                items=items,
                purpose=purpose,
                recorded=NOON + n,
                by=who[0],
                relation=who[1],
                language=language,
                origin=origin,
                notice_hash=shown,
            )
            for n, (decision, off, items, purpose, who, language, origin, shown) in enumerate(rows)
        ]
    )
