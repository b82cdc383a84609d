"""Binding of the filters: memory, lengths and types here, every per-sample step in C."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki._native import ffi, lib

Floats = NDArray[np.float32]

RAW_BEAT = np.dtype([("sample", "<i8"), ("rr", "<i4"), ("confidence", "<i4")])
"""struct tsk_beat."""
RAW_BREATH = np.dtype([("sample", "<i8"), ("interval", "<i8")])
"""struct tsk_breath."""
RAW_WARMTH = np.dtype([("celsius", "<f4"), ("slope", "<f4"), ("contact", "<i4")])
"""struct tsk_warmth."""

_QUEUE = int(lib.TSK_BEAT_QUEUE)
_HEAD = struct.Struct("<4sII")
_buffer = ffi.from_buffer
_filter_f32 = lib.tsk_biquad_f32


def floats(block: ArrayLike) -> Floats:
    """The block as a contiguous float32 array, copied only where it is not one already."""
    return np.ascontiguousarray(block, dtype=np.float32)


def line(block: ArrayLike) -> Floats:
    """The same for one channel; ValueError unless the shape is (n,)."""
    samples = floats(block)
    if samples.ndim != 1:
        raise ValueError(f"expected samples of shape (n,), got {samples.shape}")
    return samples


class Memory:
    """C memory that can be saved and restored as bytes.

    The bytes are for the same filter with the same settings: `design` is hashed
    into them, and restore() refuses any others with ValueError.
    """

    def __init__(self, tag: bytes, design: bytes, *parts: Any) -> None:
        self._head = (tag, zlib.crc32(design))
        self._parts = [ffi.buffer(part) for part in parts]

    def save(self) -> bytes:
        """All parts behind a head of tag, hash of the design and CRC-32 of the rest."""
        body = b"".join(bytes(part) for part in self._parts)
        return _HEAD.pack(*self._head, zlib.crc32(body)) + body

    def load(self, data: bytes) -> None:
        """What save() gave; ValueError, and nothing changed, for any other bytes."""
        body = data[_HEAD.size :]
        size = sum(len(part) for part in self._parts)
        if len(body) != size or data[: _HEAD.size] != _HEAD.pack(*self._head, zlib.crc32(body)):
            raise ValueError("state of another filter, of other settings, or damaged")
        at = 0
        for part in self._parts:
            part[:] = body[at : at + len(part)]
            at += len(part)


def _checked(code: int, what: str) -> None:
    if code != lib.TSK_FILTER_OK:
        raise ValueError(what)


class BiquadCascade:
    """Second-order sections over interleaved channels, float32 or Q2.30 int32."""

    def __init__(self, sos: NDArray[np.float64], channels: int) -> None:
        params = ffi.new("struct tsk_biquad_params *", {"sections": len(sos), "channels": channels})
        self.coef = ffi.new("struct tsk_biquad_coef *")
        code = lib.tsk_biquad_design(params, ffi.from_buffer("double[]", sos), self.coef)
        _checked(code, "1 to 16 sections and at least one channel are needed")
        self._real = ffi.new("float[]", lib.tsk_biquad_words_f32(params))
        self._fixed = ffi.new("int32_t[]", lib.tsk_biquad_words_i32(params))
        self.fits_fixed = not self.coef.too_large
        self.memory = Memory(b"biqu", bytes(ffi.buffer(self.coef)), self._real, self._fixed)

    def reset(self) -> None:
        """All delays zero."""
        ffi.memmove(self._real, bytes(ffi.sizeof(self._real)), ffi.sizeof(self._real))
        ffi.memmove(self._fixed, bytes(ffi.sizeof(self._fixed)), ffi.sizeof(self._fixed))

    def run_f32(self, block: Floats, out: Floats) -> None:
        """Filter n rows of `channels` values; both contiguous, out may be block."""
        taken = ffi.from_buffer("float[]", block)
        given = ffi.from_buffer("float[]", out, require_writable=True)
        lib.tsk_biquad_f32(self.coef, self._real, taken, len(block), given)

    def run_line(self, block: Floats) -> Floats:
        """The quick way for one channel of float32 in short blocks: shape (n,) in and out."""
        out = np.empty(len(block), np.float32)
        taken = _buffer("float[]", block if block.flags.c_contiguous else np.ascontiguousarray(block))
        _filter_f32(self.coef, self._real, taken, len(block), _buffer("float[]", out))
        return out

    def run_i32(self, block: NDArray[np.int32], out: NDArray[np.int32]) -> None:
        """The same in fixed point."""
        taken = ffi.from_buffer("int32_t[]", block)
        given = ffi.from_buffer("int32_t[]", out, require_writable=True)
        lib.tsk_biquad_i32(self.coef, self._fixed, taken, len(block), given)

    def gap(self, samples: int) -> None:
        """So many missing samples, in both arithmetics."""
        lib.tsk_biquad_gap_f32(self.coef, self._real, samples)
        lib.tsk_biquad_gap_i32(self.coef, self._fixed, samples)


class Level:
    """Takes the offset of a signal, and its jumps over gaps, off."""

    def __init__(self, hold: int) -> None:
        self._hold = hold
        self._state = ffi.new("struct tsk_level_state *")
        self.memory = Memory(b"levl", struct.pack("<i", hold), self._state)
        self.reset()

    def reset(self) -> None:
        """The next good sample is zero."""
        lib.tsk_level_reset(self._state)

    def run(self, block: Floats, out: Floats) -> None:
        """Shape (n,); out may be block."""
        given = ffi.from_buffer("float[]", out, require_writable=True)
        lib.tsk_level_process(self._hold, self._state, ffi.from_buffer("float[]", block), len(block), given)

    def gap(self, samples: int) -> None:
        """So many missing samples."""
        lib.tsk_level_gap(self._hold, self._state, samples)


class Beats:
    """The beat detector with its state."""

    def __init__(self, rate_hz: float) -> None:
        self._coef = ffi.new("struct tsk_beat_coef *")
        rate_mhz = round(rate_hz * 1000) if 0 < rate_hz < 1e6 else 0
        params = ffi.new("struct tsk_beat_params *", {"rate_mhz": rate_mhz})
        _checked(lib.tsk_beat_design(params, self._coef), f"beats need 100 to 2000 Hz, got {rate_hz}")
        self._state = ffi.new("struct tsk_beat_state *")
        self._used = ffi.new("size_t *")
        self._shortest = int(self._coef.refractory * self._coef.decimate)
        design = bytes(ffi.buffer(params)) + bytes(ffi.buffer(self._coef))
        self.memory = Memory(b"beat", design, self._state)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_beat_reset(self._coef, self._state)

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of RAW_BEAT that were decided within the block."""
        out = np.empty(2 * _QUEUE + len(block) // self._shortest, RAW_BEAT)
        rows = ffi.from_buffer("struct tsk_beat[]", out, require_writable=True)
        taken = ffi.from_buffer("float[]", block)
        count = lib.tsk_beat_process(self._coef, self._state, taken, len(block), self._used, rows, len(out))
        if self._used[0] != len(block):
            raise AssertionError("more beats than a refractory time allows")
        return out[:count]

    def gap(self, samples: int) -> NDArray[np.void]:
        """Rows of RAW_BEAT that were still waiting."""
        out = np.empty(4 * _QUEUE, RAW_BEAT)
        rows = ffi.from_buffer("struct tsk_beat[]", out, require_writable=True)
        return out[: lib.tsk_beat_gap(self._coef, self._state, samples, rows, len(out))]
