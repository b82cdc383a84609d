"""Binding of motion filters that give one row for each row, alone and side by side."""

from typing import Any

import numpy as np

from tasuki._native import ffi, lib
from tasuki.native.filters import FLOAT, Floats, Memory
from tasuki.native.motion import LANES, filled

KINDS = {
    "activity": (lib.tsk_activity_process, lib.tsk_activity_process_lanes, lib.TSK_ACTIVITY_OUT),
    "posture": (lib.tsk_posture_process, lib.tsk_posture_process_lanes, lib.TSK_POSTURE_OUT),
}

_buffer = ffi.from_buffer
_FLOATS = ffi.typeof("float[]")


class Rows:
    """One hub: rows of floats in, rows of floats out. kind: a name of KINDS."""

    def __init__(self, kind: str, **fields: Any) -> None:
        self._process, _, self._width = KINDS[kind]
        self.coef = filled(f"struct tsk_{kind}_coef *", fields)
        self.state = ffi.new(f"struct tsk_{kind}_state *")
        self.memory = Memory(kind[:4].encode(), bytes(ffi.buffer(self.coef)), self.state)

    def reset(self) -> None:
        """As before the first sample: all zero."""
        ffi.memmove(self.state, bytes(ffi.sizeof(self.state[0])), ffi.sizeof(self.state[0]))

    def run(self, block: Floats) -> Floats:
        """Shape (n, inputs) to (n, outputs)."""
        out = np.empty((len(block), self._width), FLOAT)
        self._process(self.coef, self.state, _buffer(_FLOATS, block), len(block), _buffer(_FLOATS, out))
        return out


class RowsMany:
    """Any number of hubs, LANES of them side by side."""

    def __init__(self, kind: str, hubs: int, **fields: Any) -> None:
        if hubs < 1:
            raise ValueError("at least one hub is needed")
        _, self._process, self._width = KINDS[kind]
        self._hubs = hubs
        self._coef = filled(f"struct tsk_{kind}_coef *", fields)
        self._state = ffi.new(f"struct tsk_{kind}_lanes[]", -(-hubs // LANES))
        design = b"lanes" + hubs.to_bytes(4, "little") + bytes(ffi.buffer(self._coef))
        self.memory = Memory(kind[:4].encode(), design, self._state)

    def reset(self) -> None:
        """All hubs as before their first sample."""
        ffi.memmove(self._state, bytes(ffi.sizeof(self._state)), ffi.sizeof(self._state))

    def run(self, block: Floats) -> Floats:
        """Shape (n, inputs, hubs) to (n, outputs, hubs)."""
        groups = [self._group(block, first) for first in range(0, self._hubs, LANES)]
        joined: Floats = np.concatenate(groups, axis=2)[:, :, : self._hubs]
        return joined

    def _group(self, block: Floats, first: int) -> Floats:
        part = block[:, :, first : first + LANES]
        idle = np.full((*part.shape[:2], LANES - part.shape[2]), np.nan, np.float32)
        wide = np.ascontiguousarray(np.concatenate([part, idle], axis=2))
        out = np.empty((len(block), self._width, LANES), np.float32)
        given = ffi.from_buffer("float[]", out, require_writable=True)
        state = ffi.addressof(self._state, first // LANES)
        self._process(self._coef, state, ffi.from_buffer("float[]", wide), len(block), given)
        return out
