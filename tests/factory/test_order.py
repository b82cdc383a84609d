"""A work order is what an order key signed, and nothing that cannot be built."""

import json

import pytest

from factory.conftest import development_order, new_key
from tasuki.errors import Untrusted, UsageError
from tasuki.factory import order
from tasuki.fleet import devkeys


def test_an_order_is_read_as_it_was_signed(chain):
    wanted = development_order(5, calibrated=True, limits="x = 1")

    text = order.sign(wanted, chain.orders_key, [chain.orders, chain.factory])

    assert order.read(text, [chain.root])[0] == wanted


@pytest.mark.parametrize(
    ("old", "new"), [("1000", "1001"), ("development", "production"), ("A1", "A2"), (":1,", ":9,")]
)
def test_an_order_that_was_tampered_with_is_refused(chain, old, new):
    text = order.sign(development_order(), chain.orders_key, [chain.orders, chain.factory])
    whole = json.loads(text)
    whole["body"] = whole["body"].replace(old, new, 1)

    with pytest.raises(Untrusted) as refusal:
        order.read(json.dumps(whole), [chain.root])
    assert refusal.value.reason == "bad_signature"


def test_an_order_of_a_station_or_another_maker_is_refused(chain):
    by_station = order.sign(development_order(), chain.station_key, [chain.station, chain.factory])
    own = order.sign(development_order(), chain.orders_key, [chain.orders, chain.factory])

    for text, roots in ((by_station, [chain.root]), (own, []), ("{}", [chain.root]), ("", [chain.root])):
        with pytest.raises(Untrusted):
            order.read(text, roots)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "a b"},
        {"kind": "other"},
        {"first": 0},
        {"first": 5, "last": 4},
        {"quantity": 1001},
        {"bundle": "x"},
        {"kind": "production"},
        {"product": ""},
    ],
)
def test_an_order_that_cannot_be_is_refused(changed):
    with pytest.raises(UsageError):
        development_order(**changed)


def test_the_development_key_signs_no_production_order(chain):
    wanted = development_order(kind="production", bundle="0" * 64, lock=True, limits="x")
    key = new_key()
    key._public = devkeys.signer("order").public

    with pytest.raises(UsageError, match="signs no production order"):
        order.sign(wanted, key, [])
