"""How items, purposes and states are called when a wearer reads them, English and Japanese.

Items and purposes have the policy's own words; here is what the policy has none for.
"""

from collections.abc import Iterable

from tasuki.consent.policy import Policy

LANGUAGES = ("en", "ja")

_WORDS = {
    # separate consents
    "entrust": ("entrusting to a processor", "業務委託先への委託"),
    "entrust_foreign": ("entrusting to a processor abroad", "外国にある業務委託先への委託"),
    "module": ("module of another company", "他社のモジュール"),
    # states
    "granted": ("granted", "同意"),
    "refused": ("refused", "拒否"),
    "withdrawn": ("withdrawn", "撤回"),
    "never": ("never asked", "未確認"),
}


def word(policy: Policy, name: str, language: str) -> str:
    """What a person reads for a name; the name itself where there is no better word."""
    head, _, detail = name.partition(":")
    if head in policy.words:
        return str(policy.words[head].in_(language))
    if head not in _WORDS:
        return name
    text = _WORDS[head][LANGUAGES.index(language)]
    return f"{text}: {detail}" if detail else text


def listed(policy: Policy, names: Iterable[str], language: str) -> str:
    """Several of them in one line."""
    return ("、" if language == "ja" else ", ").join(word(policy, name, language) for name in names)
