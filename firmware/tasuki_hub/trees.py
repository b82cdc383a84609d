"""Keys and roots of an epoch's 16 slots: by the C module, or by tasuki_wire.epoch; the same bytes."""

import struct

from tasuki_hub.native import module
from tasuki_wire import epoch, layout


def _slot_keys(secret):
    """Keys of the 16 slots, joined."""
    return b"".join([epoch.slot_key(secret, slot) for slot in range(layout.SLOTS)])


def _slot_root(keys, entries, meta):
    """Root over the 16 slots of an epoch: their keys, the entries of used slots joined, the meta entry."""
    size = layout.ENTRY_SIZE
    of_slot = {entries[i]: entries[i : i + size] for i in range(0, len(entries), size)}
    of_slot[layout.META_SLOT] = meta
    leaves = bytearray()
    for slot in range(layout.SLOTS):
        key = keys[slot * layout.KEY_SIZE : (slot + 1) * layout.KEY_SIZE]
        leaves += epoch.slot_leaf(key, of_slot.get(slot, b""))
    return epoch.root(leaves)


def _close_slot(slot, leaves):
    """Put the root of the frames' leaves into the slot's entry; emitting.py says how both are laid out."""
    first, count = struct.unpack_from("<IH", slot, 2)
    at = first % (len(leaves) // layout.NODE_SIZE) * layout.NODE_SIZE
    end = at + count * layout.NODE_SIZE
    mine = memoryview(leaves)[at:end]
    if end > len(leaves):
        mine = bytes(mine) + leaves[: end - len(leaves)]
    slot[layout.ENTRY_SIZE - layout.NODE_SIZE : layout.ENTRY_SIZE] = epoch.root(mine)


if module:
    slot_keys = module.slot_keys
    slot_root = module.slot_root
    close_slot = module.close_slot
else:
    slot_keys = _slot_keys
    slot_root = _slot_root
    close_slot = _close_slot
