"""`tasuki factory trust` and `revocations`: what this host takes from makers."""

from pathlib import Path

import click

from tasuki.cli.factory_frame import PATH, json_option
from tasuki.cli.frame import print_json, read_bytes, state_option
from tasuki.factory import after
from tasuki.session.state import State


@click.command()
@click.argument("file", type=PATH)
@click.option("--development", is_flag=True, help="Also trust its development hubs, which are not locked.")
@state_option
def trust(file: Path, development: bool, state: Path) -> None:
    """Trust the root in FILE: `tasuki run` takes hubs whose certificates lead to it.

    \b
    Example:
      tasuki factory trust root.pem
    """
    with State(state) as opened:
        root = opened.anchors.trust(read_bytes(file), development)
    click.echo(f"{root.subject.rfc4514_string()} is trusted here")


@click.command()
@click.option("-o", "--output", type=PATH, help="Write it here, too.")
@state_option
def authority(output: Path | None, state: Path) -> None:
    """Print the public key of this host's consent authority, which a station pins in its hubs.

    \b
    Example:
      tasuki factory authority -o authority.pub
    """
    with State(state) as opened:
        public = opened.vault.signer("authority").public.hex()
    if output:
        output.write_text(public + "\n")
    click.echo(public)


@click.command()
@click.argument("file", type=PATH, required=False)
@state_option
@json_option
def revocations(file: Path | None, state: Path, as_json: bool) -> None:
    """Take the signed list FILE of revoked hubs, or show the one that is kept.

    It counts at once, also for a `tasuki run` that is under way.

    \b
    Example:
      tasuki factory revocations revocations.json
    """
    with State(state) as opened:
        if file:
            opened.anchors.take(read_bytes(file).decode("utf-8", "replace"))
        found = opened.anchors.revocations()
    if as_json:
        print_json({"number": found.number, "revoked": after.rows(found)})
        return
    click.echo(f"list {found.number} revokes {len(found.rows)}")
    for row in found.rows:
        click.echo(f"  {row.name or row.certificate[:16]}: {row.reason}")
