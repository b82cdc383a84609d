"""Binding of the motion filters: memory and shapes here, every per-sample step in C."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki._native import ffi, lib
from tasuki.native.filters import FLOAT, Floats, Found, Memory, floats, missing

LANES: int = lib.TSK_LANES
ORIENT_ROWS: int = lib.TSK_ORIENT_ROWS
ORIENT_OUT: int = lib.TSK_ORIENT_OUT

_buffer = ffi.from_buffer
_NULL = ffi.NULL
_FLOATS = ffi.typeof("float[]")
_orient = lib.tsk_orient_process
_falls = lib.tsk_fall_process


def axes(block: ArrayLike, what: str) -> Floats:
    """The block as contiguous float32 of shape (n, 3), else ValueError."""
    rows: Floats = floats(block)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(f"expected {what} of shape (n, 3), got {rows.shape}")
    return rows


def filled(kind: str, values: dict[str, float]) -> Any:
    """A C struct with these fields; all its other fields are zero."""
    made = ffi.new(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _floats(array: Floats | None) -> Any:
    return _NULL if array is None else _buffer(_FLOATS, array)


class Orient:
    """The orientation filter of one hub, with the fields of tsk_orient_coef."""

    def __init__(self, **fields: float) -> None:
        self.coef = filled("struct tsk_orient_coef *", fields)
        self.state = ffi.new("struct tsk_orient_state *")
        self.memory = Memory(b"orie", bytes(ffi.buffer(self.coef)), self.state)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_orient_reset(self.coef, self.state)

    def run(self, gyro: Floats, accel: Floats, mag: Floats | None) -> Floats:
        """Shape (n, ORIENT_OUT): w x y z, bias x y z, rest, quality."""
        out = np.empty((len(gyro), ORIENT_OUT), FLOAT)
        taken = _buffer(_FLOATS, gyro), _buffer(_FLOATS, accel), _floats(mag)
        _orient(self.coef, self.state, *taken, len(gyro), _buffer(_FLOATS, out))
        return out

    def gap(self, samples: int) -> None:
        """So many missing samples."""
        lib.tsk_orient_gap(self.coef, self.state, missing(samples))


class OrientLanes:
    """The same for a multiple of LANES hubs, side by side."""

    def __init__(self, hubs: int, **fields: float) -> None:
        one = Orient(**fields)
        start = np.frombuffer(bytes(ffi.buffer(one.state)), np.float32)
        self._coef = one.coef
        self._start = np.repeat(start[:, None], LANES, axis=1)
        self._state = ffi.new("struct tsk_orient_lanes[]", -(-hubs // LANES))
        self.memory = Memory(b"oril", bytes(ffi.buffer(self._coef)), self._state)
        self.reset()

    def reset(self) -> None:
        """All hubs as before their first sample."""
        for group in self._state:
            ffi.memmove(ffi.addressof(group), self._start.tobytes(), ffi.sizeof(group))

    def run(self, group: int, gyro: Floats, accel: Floats, mag: Floats | None) -> Floats:
        """One group of LANES hubs: shape (n, 3, LANES) in, (n, ORIENT_OUT, LANES) out."""
        out = np.empty((len(gyro), ORIENT_OUT, LANES), np.float32)
        given = ffi.from_buffer("float[]", out, require_writable=True)
        state = ffi.addressof(self._state, group)
        lib.tsk_orient_process_lanes(
            self._coef, state, _floats(gyro), _floats(accel), _floats(mag), len(gyro), given
        )
        return out


FALL_FEATURES: int = lib.TSK_FALL_FEATURES
RAW_FALL = np.dtype(
    [
        ("sample", "<i8"),
        ("lane", "<i4"),
        ("confidence", "<f4"),
        ("impact", "<f4"),
        ("quality", "<f4"),
        ("feature", "<f4", (FALL_FEATURES,)),
        ("reserved", "<f4"),
    ]
)
"""struct tsk_fall."""


class Falls:
    """The fall detector of one hub, with the fields of tsk_fall_coef."""

    def __init__(self, **fields: Any) -> None:
        self.coef = filled("struct tsk_fall_coef *", fields)
        self.state = ffi.new("struct tsk_fall_state *")
        self.memory = Memory(b"fall", bytes(ffi.buffer(self.coef)), self.state)
        self._apart = int(self.coef.decimate * self.coef.after)
        self._found = Found("struct tsk_fall", RAW_FALL)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_fall_reset(self.state)

    def run(self, accel: Floats) -> NDArray[np.void]:
        """Rows of RAW_FALL that were decided within the block."""
        rows = self._found.room(len(accel) // self._apart + 2)
        count = _falls(self.coef, self.state, _buffer(_FLOATS, accel), len(accel), rows)
        return self._found.take(count)

    def gap(self, samples: int) -> NDArray[np.void]:
        """Rows of RAW_FALL that were still waiting."""
        rows = self._found.room(2)
        return self._found.take(lib.tsk_fall_gap(self.coef, self.state, missing(samples), rows))


class FallLanes:
    """The same for a multiple of LANES hubs, side by side."""

    def __init__(self, hubs: int, **fields: Any) -> None:
        self._coef = filled("struct tsk_fall_coef *", fields)
        self._state = ffi.new("struct tsk_fall_lanes[]", -(-hubs // LANES))
        self.memory = Memory(b"fall", b"lanes" + bytes(ffi.buffer(self._coef)), self._state)
        self.reset()

    def reset(self) -> None:
        """All hubs as before their first sample."""
        for group in self._state:
            lib.tsk_fall_reset_lanes(ffi.addressof(group))

    def run(self, group: int, accel: Floats) -> NDArray[np.void]:
        """One group of LANES hubs, accel of shape (n, 3, LANES): rows of RAW_FALL as decided."""
        room = LANES * (len(accel) // (self._coef.decimate * self._coef.after) + 2)
        out = np.empty(room, RAW_FALL)
        rows = ffi.from_buffer("struct tsk_fall[]", out, require_writable=True)
        state = ffi.addressof(self._state, group)
        return out[: lib.tsk_fall_process_lanes(self._coef, state, _floats(accel), len(accel), rows)]

    def gap(self, group: int, samples: int) -> NDArray[np.void]:
        """Rows of RAW_FALL that were still waiting in one group."""
        out = np.empty(2 * LANES, RAW_FALL)
        rows = ffi.from_buffer("struct tsk_fall[]", out, require_writable=True)
        return out[
            : lib.tsk_fall_gap_lanes(self._coef, ffi.addressof(self._state, group), missing(samples), rows)
        ]
