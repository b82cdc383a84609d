"""A block proves itself, and a block with anything changed does not."""

from dataclasses import replace

import numpy as np
import pytest

from receiving import Host
from signed_session import DEFAULT_EPOCH, Hub
from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.trust import proof
from tasuki_wire import epoch

REASONS = {"wrong_version", "wrong_key", "bad_signature", "bad_bounds", "root_mismatch"}


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def block(hub):
    [verified] = Host(hub).feed(hub.signed_epoch(DEFAULT_EPOCH).wire())
    return next(b for b in verified.blocks() if b.stream == 1)


def test_a_block_read_back_from_its_bytes_proves_itself(hub, block):
    proof.check(Block.from_bytes(block.to_bytes()), hub.public)


def test_no_byte_of_a_block_can_change(hub, block):
    """Every byte flipped, one at a time: refused as no block, or as untrusted."""
    data = block.to_bytes()
    refused = 0
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            proof.check(Block.from_bytes(bytes(changed)), hub.public)
        except (ValueError, Untrusted):
            refused += 1

    assert refused == len(data)


def test_another_key_proves_nothing(block):
    with pytest.raises(Untrusted) as error:
        proof.check(block, Hub(2).public)

    assert error.value.reason == "wrong_key"


def test_a_key_of_a_wrong_size_is_an_error(block):
    with pytest.raises(ValueError, match="31 bytes"):
        proof.check(block, bytes(31))


def test_a_leaf_in_place_of_a_frame_holds_and_another_leaf_does_not(hub, block):
    leaf = epoch.frame_leaf(block.slot_key, block.bodies()[1])
    sizes = block.lengths.tolist()
    keep = np.array([0, 2, 3])
    frames = b"".join(block.bodies()[i] for i in keep)
    partial = replace(
        block, places=block.places[keep], lengths=block.lengths[keep], frames=frames, leaves=leaf
    )

    proof.check(partial, hub.public)
    with pytest.raises(Untrusted, match="signed"):
        proof.check(replace(partial, leaves=bytes(24)), hub.public)
    with pytest.raises(Untrusted, match="add up"):
        proof.check(replace(partial, leaves=b""), hub.public)
    assert len(sizes) == 4


def test_frames_in_another_order_do_not_prove(hub, block):
    bodies = block.bodies()
    swapped = replace(block, frames=b"".join([bodies[1], bodies[0], *bodies[2:]]))

    with pytest.raises(Untrusted) as error:
        proof.check(swapped, hub.public)

    assert error.value.reason == "root_mismatch"
