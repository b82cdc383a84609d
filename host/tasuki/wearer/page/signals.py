"""Stored signals as plots, drawn on the server from the blocks that the store has."""

from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from tasuki.view.plots import line_plot
from tasuki.wearer.holdings import signals
from tasuki.wearer.page import words
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit
from tasuki_wire import codec
from tasuki_wire.items import NAMES as MEASURED

_SMALLEST_SPAN = {"body_temperature": 1.0}
_BLOCKS, _HEIGHT = 6, 170
LONGEST_REMARK = 500


class Plot(NamedTuple):
    """One stream's newest blocks. last_ns: of the newest sample, Unix nanoseconds."""

    item: str
    kind: str
    stream: int
    last_ns: int
    start_ns: int
    number: int
    svg: Markup


def page(visit: Visit) -> Response:
    """All signals, the newest part of each."""
    remarks = visit.records.profiles.remarks(visit.subject)
    return visit.page("signals.html", plots=_plots(visit), remarks=remarks)


def part(visit: Visit) -> Response:
    """The plots alone, for the script that keeps them new."""
    return HTMLResponse(visit.site.renderer.page(visit, "plots.html", plots=_plots(visit)))


def remark(visit: Visit) -> Response:
    """Attach a correction to measured data; what the hub signed stays as it is (rule D-02)."""
    item, text = visit.form["item"], visit.form["text"]
    if item not in MEASURED or not 0 < len(text) <= LONGEST_REMARK:
        return missing(visit)
    t0, t1 = visit.form.number("from"), visit.form.number("to")
    visit.records.profiles.remark(visit.subject, item, min(t0, t1), max(t0, t1), text)
    return visit.go("/signals", "remarked")


def _plots(visit: Visit) -> list[Plot]:
    out = []
    for held in signals.held(visit.state, visit.subject):
        trace = signals.trace(visit.state, held, _BLOCKS)
        if trace is None:
            continue
        kind = str(codec.KINDS[trace.kind].name)
        name = visit.policy.words[held.item].in_(visit.language)
        label = visit.text("plot.label", item=name, unit=words.unit(trace.unit, visit.language) or "-")
        svg = line_plot(
            trace.time_s,
            trace.values,
            float(trace.time_s[-1]),
            held.item,
            _SMALLEST_SPAN.get(held.item, 1.0),
            _HEIGHT,
            label,
        )
        start, last = trace.start_ns, held.last_ns
        out.append(Plot(held.item, kind, held.stream, last, start, held.last_number, Markup(svg)))
    return out


PAGES = (
    Page("GET", "/signals", page, WEARERS),
    Page("GET", "/signals/plots", part, WEARERS),
    Page("POST", "/signals/remark", remark, WEARERS),
)
