"""`tasuki filter`: a file in, beats or breaths out."""

import csv
import io
import json
import warnings

import numpy as np
import pytest

from filter_signals import ecg_250, wave
from tasuki.filters import RespirationRate, detect_beats
from tasuki.recordings.record import BUNDLED


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def ecg_csv(tmp_path):
    """A minute of real ECG as a table in millivolts with its times."""
    path = tmp_path / "ecg.csv"
    rows = np.stack([np.arange(len(ecg_250())) / 250, wave(12, 60, 250), ecg_250() / 1000], axis=1)
    np.savetxt(path, rows, "%.6f", ",", header="time_s,chest,lead2_mV", comments="")
    return path


def test_beats_of_a_table_are_those_of_the_filter(tasuki, ecg_csv):
    code, out, _ = tasuki("filter", "beats", ecg_csv, "--channel", "lead2")

    expected = detect_beats(ecg_250(), 250)
    assert code == 0
    assert [int(row["sample"]) for row in table(out)] == expected["sample"].tolist()
    assert table(out)[0]["rr_s"] == ""
    assert float(table(out)[3]["rr_s"]) == pytest.approx(expected["rr_s"][3], abs=1e-6)


def test_a_channel_can_be_named_by_its_number(tasuki, ecg_csv):
    by_name = tasuki("filter", "beats", ecg_csv, "--channel", "lead2")

    assert tasuki("filter", "beats", ecg_csv, "--channel", "2") == by_name


def test_the_channel_that_is_meant_is_found_by_its_name(tasuki, ecg_csv):
    code, out, _ = tasuki("filter", "respiration", ecg_csv, "--json")

    assert code == 0
    assert json.loads(out)["channel"] == "chest"
    assert json.loads(out)["mean_bpm"] == pytest.approx(12, abs=0.3)


def test_beats_of_a_wfdb_record_become_annotations_beside_it(tasuki, tmp_path):
    output = tmp_path / "ecg208.qrs"

    code, out, _ = tasuki("filter", "beats", BUNDLED, "-o", output)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        notes = wfdb.rdann(str(tmp_path / "ecg208"), "qrs")
    assert code == 0
    assert f"beats {len(notes.sample)}" in out
    assert len(notes.sample) > 400
    assert set(notes.symbol) == {"N"}
    assert notes.fs == 360


@pytest.mark.parametrize("channel", [(), ("--channel", "strain")])
def test_breaths_of_an_npz_file(tasuki, tmp_path, channel):
    path = tmp_path / "chest.npz"
    np.savez(path, strain=wave(14, 120, 25) * 1000 + 7, rate_hz=25)

    code, out, _ = tasuki("filter", "respiration", path, *channel)

    expected = RespirationRate(25).process(wave(14, 120, 25) * 1000 + 7).breath_times_s
    assert code == 0
    assert [float(row["time_s"]) for row in table(out)] == pytest.approx(expected, abs=1e-6)
    assert float(table(out)[-1]["rate_bpm"]) == pytest.approx(14, abs=0.2)


def test_json_says_what_was_found_and_has_no_nan(tasuki, ecg_csv):
    code, out, _ = tasuki("filter", "beats", ecg_csv, "--channel", "lead2", "--json")

    found = json.loads(out, parse_constant=pytest.fail)
    assert code == 0
    assert found["rate_hz"] == 250
    assert found["beats"] == len(found["rows"]) == len(detect_beats(ecg_250(), 250))
    assert found["rows"][0]["rr_s"] is None
    assert 0 < found["mean_confidence"] <= 1


@pytest.mark.parametrize(("lang", "title"), [("en", "Heart rate"), ("ja", "心拍数")])
def test_a_plot_marks_each_beat_below_its_strip(tasuki, lang, title):
    code, out, _ = tasuki("filter", "beats", BUNDLED, "--plot", "--lang", lang)

    shown = detect_beats_of_bundled_within(60)
    assert code == 0
    assert title in out
    assert 0.97 * shown <= out.count("▲") <= shown  # two in one place share a mark
    assert len({len(line) for line in out.splitlines() if "\u28ff" >= line[-1] >= "\u2800"}) == 1


def detect_beats_of_bundled_within(seconds):
    from tasuki.recordings import load

    recording = load(None)
    return int((detect_beats(recording.ecg, recording.ecg_hz)["time_s"] < seconds).sum())


def write(path, text):
    path.write_text(text)
    return path


MISTAKES = {
    "no such file": (lambda d: ("beats", d / "no.csv"), "there is no file"),
    "no such record": (lambda d: ("beats", d / "no"), "no WFDB record"),
    "no rate": (lambda d: ("respiration", write(d / "a.csv", "chest\n1\n2\n3\n")), "how often"),
    "no unit": (lambda d: ("beats", write(d / "a.csv", "ecg\n1\n2\n"), "--rate", 250), "--unit"),
    "no such channel": (lambda d: ("beats", BUNDLED, "--channel", "XYZ"), "no channel XYZ"),
    "ambiguous": (
        lambda d: ("respiration", write(d / "a.csv", "a,b\n1,2\n3,4\n"), "--rate", 25),
        "--channel",
    ),
    "ragged table": (lambda d: ("respiration", write(d / "a.csv", "a,b\n1,2\n3\n")), "is not a table"),
    "words": (lambda d: ("respiration", write(d / "a.csv", "a\nx\ny\n")), "no numbers"),
    "empty": (lambda d: ("respiration", write(d / "a.csv", "")), "no numbers"),
    "uneven times": (
        lambda d: ("respiration", write(d / "a.csv", "t,chest\n0,1\n1,2\n5,3\n6,4\n9,4\n")),
        "uneven",
    ),
    "not NPZ": (lambda d: ("respiration", write(d / "a.npz", "hello")), "pickled (object) data.\n"),
    "only a head": (lambda d: ("respiration", write(d / "a.csv", "a,b\n")), "no numbers"),
    "too slow": (
        lambda d: ("beats", write(d / "a.csv", "ecg_mV\n1\n2\n"), "--rate", 50),
        "100 to 2000 Hz",
    ),
    "output exists": (lambda d: ("beats", BUNDLED, "-o", write(d / "b.csv", "")), "exists already"),
    "no annotator": (lambda d: ("beats", BUNDLED, "-o", d / "b"), "ending of letters"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_and_a_way_out(tasuki, tmp_path, name):
    words, says = MISTAKES[name]

    code, out, err = tasuki("filter", *words(tmp_path))

    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 2
    assert err.startswith("tasuki: ")


def test_a_missing_cell_is_a_bad_sample(tasuki, ecg_csv, tmp_path):
    lines = ecg_csv.read_text().splitlines()
    lines[1001] = lines[1001].rsplit(",", 1)[0] + ","
    holed = write(tmp_path / "holed.csv", "\n".join(lines))

    _, out, _ = tasuki("filter", "beats", holed, "--channel", "lead2")

    samples = ecg_250().copy()
    samples[1000] = np.nan
    assert [int(row["sample"]) for row in table(out)] == detect_beats(samples, 250)["sample"].tolist()
