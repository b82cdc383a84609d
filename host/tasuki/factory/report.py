"""What a line achieved: yield, causes of failure, units an hour, times per step and slot."""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from tasuki.factory import states
from tasuki.factory.journal import Journal, Unit
from tasuki.factory.words import word
from tasuki.trust.names import serial_text
from tasuki.view.markup import Markup, el, join
from tasuki.view.plots import line_plot

_MS_PER_H = 3_600_000


@dataclass
class Figures:
    """What was counted.

    Attributes:
        units: of the order, or all.
        first_pass: done without ever failing. failures: cause to how often, also of those that are done now.
        step_ms: state to the times that it took. slot_ms: slot to whole times from detected to done.
        done_at_ms: when units were done, in order.
    """

    units: Sequence[Unit] = ()
    done: int = 0
    failed: int = 0
    open: int = 0
    first_pass: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    step_ms: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    slot_ms: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    slot_failed: Counter[str] = field(default_factory=Counter)
    done_at_ms: list[int] = field(default_factory=list)
    began_ms: int = 0
    ended_ms: int = 0

    @property
    def per_hour(self) -> float:
        """Units done in an hour, over the time from the first hub to the last event."""
        return self.done * _MS_PER_H / max(1, self.ended_ms - self.began_ms) if self.done else 0.0

    def row(self) -> dict[str, Any]:
        """Plain values."""
        ended = self.done + self.failed
        return {
            "units": len(self.units),
            "done": self.done,
            "failed": self.failed,
            "open": self.open,
            "yield": round(self.done / ended, 4) if ended else None,
            "first_pass_yield": round(self.first_pass / ended, 4) if ended else None,
            "per_hour": round(self.per_hour, 1),
            "failures": dict(self.failures.most_common()),
            "step_ms": {name: _spread(times) for name, times in self.step_ms.items()},
            "slot_ms": {name: _spread(times) for name, times in sorted(self.slot_ms.items())},
        }

    def lines(self) -> list[str]:
        """For a terminal."""
        row = self.row()
        out = [
            f"{row['done']} done, {row['failed']} failed, {row['open']} open; {row['per_hour']:g} units/h",
            f"yield {_percent(row['yield'])}, at the first pass {_percent(row['first_pass_yield'])}",
        ]
        out += [f"failed by {cause}: {count}" for cause, count in row["failures"].items()]
        slow = sorted(row["step_ms"].items(), key=lambda item: -item[1]["median"])[:3]
        out += [f"step {name}: median {times['median']} ms" for name, times in slow]
        return out


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _spread(times: Sequence[int]) -> dict[str, float]:
    return {"count": len(times), "median": median(times), "most": max(times)}


def figures(journal: Journal, work: str | None = None) -> Figures:
    """Count a journal, or one order of it."""
    found = Figures(journal.units(work))
    chosen = {unit.device for unit in found.units}
    met: dict[str, tuple[int, str]] = {}
    bad: set[str] = set()
    for _, at_ms, kind, device, text in journal.events():
        if device not in chosen:
            continue
        detail = json.loads(text)
        found.began_ms = found.began_ms or at_ms
        found.ended_ms = at_ms
        if kind == "detected":
            met[device] = at_ms, detail["slot"]
        elif kind == states.FAILED:
            found.failures[detail["cause"]] += 1
            found.slot_failed[detail.get("slot", "")] += 1
            bad.add(device)
        elif kind in states.PLACE:
            if "took_ms" in detail:
                found.step_ms[kind].append(detail["took_ms"])
            if kind == "done":
                since, slot = met[device]
                found.slot_ms[slot].append(at_ms - since)
                found.done_at_ms.append(at_ms)
    for unit in found.units:
        found.done += unit.done
        found.failed += bool(unit.cause)
        found.open += not (unit.done or unit.cause)
        found.first_pass += unit.done and unit.device not in bad
    return found


def table(found: Figures, lang: str = "en") -> str:
    """All units as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["serial", "hub", "order", "state", "cause", "public_key"])
    for unit in found.units:
        serial = serial_text(unit.serial) if unit.serial is not None else ""
        writer.writerow([serial, unit.device, unit.work, unit.state, unit.cause, unit.public or ""])
    return out.getvalue()


def page(found: Figures, lang: str = "en") -> str:
    """One HTML file with plots, in light and dark, that loads nothing."""
    row = found.row()
    title = {"en": "Line report", "ja": "ライン報告"}[lang]
    head = {
        "en": ("Done over time", "Causes of failure", "Steps, ms", "Slots, ms"),
        "ja": ("完了数の推移", "不合格の原因", "工程 (ms)", "スロット (ms)"),
    }[lang]
    body = [
        el("h1", title),
        el("p", datetime.fromtimestamp(found.began_ms / 1000, UTC).isoformat(timespec="minutes")),
        el("p", " · ".join(found.lines()[:2]), class_="sum"),
        el("h2", head[0]),
        _done_plot(found),
        el("h2", head[1]),
        _pareto(found.failures, lang),
        el("h2", head[2]),
        _times(row["step_ms"], lang),
        el("h2", head[3]),
        _times(row["slot_ms"], lang),
    ]
    html = el(
        "html",
        el("head", el("meta", charset="utf-8"), el("title", title), el("style", Markup(_STYLE))),
        el("body", *body),
        lang=lang,
    )
    return f"<!doctype html>\n{html}\n"


_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1a1a1a, #eee); --bar: #0072B2; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink) }
svg { width: 100% } .line { fill: none; stroke: var(--bar); stroke-width: 2 }
.tick { font-size: 12px; fill: currentColor } .mid { text-anchor: middle } .end { text-anchor: end }
.rule { stroke: currentColor; stroke-opacity: .2 } .bar { fill: var(--bar) } .sum { font-weight: 600 }
td, th { text-align: left; padding: .2rem 1rem .2rem 0 }
"""


def _done_plot(found: Figures) -> Markup:
    at = np.array([(ms - found.began_ms) / 1000 for ms in found.done_at_ms], dtype=np.float64)
    count = np.arange(1, len(at) + 1, dtype=np.float64)
    return line_plot(at, count, max(1.0, (found.ended_ms - found.began_ms) / 1000), "units", 1.0)


def _pareto(failures: Counter[str], lang: str) -> Markup:
    """Bars, the most frequent first, with the share that all so far make up."""
    total, bars, so_far = sum(failures.values()), [], 0
    for n, (cause, count) in enumerate(failures.most_common()):
        so_far += count
        y = 26 * n
        text = f"{count}  ({100 * so_far / total:.0f} %)"
        width = 560 * count / failures.most_common(1)[0][1]
        bars += [
            el("text", word(cause, lang), x=230, y=y + 17, class_="tick end"),
            el("rect", x=240, y=y + 4, width=f"{width:.1f}", height=18, class_="bar"),
            el("text", text, x=f"{250 + width:.1f}", y=y + 17, class_="tick"),
        ]
    return el("svg", *bars, viewBox=f"0 0 1000 {26 * max(1, len(failures))}", role="img")


def _times(rows: dict[str, dict[str, float]], lang: str) -> Markup:
    cells = [
        el("tr", el("td", word(name, lang)), *(el("td", f"{value:g}") for value in times.values()))
        for name, times in rows.items()
    ]
    return el("table", el("tr", *(el("th", text) for text in ("", "n", "median", "max"))), join(*cells))
