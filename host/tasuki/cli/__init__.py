"""The command `tasuki`: thin click commands, one module per group.

Exit codes: 0 well, 1 something failed, 2 wrong usage, 3 interrupted: the same command goes on.
"""

from typing import Any

import click

from tasuki import __version__
from tasuki.cli.frame import guarded
from tasuki.cli.lazy import LazyGroup

# Imported when called, so that --help and small commands start at once.
_COMMANDS = {
    "demo": ("tasuki.cli.demo", "demo"),
    "run": ("tasuki.cli.run", "run"),
    "record": ("tasuki.cli.run", "record"),
    "replay": ("tasuki.cli.replay", "replay"),
    "decode": ("tasuki.cli.captures", "decode"),
    "verify": ("tasuki.cli.captures", "verify"),
    "export": ("tasuki.cli.captures", "export"),
    "decrypt": ("tasuki.cli.captures", "decrypt"),
    "convert": ("tasuki.cli.convert", "convert"),
    "hub": ("tasuki.cli.hub", "hub"),
    "collect": ("tasuki.cli.collect", "collect"),
    "sink": ("tasuki.cli.sink", "sink"),
    "conformance": ("tasuki.cli.conformance", "conformance"),
    "fuzz": ("tasuki.cli.fuzz", "fuzz"),
    "audit": ("tasuki.cli.audit", "audit"),
    "policy": ("tasuki.cli.policy", "policy"),
    "consent": ("tasuki.cli.consent", "consent"),
    "stats": ("tasuki.cli.stats", "stats"),
    "factory": ("tasuki.cli.factory", "factory"),
    "serve": ("tasuki.cli.serve", "serve"),
    "officer": ("tasuki.cli.officer", "officer"),
    "filter": ("tasuki.cli.filter", "filter_"),
    "wearer": ("tasuki.cli.wearer", "wearer"),
    "keys": ("tasuki.cli.keys", "keys"),
}


@click.group(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
