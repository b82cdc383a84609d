"""A whole factory in a folder: root, factory, orders, station; and hubs on its line."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasuki import recordings
from tasuki.factory import examine, issuing, record
from tasuki.factory.journal import Journal
from tasuki.factory.keys import FileKey
from tasuki.factory.line import Line
from tasuki.factory.order import Order
from tasuki.factory.station import Station, chosen
from tasuki.trust import certificates
from tasuki.trust.names import Quota

PRODUCT = "demo-garment"
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
THOUSAND = Quota(PRODUCT, 1000, 1999)


def new_key():
    """A key in memory."""
    return FileKey(Ed25519PrivateKey.generate())


@dataclass
class Chain:
    """The authorities of one maker."""

    quota: Quota = THOUSAND
    maker: str = "Acme"
    until: datetime = NOW + timedelta(days=365 * 50)
    now: datetime = NOW

    def __post_init__(self):
        self.root_key, self.factory_key, self.orders_key, self.station_key = (new_key() for _ in range(4))

    @cached_property
    def root(self):
        return issuing.root(self.root_key, self.maker, self.now)

    @cached_property
    def factory(self):
        return issuing.factory(self.root, self.root_key, self.factory_key.public, "Kobe", self.now)

    @cached_property
    def orders(self):
        return issuing.orders(self.factory, self.factory_key, self.orders_key.public, "orders", self.now)

    @cached_property
    def station(self):
        key = self.station_key
        return issuing.station(
            self.factory, self.factory_key, key.public, "line 1", self.quota, self.now, self.until
        )

    def hub(self, serial, public, device=b"\1" * 8, product=PRODUCT, production=True, issued=None):
        """A hub's certificate, as the station signs it."""
        issued = issued or self.now
        plan = issuing.Plan(product, serial, device, public, production, int(issued.timestamp()))
        return issuing.hub(self.station, self.station_key, plan)

    def packed(self, hub):
        """The chain that goes on a hub."""
        return certificates.packed([hub, self.station, self.factory])


@pytest.fixture
def chain():
    return Chain()


def development_order(quantity=1, **changed):
    """An order for hubs of the bench, without scanning."""
    fields = {"id": "A1", "kind": "development", "product": PRODUCT, "quantity": quantity}
    return Order(**{**fields, "first": 1000, "last": 1999, "scan": False, **changed})


def make_line(folder, chain, order=None, clock=None, **changed):
    """A line whose journal and labels are in the folder."""
    order = order or development_order()
    journal = Journal(folder / "journal.db", *([clock] if clock else []))
    fields = {"key": chain.station_key}
    return Line(
        order=order,
        journal=journal,
        chain=[chain.station, chain.factory],
        authority=chain.orders_key.public,
        labels=folder / "labels",
        **{**fields, **changed},
    )


@pytest.fixture
def hsm_key(softhsm):
    """The URI of a key in the token `line`, without its name."""
    return f"pkcs11:token=line;object={{}}?module-path={softhsm}"


@pytest.fixture(scope="session")
def replay(tmp_path_factory):
    """The bundled recording, as hubs play it."""
    folder = tmp_path_factory.mktemp("replay")
    return recordings.prepare(recordings.load(None), 20, folder, loop=True).path.parent


@dataclass
class Worked:
    """What a line came to: how each hub ended, by its folder's name, and what was told."""

    ended: dict
    told: list
    line: Line

    @property
    def causes(self):
        """Folder's name to state or cause."""
        return {name: end.cause or end.state for name, end in self.ended.items()}

    def account(self, folder, chain):
        """The examination of what was written."""
        log = record.open_log(folder, chain.station_key)
        try:
            record.collect(self.line.journal, log)
            log.sign()
            return examine.examine(self.line.journal, log, [chain.station, chain.factory], [chain.root])
        finally:
            log.close()


def work(line, tray, **how):
    """Run the line over a tray once."""
    told = []
    station = Station(line, chosen(tray.ports), told.append, **{"patience_s": 1.0, **how})
    ended = station.work()
    unforeseen = [one.message for one in ended if one.cause == "internal"]
    assert not unforeseen, unforeseen
    names = [hub.folder.name for hub in tray.hubs]
    return Worked(dict(zip(names, ended, strict=True)), told, line)
