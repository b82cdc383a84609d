"""Which hubs a command is for: the options that all commands for hubs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tasuki.cli.frame import state_option
from tasuki.fleet import ports
from tasuki.fleet.ports import Port

_OPTIONS = (
    click.option(
        "-p",
        "--port",
        "patterns",
        multiple=True,
        envvar="TASUKI_PORT",
        metavar="PORT",
        help="Port, or a glob of ports; may be repeated (also TASUKI_PORT).",
    ),
    click.option(
        "--port-filter",
        "filters",
        multiple=True,
        metavar="KEY=VALUE",
        help="Ports with this vid, pid (hexadecimal), serial or name; several with commas.",
    ),
    state_option,
)


def ports_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--port, --port-filter, --all and --state, for `select`."""
    command = click.option("--all", "every", is_flag=True, help="All hubs that are found.")(command)
    return _with_options(command)


def port_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--port, --port-filter and --state, for `select_one`."""
    return _with_options(command)


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def select(state: Path, patterns: tuple[str, ...], filters: tuple[str, ...], every: bool) -> list[Port]:
    """The ports that a person means; UsageError when that is none, or not clear."""
    return ports.chosen(ports.found(state), patterns, filters, every)


def select_one(state: Path, patterns: tuple[str, ...], filters: tuple[str, ...]) -> Port:
    """The one port that a person means."""
    return ports.one(select(state, patterns, filters, False))
