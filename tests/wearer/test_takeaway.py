"""What a wearer takes along: all of it, in forms that other programs read, with its proof."""

import csv
import io
import json
import zipfile

import numpy as np
import pyedflib
import pytest

from tasuki.capture import check, reading
from tasuki.consent import receipts
from tasuki.wearer.holdings import proofs, signals, takeaway


def unpacked(records, subject):
    data = b"".join(takeaway.archive(records, subject))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.rule("D-01", "allow", "evidence")
def test_the_archive_has_every_stored_block_and_each_proof_holds_with_the_hubs_key(measured, tmp_path):
    found = unpacked(measured.records, measured.subject)

    bundles = {name: data for name, data in found.items() if name.endswith(".tsb")}
    (key,) = (data for name, data in found.items() if name.startswith("proofs/") and name.endswith(".pub"))
    assert bytes.fromhex(key.decode().strip()) == measured.public
    blocks = 0
    for name, data in bundles.items():
        path = tmp_path / name.replace("/", "-")
        path.write_bytes(data)
        with reading.read(path) as capture:
            report = check.verify(capture, lambda device: measured.public)
        assert report.holds, report.lines()
        blocks += report.blocks_verified
    assert blocks == measured.state.store.count("store") > 10


def test_a_proof_with_one_changed_sample_does_not_hold(measured, tmp_path):
    found = unpacked(measured.records, measured.subject)
    name, data = next((n, d) for n, d in found.items() if n.endswith(".tsb"))
    path = tmp_path / "changed.tsb"
    path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])

    with reading.read(path) as capture:
        report = check.verify(capture, lambda device: measured.public)

    assert not report.holds, name


def test_the_edf_has_the_same_samples_at_the_same_rate_as_the_blocks(measured, tmp_path):
    found = unpacked(measured.records, measured.subject)
    name = next(name for name in found if name.endswith(".edf"))
    path = tmp_path / "run.edf"
    path.write_bytes(found[name])
    ecg = [
        block
        for pseudonym in signals.pseudonyms(measured.state, measured.subject)
        for _, block in signals.blocks(measured.state, pseudonym)
        if block.item == "ecg"
    ]

    with pyedflib.EdfReader(str(path)) as edf:
        at = edf.getSignalLabels().index("ecg")
        samples, rate, unit = (
            edf.readSignal(at, digital=True),
            edf.getSampleFrequency(at),
            edf.getPhysicalDimension(at),
        )

    raw = np.concatenate([block_samples(block) for block in ecg])
    assert (rate, unit) == (250, "uV")
    assert np.array_equal(samples[: len(raw)], raw)


def block_samples(block):
    """The hub's own integers, read with nothing but the wire's layout."""
    from tasuki import values

    return np.rint(values.read(block).fields["ecg"]).astype(int)


def test_a_gap_in_the_middle_stays_a_gap_in_the_edf_and_is_annotated(measured, tmp_path):
    from tasuki.wearer.holdings import edf

    state = measured.state
    kept = [one for p in signals.pseudonyms(state, measured.subject) for one in signals.blocks(state, p)]
    run = next(proofs.runs(kept))
    ecg = [one for one in run.kept if one[1].item == "ecg"]
    run.kept = [one for one in run.kept if one is not ecg[1]]

    assert edf.write(run, tmp_path / "gap.edf")

    with pyedflib.EdfReader(str(tmp_path / "gap.edf")) as read:
        onset, length, label = read.readAnnotations()
        samples = read.readSignal(read.getSignalLabels().index("ecg"), digital=True)
    at = list(label).index("missing: ecg")
    first = round(float(onset[at]) * 250)
    assert float(length[at]) == pytest.approx(4.0, abs=0.02)
    assert set(samples[first : first + 900]) == {-32768}


def test_two_runs_with_a_skipped_epoch_are_two_proofs_that_both_hold(measured, tmp_path):
    state = measured.state
    kept = [one for p in signals.pseudonyms(state, measured.subject) for one in signals.blocks(state, p)]
    numbers = sorted({block.epoch for _, block in kept})
    kept = [one for one in kept if one[1].epoch != numbers[1]]

    runs = list(proofs.runs(kept))

    assert [(run.first, run.last) for run in runs] == [(numbers[0], numbers[0]), (numbers[2], numbers[-1])]
    for run in runs:
        proofs.write(run, tmp_path / run.name)
        with reading.read(tmp_path / run.name) as capture:
            assert check.verify(capture, lambda device: measured.public).holds


def test_a_long_stretch_is_cut_into_bundles_and_a_late_block_has_its_own(measured, tmp_path, monkeypatch):
    state = measured.state
    kept = [one for p in signals.pseudonyms(state, measured.subject) for one in signals.blocks(state, p)]
    late = next(one for one in kept if one[1].item == "respiration")
    kept.remove(late)
    monkeypatch.setattr(proofs, "LONGEST", 2)

    found = list(proofs.runs([*kept, late]))

    assert all(run.last - run.first < 2 for run in found)
    held = [(b.epoch, b.stream) for run in found for b in run.blocks]
    assert sorted(held) == sorted((b.epoch, b.stream) for _, b in [*kept, late])
    assert [run.blocks for run in found][-1] == [late[1]]
    for n, run in enumerate(found):
        proofs.write(run, tmp_path / f"{n}")
        with reading.read(tmp_path / f"{n}") as capture:
            assert check.verify(capture, lambda device: measured.public).holds


def test_blocks_are_read_as_they_are_asked_for_and_not_all_at_once(measured, monkeypatch):
    opened = []
    real = signals.open_row
    monkeypatch.setattr(signals, "open_row", lambda row, vault: opened.append(row) or real(row, vault))
    pseudonym = next(
        p for p in signals.pseudonyms(measured.state, measured.subject) if held_there(measured, p)
    )

    first = next(signals.blocks(measured.state, pseudonym))

    assert first[1].epoch == 0 and len(opened) <= 15


def held_there(measured, pseudonym):
    return bool(measured.state.store.extents(pseudonym))


def test_the_tables_the_consents_and_the_json_say_the_same(measured):
    records, subject = measured.records, measured.subject
    records.ratings.add(subject, "comfort", 7, "=1+1 is no formula")

    found = unpacked(records, subject)

    all_of_it = json.loads(found["everything.json"])
    rows = list(csv.DictReader(io.StringIO(found["tables/consents.csv"].decode())))
    assert len(rows) == len(all_of_it["consents"]) == len(measured.state.book.log.events(subject))
    key = bytes.fromhex(found["consent/authority.pub"].decode().strip())
    receipt = receipts.verify(found["consent/receipt.jsonld"], key, measured.state.policy)
    assert receipt.subject == subject and len(receipt.events) == len(rows)
    ratings = list(csv.DictReader(io.StringIO(found["tables/ratings.csv"].decode())))
    assert ratings[0]["note"] == "'=1+1 is no formula"


def test_samples_of_a_csv_are_those_of_the_blocks_with_rising_times(measured):
    found = unpacked(measured.records, measured.subject)
    name = next(name for name in found if "-ecg-" in name)

    rows = list(csv.DictReader(io.StringIO(found[name].decode())))

    stamps = [row["utc"] for row in rows]
    assert stamps == sorted(stamps) and len(rows) > 500
    assert set(rows[0]) == {"utc", "device_us", "ecg [uV]"}


@pytest.mark.rule("D-01", "deny")
def test_nothing_of_another_wearer_is_in_it(measured):
    measured.records.profiles.correct(measured.state.policy, "taro", "name", "Other Person")

    found = unpacked(measured.records, "taro")

    assert not [name for name in found if name.endswith((".tsb", ".edf", ".pub"))]
    assert json.loads(found["everything.json"])["signals"] == []
