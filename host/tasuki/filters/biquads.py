"""Cascades of second-order sections that keep their state."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.native.filters import FLOAT, BiquadCascade, floats


class Biquads(Kept[BiquadCascade]):
    """scipy.signal.sosfilt as a stream, in float32 or in fixed point.

    float32 blocks run in transposed direct form 2. int32 blocks run in direct form 1
    with coefficients of 28 to 30 binary places, 64-bit sums and the gain spread over
    the sections, rounded to whole counts after each section with what was lost given
    back, and limited to +-(2^28 - 1): within a few counts of scipy's double, with the
    same bits on every processor. The two keep separate states. A NaN or infinity comes
    out as NaN where it stood and the filter goes on with the latest good value.
    """

    def __init__(self, sos: ArrayLike, channels: int = 1) -> None:
        """sos: shape (sections, 6), as SciPy designs them, 1 to 16 sections, else ValueError."""
        rows = np.array(sos, dtype=np.float64, order="C")
        if rows.ndim != 2 or rows.shape[1] != 6 or not np.isfinite(rows).all() or (rows[:, 3] == 0).any():
            raise ValueError(f"expected finite sections of shape (n, 6) with a0 != 0, got {rows.shape}")
        self._channels = channels
        self._core = BiquadCascade(rows / rows[:, 3:4], channels)
        self._run_line = self._core.run_line if channels == 1 else None

    def process(self, block: Any, out: Any = None) -> Any:
        """Filter a block and return it filtered.

        block: shape (n,) for one channel, else (n, channels); int32 is filtered in
        fixed point, anything else as float32. out: where the result goes, of the
        same shape and type and C-contiguous, block itself allowed; made where absent.
        ValueError for other shapes.
        """
        plain = block.__class__ is np.ndarray and block.dtype is FLOAT and block.ndim == 1
        if plain and out is None and self._run_line:
            return self._run_line(block)
        samples: Any = block if getattr(block, "dtype", None) == np.int32 else floats(block)
        samples = np.ascontiguousarray(samples)
        self._check(samples)
        given = np.empty_like(samples) if out is None else out
        if given.shape != samples.shape or given.dtype != samples.dtype or not given.flags.c_contiguous:
            raise ValueError(f"out must be C-contiguous {samples.dtype} of shape {samples.shape}")
        if samples.dtype == np.int32:
            self._core.run_i32(samples, given)
        else:
            self._core.run_f32(samples, given)
        return given

    def gap(self, samples: int) -> None:
        """Announce missing samples: the filter runs on with the latest good value."""
        self._core.gap(samples)

    def _check(self, samples: NDArray[Any]) -> None:
        if samples.ndim == 2 and samples.shape[1] == self._channels:
            fits = True
        else:
            fits = samples.ndim == 1 and self._channels == 1
        if not fits:
            raise ValueError(f"expected {self._channels} channels, got shape {samples.shape}")
        if samples.dtype == np.int32 and not self._core.fits_fixed:
            raise ValueError("a feedback of 2 or a numerator of 8 does not fit fixed point; give float32")
