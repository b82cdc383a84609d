"""A withdrawal while 100,000 wearers are loaded: what it costs beside the durable commit."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tasuki.consent.book import ConsentBook
from tasuki.consent.events import Event

WEARERS = 100_000
ITEMS = frozenset({"ecg", "respiration", "body_temperature", "body_motion", "subjective"})
PURPOSE = "service_information"


class _NoDisk:
    """Answers like the database and writes nothing, so that what is left is ours."""

    in_transaction = False

    def __init__(self, version: int) -> None:
        self._version = version
        self._numbers = count(WEARERS + 1)

    @property
    def lastrowid(self) -> int:
        return next(self._numbers)

    def execute(self, sql: str, row: object = ()) -> "_NoDisk":
        return self

    def fetchone(self) -> tuple[int]:
        return (self._version,)


def event(decision: str, name: str) -> Event:
    now = time.time_ns()
    return Event(now, now, name, decision, PURPOSE, ITEMS, "2026-1")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentBook]:
    """A book in which each wearer granted once and was asked for once."""
    path: Path = tmp_path_factory.mktemp("book") / "consent.db"
    opened = ConsentBook(path)
    opened.say_all(event("granted", f"wearer{n}") for n in range(WEARERS))
    for n in range(WEARERS):
        opened.log.span(f"wearer{n}", "ecg", PURPOSE, time.time_ns())
    yield opened
    opened.close()


def withdrawing(book: ConsentBook) -> Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]:
    """Another wearer each time."""
    numbers = count()
    return lambda: ((book, event("withdrawn", f"wearer{next(numbers) * 37 % WEARERS}")), {})


def withdraw_and_ask(book: ConsentBook, said: Event) -> str:
    recorded = book.say(said)
    return book.log.span(said.subject, "ecg", PURPOSE, recorded.recorded_ns).state


def test_withdrawal_durable(benchmark: Any, book: ConsentBook) -> None:
    state = benchmark.pedantic(withdraw_and_ask, setup=withdrawing(book), rounds=300)
    assert state == "withdrawn"


def test_withdrawal_beside_the_commit(
    benchmark: Any, book: ConsentBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call and the very next question, with a database that writes nothing."""
    monkeypatch.setattr(book, "_db", _NoDisk(book._seen))
    state = benchmark.pedantic(withdraw_and_ask, setup=withdrawing(book), rounds=5000)
    assert state == "withdrawn"


def test_refresh_without_news(benchmark: Any, book: ConsentBook) -> None:
    assert benchmark(book.refresh) is False
