"""Writes host/tasuki/consent/coverage.toml from the tests' markers; --check only compares.

python packaging/rule_coverage.py
python packaging/rule_coverage.py --check
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "protocol"), str(ROOT / "tests")]
from rule_marks import written  # noqa: E402
from tasuki.consent.coverage import SIDES  # noqa: E402

TARGET = ROOT / "host/tasuki/consent/coverage.toml"
HEAD = """\
# Rule of the policy to the tests that show it. Written by packaging/rule_coverage.py
# from the tests' markers; do not edit.
"""


def text() -> str:
    """The file's text."""
    shown: dict[str, dict[str, list[str]]] = {}
    for test, marks in sorted(written().items()):
        for rule, side in marks:
            shown.setdefault(rule, {}).setdefault(side, []).append(test)
    lines = [HEAD]
    for rule in sorted(shown):
        lines.append(f"[{rule}]")
        for side in SIDES:
            if tests := shown[rule].get(side):
                lines += [f"{side} = [", *(f'  "{test}",' for test in tests), "]"]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text("utf-8") != text():
            sys.exit("coverage.toml does not match the tests' markers: python packaging/rule_coverage.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        TARGET.write_text(text(), "utf-8")
