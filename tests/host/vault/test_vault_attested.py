"""Stripped blocks: the samples, and nothing by which device or wearer could be told."""

import dataclasses

import numpy as np
import pytest

from tasuki.errors import Untrusted
from tasuki.vault import attested
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import codec, epoch, layout
from worlds import ECG, IMU, RESPIRATION, TEMPERATURE, Hub

SIGNER = Signer(Secret(b"s" * 32))
LABEL = attested.Label(b"p" * 16, 5, 498_611, b"h" * 32, "service_improvement", "improvement")


def block_of(stream, number=3):
    return Hub().epoch(number, [stream])[0]


def stripped(block, label=LABEL):
    return attested.read(attested.strip(block, label, SIGNER), SIGNER.public)


def without(block, *places):
    """The block with frames missing: their leaves stand in for them."""
    bodies = block.bodies()
    held = [place for place in range(block.count) if place not in places]
    return dataclasses.replace(
        block,
        places=np.array(held, np.uint16),
        lengths=block.lengths[held],
        frames=b"".join(bodies[place] for place in held),
        leaves=b"".join(epoch.frame_leaf(block.slot_key, bodies[place]) for place in places),
    )


@pytest.mark.parametrize(
    ("stream", "rows", "period"), [(ECG, 100, 4000), (RESPIRATION, 100, 40_000), (TEMPERATURE, 16, 1_000_000)]
)
def test_every_sample_arrives_in_order_on_its_nominal_grid(stream, rows, period):
    block = block_of(stream)

    out = stripped(block)

    assert out.rows == b"".join(body[layout.HEADER_SIZE :] for body in block.bodies())
    assert (out.runs, out.period_us) == (((0, rows),), period)
    assert out.verified == attested.DEVICE_SIGNATURE | attested.EVERY_FRAME
    assert out.label == LABEL


def test_a_missing_frame_is_a_gap_and_is_said():
    out = stripped(without(block_of(ECG), 1))

    assert out.runs == ((0, 25), (50, 50))
    assert not out.verified & attested.EVERY_FRAME


def test_a_block_whose_first_frame_is_missing_keeps_its_place_in_time():
    assert stripped(without(block_of(ECG), 0)).runs == ((25, 75),)


@pytest.mark.parametrize("stream", [ECG, RESPIRATION, TEMPERATURE, IMU])
def test_nothing_of_the_device_is_left_in_the_bytes(stream):
    block = block_of(stream, number=200)
    data = attested.strip(block, LABEL, SIGNER)

    record = codec.unpack(epoch.RECORD, block.record)
    traces = [block.device, block.key_id, block.slot_key, block.entry, record[7], record[8], block.path[:24]]
    traces += [body[: layout.HEADER_SIZE] for body in block.bodies()]
    traces += [epoch.frame_leaf(block.slot_key, body) for body in block.bodies()]
    assert not [trace for trace in traces if trace in data]


def test_two_destinations_views_share_no_field_but_what_all_wearers_share():
    """Pseudonym, number and signature differ; the rest is policy, hour, kind, stream, grid and samples."""
    block = block_of(ECG)
    other = attested.Label(b"q" * 16, 0, LABEL.hour, LABEL.policy, "statistics", "research-statistics")

    one, two = stripped(block), stripped(block, other)

    same = {
        field.name
        for field in dataclasses.fields(attested.AttestedBlock)
        if getattr(one, field.name) == getattr(two, field.name)
    }
    assert same == {"kind", "stream", "verified", "period_us", "runs", "rows"}
    assert one.label.hour == two.label.hour


def test_the_devices_clock_jitter_does_not_reach_the_destination():
    """Frames some microseconds early or late give the very same bytes but for the signature."""
    block = block_of(ECG)
    bodies = block.bodies()
    late = bytearray(bodies[2])
    time = codec.time_us(*np.frombuffer(bodies[2], "<u4", 2, 8).tolist()) + 37
    late[8:16] = np.array(codec.time_words(time), "<u4").tobytes()
    jittered = dataclasses.replace(block, frames=b"".join([*bodies[:2], bytes(late), bodies[3]]))

    assert attested.strip(jittered, LABEL, SIGNER) == attested.strip(block, LABEL, SIGNER)


def test_another_services_signature_or_any_altered_byte_is_refused():
    data = attested.strip(block_of(TEMPERATURE), LABEL, SIGNER)

    with pytest.raises(Untrusted):
        attested.read(data, Signer(Secret(b"t" * 32)).public)
    for at in range(len(data)):
        with pytest.raises(Untrusted):
            attested.read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], SIGNER.public)


def test_a_kind_whose_rows_cannot_travel_alone_is_not_stripped():
    log = dataclasses.replace(block_of(ECG), entry=b"\x0e\x08" + block_of(ECG).entry[2:])

    with pytest.raises(ValueError, match="log"):
        attested.strip(log, LABEL, SIGNER)
