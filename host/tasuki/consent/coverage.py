"""The coverage matrix: for every rule of the policy, the tests that show it.

Three sides: a test in which the rule lets something pass, one in which it refuses, one that looks at
the evidence it leaves. `coverage.toml` is written from the tests' own markers by
packaging/rule_coverage.py and shipped, so that the command answers from an installed package too;
tests/test_rule_coverage.py holds it equal to the tests that ran.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

ALLOW, DENY, EVIDENCE = SIDES = ("allow", "deny", "evidence")


@dataclass(frozen=True)
class Coverage:
    """One rule and what shows it.

    Attributes:
        rule: id.
        tests: side to test ids; a side without tests is there with none.
        no_allow: why no test can show this rule allowing; empty when one must.
    """

    rule: str
    tests: Mapping[str, tuple[str, ...]]
    no_allow: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Sides that nothing shows."""
        return tuple(side for side in SIDES if not self.tests[side] and not (side == ALLOW and self.no_allow))

    @property
    def score(self) -> int:
        """Sides that are shown, of three."""
        return len(SIDES) - len(self.missing)


def shipped() -> dict[str, dict[str, list[str]]]:
    """Rule id to side to test ids, as the package carries it."""
    text = resources.files("tasuki.consent").joinpath("coverage.toml").read_text("utf-8")
    return tomllib.loads(text)


def matrix(
    rules: Iterable[str], no_allow: Mapping[str, str], shown: Mapping[str, Mapping[str, Iterable[str]]]
) -> list[Coverage]:
    """One row per rule, in the order given. ValueError when a test shows a rule that is none."""
    rules = list(rules)
    if unknown := sorted(set(shown) - set(rules)):
        raise ValueError(f"tests show rules that the policy does not have: {', '.join(unknown)}")
    return [
        Coverage(
            rule,
            {side: tuple(shown.get(rule, {}).get(side, ())) for side in SIDES},
            no_allow.get(rule, ""),
        )
        for rule in rules
    ]
