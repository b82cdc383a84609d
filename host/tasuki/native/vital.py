"""Binding of breaths, temperature and heart rate: memory and lengths here, rules in C."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib
from tasuki.native.filters import RAW_BREATH, RAW_WARMTH, BiquadCascade, Floats, Memory, missing


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
        self.memory = Memory(b"brth", bytes(ffi.buffer(self.coef)), self._state, valid=self._is_valid)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_breath_reset(self._state)

    def _is_valid(self) -> bool:
        return bool(lib.tsk_breath_valid(self.coef, self._state))

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of RAW_BREATH that were decided within the block; one per inner sample at most."""
        out = np.empty(len(block) // self.coef.decimate + 2, RAW_BREATH)
        rows = ffi.from_buffer("struct tsk_breath[]", out, require_writable=True)
        taken = ffi.from_buffer("float[]", block)
        count = lib.tsk_breath_process(self.coef, self._state, taken, len(block), self._used, rows, len(out))
        return out[:count]

    def read(self) -> tuple[float, float, bool]:
        """(breaths a minute or 0, confidence, apnoea now)."""
        lib.tsk_breath_read(self.coef, self._state, self._rate)
        return self._rate.rate_bpm, self._rate.confidence, bool(self._rate.apnoea)

    def gap(self, samples: int) -> NDArray[np.void]:
        """So many missing samples; rows of RAW_BREATH decided before them, one at most."""
        out = np.empty(1, RAW_BREATH)
        rows = ffi.from_buffer("struct tsk_breath[]", out, require_writable=True)
        return out[: lib.tsk_breath_gap(self.coef, self._state, missing(samples), rows)]


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
        rows = ffi.from_buffer("struct tsk_warmth[]", out, require_writable=True)
        lib.tsk_warmth_process(self.coef, self._state, ffi.from_buffer("float[]", block), len(block), rows)
        return out


class Rate:
    """Intervals between beats and what follows from them."""

    def __init__(self) -> None:
        self._state = ffi.new("struct tsk_rate_state *")
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
        out = ffi.new("struct tsk_rate *")
        lib.tsk_rate_read(self._state, out)
        return out.bpm, out.mean_square, out.quality, bool(out.irregular)
