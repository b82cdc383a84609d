"""Decode of 100-byte frames in 64-KiB reads, beside the peers.

Targets (issue 2): at least 8 M frames/s on random payloads, 50 times pymavlink
with its C CRC, 5 times cobs + zlib + NumPy. Best of several rounds.
"""

import random
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from cobs import cobs
from pymavlink.dialects.v20 import common as mavlink

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from signed_session import stuff
from tasuki import reference
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, layout

READ = 65536
PAYLOAD = 80  # 100 bytes with header and CRC
GROUP = "decode of 100-byte frames"
SEED = codec.KINDS[1].seed


def stuffed_frames(n):
    rng = random.Random(1)
    return b"".join(stuff(codec.frame(1, 0, 0, i, 0, i, rng.randbytes(PAYLOAD))) for i in range(n))


def reads(data, size=READ):
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize(("name", "size"), [("tasuki, C core", READ), ("tasuki, 1-KiB reads", 1024)])
def test_tasuki(rate, name, size):
    n = 100_000
    parts = reads(stuffed_frames(n), size)

    def run():
        decoder = Decoder()
        for part in parts:
            decoder.feed(part)
        return decoder.counts["ok"]

    assert rate(GROUP, name, n, "frames", run, rounds=15) == n


def test_cobs_zlib_numpy(rate):
    """PyPI cobs (C), zlib.crc32, then all frames in one structured array."""
    n = 100_000
    parts = reads(stuffed_frames(n))
    row = np.dtype([("head", "u1", 16), ("samples", "<i2", PAYLOAD // 2), ("crc", "<u4")])

    def run():
        good, rest = 0, b""
        for part in parts:
            *runs, rest = (rest + part).split(b"\0")
            frames = []
            for stuffed in runs:
                raw = cobs.decode(stuffed)
                if zlib.crc32(raw[:-4], SEED) == int.from_bytes(raw[-4:], "little"):
                    frames.append(raw)
            good += len(np.frombuffer(b"".join(frames), row))
        return good

    assert rate(GROUP, "cobs + zlib + NumPy", n, "frames", run) == n


def test_pymavlink(rate):
    """MAVLink 2 LOG_DATA, cut to 100 bytes by its own zero truncation, with fastcrc's C CRC."""
    assert mavlink.mcrf4xx is not None
    n, rng = 10_000, random.Random(1)
    sender = mavlink.MAVLink(None)
    sent = []
    for i in range(n):
        values = [*(rng.randrange(1, 256) for _ in range(81)), *[0] * 9]
        sent.append(sender.log_data_encode(i & 0xFFFF, i, 81, values).pack(sender))
    assert {len(frame) for frame in sent} == {100}
    parts = reads(b"".join(sent))

    def run():
        receiver = mavlink.MAVLink(None)
        return sum(len(receiver.parse_buffer(part) or ()) for part in parts)

    assert rate(GROUP, "pymavlink 2, fastcrc's C CRC", n, "frames", run, rounds=3) == n


def test_construct(rate):
    """Our own reference parser: COBS in Python, header and payload by construct."""
    n = 1_000
    data = stuffed_frames(n)

    def run():
        frames = reference.parse(data)
        return sum(len(frame.payload().rows) > 0 and frame.header().version > 0 for frame in frames)

    assert rate(GROUP, "construct reference parser", n, "frames", run, rounds=2) == n


def test_samples(rate):
    """Decode and gather: every sample of a stream with its time, as NumPy arrays."""
    from tasuki.frames import Stream

    n = 100_000
    parts, ecg = reads(stuffed_frames(n)), Stream(0, 1, 1, PAYLOAD // 2, 4000)

    def run():
        decoder = Decoder()
        return sum(len(decoder.feed(part).samples(ecg).times_us) for part in parts)

    assert rate(GROUP, "tasuki, with samples and times", n, "frames", run, rounds=10) == n * PAYLOAD // 2
    assert len(layout.FAULTS) == 12


@pytest.mark.parametrize("flags", [0, layout.FLAG_PACKED], ids=["raw", "packed"])
def test_samples_of_the_default_profile(rate, flags):
    """ECG of 25 samples a frame, as walks of 6 bits a step; packed frames are checked and unpacked."""
    from tasuki.frames import Stream
    from tasuki.native import wire

    n, rng, stream = 100_000, random.Random(1), Stream(0, 1, 1, 25, 4000)
    payloads = []
    for _ in range(500):
        steps = np.array([rng.randrange(-32, 32) for _ in range(25)])
        raw = np.cumsum(steps).astype("<i2").tobytes()
        payloads.append(wire.pack(raw, 1) if flags else raw)
    parts = reads(b"".join(stuff(codec.frame(1, 0, flags, i, 0, i, payloads[i % 500])) for i in range(n)))

    def run():
        decoder = Decoder()
        return sum(len(decoder.feed(part).samples(stream).times_us) for part in parts)

    name = "packed" if flags else "raw"
    assert rate("samples of ECG frames of 25", name, n, "frames", run, rounds=10) == n * 25
