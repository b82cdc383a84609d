"""Leaves, roots and slot trees of the C module equal the wire's portable forms.

A file of its own, because a thousand leaves want a heap that nothing has cut up before.
"""

import binascii
import random

import _tasuki

from tasuki_hub import trees
from tasuki_wire import epoch

MARK = b"\xa5"
random.seed(1123)

assert trees.slot_root is _tasuki.slot_root


def some(n):
    """n bytes, at random."""
    return bytes([random.getrandbits(8) for _ in range(n)])


# roots of every shape; the leaves stay as they are
leaves = bytearray(24 * 1024)
for i in range(len(leaves)):
    leaves[i] = random.getrandbits(8)
before = binascii.crc32(leaves)
for n in list(range(1, 70)) + [100, 127, 128, 129, 1023, 1024]:
    some_leaves = memoryview(leaves)[-24 * n :]
    assert _tasuki.root(some_leaves) == epoch.root(some_leaves), n
assert binascii.crc32(leaves) == before

# leaves and nodes
for case in range(300):
    key = some(16)
    body = some(case if case <= 250 else random.randrange(251))
    leaf = epoch.frame_leaf(key, body)
    assert _tasuki.frame_leaf(key, body) == leaf
    row = bytearray(MARK * 80)
    assert _tasuki.frame_leaf_into(row, 31, key, body) is None
    assert row == MARK * 31 + leaf + MARK * 25
    other = some(24)
    assert _tasuki.node(leaf, other) == epoch.node(leaf, other)

# the slot tree, with entries in any order
for case in range(100):
    secret = some(16)
    meta = some(16)
    entries = {}
    while len(entries) < case % 16:
        slot = random.randrange(15)
        entries[slot] = bytes((slot,)) + some(47)
    order = sorted(entries, key=lambda slot: entries[slot][1:])
    rows = b"".join([entries[slot] for slot in order])
    root = epoch.root(epoch.slot_leaves(secret, entries, meta))
    keys = _tasuki.slot_keys(secret)
    assert keys == trees._slot_keys(secret)
    assert _tasuki.slot_root(keys, rows, meta) == root == trees._slot_root(keys, rows, meta)
