"""Orders to erase and their acknowledgements as bytes: signed, bound to each other, and nothing else."""

import pytest

from tasuki.consent.receipts import DOMAIN as RECEIPT
from tasuki.errors import Untrusted
from tasuki.sinks import Recall, erasure_order, tombstone
from tasuki.vault.secret import Secret, Signer

GATEWAY, COLLECTOR, STRANGER = (Signer(Secret(seed * 32)) for seed in (b"g", b"c", b"s"))
RECALLS = (
    Recall("improvement", bytes(range(16)), "ecg", 7),
    Recall("improvement", b"q" * 16, "device_status", (1 << 62) - 1),
)


@pytest.fixture
def order():
    return erasure_order.order(RECALLS, "tasuki", GATEWAY)


def test_an_order_is_read_as_it_was_written(order):
    assert erasure_order.read_order(order.data, [STRANGER.public, GATEWAY.public], "tasuki") == order


@pytest.mark.rule("S-02", "deny")
def test_every_altered_byte_of_an_order_is_refused_and_so_are_other_keys_and_tenants(order):
    for place in range(len(order.data)):
        damaged = bytes([*order.data[:place], order.data[place] ^ 1, *order.data[place + 1 :]])
        with pytest.raises(Untrusted):
            erasure_order.read_order(damaged, [GATEWAY.public], "tasuki")
    for end in range(len(order.data)):
        with pytest.raises(Untrusted):
            erasure_order.read_order(order.data[:end], [GATEWAY.public], "tasuki")
    for publics, tenant in (([], "tasuki"), ([STRANGER.public], "tasuki"), ([GATEWAY.public], "other")):
        with pytest.raises(Untrusted):
            erasure_order.read_order(order.data, publics, tenant)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x02",
        b"\x02" + bytes(16) + b"\x06tasuki",
        b"\x02" + bytes(16) + b"\x06tasuki\x0bimprovement",
        b"\x02" + bytes(16) + b"\x06tasuki\xffimprovement" + bytes(25),
        b"\x02" + bytes(16) + b"\x06tasuki\x0bimprovement" + bytes(24),
        b"\x02" + bytes(16) + b"\x06tasuki\x0bimprovement" + b"\xff" + bytes(24),
        b"\x02" + bytes(16) + b"\x06tasuki\x0bimprovement" + b"\0" + b"\xff" * 8 + bytes(16),
        b"\x02" + bytes(16) + b"\x06tasuk\xff\x0bimprovement" + bytes(25),
    ],
)
def test_what_a_gateway_signed_and_is_no_order_is_refused(body):
    with pytest.raises(Untrusted):
        erasure_order.read_order(body + GATEWAY.sign(tombstone.DOMAIN, body), [GATEWAY.public], "tasuki")


def test_tombstones_orders_and_acknowledgements_are_not_taken_for_each_other(order):
    recall = tombstone.pack(RECALLS[0], GATEWAY)
    said = erasure_order.acknowledge(order, erasure_order.ERASED, 1, GATEWAY)
    foreign = order.data[:-64] + GATEWAY.sign(RECEIPT, order.data[:-64])

    for data in (recall, said, foreign):
        with pytest.raises(Untrusted):
            erasure_order.read_order(data, [GATEWAY.public], "tasuki")
    for data in (order.data, said):
        with pytest.raises(Untrusted):
            tombstone.read(data, [GATEWAY.public])
    for data in (order.data, recall):
        with pytest.raises(Untrusted):
            erasure_order.read_acknowledgement(data, [GATEWAY.public], order)


@pytest.mark.rule("D-03", "deny")
def test_an_acknowledgement_counts_for_its_own_order_from_a_known_collector_only(order):
    said = erasure_order.acknowledge(order, erasure_order.ERASED, 1_795_000_000_000, COLLECTOR)
    again = erasure_order.order(RECALLS, "tasuki", GATEWAY)  # the same order, given anew

    read = erasure_order.read_acknowledgement(said, [COLLECTOR.public], order)
    assert read == erasure_order.Acknowledgement(erasure_order.ERASED, 1_795_000_000_000, COLLECTOR.key_id)
    for publics, of in (([COLLECTOR.public], again), ([GATEWAY.public], order), ([], order)):
        with pytest.raises(Untrusted):
            erasure_order.read_acknowledgement(said, publics, of)
    for place in range(len(said)):
        damaged = bytes([*said[:place], said[place] ^ 1, *said[place + 1 :]])
        with pytest.raises(Untrusted):
            erasure_order.read_acknowledgement(damaged, [COLLECTOR.public], order)


def test_an_order_is_about_one_destination_and_not_too_long():
    other = Recall("development", b"q" * 16, "ecg", 1)
    for wrong in ((), (RECALLS[0], other), RECALLS[:1] * (erasure_order.MOST + 1)):
        with pytest.raises(ValueError):
            erasure_order.order(wrong, "tasuki", GATEWAY)
