"""Conversion, read back by the formats' own libraries and compared bit by bit."""

import csv
import json
import re
import tracemalloc
import warnings
from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pyedflib
import pytest

from host import capture_examples as example
from host import garments
from tasuki.capture import container, parts
from tasuki.capture.reading import read
from tasuki.convert import converting, parquet_files
from tasuki.convert.source import Choice
from tasuki.errors import Refused, UsageError
from tasuki_wire import layout

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3 calls deprecated
    import wfdb

NAMES = {0: "ecg", 1: "respiration", 2: "body_temperature", 3: "imu", 4: "strain", 5: "device_status"}
SAMPLED = (0, 1, 2, 3, 4)
LOST = {1: {0: (3, 4), 3: (0,)}, 2: {0: (39,), 4: (10,)}}  # frames by epoch and stream
GAPS = {"ecg": 2, "imu": 1, "strain": 1}


def convert(path, out, kind=None, without=(), choice=None, beats=False, key=example.PUBLIC):
    """The wearer's own conversion."""
    with read(path) as capture:
        return converting.convert(
            capture,
            out,
            converting.format_of(out, kind),
            lambda device: key,
            converting.own(frozenset(without)),
            choice or Choice(),
            beats,
        )


def expected(garment, stream, lost=LOST):
    """(device time, raw integers by column) of what was not lost, in order."""
    per_frame = next(row[4] for row in garment.profile if row[0] == stream)
    times, raws = [], []
    for n, (device_us, raw) in enumerate(garment.measured[stream]):
        kept = np.ones(len(raw), bool)
        for frame in lost.get(n, {}).get(stream, ()):
            kept[frame * per_frame : (frame + 1) * per_frame] = False
        times.append(device_us[kept])
        raws.append(raw[kept])
    return np.concatenate(times), np.concatenate(raws)


def columns(raw):
    """Structured records as one integer array per number, in order."""
    return [
        raw[name].reshape(len(raw), -1)[:, i] for name in raw.dtype.names for i in range(raw[name][0].size)
    ]


def scales(stream):
    """Scale of each number of a record."""
    kind = next(row[1] for row in layout.DEFAULT_PROFILE if row[0] == stream)
    fields = next(row[5] for row in layout.MESSAGES if row[0] == kind)
    return [field[4] for field in fields for _ in range(field[2])]


def wall(device_us):
    """Wall time in microseconds, as the garment's syncs say."""
    return garments.WALL_US + device_us


def grid(garment, stream, first_us=0, count=None):
    """Integers of a signal at its nominal rate from device time first_us on, and where there are none."""
    period = next(row[3] for row in garment.profile if row[0] == stream)
    times, raw = expected(garment, stream)
    at = np.rint((times - first_us) / period).astype(int)
    count = count or at[-1] + 1
    out = np.zeros((count, len(columns(raw))), int)
    held = np.zeros(count, bool)
    held[at] = True
    out[at] = np.stack(columns(raw), axis=1)
    return out, held


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A capture of four epochs with lost frames: (path, garment)."""
    path = tmp_path_factory.mktemp("walk") / "walk.tsk"
    return path, garments.record(path, 4, lost=LOST)


def test_csv_has_every_sample_with_its_times_and_a_row_without_values_for_a_gap(walk, tmp_path):
    path, garment = walk
    done = convert(path, tmp_path / "out.csv")

    assert [file.name for file in done.files] == sorted(f"out_{name}.csv" for name in NAMES.values())
    assert {name: n for name, n in done.taken.gaps.items() if n} == GAPS
    for stream, name in NAMES.items():
        with (tmp_path / f"out_{name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        times, raw = expected(garment, stream)
        held = [row for row in rows if row[3]]
        assert len(rows) - len(held) == GAPS.get(name, 0)
        assert [int(row[2]) for row in held] == np.rint(times).astype(int).tolist()
        for i, (column, scale) in enumerate(zip(columns(raw), scales(stream), strict=True)):
            assert [float(row[3 + i]) for row in held] == (column / scale).tolist()
        stamps = [datetime.fromisoformat(row[0]) for row in held]
        told = [round((one - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6) for one in stamps]
        assert np.abs(np.array(told) - wall(times)).max() <= 1
        assert {int(row[1]) for row in rows} <= set(range(1000, 3000))
    assert header[3] == "battery [mV]"


def test_a_gap_row_stands_where_the_first_missing_sample_was_due(walk, tmp_path):
    path, _ = walk
    convert(path, tmp_path / "out.csv")

    with (tmp_path / "out_ecg.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    gaps = [int(row[2]) for row in rows if not row[3]]
    assert gaps == [4_000_000 + 3 * 100_000, 8_000_000 + 39 * 100_000]
    assert [int(row[2]) for row in rows] == sorted(int(row[2]) for row in rows)


def test_parquet_has_exact_values_units_scales_and_nulls_in_gaps(walk, tmp_path):
    path, garment = walk
    done = convert(path, tmp_path / "out.parquet")

    for stream, name in NAMES.items():
        table = pq.read_table(tmp_path / f"out_{name}.parquet")
        times, raw = expected(garment, stream)
        absent = table.column(3).is_null().to_numpy(zero_copy_only=False)
        assert absent.sum() == GAPS.get(name, 0)
        held = table.filter(~absent)
        assert held.column("device_us").to_pylist() == np.rint(times).astype(int).tolist()
        stamps = held.column("time").cast("int64").to_numpy()
        assert np.abs(stamps - wall(times)).max() <= 1
        for i, (column, scale) in enumerate(zip(columns(raw), scales(stream), strict=True)):
            values = held.column(3 + i).to_numpy()
            assert (values == column / scale).all()
            assert int(table.schema.field(3 + i).metadata[b"scale"]) == scale
        assert table.column(3).null_count == table.column(table.num_columns - 1).null_count
    schema = pq.read_schema(tmp_path / "out_imu.parquet")
    assert schema.names[3:] == ["accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z"]
    assert schema.field("gyro_z").metadata[b"unit"] == b"deg/s"
    about = pq.ParquetFile(tmp_path / "out_imu.parquet").metadata.metadata
    assert about[b"clock"].decode() == done.statement


def test_numpy_has_exact_values_and_nan_in_gaps(walk, tmp_path):
    path, garment = walk
    done = convert(path, tmp_path / "out.npz")

    with np.load(tmp_path / "out.npz", allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        assert about["clock"] == done.statement
        for stream, name in NAMES.items():
            times, raw = expected(garment, stream)
            names = list(about["signals"][name]["columns"])
            held = ~np.isnan(arrays[f"{name}.{names[0]}"])
            assert (~held).sum() == GAPS.get(name, 0)
            assert (arrays[f"{name}.device_us"][held] == np.rint(times)).all()
            stamps = arrays[f"{name}.time"][held].astype(np.int64)
            assert np.abs(stamps - wall(times)).max() <= 1
            for column, number, scale in zip(columns(raw), names, scales(stream), strict=True):
                assert (arrays[f"{name}.{number}"][held] == column / scale).all()
                assert about["signals"][name]["columns"][number]["scale"] == scale


def test_wfdb_has_the_integers_of_the_hub_and_invalid_samples_in_gaps(walk, tmp_path):
    path, garment = walk
    done = convert(path, tmp_path / "out.hea")

    assert done.not_sampled == ("device_status",)
    for stream in SAMPLED:
        name = f"out_{NAMES[stream]}"
        record = wfdb.rdrecord(str(tmp_path / name), physical=False, smooth_frames=False)
        values, held = grid(garment, stream)
        read_back = np.stack(record.e_d_signal, axis=1)
        assert (read_back[held] == values[held]).all()
        invalid = {"16": -(2**15), "24": -(2**23)}[record.fmt[0]]
        assert (read_back[~held] == invalid).all() and (read_back[held] != invalid).all()
        physical = wfdb.rdrecord(str(tmp_path / name)).p_signal
        assert np.isnan(physical[~held]).all()
        assert (physical[held] == values[held] / np.array(scales(stream))).all()
        period = next(row[3] for row in garment.profile if row[0] == stream)
        assert record.fs == pytest.approx(1e6 / period, rel=1e-9)
        sums = [int(column.sum()) % 65536 for column in read_back.T]
        assert [total % 65536 for total in record.checksum] == sums
    head = wfdb.rdheader(str(tmp_path / "out_ecg"))
    assert head.units == ["uV"] and done.statement in head.comments
    assert head.base_datetime == datetime.fromtimestamp(garments.WALL_US / 1e6, UTC).replace(tzinfo=None)


def test_wfdb_keeps_the_smallest_integer_apart_from_an_invalid_sample(tmp_path):
    """A saturated amplifier measures -32768: from there on, and before it, the record is of format 24."""
    values = np.arange(4000, dtype="<i2")
    values[2500:2510] = -32768
    profile = layout.DEFAULT_PROFILE[:1]
    garment = garments.Garment(profile, values={0: values.view([("ecg", "<i2")])})
    garments.record(tmp_path / "walk", 4, garment, lost=LOST)
    convert(tmp_path / "walk", tmp_path / "out.dat")

    record = wfdb.rdrecord(str(tmp_path / "out_ecg"), physical=False)
    wanted, held = grid(garment, 0)
    assert record.fmt == ["24"]
    assert (record.d_signal[held] == wanted[held]).all()
    assert (record.d_signal[~held] == -(2**23)).all()
    assert not (tmp_path / "out_ecg.dat16").exists()


def edf_mask(reader, name, count, rate):
    """Which samples the annotations leave, and the annotations."""
    onsets, durations, texts = reader.readAnnotations()
    held = np.ones(count, bool)
    for onset, duration, text in zip(onsets, durations, texts, strict=True):
        if text == f"gap {name}":
            first = round(onset * rate)
            held[first : first + round(float(duration) * rate)] = False
    return held, texts


def test_edf_has_the_integers_of_the_hub_and_names_gaps_in_annotations(walk, tmp_path):
    path, garment = walk
    done = convert(path, tmp_path / "out.edf")

    with pyedflib.EdfReader(str(tmp_path / "out.edf")) as edf:
        labels = edf.getSignalLabels()
        assert labels[:4] == ["ecg", "respiration", "body_temperature", "accel_x"]
        start = edf.getStartdatetime().replace(microsecond=0)
        told = re.search(rb"\+(0\.\d+)\x14\x14", (tmp_path / "out.edf").read_bytes())  # as EDF+ has it
        seconds = (start - datetime(1970, 1, 1)).total_seconds() + float(told[1])
        assert seconds == pytest.approx(garments.WALL_US / 1e6, abs=2e-6)
        at = 0
        for stream in SAMPLED:
            values, held = grid(garment, stream)
            rate = edf.getSampleFrequency(at)
            period = next(row[3] for row in garment.profile if row[0] == stream)
            assert rate == pytest.approx(1e6 / period, rel=1e-4)
            for i, scale in enumerate(scales(stream)):
                digital = edf.readSignal(at, digital=True)
                told, _ = edf_mask(edf, NAMES[stream], len(digital), rate)
                assert (told[: len(held)] == held).all() and not told[len(held) :].any()
                assert (digital[told] == values[held][:, i]).all()
                gain = (edf.getPhysicalMaximum(at) - edf.getPhysicalMinimum(at)) / 65535
                assert gain == pytest.approx(1 / scale, rel=1e-6)
                at += 1
        assert at == len(labels)
        texts = edf.readAnnotations()[2]
        assert texts[0].startswith("wall time by host clock, +/- 2.") and done.statement == texts[0]
        dimension = edf.getPhysicalDimension(labels.index("gyro_x"))
    assert dimension == "deg/s"


def test_what_is_missing_for_hours_takes_room_only_where_a_format_must_fill_it(tmp_path):
    garment = garments.Garment(layout.DEFAULT_PROFILE[:2])
    out = garments.begin(tmp_path / "walk", garment)
    garments.sync(out, 0)
    out.add_epoch(*garment.epoch())
    garment.skip(900)
    garments.sync(out, garment.number * garments.EPOCH_US)
    out.add_epoch(*garment.epoch())
    out.close({})

    done = convert(tmp_path / "walk", tmp_path / "out.csv")
    assert done.taken.missing == {"ecg": 900 * 1000, "respiration": 900 * 100}
    assert len((tmp_path / "out_ecg.csv").read_text().splitlines()) == 1 + 2000 + 1
    convert(tmp_path / "walk", tmp_path / "out.edf")
    with pyedflib.EdfReader(str(tmp_path / "out.edf")) as edf:
        digital = edf.readSignal(0, digital=True)
        held, _ = edf_mask(edf, "ecg", len(digital), 250)
    assert held.sum() == 2000 and held[:1000].all() and held[-1000:].all() and len(digital) == 902_000


def test_a_hub_that_was_started_again_leaves_a_gap_as_long_as_it_was_away(tmp_path):
    """Its device time begins anew; wall time tells."""
    first, second = (garments.Garment(layout.DEFAULT_PROFILE[:1], session=n) for n in (7, 8))
    out = garments.begin(tmp_path / "walk", first)
    garments.sync(out, 0)
    out.add_epoch(*first.epoch())
    garments.sync(out, 3_900_000)
    garments.sync(out, 0, garments.WALL_US + 10_000_000)
    out.add_epoch(*second.epoch())
    out.close({})

    done = convert(tmp_path / "walk", tmp_path / "out.hea")
    record = wfdb.rdrecord(str(tmp_path / "out_ecg"), physical=False)
    invalid = record.d_signal[:, 0] == -(2**15)
    assert done.taken.gaps == {"ecg": 1}
    assert abs(int(invalid.sum()) - 1500) <= 1
    assert np.flatnonzero(invalid)[0] == 1000


def test_epochs_that_came_late_stand_at_their_time(tmp_path):
    """The file has them in the order of verification, the conversion in that of measuring."""
    garment = garments.Garment(layout.DEFAULT_PROFILE[:1])
    made = [garment.epoch() for _ in range(4)]
    out = garments.begin(tmp_path / "walk", garment)
    garments.sync(out, 0)
    for i in (0, 3, 1, 2):
        out.add_epoch(*made[i])
    out.close({})

    done = convert(tmp_path / "walk", tmp_path / "out.npz")
    times, raw = expected(garment, 0, {})
    with np.load(tmp_path / "out.npz") as arrays:
        assert (arrays["ecg.ecg"] == raw["ecg"]).all() and (arrays["ecg.device_us"] == times).all()
    assert not done.taken.gaps["ecg"]


def test_streams_and_times_are_chosen(walk, tmp_path):
    path, _ = walk
    since = (garments.WALL_US + 5_000_000) * 1000
    done = convert(path, tmp_path / "out.npz", choice=Choice(frozenset({0, 2}), since, since + 10**9))

    assert set(done.taken.samples) == {"ecg", "body_temperature"}
    with np.load(tmp_path / "out.npz") as arrays:
        assert arrays["ecg.device_us"][0] == 4_000_000 and arrays["ecg.device_us"][-1] < 8_000_000


def test_withheld_items_are_not_converted(walk, tmp_path):
    done = convert(walk[0], tmp_path / "out.csv", without=("ecg", "body_motion"))

    assert set(done.taken.samples) == {"respiration", "body_temperature", "device_status"}
    assert not list(tmp_path.glob("*ecg*"))


def test_nothing_that_the_key_does_not_prove_is_converted(walk, tmp_path):
    """Deny by default: no file at all under another key; a forged block alone is left out."""
    with pytest.raises(Refused, match="no block"):
        convert(walk[0], tmp_path / "out.csv", key=example.OTHER)
    assert not list(tmp_path.iterdir())
    with walk[0].open("rb") as file:
        records = list(container.Scan(file))
    out = container.Writer(tmp_path / "forged", container.CAPTURE)
    forged = next(i for i, one in enumerate(records) if one.type == parts.BLOCK and one.payload[0] == 0)
    for i, one in enumerate(records):
        payload = bytearray(one.payload)
        if i == forged:
            payload[600] ^= 1
        out.add(one.type, bytes(payload))
    out.close()
    done = convert(tmp_path / "forged", tmp_path / "out.csv")
    assert done.taken.unproved == {"root_mismatch": 1}
    assert done.taken.samples["ecg"] == 3000 - 50 - 25


def test_wall_times_that_nobody_knows_are_left_open(tmp_path):
    garment = garments.Garment(layout.DEFAULT_PROFILE[:1])
    out = garments.begin(tmp_path / "walk", garment)
    out.add_epoch(*garment.epoch())
    out.close({})
    done = convert(tmp_path / "walk", tmp_path / "out.csv")
    convert(tmp_path / "walk", tmp_path / "out.npz")
    convert(tmp_path / "walk", tmp_path / "out.edf")
    convert(tmp_path / "walk", tmp_path / "out.parquet")
    convert(tmp_path / "walk", tmp_path / "out.hea")

    assert done.statement == "wall time unknown"
    assert (tmp_path / "out_ecg.csv").read_text().splitlines()[1].startswith(",,0,")
    with np.load(tmp_path / "out.npz") as arrays:
        assert np.isnat(arrays["ecg.time"]).all() and len(arrays["ecg.ecg"]) == 1000
    assert pq.read_table(tmp_path / "out_ecg.parquet").column("time").null_count == 1000
    assert wfdb.rdheader(str(tmp_path / "out_ecg")).base_date is None
    with pyedflib.EdfReader(str(tmp_path / "out.edf")) as edf:
        assert edf.getStartdatetime().year == 1985


def test_an_existing_file_is_never_overwritten(walk, tmp_path):
    (tmp_path / "out_ecg.csv").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        convert(walk[0], tmp_path / "out.csv")
    assert (tmp_path / "out_ecg.csv").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_path_that_does_not_tell_the_format_asks_for_it(tmp_path):
    with pytest.raises(UsageError, match="does not tell"):
        converting.format_of(tmp_path / "out.txt", None)
    assert converting.format_of(tmp_path / "out.txt", "csv") == "csv"
    assert converting.format_of(tmp_path / "OUT.EDF", None) == "edf"


def test_files_are_for_their_owner_alone(walk, tmp_path):
    for file in convert(walk[0], tmp_path / "out.csv").files:
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def lengths(tmp_path_factory):
    """A short capture and one five times as long."""
    folder = tmp_path_factory.mktemp("lengths")
    for epochs in (6, 30):
        garments.record(folder / f"{epochs}.tsk", epochs)
    return folder


@pytest.mark.parametrize("ending", ["hea", "edf", "csv", "npz", "parquet"])
def test_memory_does_not_grow_with_the_length_of_a_capture(lengths, tmp_path, monkeypatch, ending):
    """In 24 more epochs are 1.3 MB of numbers; the rows of the index are all that is held of them."""
    monkeypatch.setattr(parquet_files, "_ROW_GROUP", 500)
    peaks = []
    for epochs in (6, 6, 30):  # the first one loads what the format needs
        tracemalloc.start()
        convert(lengths / f"{epochs}.tsk", tmp_path / f"out{len(peaks)}.{ending}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] - peaks[1] < 300_000
