"""Conversion of a capture, proofs checked, beside plain writes of the same samples from memory.

The peers get finished arrays and only write them; ours reads, decrypts nothing (plaintext),
verifies every block and finds the gaps first.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from host import capture_examples, garments
from tasuki.capture.reading import read
from tasuki.convert import converting
from tasuki.convert.source import Choice
from tasuki_wire import layout

EPOCHS = 75  # five minutes
PROFILE = layout.DEFAULT_PROFILE[:5]


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A capture, and its signals as float64 arrays of shape (n, columns) with their rates."""
    folder = tmp_path_factory.mktemp("convert")
    garment = garments.record(folder / "walk.tsk", EPOCHS, garments.Garment(PROFILE))
    signals = {}
    for stream, _, _, period, _ in PROFILE:
        raw = np.concatenate([raw for _, raw in garment.measured[stream]])
        signals[stream] = raw.view("<i2").reshape(len(raw), -1), 1e6 / period
    return folder, signals


def numbers(signals):
    return sum(values.size for values, _ in signals.values())


@pytest.mark.parametrize("kind", ["wfdb", "edf", "csv", "parquet", "npz"])
def test_tasuki(rate, walk, kind):
    folder, signals = walk

    def run():
        for old in folder.glob("out*"):
            old.unlink()
        with read(folder / "walk.tsk") as capture:
            key_of = lambda device: capture_examples.PUBLIC  # noqa: E731
            own = converting.own(frozenset())
            converting.convert(capture, folder / "out", kind, key_of, own, Choice())

    rate(f"capture to {kind}", "tasuki convert, verified", numbers(signals), "samples", run, rounds=3)


@pytest.mark.filterwarnings("ignore")  # wfdb 4.3 uses what pandas 3 calls deprecated
def test_plain_wfdb(rate, walk, tmp_path):
    _, signals = walk
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

    def run():
        for stream, (values, hz) in signals.items():
            n = values.shape[1]
            wfdb.wrsamp(
                f"s{stream}", hz, ["uV"] * n, [f"c{i}" for i in range(n)], d_signal=values.astype(np.int64),
                fmt=["16"] * n, adc_gain=[1.0] * n, baseline=[0] * n, write_dir=str(tmp_path),
            )  # fmt: skip

    rate("capture to wfdb", "wfdb.wrsamp", numbers(signals), "samples", run, rounds=3)


def test_plain_pyarrow(rate, walk, tmp_path):
    _, signals = walk

    def run():
        for stream, (values, hz) in signals.items():
            columns = {f"c{i}": column / 1.0 for i, column in enumerate(values.T)}
            times = {"time": np.arange(len(values)) * round(1e6 / hz)}
            table = pa.table({**times, **columns})
            pq.write_table(table, tmp_path / f"s{stream}.parquet", compression="zstd")

    rate("capture to parquet", "pyarrow write_table", numbers(signals), "samples", run, rounds=3)


def test_plain_numpy(rate, walk, tmp_path):
    _, signals = walk

    def run():
        np.savez(
            tmp_path / "s.npz", **{f"s{stream}": values / 1.0 for stream, (values, _) in signals.items()}
        )

    rate("capture to npz", "numpy.savez", numbers(signals), "samples", run, rounds=3)
