"""sinks.toml: which sinks there are, and which destination goes to which.

format = 1

[sink.broker]                       # any name but `embedded`
kind = "mqtt"
host = "broker.example"
port = 8883                         # 8883 unless given
name = "gateway-1"                  # of this machine, as in its certificate
ca = "ca.pem"                       # paths count from this file's folder
certificate = "gateway-1.pem"
key = "gateway-1.key"
collectors = ["<hex>"]              # from `tasuki sink key` on each collector: whose word ends an erasure

[sink.warehouse]
kind = "postgres"
connection = "host=db dbname=tasuki user=gateway"    # libpq's words; passwords belong in ~/.pgpass

[route]                             # what is not named goes to the embedded store, if it is ours
improvement = "broker"

[collect]                           # for `tasuki collect` only
gateways = ["<hex>"]                # from `tasuki sink key` on each gateway
destinations = ["improvement"]
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasuki.consent import strict
from tasuki.consent.registers import DESTINATIONS
from tasuki.errors import UsageError
from tasuki.sinks import RemoteSink, Sink
from tasuki.vault.vault import Vault

FILE = "sinks.toml"
EMBEDDED = "embedded"
MQTT, POSTGRES = "mqtt", "postgres"
_NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
_KEY = r"[0-9a-f]{64}"
_MODULES = {MQTT: "paho", POSTGRES: "psycopg"}


@dataclass(frozen=True)
class MqttPlace:
    """A broker, as the file describes it."""

    host: str
    port: int
    tenant: str
    name: str
    ca: Path | None
    certificate: Path | None
    key: Path | None
    expiry_s: int
    collectors: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class PostgresPlace:
    """A database, as the file describes it."""

    connection: str = field(repr=False)


@dataclass(frozen=True)
class Config:
    """What a file says.

    Attributes:
        places: sink name to what it is. route: destination to sink name.
        gateways, destinations: for `tasuki collect`.
    """

    places: Mapping[str, MqttPlace | PostgresPlace] = field(default_factory=dict)
    route: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[bytes, ...] = ()
    destinations: tuple[str, ...] = tuple(DESTINATIONS)


def read(path: Path) -> Config:
    """The file's words; those of an empty one when there is none. UsageError with the place."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"{path} cannot be read: {e}", "It must be TOML in UTF-8.") from e
    return parse(text, str(path), path.parent)


def parse(text: str, name: str, folder: Path) -> Config:
    """As `read`, of a text; its paths count from `folder`."""
    top = strict.read(text, name)
    top.integer("format", 1, 1)
    sinks = top.table("sink", True)
    if sinks.has(EMBEDDED):
        sinks.fail(EMBEDDED, "is the name of the embedded store", "Give this sink another name.")
    places = {sink: _place(table, folder) for sink, table in sinks.children(_NAME)}
    routes = top.table("route", True)
    route = {place: routes.one_of(place, [EMBEDDED, *places]) for place in routes.data}
    collect = top.table("collect", True)
    gateways = _keys(collect, "gateways")
    destinations = (
        collect.names("destinations", _NAME) if collect.has("destinations") else tuple(DESTINATIONS)
    )
    for table in (routes, collect, top):
        table.done()
    return Config(places, route, gateways, destinations)


def _keys(table: strict.Table, name: str) -> tuple[bytes, ...]:
    """A list of Ed25519 keys, which may be missing."""
    return tuple(map(bytes.fromhex, table.names(name, _KEY))) if table.has(name) else ()


def _place(table: strict.Table, folder: Path) -> MqttPlace | PostgresPlace:
    kind = table.one_of("kind", (MQTT, POSTGRES))
    place: MqttPlace | PostgresPlace
    if kind == POSTGRES:
        place = PostgresPlace(table.text("connection"))
    else:
        files = {
            key: (folder / table.text(key)) if table.has(key) else None
            for key in ("ca", "certificate", "key")
        }
        if (files["certificate"] is None) != (files["key"] is None):
            table.fail("certificate", "and `key` go together")
        place = MqttPlace(
            table.text("host"),
            table.integer("port", 1, 65_535, 8883),
            table.text("tenant", "tasuki", _NAME),
            table.text("name", "gateway", _NAME),
            **files,
            expiry_s=table.integer("expiry_s", 1, 7 * 86_400, 3600),
            collectors=_keys(table, "collectors"),
        )
    table.done()
    return place


def open_sinks(config: Config, own: Sink, vault: Vault) -> dict[str, Sink]:
    """Destination to its sink; nothing is connected yet. UsageError when a package is missing."""
    made: dict[str, Sink] = {EMBEDDED: own}
    for name in {*config.route.values()} - {EMBEDDED}:
        made[name] = open_sink(config.places[name], vault)
    ours = dict.fromkeys(DESTINATIONS, EMBEDDED)
    return {destination: made[name] for destination, name in {**ours, **config.route}.items()}


def open_sink(place: MqttPlace | PostgresPlace, vault: Vault) -> RemoteSink:
    """One sink."""
    if isinstance(place, PostgresPlace):
        need(POSTGRES)
        from tasuki.sinks.postgres import PostgresSink

        return PostgresSink(place.connection)
    need(MQTT)
    from tasuki.sinks.link import Broker
    from tasuki.sinks.mqtt import MqttSink

    broker = Broker(place.host, place.port, place.tenant, place.ca, place.certificate, place.key)
    broker.context()
    signer = vault.signer("attestation")
    return MqttSink(broker, signer, place.name, expiry_s=place.expiry_s, collectors=place.collectors)


def need(kind: str) -> None:
    """UsageError when the package for a kind of sink is not installed."""
    if importlib.util.find_spec(_MODULES[kind]) is None:
        raise UsageError(f"sinks of kind {kind} need a package", f"Run `pip install 'tasuki[{kind}]'`.")
