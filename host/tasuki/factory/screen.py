"""How a line is told: a full screen for the operator, plain lines without a terminal, NDJSON for machines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tasuki.factory.order import Order
from tasuki.factory.station import Told
from tasuki.factory.words import word
from tasuki.trust.names import serial_text

# Okabe and Ito's palette for every kind of colour vision; shape and word say the same
_STYLES = {
    "running": "bold #56B4E9",
    "done": "bold black on #009E73",
    "failed": "bold white on #D55E00",
    "gone": "bold black on #F0E442",
    "empty": "dim",
}


class Teller(Protocol):
    """Tells events to a person or a program."""

    def tell(self, told: Told) -> None:
        """One event; called by one thread at a time."""


class Ndjson:
    """One JSON object per event and line."""

    def tell(self, told: Told) -> None:
        """Print it."""
        click.echo(json.dumps(told.row(), ensure_ascii=False))


class Lines:
    """A line per slot and step."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def tell(self, told: Told) -> None:
        """Print it."""
        click.echo(f"{told.slot}  {sentence(told, self._lang)}")


def sentence(told: Told, lang: str) -> str:
    """An event in words."""
    values = told.values
    serial = f"{serial_text(values['serial'])} " if values.get("serial") else ""
    if told.event != "end":
        return serial + word(told.event, lang)
    told_state = word(str(values["state"]), lang)
    if not values.get("cause"):
        return serial + told_state
    todo = word(str(values["action"]), lang)
    return f"{serial}{told_state}: {word(str(values['cause']), lang)} ({values['message']}) → {todo}"


class Board:
    """What the operator's screen shows: one row a slot, large words, and what to do."""

    def __init__(self, order: Order, lang: str) -> None:
        self._order, self._lang = order, lang
        self._slots: dict[str, Told] = {}
        self._done = 0

    def take(self, told: Told) -> None:
        """Remember what happened."""
        self._slots[told.slot] = told
        self._done += told.event == "end" and told.values["state"] == "done"

    def render(self) -> Group:
        """The screen."""
        values = {"order": self._order.id, "done": self._done, "quantity": self._order.quantity}
        table = Table(expand=True, show_lines=True, header_style="bold")
        for column in ("slot", "serial", "state", "todo"):
            table.add_column(word(column, self._lang))
        for slot in sorted(self._slots):
            table.add_row(*self._row(self._slots[slot]))
        title = Text(word("title", self._lang, values), style="bold", justify="center")
        return Group(Panel(title), table)

    def _row(self, told: Told) -> tuple[Text, ...]:
        values = told.values
        state = "running"
        todo, detail = word("wait", self._lang), word(told.event, self._lang)
        if told.event == "end":
            state = str(values["state"])
            todo = word(str(values["action"]), self._lang)
            detail = word(str(values["cause"]), self._lang) if values["cause"] else ""
        elif told.event == "empty":
            state, todo, detail = "empty", word("insert", self._lang), ""
        elif told.event == "scan":
            todo = word("scan_label", self._lang)
        serial = serial_text(values["serial"]) if values.get("serial") else ""
        shown = Text(f" {word(state, self._lang)} ", style=_STYLES[state])
        return Text(told.slot), Text(serial), shown.append(f"  {detail}", style="default"), Text(todo, "bold")


class Screen:
    """The board on a terminal, drawn anew at every event."""

    def __init__(self, board: Board, live: Live) -> None:
        self._board, self._live = board, live

    def tell(self, told: Told) -> None:
        """Show it."""
        self._board.take(told)
        self._live.update(self._board.render())


@contextmanager
def teller(as_json: bool, order: Order, lang: str) -> Iterator[Teller]:
    """What suits whoever reads standard output."""
    console = Console(highlight=False)
    if as_json or not console.is_terminal:
        yield Ndjson() if as_json else Lines(lang)
        return
    board = Board(order, lang)
    with Live(board.render(), console=console, screen=True, auto_refresh=True) as live:
        yield Screen(board, live)
