"""`tasuki factory revoke|revoke-issuer|rotate|bind`: what happens to a hub after the line."""

import time
from pathlib import Path

import click

from tasuki.cli.factory_frame import PATH, journal_of, json_option, opened, secret_option, station_option
from tasuki.cli.factory_units import meant, unit_argument
from tasuki.cli.frame import print_json, read_bytes
from tasuki.factory import after
from tasuki.trust import certificates, revocations

_orders = click.option("--orders", type=PATH, required=True, help="Folder of the order key.")
_list = click.option(
    "-o", "--list", "file", type=PATH, required=True, help="The signed list, which is continued."
)
_reason = click.option(
    "--reason", type=click.Choice(revocations.REASONS), required=True, help="Why; hosts are told."
)


@click.command()
@unit_argument
@station_option
@_orders
@_reason
@_list
@secret_option
@json_option
def revoke(
    name: str,
    station: Path,
    orders: Path,
    reason: str,
    file: Path,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Revoke the hub SERIAL: sign it onto the list that hosts take. Decommissioning is one of the reasons.

    \b
    Example:
      tasuki factory revoke 1003 --station line1 --orders orders --reason stolen -o revocations.json
    """
    with opened(orders, "orders", secret_file) as signer, journal_of(station) as journal:
        found = after.revoke(journal, meant(journal, name), reason, signer, file)
    _tell(found, file, as_json)


@click.command("revoke-issuer")
@click.argument("certificate", type=PATH)
@_orders
@_reason
@_list
@secret_option
@json_option
def revoke_issuer(
    certificate: Path, orders: Path, reason: str, file: Path, secret_file: Path | None, as_json: bool
) -> None:
    """Revoke the station or factory of CERTIFICATE (its certificate.pem), and with it all that it certified.

    \b
    Example:
      tasuki factory revoke-issuer line1/certificate.pem --orders orders --reason stolen -o revocations.json
    """
    chain = certificates.load(read_bytes(certificate))
    with opened(orders, "orders", secret_file) as signer:
        found = after.revoke_issuer(chain, reason, signer, file, int(time.time()))
    _tell(found, file, as_json)


def _tell(found: revocations.Revocations, file: Path, as_json: bool) -> None:
    if as_json:
        print_json({"number": found.number, "revoked": after.rows(found)})
    else:
        click.echo(f"{file} is list {found.number} and revokes {len(found.rows)}; give it to every host")


@click.command()
@unit_argument
@station_option
@_orders
@_reason
@_list
@click.option("--authority", default="", metavar="HEX", help="Consent authority of the next owner.")
@secret_option
@json_option
def rotate(
    name: str,
    station: Path,
    orders: Path,
    reason: str,
    file: Path,
    authority: str,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Order another key for the hub SERIAL; with --authority it changes its owner.

    Its old certificate is revoked. Make it blank (`tasuki hub unlock` for a locked one)
    and bring it to the line again: it gets a new key and certificate under its serial.

    \b
    Example:
      tasuki factory rotate 1003 --station line1 --orders orders --reason lost -o revocations.json
    """
    with opened(orders, "orders", secret_file) as signer, journal_of(station) as journal:
        unit = meant(journal, name)
        body = after.rotate(journal, unit, reason, signer, file, authority)
    if as_json:
        print_json(dict(body))
    else:
        click.echo(f"unit {unit.serial} gets another key when its hub comes back blank; give {file} to hosts")


@click.command()
@unit_argument
@click.argument("garment")
@station_option
def bind(name: str, garment: str, station: Path) -> None:
    """Note that the hub SERIAL was built into the garment with the product number GARMENT.

    \b
    Example:
      tasuki factory bind 1003 G-2027-000451 --station line1
    """
    with journal_of(station) as journal:
        unit = meant(journal, name)
        after.bind(journal, unit, garment)
    click.echo(f"unit {unit.serial} is in garment {garment}")
