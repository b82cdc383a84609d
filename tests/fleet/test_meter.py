"""A meter counts what came, what never came, and what came damaged."""

from tasuki.fleet.meter import Meter
from tasuki.pipeline.decode import Decoder
from tasuki_wire import cobs, codec, layout

ECG, STATUS = codec.number("ecg"), codec.number("device_status")


def frame(kind, stream, seq, payload, damage=0):
    raw = bytearray(codec.frame(kind, stream, 0, seq, 0, 1000 * seq, payload))
    raw[-1] ^= damage
    out = bytearray(len(raw) + 2)
    n = cobs.encode_into(out, raw, len(raw))
    return bytes(out[:n]) + b"\0"


def ecg(seq):
    return frame(ECG, 0, seq, codec.pack_row(ECG, 5) * 4)


def metered(data):
    meter = Meter()
    meter.take(Decoder().feed(data), 100.0)
    return meter


def test_frames_that_never_came_are_missing_and_one_that_comes_late_is_not():
    meter = metered(b"".join(map(ecg, (0, 1, 2, 6, 7))))
    before = meter.snapshot(100.0)["streams"]["0"]
    meter.take(Decoder().feed(ecg(4)), 100.5)
    after = meter.snapshot(101.0)["streams"]["0"]

    assert (before["frames"], before["missing"], before["repeated"]) == (5, 3, 0)
    assert (after["frames"], after["missing"], after["repeated"]) == (6, 2, 1)
    assert after["frames_s"] == 6.0


def test_a_rate_is_that_of_the_last_seconds():
    meter = metered(b"".join(map(ecg, range(50))))

    assert meter.snapshot(200.0)["streams"]["0"]["frames_s"] == 0


def test_damaged_frames_are_counted_by_what_is_wrong_with_them():
    damaged = frame(ECG, 0, 0, codec.pack_row(ECG, 5), damage=1)

    assert metered(damaged + ecg(1) + damaged).snapshot(100.0)["faults"] == {"crc": 2}


def test_what_the_hub_says_it_lost_is_told_and_a_wearers_values_are_not():
    lost = codec.pack_row(STATUS, 3700, 1, 0, 1, 11, 12, 13, 14, 15, 9000)
    meter = metered(frame(STATUS, 5, 0, lost) + ecg(0))
    row = meter.snapshot(100.0)

    assert row["drops"] == {"overruns": 11, "dropped": 12, "damaged": 13, "unsigned": 14, "store_lost": 15}
    assert row["battery_mv"] == 3700
    assert "battery 3700 mV" in row["streams"]["5"]["value"]
    assert row["streams"]["0"]["value"] == ""


def test_a_log_line_cannot_move_the_cursor():
    text = b"\x1b[2Jhello"
    meter = metered(frame(codec.number("log"), 14, 0, bytes([30]) + text))

    assert list(meter.lines) == [(30, "?[2Jhello")]


def test_a_reboot_begins_every_count_anew():
    meter = metered(ecg(9))
    meter.begin_life()
    meter.take(Decoder().feed(ecg(0)), 101.0)

    stream = meter.snapshot(101.0)["streams"]["0"]
    assert (stream["frames"], stream["missing"], meter.reboots) == (1, 0, 1)
    assert layout.LINK_STREAM == 255
