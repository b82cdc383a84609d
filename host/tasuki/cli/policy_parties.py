"""`tasuki policy parties`: the register of processors, modules and operators."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from nacl.public import PrivateKey

from tasuki.cli.frame import print_json, state_option
from tasuki.consent import parties_file
from tasuki.consent.parties import chain, standing
from tasuki.consent.parties_file import Parties
from tasuki.consent.party_book import PARTIES, registered
from tasuki.consent.policy import builtin
from tasuki.consent.stretch import Dated, Stretch
from tasuki.errors import UsageError
from tasuki.vault import keyfiles

_FILE = click.Path(path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def parties() -> None:
    """Who outside of the service may get anything: the file parties.toml in the state folder.

    Without the file nobody does. A running host notices when it changes; one that it cannot use stops
    everything that would leave for outside parties, until it is whole again.

    \b
    Example:
      tasuki policy parties show
    """


@parties.command()
@click.argument("file", type=_FILE, required=False)
@_JSON
@state_option
def show(file: Path | None, as_json: bool, state: Path) -> None:
    """Who is registered, for what, and what speaks against it now.

    FILE instead of the state folder's.

    \b
    Example:
      tasuki policy parties show --json
    """
    found = as_data(_read(file, state))
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_lines(found)))


@parties.command()
@click.argument("file", type=_FILE, required=False)
@state_option
def check(file: Path | None, state: Path) -> None:
    """Say whether a register can be used: FILE, or the state folder's.

    \b
    Example:
      tasuki policy parties check draft.toml
    """
    found = _read(file, state)
    n = len(found.processors), len(found.modules), len(found.operators), len(found.destinations)
    click.echo("good: {} processors, {} modules, {} operators, {} destinations".format(*n))


@parties.command()
@click.option("-o", "--output", type=_FILE, help="Write a new file instead of printing it.")
def example(output: Path | None) -> None:
    """A register to begin with, with every key that there is.

    \b
    Example:
      tasuki policy parties example -o draft.toml
    """
    text = parties_file.example_text()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{output} exists", "Give another name, or move it away.") from None
    click.echo(f"{output}: fill it in, check it, and move it to the state folder as {PARTIES}.")


@parties.command()
@click.option("-o", "--output", type=_FILE, required=True, help="The private key, a new file.")
def key(output: Path) -> None:
    """Make a recipient's key, at the recipient's; prints the public half for the register.

    \b
    Example:
      tasuki policy parties key -o kanto.key
    """
    if output.exists():
        raise UsageError(f"{output} exists", "Give another name, or move it away.")
    click.echo(bytes(PrivateKey(keyfiles.create(output).reveal()).public_key).hex())


def as_data(found: Parties) -> dict[str, Any]:
    """What a register says, and what speaks against each entry at this moment (a reason code)."""
    stretch = Stretch(time.time_ns())
    processors = {one.name: one for one in found.processors}
    return {
        "processors": [
            {
                "name": one.name,
                "country": one.country,
                "basis": one.basis,
                "fields": {purpose: sorted(items) for purpose, items in one.fields.items()},
                "subprocessors": list(one.subprocessors),
                "key": one.key.hex(),
                "against": _against(processors, one.name, stretch),
            }
            for one in found.processors
        ],
        "modules": [
            {
                "name": one.name,
                "vendor": one.vendor,
                "country": one.country,
                "items": sorted(one.items),
                "purposes": sorted(one.purposes),
                "key": one.key.hex(),
                "against": _over(one.dated, stretch, "module_not_registered"),
            }
            for one in found.modules
        ],
        "operators": [
            {
                "name": name,
                "role": next((one.role for one in found.approvers if one.name == name), ""),
                "until": _day(dated.until_ns),
                "against": _over(dated, stretch, "operator_untrained"),
            }
            for name, dated in found.operators.items()
        ],
        "destinations": [
            {"name": one.name, "kind": one.kind, "purpose": one.purpose, "form": one.form, "party": one.party}
            for one in found.destinations
        ],
    }


def _against(processors: dict[str, Any], name: str, stretch: Stretch) -> str:
    """The first reason code against a processor or one behind it; empty when none."""
    return next(
        (
            code
            for one in chain(processors, name)
            if (code := standing(one, stretch) if one else "subprocessor_not_registered")
        ),
        "",
    )


def _over(dated: Dated, stretch: Stretch, code: str) -> str:
    return "" if stretch.within(dated) else code


def _read(file: Path | None, state: Path) -> Parties:
    path = file or state / PARTIES
    if file is None and not path.exists():
        raise UsageError(
            f"{state} has no {PARTIES}, so nobody outside gets anything",
            "`tasuki policy parties example` prints one to begin with.",
        )
    return registered(path, builtin())


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for one in found["processors"]:
        fields = "; ".join(f"{purpose}: {', '.join(items)}" for purpose, items in one["fields"].items())
        lines.append(
            f"processor    {one['name']:<22} {one['country']}  {one['against'] or 'good':<22} {fields}"
        )
    for one in found["modules"]:
        lines.append(
            f"module       {one['name']:<22} {one['country']}  {one['against'] or 'good':<22} "
            f"{', '.join(one['purposes'])}: {', '.join(one['items'])}"
        )
    for one in found["operators"]:
        role = f", signs tickets as {one['role']}" if one["role"] else ""
        lines.append(
            f"operator     {one['name']:<26} {one['against'] or 'good':<22} until {one['until']}{role}"
        )
    for one in found["destinations"]:
        lines.append(f"destination  {one['name']:<26} {one['form']:<22} {one['purpose']}, {one['party']}")
    return lines or ["nobody is registered"]


def _day(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).date().isoformat()
