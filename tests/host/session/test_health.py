"""What a hub says of itself, from its records to the live view."""

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

import view_examples
from tasuki.frames import Samples, record_dtype
from tasuki.session.health import Health
from tasuki.session.summary import lines
from tasuki.view import snapshot as shown
from tasuki.view.health_line import health_lines
from tasuki.view.screen import render
from tasuki.view.words import LANGUAGES, word
from tasuki_wire import codec, layout


def samples(name, *rows):
    """Records of a kind, a second apart."""
    kind = codec.number(name)
    data = b"".join(codec.pack_row(kind, *row) for row in rows)
    times = np.arange(len(rows), dtype=np.uint64) * 1_000_000
    return Samples(5, kind, times, np.frombuffer(data, record_dtype(kind)))


def device(power, reason, cause="power_on", battery=0):
    return (
        battery,
        layout.POWER_STATES.index(power),
        layout.POWER_REASONS.index(reason),
        layout.RESET_CAUSES.index(cause),
        *(0,) * 6,
    )


def stream(number, state, period=0, jitter=0, late=0, overruns=0):
    return number, layout.STREAM_STATES.index(state), period, jitter, late, overruns


def test_the_newest_report_stands_and_changes_of_power_are_kept():
    health = Health()
    health.take([samples("device_status", device("idle", "link"), device("active", "start", battery=3900))])
    health.take([samples("device_status", device("active", "start", battery=3890))])

    told = health.summary({})

    assert (told["power"], told["power_reason"], told["battery_mv"]) == ("active", "start", 3890)
    assert told["powers"] == [["idle", "link"], ["active", "start"]]


def test_each_stream_has_its_state_and_its_lateness_by_name():
    health = Health()
    health.take(
        [samples("stream_status", stream(0, "running", 4000 * 16 + 4, 8000, 3, 7), stream(3, "stalled"))]
    )

    told = health.summary({0: "ecg"})["streams"]

    assert told["ecg"] == {
        "state": "running",
        "period_us": 4000.25,
        "jitter_us": 8000,
        "late": 3,
        "overruns": 7,
    }
    assert told["3"]["state"] == "stalled"
    assert told["3"]["period_us"] is None


def test_every_life_has_its_reset_cause_and_begins_to_count_anew():
    health = Health()
    health.take([samples("device_status", device("active", "start"), device("active", "start"))])
    health.take([samples("stream_status", stream(0, "running", late=9))])
    health.begin_life()
    health.take([samples("device_status", device("idle", "boot", "watchdog"))])

    told = health.summary({})

    assert told["reset_causes"] == ["power_on", "watchdog"]
    assert told["streams"] == {}


def test_a_state_of_a_later_version_is_a_number_and_no_failure():
    health = Health()
    health.take([samples("stream_status", (0, 77, 0, 0, 0, 0))])

    assert health.summary({})["streams"]["0"]["state"] == "77"


TROUBLED = shown.Health(
    "idle", "link", "crash", 3300, {"imu": "failed"}, late=4, overruns=2, jitter_us=25_000
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_view_says_what_runs_and_what_does_not(lang):
    (line,) = health_lines(TROUBLED, lang)

    for key in ("power.idle", "why.link", "imu", "sensor.failed", "boot.crash"):
        assert word(key, lang) in line.plain
    for figure in ("3.30 V", "4", "2", "25 ms"):
        assert figure in line.plain


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("power", layout.POWER_STATES),
        ("why", layout.POWER_REASONS),
        ("sensor", ("missing", "failed", "stalled")),
        ("boot", ("watchdog", "brown_out", "crash")),
    ],
)
def test_every_state_and_reason_has_its_words(prefix, names, lang):
    for name in names:
        assert "." not in word(f"{prefix}.{name}", lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (132, 43)], ids=str)
def test_the_screen_is_still_filled_exactly(size, lang):
    lines = render(replace(view_examples.snapshot(), health=TROUBLED), *size, lang)

    assert len(lines) == size[1]
    assert {cell_len(line.plain) for line in lines} == {size[0]}
    assert any(word("power.idle", lang) in line.plain for line in lines)


def test_a_hub_that_may_not_tell_has_no_line():
    assert health_lines(shown.Health(), "en") == []


SESSION = {
    "seconds": 1.0,
    "beats_expected": None,
    "heart_rate_bpm": None,
    "respiration_rate_bpm": None,
    "temperature_degc": None,
    "refusals": {},
    "not_sampled": {},
    **dict.fromkeys(("frames", "frames_bad", "gaps", "epochs_verified", "epochs_rejected"), 0),
    **dict.fromkeys(("beats", "blocks_uploaded", "blocks_refused"), 0),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_says_what_a_person_should_know_of_the_hub(lang):
    health = Health()
    health.take([samples("device_status", device("active", "start", "watchdog"))])
    health.take([samples("stream_status", stream(3, "missing"), stream(4, "off"), stream(0, "running"))])
    calm = Health()
    calm.take([samples("stream_status", stream(4, "off"), stream(0, "running"))])

    told = lines({**SESSION, "hub": health.summary({3: "imu", 4: "strain"})}, lang)

    for key in ("imu", "sensor.missing", "boot.watchdog"):
        assert word(key, lang) in told[-1]
    assert word("strain", lang) not in told[-1]
    assert len(lines({**SESSION, "hub": calm.summary({})}, lang)) == len(told) - 1
