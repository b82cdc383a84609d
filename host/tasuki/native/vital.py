"""Binding of breaths, temperature and heart rate: memory and lengths here, rules in C."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib
from tasuki.native.filters import RAW_BREATH, RAW_WARMTH, BiquadCascade, Floats, Found, Memory, missing

_buffer = ffi.from_buffer
_FLOATS = ffi.typeof("float[]")
_WARMTHS = ffi.typeof("struct tsk_warmth[]")
_breaths = lib.tsk_breath_process
_read_breaths = lib.tsk_breath_read
_warmth = lib.tsk_warmth_process
_read_rate = lib.tsk_rate_read


def _filled(kind: str, values: dict[str, float]) -> Any:
    made = ffi.new(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Breaths:
    """The breath detector: a band-pass `sos` at the inner rate and the fields of tsk_breath_coef."""

    def __init__(self, sos: NDArray[np.float64], fields: dict[str, float]) -> None:
        if len(sos) > 4:
            raise ValueError("at most 4 sections")
        self.coef = _filled("struct tsk_breath_coef *", fields)
        self.coef.filter = BiquadCascade(sos, 1).coef[0]
        self._state = ffi.new("struct tsk_breath_state *")
        self._used = ffi.new("size_t *")
        self._rate = ffi.new("struct tsk_breath_rate *")
        self._decimate = int(self.coef.decimate)
        self._found = Found("struct tsk_breath", RAW_BREATH)
        self.memory = Memory(b"brth", bytes(ffi.buffer(self.coef)), self._state, valid=self._is_valid)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_breath_reset(self._state)

    def _is_valid(self) -> bool:
        return bool(lib.tsk_breath_valid(self.coef, self._state))

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of RAW_BREATH that were decided within the block; one per inner sample at most."""
        most = len(block) // self._decimate + 2
        rows, taken = self._found.room(most), _buffer(_FLOATS, block)
        count = _breaths(self.coef, self._state, taken, len(block), self._used, rows, most)
        return self._found.take(count)

    def read(self) -> tuple[float, float, bool]:
        """(breaths a minute or 0, confidence, apnoea now)."""
        rate = self._rate
        _read_breaths(self.coef, self._state, rate)
        return rate.rate_bpm, rate.confidence, bool(rate.apnoea)

    def gap(self, samples: int) -> NDArray[np.void]:
        """So many missing samples; rows of RAW_BREATH decided before them, one at most."""
        rows = self._found.room(1)
        return self._found.take(lib.tsk_breath_gap(self.coef, self._state, missing(samples), rows))


class Warmth:
    """The temperature filter with the fields of tsk_warmth_coef."""

    def __init__(self, **fields: float) -> None:
        self.coef = _filled("struct tsk_warmth_coef *", fields)
        self._state = ffi.new("struct tsk_warmth_state *")
        self.memory = Memory(b"warm", bytes(ffi.buffer(self.coef)), self._state)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_warmth_reset(self._state)

    def run(self, block: Floats) -> NDArray[np.void]:
        """One row of RAW_WARMTH for each sample."""
        out = np.empty(len(block), RAW_WARMTH)
        _warmth(self.coef, self._state, _buffer(_FLOATS, block), len(block), _buffer(_WARMTHS, out))
        return out


class Rate:
    """Intervals between beats and what follows from them."""

    def __init__(self) -> None:
        self._state = ffi.new("struct tsk_rate_state *")
        self._rate = ffi.new("struct tsk_rate *")
        self.memory = Memory(b"rate", struct.pack("<I", lib.TSK_RATE_BEATS), self._state)
        self.reset()

    def reset(self) -> None:
        """No beats."""
        lib.tsk_rate_reset(self._state)

    def beat(self, rr_ms: float, confidence: float) -> None:
        """One beat; rr_ms 0 where the interval is not known."""
        lib.tsk_rate_beat(self._state, rr_ms, confidence)

    def read(self) -> tuple[float, float, float, bool]:
        """(bpm or 0, mean square difference in ms^2 or -1, quality, irregular)."""
        rate = self._rate
        _read_rate(self._state, rate)
        return rate.bpm, rate.mean_square, rate.quality, bool(rate.irregular)
