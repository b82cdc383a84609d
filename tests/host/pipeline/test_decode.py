"""The decode stage: samples with their times, whole messages, and few losses on a bad line."""

import random

import numpy as np
import pytest

from signed_session import Hub, message, stuff
from tasuki.frames import Stream
from tasuki.pipeline.decode import Decoder, Messages, read_streams
from tasuki_wire import codec, layout

ECG = Stream(0, 1, 1, 25, 4000)


def ecg(seq, time_us, values):
    body = b"".join(v.to_bytes(2, "little", signed=True) for v in values)
    return stuff(codec.frame(1, 0, 0, seq, *codec.time_words(time_us), body))


def test_samples_of_a_stream_follow_the_header_time_at_the_nominal_period():
    data = ecg(0, 1000, [1, -2, 3]) + ecg(1, 50_000, [4]) + ecg(2, (1 << 32) + 5, [5, 6])

    samples = Decoder().feed(data).samples(ECG)

    assert samples.raw["ecg"].tolist() == [1, -2, 3, 4, 5, 6]
    assert samples.times_us.tolist() == [1000, 5000, 9000, 50_000, (1 << 32) + 5, (1 << 32) + 4005]


def test_samples_leave_out_other_streams_other_kinds_and_damaged_frames():
    damaged = bytearray(ecg(1, 0, [7, 7]))
    damaged[-3] ^= 64
    other_stream = stuff(codec.frame(1, 1, 0, 0, 0, 0, b"ab"))
    other_kind = stuff(codec.frame(2, 0, 0, 0, 0, 0, b"ab"))

    samples = Decoder().feed(bytes(damaged) + other_stream + other_kind + ecg(2, 0, [8])).samples(ECG)

    assert samples.raw["ecg"].tolist() == [8]


def test_a_field_with_several_values_keeps_them_together_in_its_unit():
    row = codec.pack_row(4, 2048, 0, -2048, 16, 32, -16)
    batch = Decoder().feed(stuff(codec.frame(4, 3, 0, 0, 0, 0, row * 2)))

    samples = batch.samples(Stream(3, 4, 1, 10, 10_000))

    assert samples.physical("accel").tolist() == [[1, 0, -1]] * 2
    assert samples.physical("gyro").tolist() == [[1, 2, -1]] * 2


def test_an_empty_batch_has_no_samples():
    samples = Decoder().feed(b"").samples(ECG)

    assert (samples.raw.shape, samples.times_us.shape) == ((0,), (0,))


def test_log_lines_have_no_records_of_fixed_size():
    with pytest.raises(ValueError, match="log"):
        Decoder().feed(b"").samples(Stream(0, 8, 0, 1, 1))


def test_the_streams_message_is_read_by_stream():
    rows = b"".join(codec.pack_row(52, *row[:3], row[4], row[3]) for row in layout.DEFAULT_PROFILE)

    streams = read_streams(codec.pack(52, 1, rows=rows))

    assert streams[3] == Stream(3, 4, 1, 10, 10_000)


def test_link_frames_come_out_in_order_and_whole_messages_once():
    hub = Hub()
    first, second = hub.signed_epoch(), hub.signed_epoch()
    batch = Decoder().feed(first.wire() + second.wire())

    links = batch.links()
    whole = [m for m in map(Messages().join, links) if m]

    assert [link.kind for link in links] == [32, 33, 33, 33] * 2
    assert [m.payload for m in whole] == [first.record, first.opening, second.record, second.opening]


def test_fragments_that_do_not_add_up_are_counted_not_returned():
    messages = Messages()
    cut = Decoder().feed(message(33, bytes(500))).links()
    wrong_size = Decoder().feed(message(33, bytes(41), 2)).links()

    assert [messages.join(link) for link in cut[1:] + wrong_size] == [None] * (len(cut) - 1 + len(wrong_size))
    assert (messages.abandoned, messages.malformed) == (2, 1)


def test_another_hubs_schema_is_named_once_its_seeds_are_announced():
    rng = random.Random(3)
    body = codec.frame(1, 0, 0, 0, 0, 0, rng.randbytes(8))[:-4]
    foreign = stuff(body + codec.binascii.crc32(body, 99).to_bytes(4, "little"))
    decoder = Decoder()

    before = decoder.feed(foreign).rows["status"].tolist()
    decoder.announce({1: 99})
    after = decoder.feed(foreign).rows

    assert before == [layout.FAULTS.index("crc")]
    assert (layout.FAULTS[after[0]["status"]], after[0]["kind"]) == ("schema_mismatch", 1)


def test_a_batch_can_be_parted_at_a_hello():
    hello = stuff(codec.frame(0, 255, 0, 0, 0, 0, codec.hello(bytes(16), 0)))
    batch = Decoder().feed(ecg(0, 0, [1]) + hello + ecg(0, 0, [2]))
    [at] = [link.row for link in batch.links() if link.kind == 0]

    halves = [batch.part(0, at), batch.part(at)]

    assert [half.samples(ECG).raw["ecg"].tolist() for half in halves] == [[1], [2]]


def test_a_batch_stays_as_it_was_while_later_reads_come():
    decoder = Decoder()
    first = decoder.feed(ecg(0, 0, [1, 2]))
    before = first.arena.tobytes()

    for _ in range(50):
        decoder.feed(ecg(1, 0, [3, 4]) * 100)

    assert first.arena.tobytes() == before


def flip_bits(data, rng):
    out = bytearray(data)
    for _ in range(int(len(data) * 8 * 1e-5)):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def drop_bytes(data, rng):
    gone = {rng.randrange(len(data)) for _ in range(len(data) // 10_000)}
    return bytes(byte for i, byte in enumerate(data) if i not in gone)


def insert_bytes(data, rng):
    out = bytearray(data)
    for _ in range(len(data) // 10_000):
        out.insert(rng.randrange(len(out)), rng.randrange(256))
    return bytes(out)


@pytest.mark.parametrize("damage", [flip_bits, drop_bytes, insert_bytes])
def test_at_most_two_intact_frames_are_lost_per_hundred_damaged(damage):
    """Of frames that the line left alone, at most 0.02 are lost for each that it hit."""
    rng = random.Random(20261122)
    frames = [stuff(codec.frame(1, 0, 0, i, 0, i, rng.randbytes(80))) for i in range(25_000)]
    decoder = Decoder()

    bad = damage(b"".join(frames), rng)
    seqs = decoder.feed(bad).rows
    received = set(seqs["seq"][seqs["status"] == 0].tolist())

    runs = set(bad.split(b"\0"))
    intact = {i for i, frame in enumerate(frames) if frame[:-1] in runs}
    hit = len(frames) - len(intact)
    assert hit > 200
    assert received <= set(range(len(frames)))
    assert len(intact - received) / hit <= 0.02


def test_noise_between_frames_costs_the_frame_that_it_touches_at_most():
    rng = random.Random(5)
    decoder = Decoder()

    data = b"".join(rng.randbytes(rng.randrange(400)) + ecg(i, 0, [i]) for i in range(2000))
    batch = decoder.feed(data + b"\0")

    expected = np.arange(2000)
    got = batch.rows["seq"][batch.good()]
    assert set(got.tolist()) <= set(expected.tolist())
    assert decoder.bad >= 2000 - len(got)
