"""The command `tasuki`: thin click commands, one module per group.

Exit codes: 0 well, 1 something failed, 2 wrong usage.
"""

import importlib
from typing import Any

import click

from tasuki import __version__
from tasuki.cli.frame import guarded

# Imported when called, so that --help and small commands start at once.
_COMMANDS = {
    "demo": ("tasuki.cli.demo", "demo"),
    "run": ("tasuki.cli.run", "run"),
    "record": ("tasuki.cli.run", "record"),
    "replay": ("tasuki.cli.captures", "replay"),
    "decode": ("tasuki.cli.captures", "decode"),
    "verify": ("tasuki.cli.captures", "verify"),
    "export": ("tasuki.cli.captures", "export"),
    "hub": ("tasuki.cli.hub", "hub"),
    "audit": ("tasuki.cli.audit", "audit"),
    "policy": ("tasuki.cli.policy", "policy"),
    "consent": ("tasuki.cli.consent", "consent"),
    "filter": ("tasuki.cli.filter", "filter_"),
}


class _Lazy(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tasuki")
def cli() -> None:
    """A garment's signals from the hub to the store, signed, filtered and consented.

    \b
    Example:
      tasuki demo --seconds 60 --speed 10
    """


def main(args: list[str] | None = None) -> Any:
    """Entry point of the command."""
    return guarded(cli, args)
