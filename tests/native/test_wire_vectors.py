"""The C decoder against protocol/vectors, which were written without it."""

import numpy as np
import pytest

from signed_session import stuff
from tasuki.native.wire import WireDecoder
from tasuki_wire import layout
from vectors import Case, read


def names(case: Case) -> str:
    """Test id."""
    return case.name


def decode(data, announced=None):
    """(fault, body) of each frame."""
    decoder = WireDecoder()
    decoder.announce(announced or {})
    arena, rows = decoder.decode(data)
    spans = zip(rows["offset"].tolist(), rows["length"].tolist(), rows["status"].tolist(), strict=True)
    return [(layout.FAULTS[status], arena[at : at + n].tobytes()) for at, n, status in spans]


@pytest.mark.parametrize("case", read("frames"), ids=names)
def test_a_valid_frame_of_every_kind_is_decoded_to_its_body(case):
    assert decode(case.bytes("stuffed")) == [("ok", case.bytes("raw")[: -layout.CRC_SIZE])]


@pytest.mark.parametrize("case", [c for c in read("faults") if c.bytes("raw")], ids=names)
def test_a_bad_frame_is_called_by_the_first_rule_that_it_breaks(case):
    pairs = [pair.split(":") for pair in case.text("announced").split() if pair != "-"]

    found = decode(stuff(case.bytes("raw")), {int(kind): int(seed) for kind, seed in pairs})

    assert found == [(case.text("fault"), b"")]


@pytest.mark.parametrize("case", [c for c in read("cobs_faults") if 0 not in c.bytes("stuffed")], ids=names)
def test_bytes_that_no_stuffing_yields_are_damaged(case):
    assert decode(case.bytes("stuffed") + b"\0") == [(case.text("fault"), b"")]


@pytest.mark.parametrize("case", read("streams"), ids=names)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_damaged_stream_gives_all_its_intact_frames_and_names_the_rest(case, step):
    decoder, good, bad = WireDecoder(), [], []
    stream = case.bytes("stream")

    for at in range(0, len(stream), step):
        arena, rows = decoder.decode(stream[at : at + step])
        for row in rows:
            body = arena[row["offset"] : row["offset"] + row["length"]].tobytes()
            (good if row["status"] == 0 else bad).append(body or layout.FAULTS[row["status"]])

    assert good == [frame[: -layout.CRC_SIZE] for frame in case.each("frame")]
    assert bad == case.texts("fault")
    assert np.sum(decoder.counts()) == len(good) + len(bad)
