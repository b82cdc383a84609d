"""The bundled recording, any WFDB record, and what the virtual hub replays of them."""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from tasuki.errors import UsageError
from tasuki.recordings import BUNDLED, Recording, load, prepare
from tasuki.recordings.resample import fill, to_rate
from tasuki_wire import layout

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

MITDB = Path(__file__).resolve().parents[3] / "shared" / "data" / "mitdb"
needs_mitdb = pytest.mark.skipif(not MITDB.is_dir(), reason="no MIT-BIH records in ../shared/data/mitdb")


@pytest.fixture(scope="module")
def bundled() -> Recording:
    return load(None)


@pytest.fixture(scope="module")
def minute(bundled: Recording, tmp_path_factory: pytest.TempPathFactory):
    return prepare(bundled, 60, tmp_path_factory.mktemp("replay"))


def raw(replay, name: str) -> np.ndarray:
    channel = next(channel for channel in replay.channels if channel.name == name)
    return np.fromfile(replay.path.parent / channel.file, "<i2").reshape(-1, channel.values)


def write(folder: Path, names: list[str], units: list[str], signals: np.ndarray, fs: float = 100) -> Path:
    count = len(names)
    options = {"fmt": ["16"] * count, "adc_gain": [100.0] * count, "baseline": [0] * count}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wfdb.wrsamp("r", fs, units, names, p_signal=signals, write_dir=str(folder), **options)
    return folder / "r"


def wave(seconds: float = 5.0, fs: float = 100) -> np.ndarray:
    return np.sin(np.arange(int(seconds * fs)) / 7.0)


def test_bundled_recording_is_five_minutes_of_lead_two_with_its_attribution_beside_it(bundled):
    text = BUNDLED.with_name("ATTRIBUTION.md").read_text(encoding="utf-8")

    assert (bundled.seconds, bundled.ecg_hz, bundled.lead) == (300, 360, "MLII")
    for needed in ("ODC-By 1.0", "Moody GB, Mark RG", "Goldberger AL", "record 208", "Changed"):
        assert needed in text
    assert any("ODC-By 1.0" in line for line in bundled.credits)


def test_bundled_samples_are_those_of_scipys_file():
    """SHA-256 of the samples as uint16, computed from scipy/misc/ecg.dat of SciPy 1.9.3."""
    samples = np.fromfile(BUNDLED.with_suffix(".dat"), "<i2").astype("<u2")

    assert (
        hashlib.sha256(samples.tobytes()).hexdigest()
        == "45cbec844577d9c7e2117b2011a5d524ab6dd49d93c29f5f5aea690772681b8f"
    )


@needs_mitdb
def test_bundled_samples_are_those_of_record_208(bundled):
    source = load(MITDB / "208")

    assert np.array_equal(bundled.ecg, source.ecg[422820 : 422820 + 108000])


def test_every_channel_has_one_record_per_period(minute):
    counts = {channel.name: (channel.records, channel.values) for channel in minute.channels}

    assert counts == {
        "ecg": (15000, 1),
        "respiration": (1500, 1),
        "body_temperature": (60, 1),
        "imu": (6000, 6),
        "strain": (3600, 14),
    }
    for channel in minute.channels:
        assert raw(minute, channel.name).shape == (channel.records, channel.values)


def test_replay_json_says_what_the_files_hold(minute):
    content = json.loads(minute.path.read_text())

    assert content["seconds"] == 60
    assert [c["name"] for c in content["channels"]] == [c.name for c in minute.channels]
    assert [(c["stream"], c["kind"], c["site"], c["period_us"]) for c in content["channels"]] == [
        row[:4] for row in layout.DEFAULT_PROFILE if row[1] != 7
    ]


def test_replayed_ecg_is_the_recorded_one_in_microvolts(bundled, minute):
    """Interpolated to the hub's instants, the source is what was replayed."""
    replayed = raw(minute, "ecg")[:, 0].astype(float)
    at = np.arange(len(replayed)) / 250
    source = np.interp(at, np.arange(len(bundled.ecg)) / 360, bundled.ecg)

    assert np.corrcoef(replayed, source)[0, 1] > 0.998
    assert abs(replayed.std() / source.std() - 1) < 0.01


def test_resampling_does_not_move_a_peak_in_time():
    at = np.arange(3600) / 360.0
    pulse = np.exp(-(((at - 5.0) / 0.03) ** 2))

    out, filled = to_rate(pulse, 360.0, 250.0, 0.0, 2500)

    assert filled == 0
    assert abs(np.argmax(out) / 250 - 5.0) < 1 / 250
    assert np.allclose(out, resample_poly(pulse, 25, 36, padtype="line"))


def test_what_is_not_recorded_is_named_synthetic(minute):
    assert minute.origins == {
        "ecg": "recorded: MIT-BIH 208 MLII, resampled 360 -> 250 Hz",
        "respiration": "synthetic_respiration",
        "body_temperature": "synthetic_body_temperature",
        "imu": "synthetic_imu",
        "strain": "synthetic_strain",
    }


def test_synthetic_channels_are_plausible(minute):
    breath = raw(minute, "respiration")[:, 0].astype(float)
    imu = raw(minute, "imu").astype(float)
    crossings = int(((breath[:-1] < 0) & (breath[1:] >= 0)).sum())
    pull = np.linalg.norm(imu[:, :3] / 2048, axis=1)

    assert 11 <= crossings <= 17
    assert 33.2 < raw(minute, "body_temperature").mean() / 128 < 34.5
    assert abs(pull[:1900].mean() - 1) < 0.01  # standing: gravity alone
    assert pull[:1900].std() < 0.02 < 0.1 < pull[2200:3900].std()  # then walking
    assert np.abs(np.corrcoef(breath[::25], raw(minute, "strain")[::60, 0])[0, 1]) > 0.8


def test_longer_replay_starts_with_the_same_bytes(bundled, minute, tmp_path):
    again = prepare(bundled, 75, tmp_path)

    for name in ("respiration", "body_temperature", "imu", "strain"):
        assert np.array_equal(raw(again, name)[: len(raw(minute, name))], raw(minute, name))


def test_full_profile_has_a_file_for_every_imu(bundled, tmp_path):
    replay = prepare(bundled, 2, tmp_path, profile=layout.FULL_PROFILE)

    assert [c.name for c in replay.channels if c.kind == 4] == ["imu", "imu_left_wrist", "imu_right_wrist"]
    assert not np.array_equal(raw(replay, "imu"), raw(replay, "imu_left_wrist"))


def test_values_beyond_int16_are_clipped_and_counted(tmp_path):
    loud = Recording("loud", "record loud", "II", np.array([0.0, 40_000.0, -40_000.0, 5.0] * 250), 250.0)

    replay = prepare(loud, 4, tmp_path)

    assert replay.channels[0].clipped == 500
    assert (raw(replay, "ecg").min(), raw(replay, "ecg").max()) == (-32768, 32767)


def test_invalid_samples_are_bridged_and_counted():
    assert fill(np.array([0.0, np.nan, np.nan, 3.0]))[0].tolist() == [0, 1, 2, 3]
    assert fill(np.array([0.0, np.nan, np.nan, 3.0]))[1] == 2


@needs_mitdb
def test_beats_of_the_first_minute_are_those_of_the_annotations(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes = wfdb.rdann(str(MITDB / "100"), "atr", sampto=60 * 360 - 1)
    expected = [
        s for s, code in zip(notes.sample, notes.symbol, strict=True) if code in "NLRBAaJSVrFejnE/fQ?"
    ]

    replay = prepare(load(MITDB / "100.hea"), 60, tmp_path)

    assert replay.beats is not None
    assert np.array_equal(np.rint(replay.beats * 360), expected)
    assert len(expected) == 74


@needs_mitdb
def test_beats_count_from_where_the_replay_starts(tmp_path):
    whole = load(MITDB / "100")

    replay = prepare(whole, 10, tmp_path, start=30)

    assert whole.beats is not None and replay.beats is not None
    assert np.allclose(replay.beats + 30, whole.beats[(whole.beats >= 30) & (whole.beats < 40)])


@needs_mitdb
def test_lead_two_is_chosen_even_as_second_signal():
    assert load(MITDB / "114.dat").lead == "MLII"


@needs_mitdb
def test_age_and_medication_in_a_header_are_not_kept():
    header = (MITDB / "100.hea").read_text()

    assert "Aldomet" in header
    assert "Aldomet" not in repr(load(MITDB / "100"))


def test_record_without_annotations_has_no_beats(bundled):
    assert bundled.beats is None


def test_recorded_respiration_is_used_where_there_is_one(tmp_path):
    breath = np.sin(np.arange(3000) / 100 * 2 * np.pi * 0.25)
    base = write(tmp_path, ["RESP", "II"], ["NU", "mV"], np.column_stack((breath, wave(30))))
    recording = load(base)

    replay = prepare(recording, 30, tmp_path / "out")

    assert recording.lead == "II"
    assert (
        replay.origins["respiration"] == "recorded: record r RESP, resampled 100 -> 25 Hz, scaled to counts"
    )
    assert np.corrcoef(raw(replay, "respiration")[:, 0], breath[::4])[0, 1] > 0.999
    assert np.corrcoef(raw(replay, "ecg")[::5, 0], wave(30)[::2])[0, 1] > 0.999


def test_signals_in_other_voltages_become_microvolts(tmp_path):
    base = write(tmp_path, ["ECG"], ["uV"], wave()[:, np.newaxis])

    assert abs(load(base).ecg.max() - 1.0) < 0.02


def test_record_without_a_voltage_names_its_signals(tmp_path):
    base = write(tmp_path, ["ABP"], ["mmHg"], wave()[:, np.newaxis])

    with pytest.raises(UsageError, match=r"no ECG.*ABP \(mmHg\)") as error:
        load(base)
    assert error.value.hint


@pytest.mark.parametrize("name", ["nothing", "nothing.hea", "nothing.dat", "s3://bucket/record", "mitdb/100"])
def test_missing_record_is_a_usage_error_with_a_way_out(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match="no WFDB record") as error:
        load(name)
    assert "hea" in error.value.hint


def test_folder_is_no_record_and_the_hint_names_one_in_it(tmp_path):
    write(tmp_path, ["ECG"], ["mV"], wave()[:, np.newaxis])

    with pytest.raises(UsageError, match="folder") as error:
        load(tmp_path)
    assert str(tmp_path / "r") in error.value.hint


def test_missing_dat_file_is_named(tmp_path):
    base = write(tmp_path, ["ECG"], ["mV"], wave()[:, np.newaxis])
    base.with_suffix(".dat").unlink()

    with pytest.raises(UsageError, match=r"r\.dat is missing"):
        load(base)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00garbage", b"r 1 100 500\nr.dat 999 x y z\n", b"r 0 100\n"]
)
def test_odd_header_is_a_usage_error(tmp_path, content):
    (tmp_path / "r.hea").write_bytes(content)

    with pytest.raises(UsageError) as error:
        load(tmp_path / "r")
    assert error.value.hint


def test_cut_dat_file_is_a_usage_error(tmp_path):
    base = write(tmp_path, ["ECG"], ["mV"], wave()[:, np.newaxis])
    data = base.with_suffix(".dat").read_bytes()
    base.with_suffix(".dat").write_bytes(data[: len(data) // 2])

    with pytest.raises(UsageError, match="cannot be read"):
        load(base)


@pytest.mark.parametrize(("seconds", "start"), [(301, 0), (0, 0), (-1, 0), (60, 299), (1, 300), (1, -1)])
def test_more_seconds_than_recorded_are_refused(bundled, tmp_path, seconds, start):
    with pytest.raises(UsageError) as error:
        prepare(bundled, seconds, tmp_path, start=start)
    assert "300" in error.value.hint or "--seconds" in error.value.hint
