"""Which tests show which rule of the policy: the marker `rule`, read in two ways.

    @pytest.mark.rule("A-01", "deny")                  # this test shows that A-01 refuses
    @pytest.mark.rule("P-05", "allow", "evidence")     # one test may show more than one side
    pytest.param(..., marks=pytest.mark.rule("T-03", "deny"))

`written` reads the test files without running them (packaging/rule_coverage.py keeps it as data in
the package); the plugin below reads what pytest collected and what really passed. tests/test_rule_coverage.py
holds the two and the data equal.
"""

import ast
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.consent.coverage import SIDES

ROOT = Path(__file__).resolve().parents[1]

Marks = dict[str, set[tuple[str, str]]]  # test id to (rule id, side)


def written(root: Path = ROOT) -> Marks:
    """The marks of all test files, by test id without parameters. ValueError for a mark that is none."""
    marks: Marks = defaultdict(set)
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.rule(" in text:
            for name, call in _marked(ast.parse(text).body):
                arguments = [ast.literal_eval(each) for each in call.args]
                marks[f"{path.relative_to(root).as_posix()}::{name}"] |= pairs(arguments)
    return dict(marks)


def pairs(arguments: list[str] | tuple[str, ...]) -> set[tuple[str, str]]:
    """(rule, side) of a marker's arguments; ValueError when a side is missing or unknown."""
    rule, *sides = arguments
    if not sides or not set(sides) <= set(SIDES):
        raise ValueError(f"mark.rule{tuple(arguments)}: a rule id and then one or more of {SIDES}")
    return {(rule, side) for side in sides}


def _marked(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.Call]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _marked(node.body, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for each in (part for decorator in node.decorator_list for part in ast.walk(decorator)):
                if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.rule":
                    yield prefix + node.name, each


class RuleMarks:
    """What this run collected and what passed in it.

    Attributes:
        collected: marks by test id, without parameters.
        files: the test files that were collected from.
        passed: test ids of which at least one set of parameters passed.
    """

    def __init__(self) -> None:
        self.collected: Marks = defaultdict(set)
        self.files: set[str] = set()
        self.passed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            name = item.nodeid.split("[")[0]
            self.files.add(name.split("::")[0])
            for mark in item.iter_markers("rule"):
                self.collected[name] |= pairs(mark.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid.split("[")[0])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In CI a run of all tests fails where one that the matrix counts did not pass."""
        config = session.config
        everything = config.args_source is config.ArgsSource.TESTPATHS
        worker = hasattr(config, "workerinput")
        if not os.environ.get("CI") or not everything or worker or config.option.collectonly:
            return
        absent = sorted(name for name in written() if name not in self.passed)
        if absent and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print("\ntests that show a rule, but did not pass in this run:", *absent, sep="\n  ")


def pytest_configure(config: pytest.Config) -> None:
    """Called by pytest."""
    config.pluginmanager.register(RuleMarks(), "rule-marks")
