"""`tasuki factory export` and `import`: the hubs of a line, for brokers, clouds and hosts."""

from pathlib import Path
from typing import Any

import click

from tasuki import durable
from tasuki.cli.factory_frame import PATH, journal_of, station_option
from tasuki.cli.frame import print_json, read_bytes, state_option
from tasuki.errors import UsageError
from tasuki.factory import folder, manifest
from tasuki.session.state import State


@click.command()
@station_option
@click.option("--order", "work", help="Only this order.")
@click.option("-o", "--output", type=PATH, required=True, help="The manifest: .json or .csv.")
@click.option("--ca", type=PATH, help="Write the bundle of CAs, as brokers take it, here.")
def export(station: Path, work: str | None, output: Path, ca: Path | None) -> None:
    """Write the hubs that are done, with their certificates; revoked ones are left out.

    \b
    Example:
      tasuki factory export --station line1 --order A-17 -o a17.json --ca ca.pem
    """
    chain, root = folder.read_chain(station)
    with journal_of(station) as journal:
        found = manifest.of_journal(journal, chain, root, work)
    durable.replace(output, (found.csv() if output.suffix == ".csv" else found.json()).encode())
    if ca:
        durable.replace(ca, found.authorities().encode())
    click.echo(f"{output} has {len(found.rows)} hubs")


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--ca", type=PATH, help="The bundle of CAs that belongs to a CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@state_option
def import_(file: Path, ca: Path | None, as_json: bool, state: Path) -> int:
    """Let this host know the hubs of the manifest FILE, as far as their certificates hold.

    The maker's root must be trusted first. Exit code 1 when a hub was left out.

    \b
    Example:
      tasuki factory trust root.pem
      tasuki factory import a17.json
    """
    text = read_bytes(file).decode("utf-8", "replace")
    if not ca and not text.lstrip().startswith("{"):
        raise UsageError("a CSV needs its bundle of CAs", "Give it with --ca.")
    found = manifest.read(text, read_bytes(ca).decode("utf-8", "replace") if ca else "")
    with State(state) as opened:
        done: dict[str, Any] = dict(manifest.import_(found, opened))
    if as_json:
        print_json(done)
    else:
        click.echo(f"{len(done['entered'])} hubs are known here")
        for serial, why in done["refused"].items():
            click.echo(f"left out: {serial}: {why}", err=True)
    return 1 if done["refused"] else 0
