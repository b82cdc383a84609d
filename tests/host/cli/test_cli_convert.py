"""`tasuki convert`, as a person meets it: consent, keys, mistakes, progress and beats."""

import csv
import json
import subprocess
import sys
import time

import numpy as np
import pyedflib
import pytest

from host import capture_examples as example
from host import garments
from tasuki import recordings
from tasuki.consent import files
from tasuki.consent.book import ConsentBook
from tasuki.consent.policy import builtin
from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.filters import detect_beats
from tasuki.recordings import wfdb_files
from tasuki.recordings.resample import to_rate
from tasuki.trust.register import Hub, HubRegister
from tasuki.vault.vault import Vault
from tasuki_wire import epoch, layout

KEY = example.PUBLIC.hex()
SUBJECT = files.demo_wearer(builtin()).subject


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder with the wearer's keys and consent and the enrolled hub, and an encrypted capture."""
    folder = tmp_path / "state"
    monkeypatch.setenv("TASUKI_STATE", str(folder))
    monkeypatch.setattr(garments, "WALL_US", time.time_ns() // 1000 - 60_000_000)
    vault = Vault(folder)
    vault.add_subject(SUBJECT)
    HubRegister(folder / "register.json").add(Hub(example.DEVICE.hex(), KEY, "2026-11-22"))
    garments.record(tmp_path / "walk.tsk", 3, keys=vault, subject=SUBJECT)
    vault.close()
    hour_ago = time.time_ns() - 3600 * 10**9
    book = ConsentBook(folder / "consent.db", lambda: hour_ago)
    book.adopt(files.demo_wearer(builtin()))
    book.enrol(Garment(epoch.key_id(example.PUBLIC), example.DEVICE, DEMO_GARMENT))
    book.bind(example.DEVICE, SUBJECT, 0)
    book.close()
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("ending", ["hea", "edf", "csv", "parquet", "npz"])
def test_a_wearer_converts_an_encrypted_capture_by_what_the_state_folder_knows(state, tasuki, ending):
    code, out, err = tasuki("convert", "walk.tsk", f"mine.{ending}", "--json")
    found = json.loads(out)

    assert (code, err) == (0, "")
    assert found["signals"]["ecg"] == {"samples": 3000, "gaps": 0, "missing": 0}
    assert found["files"] and all((state.parent / name).stat().st_size for name in found["files"])
    assert found["clock"].startswith("wall time by host clock, +/- ")
    assert not [path for path in state.parent.iterdir() if path.name.startswith(".")]


def test_what_was_written_is_told_in_lines(state, tasuki):
    code, out, err = tasuki("convert", "walk.tsk", "mine.edf")

    assert code == 0
    assert "ecg                  3000 samples\n" in out
    assert "mine.edf\n" in out
    assert err == "no steady rate, so not in this format: device_status\n"


def test_an_erased_item_is_in_no_conversion(state, tasuki):
    vault = Vault(state)
    vault.erase_item(SUBJECT, "ecg")
    vault.close()
    _, out, _ = tasuki("convert", "walk.tsk", "mine.csv", "--json")

    assert "ecg" not in json.loads(out)["signals"]
    assert not (state.parent / "mine_ecg.csv").exists()


def test_for_a_purpose_consent_decides_block_by_block(state, tasuki):
    """What the wearer granted for the service goes to its own store, and only that."""
    use = ("--purpose", "service_information", "--destination", "store", "--json")
    code, out, _ = tasuki("convert", "walk.tsk", "theirs.csv", *use)
    assert code == 0
    assert set(json.loads(out)["signals"]) >= {"ecg", "body_temperature"}
    hour_ago = time.time_ns() - 1800 * 10**9
    book = ConsentBook(state / "consent.db", lambda: hour_ago)
    book.withdraw(SUBJECT, ["ecg"], "service_information")
    book.close()
    code, out, err = tasuki("convert", "walk.tsk", "after.csv", *use)
    found = json.loads(out)
    assert "ecg" not in found["signals"] and found["left_out"]["refused"] == 3
    assert "3 ecg blocks refused: " in err
    assert not (state.parent / "after_ecg.csv").exists()


def test_a_purpose_that_must_not_learn_the_hub_and_its_times_gets_no_table_of_them(state, tasuki):
    """Deny by default: the way out is the bundle that does not tell."""
    use = ("--purpose", "service_improvement", "--destination", "improvement")
    code, out, err = tasuki("convert", "walk.tsk", "theirs.csv", *use)

    assert (code, out) == (1, "")
    assert "must not learn" in err and "tasuki export" in err
    assert not list(state.parent.glob("theirs*"))


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("walk.tsk", "out.txt"), 2, "does not tell the format"),
        (("nowhere.tsk", "out.csv"), 2, "no file"),
        (("walk.tsk", "no/such/out.csv"), 2, "Give a folder"),
        (("walk.tsk", "out.csv", "--since", "yesterday"), 2, "is no time"),
        (("walk.tsk", "out.csv", "--purpose", "statistics"), 2, "belong together"),
        (("walk.tsk", "out.csv", "--purpose", "fun", "--destination", "store"), 2, "no purpose"),
        (("walk.tsk", "a b.hea"), 2, "no name of a WFDB record"),
        (("walk.tsk", "out.csv", "--since", "2031-01-01"), 1, "no block may go"),
        (("walk.tsk", "out.csv", "--key", example.OTHER.hex()), 1, "no block may go"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_file(state, tasuki, args, code, words):
    before = sorted(state.parent.iterdir())
    ended, out, err = tasuki("convert", *args)

    assert (ended, out) == (code, "")
    assert words in err and "Traceback" not in err
    assert sorted(state.parent.iterdir()) == before


def test_a_cut_capture_is_converted_as_far_as_it_goes_and_says_so(state, tasuki):
    data = (state.parent / "walk.tsk").read_bytes()
    (state.parent / "cut.tsk").write_bytes(data[: len(data) * 2 // 3])
    code, out, _ = tasuki("convert", "cut.tsk", "mine.csv", "--json")
    found = json.loads(out)

    assert code == 1 and found["damage"] == 1
    assert 1000 <= found["signals"]["ecg"]["samples"] < 3000


def test_a_bundle_is_converted_too_and_one_without_the_hubs_frames_says_why_not(state, tasuki):
    assert tasuki("export", "walk.tsk", "--without", "ecg", "-o", "mine.tsb")[0] == 0
    code, out, _ = tasuki("convert", "mine.tsb", "mine.npz", "--json")
    assert code == 0 and set(json.loads(out)["signals"]) >= {"imu", "respiration"}
    use = ("--purpose", "service_improvement", "--to", "improvement")
    assert tasuki("export", "walk.tsk", *use, "-o", "theirs.tsb")[0] == 0
    code, _, err = tasuki("convert", "theirs.tsb", "theirs.npz")
    assert code == 2 and "gateway-attested" in err


@pytest.fixture
def heart(state):
    """A capture of the bundled ECG, a minute of it with a lost frame: (path, microvolts)."""
    recording = recordings.load(None)
    values, _ = to_rate(recording.ecg, recording.ecg_hz, 250, 0, 15_000)
    raw = np.rint(values).astype("<i2")
    garment = garments.Garment(layout.DEFAULT_PROFILE[:1], values={0: raw.view([("ecg", "<i2")])})
    garments.record(state.parent / "heart.tsk", 15, garment, lost={9: {0: (1,)}})
    return "heart.tsk", raw


def test_beats_are_those_of_the_detector_in_every_format(heart, state, tasuki):
    path, raw = heart
    whole = detect_beats(raw.astype(float), 250)["sample"]
    for ending in ("hea", "edf", "csv", "npz", "parquet"):
        assert tasuki("convert", path, f"out.{ending}", "--beats")[0] == 0

    with (state.parent / "out_ecg_beats.csv").open(newline="") as file:
        device = [int(row["device_us"]) for row in csv.DictReader(file)]
    samples = [us // 4000 for us in device]
    assert len(whole) > 60 and len(set(whole.tolist()) & set(samples)) >= len(whole) - 3
    annotated = wfdb_files._guarded(path, lambda wfdb: wfdb.rdann(str(state.parent / "out_ecg"), "qrs"))
    assert annotated.sample.tolist() == samples and set(annotated.symbol) == {"N"}
    with pyedflib.EdfReader(str(state.parent / "out.edf")) as edf:
        onsets, _, texts = edf.readAnnotations()
    beats = [onset for onset, text in zip(onsets, texts, strict=True) if text == "beat"]
    assert np.rint(np.array(beats) * 250).astype(int).tolist() == samples
    with np.load(state.parent / "out.npz") as arrays:
        assert arrays["ecg.beats.device_us"].tolist() == device
    code = "import sys, pyarrow.parquet as pq; print(*pq.read_table(sys.argv[1])['device_us'].to_pylist())"
    done = subprocess.run(
        [sys.executable, "-c", code, state.parent / "out_ecg_beats.parquet"], capture_output=True, check=True
    )
    assert list(map(int, done.stdout.split())) == device
