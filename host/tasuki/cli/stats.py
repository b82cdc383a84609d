"""`tasuki stats`: statistics that identify nobody, and what they cost."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from tasuki.cli.frame import print_json, state_option
from tasuki.errors import UsageError
from tasuki.session.state import State
from tasuki.sinks import config
from tasuki.stats import opendp_noise, sampling
from tasuki.stats.book import Release, StatsBook
from tasuki.stats.contributions import Contributions
from tasuki.stats.measures import MEASURES
from tasuki.stats.query import COUNT, HISTOGRAM, MEAN, Query
from tasuki.stats.release import log, release
from tasuki.stats.stores import EmbeddedBlocks, Store

_ITEMS = tuple(dict.fromkeys(measure.item for measure in MEASURES.values()))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def number(text: str | Fraction) -> Fraction:
    """A number as a fraction, so that 0.1 is 1/10."""
    return Fraction(text)


_MEASURE = click.option("--measure", required=True, type=click.Choice(list(MEASURES)), metavar="MEASURE",
                        help=f"One of {', '.join(MEASURES)}.")  # fmt: skip


def _question(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every question has."""
    time_ = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H"])
    for option in (
        state_option,
        _JSON,
        click.option("--opendp", is_flag=True, help="Draw the noise with OpenDP."),
        click.option("--store", default=config.EMBEDDED, help="A PostgreSQL sink of sinks.toml instead."),
        click.option("--epsilon", type=number, default="1", show_default=True, help="What it may cost."),
        click.option("--until", type=time_, required=True, help="Up to before this day or hour (UTC)."),
        click.option("--since", type=time_, required=True, help="From this day or hour (UTC) on."),
    ):
        command = option(command)
    return command


@click.group()
def stats() -> None:
    """Counts, means and histograms of consenting wearers: at least 10 in a cell, with noise, on a budget.

    An item in a year is a data set, with one budget for all that is ever asked of it. Every answer is
    recorded; the same question gets the same answer again, and costs nothing.

    \b
    Example:
      tasuki stats count --item ecg --since 2026-10-01 --until 2026-11-01
    """


@stats.command()
@click.option("--item", required=True, type=click.Choice(_ITEMS), help="Of which there is a signal.")
@_question
def count(item: str, **rest: Any) -> None:
    """How many wearers there is a signal of.

    \b
    Example:
      tasuki stats count --item ecg --since 2026-10-01 --until 2026-11-01 --epsilon 0.5
    """
    _ask(COUNT, item, {}, **rest)


@stats.command()
@_MEASURE
@click.option("--low", type=number, required=True, help="Smaller numbers count as this one.")
@click.option("--high", type=number, required=True, help="Larger numbers count as this one.")
@click.option("--step", type=number, required=True, help="Numbers are put on a grid of this.")
@_question
def mean(measure: str, low: Fraction, high: Fraction, step: Fraction, **rest: Any) -> None:
    """The mean of one number per wearer, between bounds that you state.

    \b
    Example:
      tasuki stats mean --measure skin_temperature --low 28 --high 38 --step 0.1 --since 2026-10-01 \\
        --until 2026-11-01
    """
    _ask(MEAN, measure, {"low": low, "high": high, "step": step}, **rest)


@stats.command()
@_MEASURE
@click.option(
    "--edges", required=True, help="Of the cells, rising, with commas; what is outside is in the end cells."
)
@_question
def histogram(measure: str, edges: str, **rest: Any) -> None:
    """How many wearers lie in each cell.

    \b
    Example:
      tasuki stats histogram --measure heart_rate --edges 40,60,80,100,140 --since 2026-10-01 \\
        --until 2026-11-01
    """
    try:
        rising = tuple(number(edge.strip()) for edge in edges.split(","))
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{edges!r} are no numbers", "Write them like 40,60,80.") from None
    _ask(HISTOGRAM, measure, {"edges": rising}, **rest)


@stats.command()
@click.option("--item", required=True, type=click.Choice(_ITEMS), help="With the year, the data set.")
@click.option("--year", required=True, type=click.IntRange(2000, 9999), help="Of the data (UTC).")
@click.option(
    "--epsilon", type=number, help="Set what all of it may cost; after the first release only less."
)
@_JSON
@state_option
def budget(item: str, year: int, epsilon: Fraction | None, as_json: bool, state: Path) -> None:
    """What a data set has spent and may still spend.

    \b
    Example:
      tasuki stats budget --item ecg --year 2026
    """
    with _book(state) as book:
        if epsilon is not None:
            book.set_limit(item, year, epsilon)
        limit, (spent, delta) = book.limit(item, year), book.spent(item, year)
    found = {
        "item": item,
        "year": year,
        "epsilon": float(limit),
        "spent": float(spent),
        "left": float(limit - spent),
        "delta": float(delta),
    }
    if as_json:
        print_json(found)
    else:
        click.echo(f"{item} {year}: {found['spent']:g} of {found['epsilon']:g} spent, {found['left']:g} left")


@stats.command()
@_JSON
@state_option
def show(as_json: bool, state: Path) -> None:
    """Every release: what was asked, what it cost, what was answered.

    \b
    Example:
      tasuki stats show --json
    """
    with _book(state) as book:
        releases = book.releases()
    if as_json:
        print_json({"releases": [_as_data(one) for one in releases]})
    elif not releases:
        click.echo("nothing was released")
    for one in [] if as_json else releases:
        click.echo("\n".join(_lines(one)))


def _ask(
    what: str,
    measure: str,
    more: dict[str, Any],
    since: datetime,
    until: datetime,
    epsilon: Fraction,
    store: str,
    opendp: bool,
    as_json: bool,
    state: Path,
) -> None:
    query = Query(what, measure, (_hour(since), _hour(until)), epsilon, **more)
    if not (state / "store.db").exists():
        raise UsageError(f"{state} has no store", "Give the state folder of a run.")
    noise = opendp_noise.discrete_laplace if opendp else sampling.discrete_laplace
    with State(state) as opened, _book(state) as book, _store(store, state) as blocks:
        found = release(
            query, book, Contributions(blocks, opened.engine, opened.vault), time.time_ns(), noise
        )
        log(book, opened.audit)
    if as_json:
        print_json(_as_data(found))
    else:
        click.echo("\n".join(_lines(found)))


@contextlib.contextmanager
def _book(state: Path) -> Iterator[StatsBook]:
    if not state.is_dir():
        raise UsageError(f"there is no state folder {state}", "Run a hub first, or give --state FOLDER.")
    with contextlib.closing(StatsBook(state / "stats.db")) as book:
        yield book


@contextlib.contextmanager
def _store(name: str, state: Path) -> Iterator[Store]:
    """The embedded store, or the tables behind a PostgreSQL sink."""
    if name == config.EMBEDDED:
        with contextlib.closing(EmbeddedBlocks(state / "store.db")) as embedded:
            yield embedded
        return
    place = config.read(state / config.FILE).places.get(name)
    if not isinstance(place, config.PostgresPlace):
        raise UsageError(f"{name} is no PostgreSQL sink of {config.FILE}", "Leave out --store, or add it.")
    config.need(config.POSTGRES)
    from tasuki.stats.postgres import PostgresBlocks

    with contextlib.closing(PostgresBlocks(place.connection)) as tables:
        yield tables


def _hour(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp()) // 3600


def _as_data(one: Release) -> dict[str, Any]:
    return {
        "query": json.loads(one.query),
        "hash": one.hash,
        "at": _iso(one.at_ns // 10**9),
        "item": one.item,
        "year": one.year,
        "epsilon": float(one.epsilon),
        "delta": float(one.delta),
        "k": one.k,
        "answer": one.answer,
    }


def _lines(one: Release) -> list[str]:
    query, told = json.loads(one.query), one.answer
    since, until = (_iso(hour * 3600) for hour in query["hours"])
    lines = [f"{query['what']} of {query['measure']}, {since} to {until}, epsilon {float(one.epsilon):g}"]
    few = f"withheld: too few wearers ({one.k} and a margin for the noise are needed)"
    within = f" ± {told['within']} (95 %)" if "within" in told else ""
    if "cells" in told:
        for cell in told["cells"]:
            n = "withheld" if cell["count"] is None else f"{cell['count']}{within}"
            lines.append(f"  {cell['from']:g} to {cell['to']:g} {told['unit']}: {n}")
    elif told["count"] is None:
        lines.append(f"  {few}")
    elif "mean" in told:
        lines.append(f"  {told['mean']:g} {told['unit']}, of about {told['count']} wearers")
    else:
        lines.append(f"  {told['count']}{within} wearers")
    return lines


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
