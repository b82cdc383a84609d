"""The drivers' machine code is right on a board of 32 bits and stays inside its buffers."""

import random
from pathlib import Path

import pytest

from device import viper32
from tasuki_hub.drivers import _portable as drivers_portable

DRIVERS = viper32.load(
    Path(__file__).resolve().parents[2] / "firmware" / "tasuki_hub" / "drivers" / "_viper.py"
)


@pytest.mark.parametrize("seed", range(4))
def test_the_loops_are_the_portable_ones_with_words_of_32_bits(seed):
    """Random FIFO words, all tags among them, and the extremes of every number."""
    rng = random.Random(seed)
    print("seed", seed)
    for _ in range(60):
        fifo = bytearray(rng.randbytes(24))
        for i in range(8):
            edge = rng.choice((0, 1, 0x1FFFF, 0x20000, 0x3FFFF, rng.getrandbits(18)))
            tag = rng.choice((0, 0, 0, 0, 0, 2, rng.randrange(8)))
            fifo[3 * i : 3 * i + 3] = (edge << 6 | tag << 3).to_bytes(3, "big")
        mine, theirs = bytearray(40), bytearray(40)
        first, at = rng.randrange(9), rng.randrange(13)
        got = DRIVERS.ecg_words(mine, at, fifo, first, 8)
        assert got == drivers_portable.ecg_words(theirs, at, fifo, first, 8)
        assert mine == theirs

        words = bytearray(rng.choice((0, 255, 128, 127, rng.getrandbits(8))) for _ in range(14))
        words[0], words[7] = rng.choice(((8, 16), (16, 8), (10, 18), (8, 18), (8, 8), (24, 16)))
        mine, theirs = bytearray(12), bytearray(12)
        assert DRIVERS.imu_pair(mine, words) == drivers_portable.imu_pair(theirs, words)
        assert mine == theirs

        a = bytearray(rng.choice((0, 255, 128, 127, rng.getrandbits(8))) for _ in range(12))
        b = bytearray(rng.choice((0, 255, 128, 127, rng.getrandbits(8))) for _ in range(12))
        part = rng.choice((0, 1, 4095, 4096, rng.randrange(4097)))
        mine, theirs = bytearray(24), bytearray(24)
        DRIVERS.imu_mix(mine, 12, a, b, part)
        drivers_portable.imu_mix(theirs, 12, a, b, part)
        assert mine == theirs
