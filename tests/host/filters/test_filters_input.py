"""What filters refuse: blocks that are no numbers, gaps that are none, states that others made."""

import struct
import zlib

import numpy as np
import pytest
from scipy import signal

from filter_signals import ecg_250
from tasuki.filters import (
    Activity,
    ActivityMany,
    BeatDetector,
    BeatDetectorMany,
    Biquads,
    BiquadsMany,
    BodyTemperature,
    BodyTemperatureMany,
    EcgConditioner,
    EcgConditionerMany,
    FallDetector,
    FallDetectorMany,
    HeartRate,
    HeartRateMany,
    Orientation,
    OrientationMany,
    Posture,
    PostureMany,
    RespirationRate,
    RespirationRateMany,
    detect_beats,
)

HUBS = 3
SOS = signal.butter(4, 0.2, output="sos")
ECG = ecg_250()[:600]
MOTION = np.random.default_rng(6).normal(0, 5, (600, 3)).astype(np.float32)
TURNED = np.tile(np.float32([1, 0, 0, 0]), (600, 1))
HUB_BEATS = np.zeros(0, [("hub", "<i8"), ("rr_s", "<f8"), ("confidence", "<f8")])


def many(block):
    return np.repeat(block[..., None], HUBS, axis=-1)


# name -> (make it, its blocks)
FILTERS = {
    "Biquads": (lambda: Biquads(SOS), [ECG]),
    "EcgConditioner": (lambda: EcgConditioner(250), [ECG]),
    "BeatDetector": (lambda: BeatDetector(250), [ECG]),
    "RespirationRate": (lambda: RespirationRate(25), [ECG]),
    "BodyTemperature": (lambda: BodyTemperature(1), [ECG]),
    "Orientation": (lambda: Orientation(100), [MOTION, MOTION]),
    "Posture": (Posture, [TURNED]),
    "Activity": (lambda: Activity(100), [MOTION]),
    "FallDetector": (lambda: FallDetector(100), [MOTION]),
    "BiquadsMany": (lambda: BiquadsMany(SOS, HUBS), [many(ECG)]),
    "EcgConditionerMany": (lambda: EcgConditionerMany(250, HUBS), [many(ECG)]),
    "BeatDetectorMany": (lambda: BeatDetectorMany(250, HUBS), [many(ECG)]),
    "RespirationRateMany": (lambda: RespirationRateMany(25, HUBS), [many(ECG)]),
    "BodyTemperatureMany": (lambda: BodyTemperatureMany(1, HUBS), [many(ECG)]),
    "OrientationMany": (lambda: OrientationMany(100, HUBS), [many(MOTION), many(MOTION)]),
    "PostureMany": (lambda: PostureMany(HUBS), [many(TURNED)]),
    "ActivityMany": (lambda: ActivityMany(100, HUBS), [many(MOTION)]),
    "FallDetectorMany": (lambda: FallDetectorMany(100, HUBS), [many(MOTION)]),
}
WITH_STATE = {
    **FILTERS,
    "HeartRate": (HeartRate, [detect_beats(ECG, 250)]),
    "HeartRateMany": (lambda: HeartRateMany(HUBS), [HUB_BEATS]),
}
every_filter = pytest.mark.parametrize("name", FILTERS)


def bits(result):
    """All that a filter said, as bytes."""
    if isinstance(result, np.ndarray):
        return result.tobytes()
    parts = result if isinstance(result, tuple) else vars(result).values()
    return b"".join(np.asarray(part).tobytes() for part in parts if part is not None)


@every_filter
@pytest.mark.parametrize(
    "block",
    [None, 5.0, "abc", b"abc", ["x"], [1, [2, 3]], np.zeros(9, complex), object(), {}],
    ids=["none", "number", "text", "bytes", "texts", "ragged", "complex", "object", "dict"],
)
def test_what_is_no_array_of_numbers_is_refused(name, block):
    make, blocks = FILTERS[name]

    with pytest.raises(ValueError, match=r"expected|could not convert|inhomogeneous"):
        make().process(block, *blocks[1:])


@every_filter
@pytest.mark.parametrize(
    "given",
    [
        lambda block: block.tolist(),
        lambda block: block.astype(np.float64),
        lambda block: block.astype(">f4"),
        lambda block: np.asfortranarray(block),
        lambda block: np.repeat(block, 2, axis=0)[::2],
    ],
    ids=["lists", "float64", "big-endian", "column order", "every second row"],
)
def test_how_the_same_numbers_lie_in_memory_changes_no_bit(name, given):
    make, blocks = FILTERS[name]

    found = make().process(*map(given, blocks))

    assert bits(found) == bits(make().process(*blocks))


@every_filter
@pytest.mark.filterwarnings("error")
def test_numbers_beyond_float32_are_bad_samples_and_no_warning(name):
    make, blocks = FILTERS[name]

    huge = make().process(*(np.full(block.shape, 1e60) for block in blocks))

    assert bits(huge) == bits(make().process(*(np.full(block.shape, np.inf) for block in blocks)))


@pytest.mark.parametrize("name", [name for name in FILTERS if hasattr(FILTERS[name][0](), "gap")])
@pytest.mark.parametrize("samples", [-1, 2**63, 2.5, "9"])
def test_a_gap_that_is_no_number_of_samples_is_refused(name, samples):
    with pytest.raises((ValueError, TypeError)):
        FILTERS[name][0]().gap(samples)


@pytest.mark.parametrize("name", WITH_STATE)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: b"",
        lambda state: state[:-1],
        lambda state: state + b"\0",
        lambda state: signed(state, state[12:] + b"\0"),
        lambda state: signed(state, state[12:-4]),
        lambda state: state[:-1] + bytes([state[-1] ^ 1]),
        lambda state: bytes(len(state)),
        lambda state: signed(b"nope" + state[4:], state[12:]),
    ],
    ids=["empty", "short", "long", "long, signed", "short, signed", "a bit", "zeros", "other filter"],
)
def test_a_state_of_another_is_refused_and_changes_nothing(name, spoil):
    make, blocks = WITH_STATE[name]
    used = make()
    used.process(*blocks)
    before = used.state()

    with pytest.raises(ValueError, match="state"):
        used.restore(spoil(before))
    assert used.state() == before


def signed(state, body):
    """A state of the same filter with another body, its CRC-32 right."""
    return state[:8] + struct.pack("<I", zlib.crc32(body)) + body


@pytest.mark.parametrize("name", WITH_STATE)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore:invalid value")  # such a state may hold NaN
def test_a_made_up_state_with_a_right_checksum_leads_no_filter_out_of_its_memory(name, seed):
    """Refused or taken: either way the filter goes on and ends."""
    make, blocks = WITH_STATE[name]
    random = np.random.default_rng(seed)
    used = make()
    used.process(*blocks)
    words = np.frombuffer(used.state()[12:], "<i4").copy()
    places = random.integers(0, len(words), max(1, len(words) // (3 if seed % 2 else 40)))
    words[places] = random.choice([-1, 0, 1, 2**31 - 1, -(2**31), 64, -64, 5000], len(places))
    other = make()

    try:
        other.restore(signed(used.state(), words.tobytes()))
    except ValueError:
        words = None

    for _ in range(3):
        other.process(*blocks)
    assert len(other.state()) == len(used.state())
