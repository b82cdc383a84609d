"""Results of many hubs as JUnit XML, which every build server reads, and as lines for people."""

from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree as Xml

from tasuki.fleet.crew import Turn
from tasuki.fleet.selftest.results import FAIL, NOT_APPLICABLE, Result


def junit(turns: Sequence[Turn]) -> bytes:
    """A suite per hub and a case per item; a hub that could not be tested is a suite with an error."""
    root = Xml.Element("testsuites", name="tasuki hub test")
    for turn in turns:
        results = of(turn)
        suite = Xml.SubElement(root, "testsuite", name=turn.port.location, hostname=turn.port.path)
        for result in results:
            _case(suite, turn.port.location, result)
        if turn.failed and not any(result.outcome == FAIL for result in results):
            case = Xml.SubElement(suite, "testcase", classname=turn.port.location, name="turn")
            Xml.SubElement(case, "error", type=turn.state, message=turn.reason).text = turn.way_out
        _count(suite)
    _count(root)
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: Xml.Element, place: str, result: Result) -> None:
    case = Xml.SubElement(suite, "testcase", classname=place, name=result.item)
    told = "; ".join(_measured(result))
    if result.outcome == FAIL:
        Xml.SubElement(case, "failure", message=result.reason).text = told
    elif result.outcome == NOT_APPLICABLE:
        Xml.SubElement(case, "skipped", message=result.reason)
    if told:
        Xml.SubElement(case, "system-out").text = told


def _measured(result: Result) -> Iterator[str]:
    if result.value is not None:
        yield f"measured {result.value} {result.unit}".rstrip()
    if result.limit:
        yield f"limit {result.limit}"


def _count(element: Xml.Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(list(element.iter(tag)))))


def of(turn: Turn) -> list[Result]:
    """The results in a turn's values."""
    return [Result(**row) for row in turn.values.get("results", ())]


def lines(results: Sequence[Result], brief: bool = False) -> Iterator[str]:
    """A table: item, outcome, value, limit, and why; what does not apply is gathered by its reason.

    brief: say only how many do not apply.
    """
    shown = [result for result in results if result.outcome != NOT_APPLICABLE]
    cells = [(r.item, r.outcome, _value(r), r.limit, r.reason) for r in shown]
    yield from _columns([("item", "outcome", "value", "limit", ""), *cells])
    aside: dict[str, list[str]] = {}
    for result in results:
        if result.outcome == NOT_APPLICABLE:
            aside.setdefault(result.reason, []).append(result.item)
    for reason, items in aside.items():
        yield f"  not applicable ({reason}): {f'{len(items)} items' if brief else ', '.join(items)}"


def _value(result: Result) -> str:
    return "" if result.value is None else f"{result.value} {result.unit}".rstrip()


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    rows = list(rows)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield ("  " + "  ".join(cells)).rstrip()
