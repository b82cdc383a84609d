"""`tasuki factory root|plant|orders|station init`: the authorities of the chain, each a folder."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography import x509

from tasuki.capture.trust import parse_key
from tasuki.cli.factory_frame import PATH, asking, json_option, opened, secret_option
from tasuki.cli.frame import print_json
from tasuki.errors import UsageError
from tasuki.factory import folder, issuing
from tasuki.factory import setup as setups
from tasuki.factory.folder import Authority
from tasuki.factory.keys import Key
from tasuki.trust import certificates
from tasuki.trust.names import Quota

_folder = click.argument("folder_", metavar="FOLDER", type=PATH)
_issuer = click.option("--issuer", type=PATH, required=True, help="Folder of the authority above it.")
_name = click.option("--name", help="Its name in certificates; that of the folder by default.")
_hsm = click.option(
    "--hsm", "place", default="", metavar="URI", help="Keep the key there: pkcs11:token=...;object=..."
)
_demo = click.option("--demo", is_flag=True, help="Use the published key: for demonstrations only.")


def _authority(command: Any) -> Any:
    """The argument and options of every authority that another one certifies."""
    for option in reversed((_folder, _issuer, _name, _hsm, _demo, secret_option, json_option)):
        command = option(command)
    return command


def _made(path: Path, key: Key, chain: list[x509.Certificate], root: x509.Certificate, as_json: bool) -> None:
    folder.write(path, chain, root)
    subject = (chain[0] if chain else root).subject.rfc4514_string()
    row = {"folder": str(path), "subject": subject, "public_key": key.public.hex()}
    if as_json:
        print_json(row)
    else:
        click.echo(f"{subject} is made in {path}; its public key is {key.public.hex()}")


def _place(place: str, demo: bool) -> str:
    if place and demo:
        raise UsageError("--demo and --hsm were given", "Give one of them.")
    return folder.DEMO if demo else place


def _refuse_there(path: Path) -> None:
    if (path / "certificate.pem").exists():
        raise UsageError(f"{path} has an authority", "A key is never replaced; give another folder.")


@click.group()
def root() -> None:
    """The root: signs factories, is kept offline.

    \b
    Example:
      tasuki factory root init root --maker "Example Garments"
    """


@root.command("init")
@_folder
@click.option("--maker", required=True, help="Name of the maker, in every certificate below.")
@_hsm
@_demo
@secret_option
@json_option
def root_init(
    folder_: Path, maker: str, place: str, demo: bool, secret_file: Path | None, as_json: bool
) -> None:
    """Make a root in FOLDER.

    \b
    Example:
      tasuki factory root init root --maker "Example Garments"
    """
    _refuse_there(folder_)
    key = folder.new_key(folder_, "root", _place(place, demo), asking(secret_file))
    _made(folder_, key, [], issuing.root(key, maker, datetime.now(UTC)), as_json)
    key.close()


@click.group()
def plant() -> None:
    """A factory of the maker: signs stations and order keys.

    \b
    Example:
      tasuki factory plant init kobe --issuer root
    """


@plant.command("init")
@_authority
def plant_init(issuer: Path, **options: Any) -> None:
    """Make a factory in FOLDER, certified by the root.

    \b
    Example:
      tasuki factory plant init kobe --issuer root
    """
    with opened(issuer, "root", options["secret_file"]) as above:
        _below(above, "plant", options, issuing.factory)


@click.group()
def orders() -> None:
    """The key that signs work orders, revocations and rotations.

    \b
    Example:
      tasuki factory orders init orders --issuer kobe
    """


@orders.command("init")
@_authority
def orders_init(issuer: Path, **options: Any) -> None:
    """Make an order key in FOLDER, certified by the factory.

    \b
    Example:
      tasuki factory orders init orders --issuer kobe
    """
    with opened(issuer, "plant", options["secret_file"]) as above:
        _below(above, "orders", options, issuing.orders)


def _below(above: Authority, role: str, options: dict[str, Any], issue: Any) -> None:
    path: Path = options["folder_"]
    _refuse_there(path)
    key = folder.new_key(
        path, role, _place(options["place"], options["demo"]), asking(options["secret_file"])
    )
    own = issue(
        above.certificate, above.key, key.public, options["name"] or path.resolve().name, datetime.now(UTC)
    )
    _made(path, key, [own, *above.chain], above.root, options["as_json"])
    key.close()


@click.group()
def station() -> None:
    """A station of the line: certifies hubs, within its quota of serials.

    \b
    Example:
      tasuki factory station init line1 --issuer kobe --product demo-garment --first 1000 --last 1999
    """


@station.command("init")
@_authority
@click.option("--product", required=True, help="Product number of the hubs that it may certify.")
@click.option("--first", type=int, required=True, help="First serial of its quota.")
@click.option("--last", type=int, required=True, help="Last serial of its quota.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day on which it may certify."
)
@click.option(
    "--authority", required=True, metavar="KEY", help="Consent authority of its hubs, hex or a file."
)
def station_init(
    issuer: Path,
    product: str,
    first: int,
    last: int,
    until: datetime,
    authority: str,
    **options: Any,
) -> None:
    """Make a station in FOLDER, certified by the factory for a range of serials.

    \b
    Example:
      tasuki factory station init line1 --issuer kobe --product demo-garment \\
        --first 1000 --last 1999 --until 2027-12-31 --authority 3b6a27bc...
    """
    quota, end = Quota(product, first, last), until.replace(hour=23, minute=59, second=59, tzinfo=UTC)

    def issue(above: x509.Certificate, key: Key, public: bytes, name: str, now: datetime) -> Any:
        return issuing.station(above, key, public, name, quota, now, end)

    path: Path = options["folder_"]
    authority = parse_key(authority).hex()
    with opened(issuer, "plant", options["secret_file"]) as above:
        _below(above, "station", options, issue)
    name = options["name"] or path.resolve().name
    (path / setups.FILE).write_text(f'name = "{name}"\nauthority = "{authority}"\n')
    certificates.quota_of(folder.read_chain(path)[0][0])
