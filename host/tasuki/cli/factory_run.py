"""`tasuki factory run`: the line itself."""

import gc
import json
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import click

from tasuki.cli import factory_frame
from tasuki.cli.factory_frame import PATH, opened, secret_option, station_option
from tasuki.cli.frame import read_bytes
from tasuki.cli.hub_care import public_release_key, signer
from tasuki.cli.hub_ports import ports_options, select
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.factory import order as work_orders
from tasuki.factory import record, setup, shift
from tasuki.factory.folder import Authority
from tasuki.factory.line import KeyQueue, Line
from tasuki.factory.scanner import Scanner
from tasuki.factory.screen import teller
from tasuki.factory.station import Station
from tasuki.fleet import bundle as bundles
from tasuki.fleet import ports
from tasuki.trust.certificates import quota_of
from tasuki.view.words import LANGUAGES, language_of

_RESUMABLE = 3


@click.command()
@station_option
@click.option("--order", "order_file", type=PATH, required=True, help="The signed work order.")
@click.option("--bundle", "bundle_file", type=PATH, help="The firmware bundle that the order names.")
@click.option("--release", help="Public release key of the bundle, hex or a file, or `development`.")
@click.option(
    "--calibration-key", help="Key file that signs constants, or `development`; none are given without it."
)
@ports_options
@click.option("--watch", is_flag=True, help="Take every hub that is plugged in, until Ctrl-C.")
@click.option("--scan", "scans", is_flag=True, help="A barcode scanner types on standard input.")
@click.option("--wait", "wait_s", type=float, default=5.0, help="Seconds for a lost hub to come back.")
@click.option("--lang", type=click.Choice(LANGUAGES), default=language_of, help="Of the operator's view.")
@click.option("--json", "as_json", is_flag=True, help="Events as NDJSON.")
@secret_option
def run(
    station: Path,
    order_file: Path,
    bundle_file: Path | None,
    release: str | None,
    calibration_key: str | None,
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    watch: bool,
    scans: bool,
    wait_s: float,
    lang: str,
    as_json: bool,
    secret_file: Path | None,
) -> int:
    """Build the hubs of an order: each gets its serial, key, certificate and label.

    Pull any plug at any moment and run it again: every hub goes on where it was.
    With --watch a hub that is plugged in starts by itself, and whatever is typed is a
    scanned label, `retry SLOT`, or `end`. Exit code 1 when a hub failed, 3 when one went away.

    \b
    Example:
      tasuki factory run --station line1 --order a17.json --all
      tasuki factory run --station line1 --order a17.json --watch --scan
    """
    settings = setup.read(station)
    with ExitStack() as stack:
        authority = stack.enter_context(opened(station, "station", secret_file))
        order = _order(order_file, authority)
        journal = stack.enter_context(factory_frame.journal_of(station))
        settings.refuse_overdue(datetime.now(UTC).date())
        shift.current(journal, settings.shift_hours)
        log = record.open_log(station, authority.key)
        stack.callback(log.close)
        queue = KeyQueue(authority.key)
        line = Line(
            order=order,
            journal=journal,
            key=queue,
            chain=authority.chain,
            authority=settings.authority,
            labels=station / "labels",
            bundle=_bundle(order, bundle_file, release),
            printer=settings.printer,
            constants=settings.constants_of,
            calibration=signer(calibration_key, "order") if calibration_key else None,
        )
        find = partial(ports.found, state) if watch else partial(select, state, patterns, filters, every)
        telling = stack.enter_context(teller(as_json, order, lang))
        worker = Station(line, find, telling.tell, log, wait_s)
        if scans:
            line.scan = Scanner(sys.stdin, partial(_typed, worker)).scan
        journal.note(
            "run_started", {"order": order.id, "digest": sha256(order_file.read_bytes()).hexdigest()}
        )
        gc.freeze()  # what was loaded stays: to look through it again and again took a tenth of the CPU
        ended = []
        if watch:
            worker.watch()
        else:
            ended = worker.work()
        journal.note("run_ended", {"order": order.id})
        record.collect(journal, log)
        log.sign()
    counts = Counter(each.state for each in ended)
    if not as_json and counts:
        click.echo(", ".join(f"{n} {state}" for state, n in sorted(counts.items())))
    return 1 if counts["failed"] else _RESUMABLE if counts["gone"] else 0


def _order(file: Path, authority: Authority) -> work_orders.Order:
    """The order, when its signature leads to the station's own root and it is within the quota."""
    order, _ = work_orders.read(read_bytes(file).decode("utf-8", "replace"), [authority.root])
    if order.production and authority.demo:
        raise Refused("demo_key", "everybody has the keys of this station", "Set up a root of your own.")
    quota, until = quota_of(authority.certificate)
    if order.product != quota.product or order.first not in quota or order.last not in quota:
        raise Refused("out_of_quota", f"the station may certify {quota}", "Take the order to its station.")
    if datetime.now(UTC) > until:
        raise Refused("quota_over", f"the station was to certify until {until.date()}", "Have it renewed.")
    return order


def _bundle(order: work_orders.Order, file: Path | None, release: str | None) -> bytes:
    """The bundle that the order names, signed by the release key."""
    if not order.bundle:
        return b""
    if file is None or release is None:
        raise UsageError("this order has a firmware bundle", "Give it with --bundle and --release.")
    data = read_bytes(file)
    if sha256(data).hexdigest() != order.bundle:
        raise Untrusted("wrong_bundle", f"{file} is not the bundle of this order", "Get the right one.")
    bundles.verify(data, public_release_key(release))
    return data


def _typed(worker: Station, text: str) -> None:
    """What came from the keyboard or the scanner and is no label of a waiting hub."""
    words = text.split()
    if words[0].lower() == "end":
        worker.stop.set()
    elif words[0].lower() == "retry" and len(words) == 2:
        worker.retry(words[1])
    else:
        click.echo(json.dumps({"event": "not_expected", "text": text[:100]}, ensure_ascii=False), err=True)
