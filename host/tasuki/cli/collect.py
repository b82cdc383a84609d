"""`tasuki collect`: from a broker into PostgreSQL."""

import dataclasses
import platform
import signal
import time
from pathlib import Path
from typing import TypeVar

import click

from tasuki.cli.frame import print_json, state_option
from tasuki.consent import library, lifetimes
from tasuki.errors import Refused, UsageError
from tasuki.sinks import config
from tasuki.vault.service_keys import ServiceKeys

_P = TypeVar("_P")


@click.command()
@state_option
@click.option(
    "--sinks", type=click.Path(path_type=Path), help="Its sinks.toml; the state folder's unless given."
)
@click.option("--from", "source", help="Name of the broker in it; needed when it has several.")
@click.option("--into", help="Name of the database in it; needed when it has several.")
@click.option("--group", default="collectors", show_default=True, help="Those who share the work.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="Stop after so long.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def collect(
    state: Path,
    sinks: Path | None,
    source: str | None,
    into: str | None,
    group: str,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Move blocks from a broker into PostgreSQL, until Ctrl-C; any number of these side by side.

    A gateway hears of a block when it is committed. Blocks that a wearer withdrew while they lay in the
    broker are left out; what a gateway orders to erase is deleted and acknowledged under this machine's
    key (`tasuki sink key`); every hour what is past its retention goes. Alarms (the broker drops messages,
    or is full; it or the database is away; a message that nobody known signed) are lines on standard error.

    \b
    Example:
      tasuki collect
      tasuki collect --sinks /etc/tasuki/sinks.toml --from broker --into warehouse
    """
    path = sinks or state / config.FILE
    read = config.read(path)
    broker = _one(read, config.MqttPlace, source, "--from", path)
    database = _one(read, config.PostgresPlace, into, "--into", path)
    if not read.gateways:
        raise UsageError(
            f"{path} names no gateways, so no withdrawal could be heard",
            "Put what `tasuki sink key` prints on each gateway into [collect] gateways.",
        )
    config.need(config.MQTT)
    config.need(config.POSTGRES)
    from tasuki.sinks.collector import Collector
    from tasuki.sinks.link import Broker

    collector = Collector(
        Broker(broker.host, broker.port, broker.tenant, broker.ca, broker.certificate, broker.key),
        database.connection,
        read.gateways,
        read.destinations,
        ServiceKeys(state / "keys", broker.tenant).signer("attestation"),
        name=broker.name if broker.certificate else f"collector-{platform.node()}",
        group=group,
        retention=_retention,
        alarm=lambda text: click.echo(f"tasuki: {text}", err=True),
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: collector.stop())
    if seconds:
        signal.setitimer(signal.ITIMER_REAL, seconds)
    collector.run(lambda: click.echo("collecting", err=True))
    done = collector.done
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        click.echo(
            f"{done.stored} blocks stored in {done.commits} commits, {done.recalled} left out after a"
            f" withdrawal, {done.tombstones} tombstones, {done.erasures} erasures, {done.expired} past their"
            f" retention, {done.bad} messages refused"
        )


def _retention() -> dict[str, int]:
    """Item to days, of the documents in force; nothing is too old where none are."""
    try:
        return lifetimes.days(library.shipped().effective(time.time_ns()))
    except Refused:
        return {}


def _one(read: config.Config, kind: type[_P], name: str | None, option: str, path: Path) -> _P:
    """The place of a kind that is meant; UsageError when that is none or several."""
    known = {each: place for each, place in read.places.items() if isinstance(place, kind)}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name in known:
        return known[name]
    what = "broker" if kind is config.MqttPlace else "database"
    if not known:
        raise UsageError(f"{path} has no {what}", "docs/deployment.md shows what stands there.")
    raise UsageError(f"{path} has the {what}s {', '.join(sorted(known))}", f"Say which one with {option}.")
