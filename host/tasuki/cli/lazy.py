"""Groups whose commands are imported when they are called, so that small commands start at once."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

Table = Mapping[str, tuple[str, str]]


class LazyGroup(click.Group):
    """A group that knows its commands by {name: (module, attribute)}."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the table's order."""
        return list(self._table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One of them, imported now."""
        if name not in self._table:
            return None
        module, attribute = self._table[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
