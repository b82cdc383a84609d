"""A whole factory in a folder: root, factory, orders, station; and hubs on its line."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasuki.factory import issuing
from tasuki.factory.journal import Journal
from tasuki.factory.keys import FileKey
from tasuki.factory.line import Line
from tasuki.factory.order import Order
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
    fields = {"key": chain.station_key, "test": lambda connection, order: {}}
    return Line(
        order=order,
        journal=journal,
        chain=[chain.station, chain.factory],
        authority=chain.orders_key.public,
        labels=folder / "labels",
        **{**fields, **changed},
    )


MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture
def softhsm(tmp_path, monkeypatch):
    """A fresh token `line` with the PIN 1234; its part of a key's URI."""
    if not MODULE.exists():
        pytest.skip("softhsm2 is not installed: make services")
    (tmp_path / "tokens").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(
        f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(conf))
    pins = ["--pin", "1234", "--so-pin", "12345678"]
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "line", *pins],
        env=os.environ,
        check=True,
        capture_output=True,
    )
    return "pkcs11:token=line;object={}?module-path=" + str(MODULE)
