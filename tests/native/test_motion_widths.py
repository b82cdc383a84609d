"""Many hubs get the same bits whatever vectors the processor has."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from motion_signals import spoilt, waved_arm
from tasuki.filters import OrientationMany
from tasuki.filters.orientation import settings
from tasuki.native.motion import LANES, ORIENT_OUT, ORIENT_ROWS, Orient, OrientLanes

ROOT = Path(__file__).parents[2]
WIDTHS = {"four": ["-DTSK_HAS_AVX2=0"], "one": ["-DTSK_HAS_AVX2=0", "-DTSK_HAS_VECTORS=0"], "as built": []}


@pytest.fixture(params=WIDTHS)
def lanes(request, tmp_path):
    """tsk_orient_process_lanes of a core that was compiled for that width."""
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    made = tmp_path / "core.so"
    sources = [str(path) for path in ROOT.glob("native/src/motion_orient*.c")]
    include = [f"-I{ROOT / 'native/include'}", f"-I{ROOT / 'native/src'}"]
    options = ["-std=c99", "-O2", "-ffp-contract=off", "-shared", "-fPIC", *WIDTHS[request.param]]
    subprocess.run([gcc, *options, *include, *sources, "-o", str(made)], check=True)
    return ctypes.CDLL(str(made)).tsk_orient_process_lanes


def test_sixteen_hubs_in_vectors_of_any_width(lanes):
    each = [spoilt(*waved_arm(12, seed=seed)[:3]) for seed in range(LANES)]
    blocks = [np.ascontiguousarray(np.stack([hub[i] for hub in each], axis=2)) for i in range(3)]
    made = OrientLanes(LANES, **settings(100, True))
    one = Orient(**settings(100, True))
    state = np.ascontiguousarray(made._start)
    out = np.empty((len(blocks[0]), ORIENT_OUT, LANES), np.float32)

    lanes(
        ctypes.c_char_p(_coef(one)),
        *(ctypes.c_void_p(array.ctypes.data) for array in (state, *blocks)),
        ctypes.c_size_t(len(out)),
        ctypes.c_void_p(out.ctypes.data),
    )

    expected = OrientationMany(100, LANES, True).process(*blocks)
    assert state.shape == (ORIENT_ROWS, LANES)
    assert out[:, :4].tobytes() == expected.quaternion.tobytes()
    assert out[:, 4:7].tobytes() == expected.gyro_bias_rad_s.tobytes()


def _coef(one):
    from tasuki._native import ffi

    return bytes(ffi.buffer(one.coef))
