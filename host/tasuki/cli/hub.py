"""`tasuki hub`: one module per family of commands, imported when one is called."""

import click

from tasuki.cli.lazy import LazyGroup

_COMMANDS = {
    "list": ("tasuki.cli.hub_list", "list_"),
    "spawn": ("tasuki.cli.hub_spawn", "spawn"),
    "image": ("tasuki.cli.hub_image", "image"),
    "flash": ("tasuki.cli.hub_flash", "flash"),
    "test": ("tasuki.cli.hub_test", "test"),
    "package": ("tasuki.cli.hub_image", "package_"),
    "exec": ("tasuki.cli.hub_use", "exec_"),
    "run": ("tasuki.cli.hub_use", "run"),
    "cp": ("tasuki.cli.hub_use", "cp"),
    "ls": ("tasuki.cli.hub_use", "ls"),
    "repl": ("tasuki.cli.hub_use", "repl"),
    "reset": ("tasuki.cli.hub_use", "reset"),
    "monitor": ("tasuki.cli.hub_monitor", "monitor"),
    "log": ("tasuki.cli.hub_monitor", "log"),
    "enroll": ("tasuki.cli.hub_enroll", "enroll"),
    "rotate": ("tasuki.cli.hub_enroll", "rotate"),
    "calibrate": ("tasuki.cli.hub_enroll", "calibrate"),
    "key": ("tasuki.cli.hub_care", "key"),
    "anchors": ("tasuki.cli.hub_anchors", "anchors"),
    "bundle": ("tasuki.cli.hub_care", "bundle"),
    "update": ("tasuki.cli.hub_care", "update"),
    "lock": ("tasuki.cli.hub_care", "lock"),
    "unlock": ("tasuki.cli.hub_care", "unlock"),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def hub() -> None:
    """Hubs on the bench, one or all of them.

    \b
    Example:
      tasuki hub spawn --count 2
      tasuki hub list
      tasuki hub flash --all
    """
