"""Packing of a frame's records: machine code where this interpreter can run it."""

from tasuki_hub import fast
from tasuki_hub.native import module

FAST = fast.VIPER or module is not None
"""Whether frames go packed unless the board says otherwise: where it costs next to nothing."""


if module:
    pack_into = module.pack_into
elif fast.VIPER:
    from tasuki_hub._viper import pack as pack_into
else:
    from tasuki_wire import layout, packing

    def pack_into(dst, at, src, start, n, columns):
        """tasuki_wire.packing.pack_into for one frame; IndexError for places outside of the buffers."""
        size = 2 * n * columns
        if min(at, start, n, columns - 1) < 0 or size > layout.MAX_PAYLOAD:
            raise IndexError("pack")
        if at + size > len(dst) or start + size > len(src):
            raise IndexError("pack")
        return packing.pack_into(dst, at, src, start, n, columns)
