"""Binding of the filters of many hubs: memory, lengths and types here, every step in C."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib
from tasuki.native.filters import BEAT, RAW_BREATH, RAW_WARMTH, Beats, Floats, Memory
from tasuki.native.vital import Breaths, Warmth

LANES = 16
HUB_BEAT = np.dtype([("hub", "<i8"), ("beat", BEAT)])
"""struct tsk_hub_beat."""
HUB_BREATH = np.dtype([("hub", "<i8"), ("breath", RAW_BREATH)])
"""struct tsk_hub_breath."""
RAW_RATE = np.dtype([("bpm", "<f4"), ("mean_square", "<f4"), ("quality", "<f4"), ("irregular", "<i4")])
"""struct tsk_rate."""
RAW_BREATH_RATE = np.dtype([("rate_bpm", "<f4"), ("confidence", "<f4"), ("apnoea", "<i4")])
"""struct tsk_breath_rate."""


def _groups(hubs: int) -> Iterator[tuple[int, int, int]]:
    """(number, first hub, hubs) of each group of lanes."""
    for number, first in enumerate(range(0, hubs, LANES)):
        yield number, first, min(LANES, hubs - first)


def _rows(kind: str, array: NDArray[Any]) -> Any:
    return ffi.from_buffer(kind, array, require_writable=True)


class BeatLanes:
    """Beat detectors of many hubs, 16 side by side."""

    def __init__(self, rate_hz: float, hubs: int) -> None:
        self._single = Beats(rate_hz)
        self._hubs = hubs
        self._coef = self._single.coef
        self._state = ffi.new("struct tsk_beat_lanes[]", -(-hubs // LANES))
        self._used = ffi.new("size_t *")
        self._out = np.empty(2 * LANES * lib.TSK_BEAT_QUEUE, HUB_BEAT)
        self._rows = _rows("struct tsk_hub_beat[]", self._out)
        design = struct.pack("<i", hubs) + self._single.constants()
        self.memory = Memory(b"beas", design, self._state, valid=self._is_valid)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        for group in range(len(self._state)):
            lib.tsk_beat_reset_lanes(self._coef, self._state + group)

    def _is_valid(self) -> bool:
        groups = range(len(self._state))
        return all(lib.tsk_beat_valid_lanes(self._coef, self._state + group) for group in groups)

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of HUB_BEAT decided within the block, shape (n, hubs); each hub's in order."""
        found = [self._out[:0]]
        taken = ffi.from_buffer("float[]", block)
        for number, first, width in _groups(self._hubs):
            done = 0
            while done < len(block):
                start = taken + (done * self._hubs + first)
                left = (len(block) - done, self._hubs, width)
                count = lib.tsk_beat_process_lanes(
                    self._coef, self._state + number, start, *left, self._used, self._rows, len(self._out)
                )
                done += self._used[0]
                rows = self._out[:count].copy()
                rows["hub"] += first
                found.append(rows)
        return np.concatenate(found)


class LevelLanes:
    """Level of many hubs, 16 side by side."""

    def __init__(self, hold: int, hubs: int) -> None:
        self._hold = hold
        self._hubs = hubs
        self._state = ffi.new("struct tsk_level_lanes[]", -(-hubs // LANES))
        self.memory = Memory(b"levs", struct.pack("<ii", hold, hubs), self._state)
        self.reset()

    def reset(self) -> None:
        """The next good sample of each hub is zero."""
        for group in range(len(self._state)):
            lib.tsk_level_reset_lanes(self._state + group)

    def run(self, block: Floats, out: Floats) -> None:
        """Shape (n, hubs); out may be block."""
        taken, given = ffi.from_buffer("float[]", block), _rows("float[]", out)
        for number, first, width in _groups(self._hubs):
            lib.tsk_level_process_lanes(
                self._hold, self._state + number, taken + first, len(block), self._hubs, width, given + first
            )


class BreathsMany:
    """Breath detectors of many hubs."""

    def __init__(self, hubs: int, sos: NDArray[np.float64], fields: dict[str, float]) -> None:
        single = Breaths(sos, fields)
        self._coef = single.coef
        self._hubs = hubs
        self._state = ffi.new("struct tsk_breath_state[]", hubs)
        self._used = ffi.new("size_t *")
        self._out = np.empty(64 * hubs, HUB_BREATH)
        design = struct.pack("<i", hubs) + bytes(ffi.buffer(self._coef))
        self.memory = Memory(b"brts", design, self._state, valid=self._is_valid)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        for hub in range(self._hubs):
            lib.tsk_breath_reset(self._state + hub)

    def _is_valid(self) -> bool:
        return all(lib.tsk_breath_valid(self._coef, self._state + hub) for hub in range(self._hubs))

    def run(self, block: Floats) -> NDArray[np.void]:
        """Rows of HUB_BREATH decided within the block, shape (n, hubs); each hub's in order."""
        taken, rows = ffi.from_buffer("float[]", block), _rows("struct tsk_hub_breath[]", self._out)
        found, done = [self._out[:0]], 0
        while done < len(block):
            start, left = taken + done * self._hubs, len(block) - done
            count = lib.tsk_breath_process_many(
                self._coef, self._state, self._hubs, start, left, self._used, rows, len(self._out)
            )
            done += self._used[0]
            found.append(self._out[:count].copy())
        return np.concatenate(found)

    def read(self) -> NDArray[np.void]:
        """Rows of RAW_BREATH_RATE, one for each hub."""
        out = np.empty(self._hubs, RAW_BREATH_RATE)
        lib.tsk_breath_read_many(self._coef, self._state, self._hubs, _rows("struct tsk_breath_rate[]", out))
        return out


class WarmthMany:
    """Temperature filters of many hubs."""

    def __init__(self, hubs: int, **fields: float) -> None:
        self._coef = Warmth(**fields).coef
        self._hubs = hubs
        self._state = ffi.new("struct tsk_warmth_state[]", hubs)
        self.memory = Memory(b"wars", struct.pack("<i", hubs) + bytes(ffi.buffer(self._coef)), self._state)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        for hub in range(self._hubs):
            lib.tsk_warmth_reset(self._state + hub)

    def run(self, block: Floats) -> NDArray[np.void]:
        """RAW_WARMTH of shape (n, hubs) for a block of that shape."""
        out = np.empty(block.shape, RAW_WARMTH)
        taken, rows = ffi.from_buffer("float[]", block), _rows("struct tsk_warmth[]", out)
        lib.tsk_warmth_process_many(self._coef, self._state, self._hubs, taken, len(block), rows)
        return out


class RateMany:
    """Intervals between beats of many hubs."""

    def __init__(self, hubs: int) -> None:
        self._hubs = hubs
        self._state = ffi.new("struct tsk_rate_state[]", hubs)
        self.memory = Memory(b"rats", struct.pack("<i", hubs), self._state)

    def reset(self) -> None:
        """No beats."""
        for hub in range(self._hubs):
            lib.tsk_rate_reset(self._state + hub)

    def run(self, hub: NDArray[np.int64], rr_ms: Floats, confidence: Floats) -> NDArray[np.void]:
        """Take beats, shape (n,) each; rows of RAW_RATE, one for each hub."""
        out = np.empty(self._hubs, RAW_RATE)
        beats = (ffi.from_buffer("int64_t[]", hub), _rows("float[]", rr_ms), _rows("float[]", confidence))
        lib.tsk_rate_process_many(self._state, self._hubs, *beats, len(hub), _rows("struct tsk_rate[]", out))
        return out
