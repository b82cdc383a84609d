"""The command group `tasuki sink`: setting up broker and database, and looking whether they answer."""

from pathlib import Path

import click

from tasuki.cli.frame import print_json, state_option
from tasuki.consent import party_book
from tasuki.consent.policy import builtin
from tasuki.consent.registers import Registers
from tasuki.errors import TasukiError
from tasuki.sinks import config
from tasuki.vault.service_keys import ServiceKeys
from tasuki.vault.vault import Vault

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def sink() -> None:
    """Where blocks go beside the embedded store: brokers and databases, by sinks.toml.

    \b
    Example:
      tasuki sink check
    """


@sink.command()
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder."
)
@click.option("--gateway", multiple=True, required=True, help="Name in a gateway's certificate; repeat it.")
@click.option("--collector", multiple=True, required=True, help="Name in a collector's; repeat it.")
@click.option("--parties", type=_FILE, help="Register of processors (TOML): who may read what.")
@click.option("--tenant", default="tasuki", show_default=True, help="First level of all topics.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8883, show_default=True)
def mosquitto(
    output: Path,
    gateway: tuple[str, ...],
    collector: tuple[str, ...],
    parties: Path | None,
    tenant: str,
    port: int,
) -> None:
    """Write mosquitto.conf and its ACL file: TLS with client certificates, queues with limits.

    Make them anew whenever the register changes, and let mosquitto read them (SIGHUP).

    \b
    Example:
      tasuki sink mosquitto -o /etc/mosquitto/tasuki --gateway gateway-1 --collector collector-1
    """
    from tasuki.sinks import mosquitto as made

    registers = Registers()
    if parties:
        party_book.registered(parties, builtin()).register(registers)
    folder = output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mosquitto.conf").write_text(made.configuration(folder, port), "utf-8")
    (folder / "acl").write_text(made.acl(registers, tenant, gateway, collector), "utf-8")
    click.echo(
        f"{folder / 'mosquitto.conf'} and acl written; put ca.pem, broker.pem and broker.key beside them"
    )


@sink.command()
@click.option("-o", "--output", type=_FILE, help="Write it to this file instead.")
def postgres(output: Path | None) -> None:
    """Print the SQL that makes tables, roles and row-level security; running it twice changes nothing.

    \b
    Example:
      tasuki sink postgres -o schema.sql
    """
    config.need(config.POSTGRES)
    from tasuki.sinks import tables

    text = tables.schema(builtin())
    if output:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)


@sink.command()
@state_option
def key(state: Path) -> None:
    """Print this machine's public key, for the other side's sinks.toml.

    By a gateway's, collectors know its tombstones and orders to erase ([collect] gateways); by a
    collector's, gateways know what it acknowledges (`collectors` of the broker).

    \b
    Example:
      tasuki sink key
    """
    click.echo(ServiceKeys(state / "keys", "tasuki").signer("attestation").public.hex())


@sink.command()
@state_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(state: Path, as_json: bool) -> None:
    """Try every sink of sinks.toml. Exit code 1 when one cannot be used, with a sentence for each.

    \b
    Example:
      tasuki sink check
    """
    read = config.read(state / config.FILE)
    vault = Vault(state)
    said = {}
    for name, place in read.places.items():
        try:
            made = config.open_sink(place, vault)
            try:
                made.check()
            finally:
                made.close()
            said[name] = ""
        except TasukiError as e:
            said[name] = f"{e}. {e.hint}"
    vault.close()
    goes = {name: sorted(d for d, to in read.route.items() if to == name) for name in said}
    if as_json:
        print_json({name: {"error": why or None, "destinations": goes[name]} for name, why in said.items()})
    else:
        for name, why in said.items():
            click.echo(f"{name}: {why or 'answers'} (for {', '.join(goes[name]) or 'nothing'})")
        if not said:
            click.echo("the embedded store only: there is no sinks.toml")
    if any(said.values()):
        raise click.exceptions.Exit(1)
