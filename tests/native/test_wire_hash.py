"""The C hashes are those of hashlib and tasuki_wire.epoch, with and without SHA instructions."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki._native import ffi, lib
from tasuki.native import epoch as native
from tasuki_wire import epoch, layout

BOTH = pytest.mark.parametrize("sha", sorted({native.PORTABLE, native.BEST}))
KEY = bytes(range(16))


@BOTH
@given(data=st.binary(max_size=400))
def test_sha256_is_that_of_hashlib(sha, data):
    assert native.sha256(data, sha) == hashlib.sha256(data).digest()


@BOTH
def test_sha256_holds_at_every_length_around_a_block(sha):
    data = bytes(range(256)) * 2
    lengths = [*range(130), 183, 184, 247, 248, 311, 312]

    assert [native.sha256(data[:n], sha) for n in lengths] == [
        hashlib.sha256(data[:n]).digest() for n in lengths
    ]


@BOTH
def test_the_million_letters_of_fips_180_hash_as_published(sha):
    """NIST, "SHA-256 example": one million times `a`."""
    digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

    assert native.sha256(b"a" * 1_000_000, sha).hex() == digest


@BOTH
@given(bodies=st.lists(st.binary(min_size=17, max_size=layout.MAX_FRAME - 4), max_size=20))
def test_leaves_of_bodies_of_any_length_are_those_of_the_wire(sha, bodies):
    lengths = np.array([len(body) for body in bodies], np.uint16)

    leaves = native.leaves(KEY, b"".join(bodies), lengths, sha)

    assert leaves == b"".join(epoch.frame_leaf(KEY, body) for body in bodies)


@BOTH
@pytest.mark.parametrize("count", [*range(1, 34), 127, 128, 1023, 1024])
def test_roots_of_any_number_of_leaves_are_those_of_the_wire(sha, count):
    leaves = b"".join(hashlib.sha256(bytes([i & 255, i >> 8])).digest()[:24] for i in range(count))

    assert native.root(leaves, sha) == epoch.root(leaves)


@BOTH
@given(
    secret=st.binary(min_size=16, max_size=16), slots=st.sets(st.integers(0, 14)), fill=st.binary(max_size=40)
)
def test_the_slot_tree_is_that_of_the_wire_for_any_used_slots(sha, secret, slots, fill):
    entries = {slot: bytes([slot]) + fill + bytes(47 - len(fill)) for slot in slots}
    meta = bytes(range(16))
    keys, nodes = ffi.new("uint8_t[256]"), ffi.new("uint8_t[744]")

    lib.tsk_slot_keys(sha, secret, keys)
    lib.tsk_slot_tree(sha, keys, b"".join(entries.values()), len(entries), meta, nodes)

    leaves = epoch.slot_leaves(secret, entries, meta)
    assert bytes(keys) == b"".join(epoch.slot_key(secret, slot) for slot in range(16))
    assert bytes(nodes)[: 16 * 24] == leaves
    assert bytes(nodes)[-24:] == epoch.root(leaves)


def test_paths_of_all_slots_climb_to_the_root():
    secret = bytes(16)
    leaves = epoch.slot_leaves(secret, {}, bytes(16))
    nodes = [leaves[i : i + 24] for i in range(0, len(leaves), 24)]
    level = nodes
    while len(level) > 1:
        level = [epoch.node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        nodes = nodes + level

    checked = native.Checked(b"", b"".join(nodes), b"", b"", b"", b"", b"")

    assert [checked.path(slot) for slot in range(16)] == [epoch.slot_path(leaves, slot) for slot in range(16)]


@pytest.mark.parametrize(
    ("frames", "lengths"),
    [(bytes(20), [19]), (b"", [1]), (bytes(300), [300]), (bytes(65535 + 5), [65535, 5])],
)
def test_lengths_that_do_not_fit_the_frames_are_refused(frames, lengths):
    with pytest.raises(ValueError, match=r"lengths|longer"):
        native.leaves(KEY, frames, np.array(lengths, np.uint16))


@pytest.mark.parametrize("joined", [b"", bytes(23), bytes(25)])
def test_what_is_no_whole_number_of_leaves_has_no_root(joined):
    with pytest.raises(ValueError, match="no leaves"):
        native.root(joined)
