"""`tasuki keys`: where the vault's epoch keys are, and moving or changing them (docs/keys.md)."""

from pathlib import Path
from typing import Any

import click

from tasuki.capture.trust import vault as open_vault
from tasuki.cli.frame import print_json, state_option
from tasuki.vault.vault import Vault

_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def keys() -> None:
    """The keys that wrap every wearer's keys: where they are, and new ones.

    \b
    Example:
      tasuki keys show
      tasuki keys rotate --to keyring:tasuki
    """


@keys.command()
@_json
@state_option
def show(as_json: bool, state: Path) -> None:
    """Say where the epoch keys are made, how many there are, and what is wrong with the place.

    \b
    Example:
      tasuki keys show
    """
    found = open_vault(state)
    try:
        _tell(found, {}, as_json)
    finally:
        found.close()


@keys.command()
@click.option("--to", "spec", default="", help="A key store: file, file:FOLDER, keyring:SERVICE, pkcs11:...")
@_json
@state_option
def rotate(spec: str, as_json: bool, state: Path) -> None:
    """Make every epoch key anew and destroy the old ones, here or in another key store.

    No data is encrypted anew; what wrapped the wearers' keys is. Copies of the vault from before open
    nothing after this, so make a new backup. After a crash begin again.

    \b
    Example:
      tasuki keys rotate
      tasuki keys rotate --to file:/media/keys/tasuki
    """
    found = open_vault(state)
    try:
        buckets = found.rotate(spec)
        _tell(found, {"rotated": buckets}, as_json)
    finally:
        found.close()


def _tell(vault: Vault, more: dict[str, Any], as_json: bool) -> None:
    row = {
        "store": vault.key_store,
        "epoch_keys": vault.epoch_keys(),
        "to_destroy": vault.unfinished(),
        "warning": vault.warning,
        **more,
    }
    if as_json:
        print_json(row)
        return
    done = f", {more['rotated']} made anew" if more else ""
    click.echo(f"{row['epoch_keys']} epoch keys; new ones are made in {row['store']}{done}")
    if vault.warning:
        click.echo(f"warning: {vault.warning}; `tasuki keys rotate --to` moves them", err=True)
