"""A corrected value is exactly (raw - offset) * gain, rounded half away from zero and held at the limits."""

import random
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import viper32
from tasuki_hub.drivers import _portable, kernels
from tasuki_wire import codec, layout

MACHINE = viper32.load(Path(_portable.__file__).with_name("_viper.py"))
ROW = codec.struct_format(layout.CALIBRATION_ROW)
INT16 = st.integers(-32768, 32767) | st.sampled_from((-32768, -1, 0, 1, 32767))
GAIN = st.integers(0, 65535) | st.sampled_from((0, 1, 8192, 16384, 16385, 65535))


def exact(raw, offset, gain):
    """The same by rational numbers."""
    value = (raw - offset) * Fraction(gain, 16384)
    whole = int(abs(value) + Fraction(1, 2))
    return max(-32768, min(32767, whole if value > 0 else -whole))


def both(values, columns, rows, first, count):
    """What the plain loop and the machine code on 32 bits make of the records, between guards."""
    table = b"".join(struct.pack(ROW, *row) for row in rows)
    found = []
    for loops in (_portable, MACHINE):
        buf = bytearray(b"\xa5" * 4 + struct.pack(f"<{len(values)}h", *values) + b"\xa5" * 4)
        loops.calibrate(buf, 4, len(values) // columns, columns, table, first, count)
        assert buf[:4] == buf[-4:] == b"\xa5" * 4
        found.append(struct.unpack(f"<{len(values)}h", buf[4:-4]))
    assert found[0] == found[1]
    return found[0]


@given(raw=INT16, offset=INT16, gain=GAIN)
def test_one_value_is_what_rational_numbers_say(raw, offset, gain):
    assert both([raw], 1, [(0, 0, offset, gain)], 0, 1) == (exact(raw, offset, gain),)


@pytest.mark.parametrize(
    ("raw", "offset", "gain", "expected"),
    [
        (1, 0, 8192, 1),  # a half goes away from zero
        (-1, 0, 8192, -1),
        (3, 0, 8192, 2),
        (1, 0, 8191, 0),
        (-1, 0, 8191, 0),
        (32767, -32768, 65535, 32767),  # the largest product there is
        (-32768, 32767, 65535, -32768),
        (-32768, 0, 16384, -32768),  # a gain of 1 changes nothing
        (100, 100, 65535, 0),
    ],
)
def test_edges(raw, offset, gain, expected):
    assert both([raw], 1, [(0, 0, offset, gain)], 0, 1) == (expected,) == (exact(raw, offset, gain),)


@pytest.mark.parametrize("seed", range(8))
def test_each_row_corrects_its_column_in_every_record_and_no_other(seed):
    rng = random.Random(seed)
    print("seed", seed)
    columns = rng.choice((1, 6, 14))
    values = [rng.randrange(-32768, 32768) for _ in range(columns * rng.randrange(1, 9))]
    chosen = sorted(rng.sample(range(columns), rng.randrange(1, columns + 1)))
    rows = [(7, c, rng.randrange(-32768, 32768), rng.randrange(65536)) for c in chosen]
    around = [(6, 0, 1, 2)] * 2  # of other streams

    got = both(values, columns, around + rows + around, 2, len(rows))

    by_column = {row[1]: row[2:] for row in rows}
    for i, (raw, value) in enumerate(zip(values, got, strict=True)):
        constants = by_column.get(i % columns)
        assert value == (exact(raw, *constants) if constants else raw)


@pytest.mark.parametrize(
    ("at", "n", "first", "count"), [(-1, 1, 0, 1), (0, 5, 0, 1), (2, 4, 0, 1), (0, 4, 1, 1), (0, 4, 0, 2)]
)
def test_a_place_outside_of_a_buffer_is_refused(at, n, first, count):
    with pytest.raises(IndexError):
        kernels.calibrate(bytearray(8), at, n, 1, bytes(6), first, count)
