"""`tasuki factory audit` and `report`: what a line did, proved and counted."""

from pathlib import Path

import click

from tasuki.audit.log import AuditLog
from tasuki.cli.factory_frame import (
    PATH,
    Reader,
    journal_of,
    json_option,
    opened,
    secret_option,
    station_option,
)
from tasuki.cli.frame import print_json, read_bytes
from tasuki.errors import UsageError
from tasuki.factory import examine, folder, record
from tasuki.factory import report as reports
from tasuki.trust import certificates
from tasuki.view.words import LANGUAGES, language_of


@click.group()
def audit() -> None:
    """The signed record of a station.

    \b
    Example:
      tasuki factory audit verify --station line1 --root root/root.pem
    """


@audit.command()
@station_option
@click.option("--root", type=PATH, help="The root that you trust; the station's own copy by default.")
@click.option("--since", multiple=True, type=PATH, help="A checkpoint that you kept; may be repeated.")
@click.option(
    "--found", multiple=True, type=PATH, help="A certificate from the field: it must be in the journal."
)
@json_option
def verify(
    station: Path, root: Path | None, since: tuple[Path, ...], found: tuple[Path, ...], as_json: bool
) -> int:
    """Prove that units built = certificates issued = labels printed; exit code 1 when it does not hold.

    Every event of the journal is held against the signed log, every certificate and
    label against its unit. What does not hold is named with its unit.

    \b
    Example:
      tasuki factory audit verify --station line1 --root root/root.pem
    """
    chain, own_root = folder.read_chain(station)
    roots = certificates.load(read_bytes(root)) if root else [own_root]
    with journal_of(station, recording=False) as journal:
        log = AuditLog(station / record.FILE, Reader(certificates.public_key(chain[0])))
        try:
            account = examine.examine(
                journal,
                log,
                chain,
                roots,
                [read_bytes(path).decode("utf-8", "replace") for path in since],
                [read_bytes(path) for path in found],
            )
        finally:
            log.close()
    if as_json:
        print_json(account.row())
    else:
        _tell(account)
    return 0 if account.sound else 1


def _tell(account: examine.Account) -> None:
    click.echo(
        f"{account.built} units built, {account.issued} certificates issued, {account.labelled} labels "
        f"printed; {account.signed} of {account.entries} entries are signed"
    )
    for serial, cause in account.held.items():
        click.echo(f"in rework: unit {serial} has a certificate and failed by {cause}")
    for cause, count in sorted(account.failed.items()):
        click.echo(f"failed by {cause}: {count}")
    for fault in account.faults:
        click.echo(f"does not hold: {fault}", err=True)


@audit.command()
@station_option
@click.option("-o", "--output", type=PATH, required=True, help="The checkpoint, a file to keep elsewhere.")
@secret_option
def checkpoint(station: Path, output: Path, secret_file: Path | None) -> None:
    """Sign the record as it is now, for whoever is to hold it against a later one.

    \b
    Example:
      tasuki factory audit checkpoint --station line1 -o line1.checkpoint
    """
    with opened(station, "station", secret_file) as authority, journal_of(station) as journal:
        log = record.open_log(station, authority.key)
        try:
            record.collect(journal, log)
            output.write_text(log.sign(), encoding="utf-8")
            size = journal.size
        finally:
            log.close()
    click.echo(f"{output} signs {size} events")


@click.command()
@station_option
@click.option("--order", "work", help="Only this order.")
@click.option("-o", "--output", type=PATH, help="Write a page (.html) or a table of all units (.csv).")
@click.option("--lang", type=click.Choice(LANGUAGES), default=language_of, help="Of the page.")
@json_option
def report(station: Path, work: str | None, output: Path | None, lang: str, as_json: bool) -> None:
    """Yield, causes of failure, units an hour, time per step and slot.

    \b
    Example:
      tasuki factory report --station line1 --order A-17 -o a17.html
    """
    if output and output.suffix not in (".html", ".csv"):
        raise UsageError(f"{output} is neither .html nor .csv", "Give one of these endings.")
    with journal_of(station) as journal:
        figures = reports.figures(journal, work)
        if output:
            make = reports.page if output.suffix == ".html" else reports.table
            output.write_text(make(figures, lang), encoding="utf-8")
    if as_json:
        print_json(figures.row())
        return
    for line in figures.lines():
        click.echo(line)
