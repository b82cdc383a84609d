"""`tasuki factory crl`: what is revoked, as TLS libraries and brokers take it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from tasuki import durable
from tasuki.cli.factory_frame import JOURNAL, PATH, journal_of, opened, secret_option
from tasuki.cli.frame import read_bytes
from tasuki.factory import after, crl
from tasuki.trust import certificates


@click.command("crl")
@click.argument("folder", type=PATH)
@click.option("--role", type=click.Choice(("root", "plant", "station")), default="station", show_default=True)
@click.option("--list", "file", type=PATH, required=True, help="The signed list of what is revoked.")
@click.option("--issued", multiple=True, type=PATH, help="Certificates that it issued, of root and plant.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="It is valid so long."
)
@click.option("-o", "--output", type=PATH, required=True, help="The CRL, PEM.")
@secret_option
def crl_(
    folder: Path,
    role: str,
    file: Path,
    issued: tuple[Path, ...],
    days: int,
    output: Path,
    secret_file: Path | None,
) -> None:
    """Write the X.509 CRL of the authority in FOLDER: what the list revokes of its certificates.

    A station's own are taken from its journal. A broker that refuses a CRL that has ended
    needs the next one before that.

    \b
    Example:
      tasuki factory crl line1 --list revocations.json -o line1.crl
      tasuki factory crl kobe --role plant --issued line1/certificate.pem --list revocations.json -o kobe.crl
    """
    found = [one for path in issued for one in certificates.load(read_bytes(path))]
    if (folder / JOURNAL).exists():
        with journal_of(folder, recording=False) as journal:
            ders = [json.loads(text)["der"] for *_, kind, _, text in journal.events() if kind == "issued"]
        found += [one for der in ders for one in certificates.load(bytes.fromhex(der))]
    with opened(folder, role, secret_file) as authority:
        listed = after.read_list(file, authority.root)
        pem, count = crl.make(authority, listed, found, datetime.now(UTC), days)
    durable.replace(output, pem)
    click.echo(f"{output} revokes {count} of {len(found)} certificates, as of list {listed.number}")
