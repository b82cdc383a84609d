"""Leaves and roots of epochs: by the C module, or by tasuki_wire.epoch; the same bytes."""

from tasuki_hub.native import module
from tasuki_wire import epoch, layout


def _frame_leaf_into(dst, at, key, body):
    """Put the leaf of a frame body to dst[at : at + 24]; IndexError for a place outside of dst."""
    if at < 0 or at + layout.NODE_SIZE > len(dst):
        raise IndexError("leaf")
    dst[at : at + layout.NODE_SIZE] = epoch.frame_leaf(key, body)


def _slot_root(secret, entries, meta):
    """Root over the 16 slots of an epoch: its secret, the entries of used slots joined, the meta entry."""
    size = layout.ENTRY_SIZE
    of_slot = {entries[i]: entries[i : i + size] for i in range(0, len(entries), size)}
    return epoch.root(epoch.slot_leaves(secret, of_slot, meta))


if module:
    frame_leaf_into = module.frame_leaf_into
    root = module.root
    slot_root = module.slot_root
else:
    frame_leaf_into = _frame_leaf_into
    root = epoch.root
    slot_root = _slot_root
