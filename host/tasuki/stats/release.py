"""Makes a release: contributions, noise, threshold, charge, record, log."""

import hashlib
import json
from collections import Counter
from typing import Any

from tasuki.audit import entries
from tasuki.audit.collecting import RELEASES
from tasuki.audit.log import AuditLog, Overtaken, Taken
from tasuki.errors import Refused
from tasuki.stats import mechanism
from tasuki.stats.book import Release, StatsBook
from tasuki.stats.contributions import Contributions
from tasuki.stats.measures import MEASURES
from tasuki.stats.mechanism import Noise
from tasuki.stats.query import COUNT, HISTOGRAM, Query
from tasuki.stats.sampling import discrete_laplace

_HOUR_NS = 3_600_000_000_000


def release(
    query: Query, book: StatsBook, contributions: Contributions, now_ns: int, noise: Noise = discrete_laplace
) -> Release:
    """The answer to a question, from the book when it was asked before.

    Refused("period_open") when its hours are not over yet: what came later would be missing from an answer
    that stays. Refused("budget_exhausted") as of `StatsBook.charge`.
    """
    known = book.known(query)
    if known:
        return known
    if query.span[1] * _HOUR_NS > now_ns:
        raise Refused("period_open", "the period is not over yet", "Ask for hours that have passed.")
    values = contributions.of(MEASURES[query.measure], query.span)
    return book.charge(query, len(values), lambda: answer(query, values, noise))


def answer(query: Query, values: list[float], noise: Noise = discrete_laplace) -> dict[str, Any]:
    """What may be said, as plain values; None stands for what is withheld because too few are behind it."""
    unit = MEASURES[query.measure].unit
    if query.what == COUNT:
        n = mechanism.count(len(values), query.epsilon, noise)
        return {"count": n, "within": mechanism.spread(query.epsilon)}
    if query.what == HISTOGRAM:
        held = Counter(mechanism.cell_of(value, query.edges) for value in values)
        cells = mechanism.histogram([held[n] for n in range(len(query.edges) - 1)], query.epsilon, noise)
        edges = [float(edge) for edge in query.edges]
        rows = zip(edges, edges[1:], cells, strict=False)
        told = [{"from": a, "to": b, "count": n} for a, b, n in rows]
        return {"unit": unit, "cells": told, "within": mechanism.spread(query.epsilon)}
    found = mechanism.mean(values, query.low, query.high, query.step, query.epsilon, noise)
    if found is None:
        return {"unit": unit, "mean": None, "count": None}
    return {"unit": unit, "mean": round(found.mean, 6), "count": found.count}


def log(book: StatsBook, audit: AuditLog) -> int:
    """Take releases into the audit log that it does not have; how many. Each comes once."""
    done = audit.collected(RELEASES)
    new = book.releases(done)
    made = [entries.text(RELEASES, one.id, entries.body(_entry(one))) for one in new]
    if not made:
        return 0
    names = [(f"release/{one.hash}/", place) for place, one in enumerate(new)]
    try:
        audit.append(made, names, Taken(RELEASES, done, new[-1].id))
    except Overtaken:
        return 0
    return len(made)


def _entry(one: Release) -> dict[str, Any]:
    """What the log says of a release: nothing that the answer does not say."""
    told = json.dumps(one.answer, sort_keys=True).encode()
    return {
        "type": "release",
        "at": one.at_ns // 1_000_000,
        "item": one.item,
        "year": one.year,
        "query": one.hash,
        "epsilon": str(one.epsilon),
        "delta": str(one.delta),
        "k": one.k,
        "contributors": contributors(one.answer),
        "answer": hashlib.sha256(told).hexdigest(),
    }


def contributors(told: dict[str, Any]) -> int | None:
    """The noisy number of contributors that an answer itself tells; None when it was withheld."""
    counts = [cell["count"] for cell in told.get("cells", [told])]
    known = [n for n in counts if n is not None]
    return sum(known) if known else None
