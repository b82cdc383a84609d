"""The viper code is right on a board of 32 bits and stays inside its buffers."""

import random
from array import array
from pathlib import Path

import pytest

from device import viper32
from tasuki_hub import _portable, sha512
from tasuki_wire import cobs, errors, packing

_HUB = Path(__file__).resolve().parents[2] / "firmware" / "tasuki_hub"
VIPER = viper32.load(_HUB / "_viper.py")
SHA512 = viper32.load(_HUB / "_viper_sha512.py")


@pytest.mark.parametrize("seed", range(6))
def test_sha512_block_is_right_with_words_of_32_bits(seed):
    """Any state and any block give what the portable form gives."""
    rng = random.Random(seed)
    state = array(
        "I", [rng.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32))) for _ in range(16)]
    )
    data = bytes([rng.choice((0, 255, 128, rng.getrandbits(8))) for _ in range(3 * 128)])
    expected = array("I", state)

    SHA512.compress(state, sha512._CONSTANTS, data, 128)

    _portable.compress(expected, sha512._CONSTANTS, data, 128)
    assert state == expected


@pytest.mark.parametrize("n", [*range(12), 100, *range(251, 258), 508, 509, 600])
def test_cobs_fits_the_room_that_its_docstring_asks_for(n):
    """Stuffing touches no byte past n + max(1, (n + 253) // 254), unstuffing none past n."""
    rng = random.Random(n)
    for alphabet in (b"\0", b"\1", b"\0\1\2\3\xff", bytes(range(256))):
        data = bytes(rng.choice(alphabet) for _ in range(n))
        stuffed = bytearray(n + max(1, (n + 253) // 254))
        portable = bytearray(n + n // 254 + 1)
        length = VIPER.cobs_encode(stuffed, bytearray(data), n)
        plain = bytearray(length)

        assert stuffed[:length] == portable[: cobs.encode_into(portable, data, n)]
        assert plain[: VIPER.cobs_decode(plain, stuffed, length)] == data


def test_any_bytes_unstuff_inside_their_buffers_or_are_refused():
    """Random bytes give what the portable form gives, and never an index out of range."""
    rng = random.Random(1)
    for _ in range(2000):
        n = rng.randrange(1, 40)
        data = bytearray(rng.choice((0, 1, 2, 3, 9, 255)) for _ in range(n))
        mine, portable = bytearray(n), bytearray(n)
        length = VIPER.cobs_decode(mine, data, n)
        try:
            expected = cobs.decode_into(portable, data, n)
        except errors.Damaged:
            expected = -1

        assert max(length, -1) == expected
        assert expected < 0 or mine == portable


@pytest.mark.parametrize("columns", [1, 6, 14])
def test_packing_is_right_with_words_of_32_bits_and_fits_its_room(columns):
    """Any records give what the portable form gives, and no byte past what they took is touched."""
    rng = random.Random(columns)
    paid = 0
    for _ in range(60):
        n = rng.randint(1, 234 // (2 * columns))
        step = rng.choice((0, 1, 40, 8192, 65535))
        first = [rng.randrange(65536) for _ in range(columns)]
        values = [
            (first[c] + i * rng.randint(-step, step)) & 0xFFFF for i in range(n) for c in range(columns)
        ]
        records = bytearray(b"".join(value.to_bytes(2, "little") for value in values))
        mine, portable = bytearray(3 + len(records)), bytearray(3 + len(records))

        size = VIPER.pack(mine, 3, records, 0, n, columns)

        assert size == packing.pack_into(portable, 3, records, 0, n, columns)
        assert mine[: 3 + size] == portable[: 3 + size] or not size
        assert not any(mine[3 + (size or len(records) - 1) :])
        paid += bool(size)
    assert 0 < paid < 60


def test_the_words_wrap_as_a_board_of_32_bits_does():
    """The emulation itself: signed and unsigned shifts, wrapping, comparison, literals."""
    top = viper32.Word(0x80000000, signed=False)
    shift = viper32.Word(31)

    assert (top >> shift).value == 1
    assert (viper32.Word(0x80000000) >> shift).value == -1
    assert (top + top).value == 0
    assert viper32.Word(1, signed=False) < top
    assert viper32.Word(0x80000000) < viper32.Word(1)
    with pytest.raises(AssertionError, match="literal"):
        viper32._literal(0xFFFFFFFF)
