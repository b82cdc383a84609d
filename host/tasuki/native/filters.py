"""Binding of the filters: memory, lengths and types here, every per-sample step in C."""

import operator
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib

Floats = NDArray[np.float32]
FLOAT = np.dtype(np.float32)

BEAT = np.dtype([("sample", "<i8"), ("time_s", "<f8"), ("rr_s", "<f8"), ("confidence", "<f8")])
"""One beat, struct tsk_beat.

sample: its R peak, counted from the first sample since the start, gaps included.
time_s: the same in seconds.
rr_s: seconds since the beat before; NaN at the first beat and across a gap.
confidence: 0 to 1, from how far it stands above threshold and noise; no probability.
"""
RAW_BREATH = np.dtype([("sample", "<i8"), ("interval", "<i8")])
"""struct tsk_breath."""
RAW_WARMTH = np.dtype([("celsius", "<f4"), ("slope", "<f4"), ("contact", "<i4")])
"""struct tsk_warmth."""

_HEAD = struct.Struct("<4sII")
_LONGEST_GAP = 1 << 20
_buffer = ffi.from_buffer
_beats = lib.tsk_beat_process
_filter_f32 = lib.tsk_biquad_f32
_level = lib.tsk_level_process
_FLOATS = ffi.typeof("float[]")


def floats(block: Any) -> Floats:
    """The block as a contiguous float32 array, copied only where it is not one already.

    ValueError unless it is an array or a list of real numbers; what is too large for float32 is infinite.
    """
    if block.__class__ is np.ndarray and block.dtype is FLOAT:
        return block if block.flags.c_contiguous else np.ascontiguousarray(block)
    numbers = np.asarray(block)
    if numbers.ndim == 0 or (numbers.dtype.kind not in "fiub" and numbers.size > 0):
        raise ValueError(f"expected an array of real numbers, got {type(block).__name__} of {numbers.dtype}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers, dtype=np.float32)


def missing(samples: int) -> int:
    """How many samples are missing; ValueError when it is no number of samples."""
    count = operator.index(samples)
    if not 0 <= count < 1 << 63:
        raise ValueError(f"expected a number of missing samples, got {samples}")
    return count


def line(block: Any) -> Floats:
    """The same for one channel; ValueError unless the shape is (n,)."""
    samples: Floats = floats(block)
    if samples.ndim != 1:
        raise ValueError(f"expected samples of shape (n,), got {samples.shape}")
    return samples


class Memory:
    """C memory that can be saved and restored as bytes.

    The bytes are for the same filter with the same settings: `design` is hashed
    into them, and restore() refuses any others with ValueError. `valid` says whether
    the counters in the memory are such that the C core stays inside it.
    """

    def __init__(
        self, tag: bytes, design: bytes, *parts: Any, valid: Callable[[], bool] | None = None
    ) -> None:
        self._valid = valid
        self._head = (tag, zlib.crc32(design))
        self._parts = [ffi.buffer(part) for part in parts]
        self._size = sum(len(part) for part in self._parts)

    def save(self, extra: bytes = b"") -> bytes:
        """All parts and the extra bytes, behind a head of tag, hash of the design and CRC-32 of the rest."""
        body = b"".join(bytes(part) for part in self._parts) + extra
        return _HEAD.pack(*self._head, zlib.crc32(body)) + body

    def extra(self, data: bytes) -> bytes:
        """The extra bytes of what save() gave; ValueError for any other bytes."""
        body = data[_HEAD.size :]
        if len(body) < self._size or data[: _HEAD.size] != _HEAD.pack(*self._head, zlib.crc32(body)):
            raise ValueError("state of another filter, of other settings, or damaged")
        return body[self._size :]

    def load(self, data: bytes, extra: bytes = b"") -> None:
        """Take over what save(extra) gave; ValueError and no change for others."""
        if self.extra(data) != extra:
            raise ValueError("state of another filter, of other settings, or damaged")
        before = self.save()
        self._put(data)
        if self._valid is not None and not self._valid():
            self._put(before)
            raise ValueError("state of another filter, or damaged")

    def _put(self, data: bytes) -> None:
        at = _HEAD.size
        for part in self._parts:
            part[:] = data[at : at + len(part)]
            at += len(part)


class Found:
    """Room for the rows that C finds in a block. It is kept and grows; what is taken out is a copy."""

    def __init__(self, kind: str, row: np.dtype[np.void]) -> None:
        self._kind = ffi.typeof(f"{kind}[]")
        self._none = np.empty(0, row)
        self._rows = self._none
        self._grow(16)

    def _grow(self, rows: int) -> None:
        self._rows = np.empty(rows, self._none.dtype)
        self._memory = _buffer(self._kind, self._rows)

    def room(self, rows: int) -> Any:
        """C memory for at least so many."""
        if rows > len(self._rows):
            self._grow(rows)
        return self._memory

    def take(self, count: int) -> NDArray[np.void]:
        """The first `count`."""
        return self._rows[:count].copy() if count else self._none


def _checked(code: int, what: str) -> None:
    if code != lib.TSK_FILTER_OK:
        raise ValueError(what)


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

    def run(self, samples: Any, count: int) -> None:
        """So many samples in C memory, in place."""
        _level(self._hold, self._state, samples, count, samples)

    def gap(self, samples: int) -> None:
        """So many missing samples."""
        lib.tsk_level_gap(self._hold, self._state, missing(samples))


class BiquadCascade:
    """Second-order sections over interleaved channels, in float32 and in fixed point."""

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

    def run_line(self, block: Floats, level: Level | None = None) -> Floats:
        """The quick way for one channel of float32 in short blocks, its level taken off first: shape (n,)."""
        out = block.copy()  # filtered in place: one buffer to hand over instead of two
        samples = _buffer(_FLOATS, out)
        if level is not None:
            level.run(samples, len(out))
        _filter_f32(self.coef, self._real, samples, len(out), samples)
        return out

    def run_i32(self, block: NDArray[np.int32], out: NDArray[np.int32]) -> None:
        """The same in fixed point."""
        taken = ffi.from_buffer("int32_t[]", block)
        given = ffi.from_buffer("int32_t[]", out, require_writable=True)
        lib.tsk_biquad_i32(self.coef, self._fixed, taken, len(block), given)

    def gap(self, samples: int) -> None:
        """So many missing samples, in both arithmetic; 2^20 stand for any more."""
        samples = min(missing(samples), _LONGEST_GAP)
        lib.tsk_biquad_gap_f32(self.coef, self._real, samples)
        lib.tsk_biquad_gap_i32(self.coef, self._fixed, samples)


class Beats:
    """The beat detector with its state; `other` puts other constants in struct tsk_beat_coef, for tuning."""

    def __init__(self, rate_hz: float, **other: int) -> None:
        self.coef = ffi.new("struct tsk_beat_coef *")
        rate_mhz = round(rate_hz * 1000) if 0 < rate_hz < 1e6 else 0
        params = ffi.new("struct tsk_beat_params *", {"rate_mhz": rate_mhz})
        _checked(lib.tsk_beat_design(params, self.coef), f"beats need 100 to 2000 Hz, got {rate_hz}")
        for name, value in other.items():
            setattr(self.coef, name, value)
        self._state = ffi.new("struct tsk_beat_state *")
        self._used = ffi.new("size_t *")
        self._room = 1024
        self._enough = self._room - lib.TSK_BEAT_QUEUE  # up to so many the C core took all samples
        self._out = np.empty(self._room, BEAT)
        self._none = self._out[:0].copy()
        self._rows = _buffer("struct tsk_beat[]", self._out)
        design = bytes(ffi.buffer(params)) + bytes(ffi.buffer(self.coef))
        self.memory = Memory(b"beat", design, self._state, valid=self._is_valid)
        self.reset()

    def _is_valid(self) -> bool:
        return bool(lib.tsk_beat_valid(self.coef, self._state))

    def constants(self) -> bytes:
        """Struct tsk_beat_coef as it is."""
        return bytes(ffi.buffer(self.coef))

    def reset(self) -> None:
        """As before the first sample."""
        lib.tsk_beat_reset(self.coef, self._state)

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of BEAT that were decided within the block."""
        taken = _buffer(_FLOATS, block)
        count = _beats(self.coef, self._state, taken, len(block), self._used, self._rows, self._room)
        if count == 0:
            return self._none
        found = self._out[:count].copy()
        if count <= self._enough:
            return found
        done = int(self._used[0])
        return np.concatenate([found, self.run(block[done:])]) if done < len(block) else found

    def gap(self, samples: int) -> NDArray[np.void]:
        """Rows of BEAT that were still waiting."""
        count = lib.tsk_beat_gap(self.coef, self._state, missing(samples), self._rows, self._room)
        return self._out[:count].copy()
