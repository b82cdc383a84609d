"""Converts a capture: a source, a writer, and files that appear only when they are whole."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasuki.capture import export
from tasuki.capture.check import KeyOf
from tasuki.capture.index import Rows
from tasuki.capture.reading import Capture
from tasuki.capture.release import Release
from tasuki.capture.timeline import UNKNOWN, Timed, Timeline
from tasuki.consent.context import Interval
from tasuki.convert.beats import LOWEST_HZ, Beats
from tasuki.convert.csv_files import CsvWriter
from tasuki.convert.edf_file import FEW_NOTES, Crowded, EdfWriter
from tasuki.convert.numpy_file import NumpyWriter
from tasuki.convert.parquet_files import ParquetWriter
from tasuki.convert.signals import Signal
from tasuki.convert.source import Choice, Choose, Source, Taken
from tasuki.convert.wfdb_record import WfdbWriter
from tasuki.convert.writing import Start, Writer
from tasuki.errors import Refused, UsageError
from tasuki_wire import codec

FORMATS: dict[str, tuple[Callable[[Path, str, list[Signal], Start], Writer], tuple[str, ...]]] = {
    "wfdb": (WfdbWriter, (".hea", ".dat")),
    "edf": (EdfWriter, (".edf",)),
    "csv": (CsvWriter, (".csv",)),
    "parquet": (ParquetWriter, (".parquet",)),
    "npz": (NumpyWriter, (".npz",)),
}
"""By name: the writer, and the endings that stand for it."""

_STEADY = ("wfdb", "edf")  # only what is sampled at a steady rate
_ECG = codec.number("ecg")

Progress = Callable[[int, int], None]
"""Told of blocks done, of all."""


@dataclass(frozen=True)
class Converted:
    """What was written, what of the capture is in it, and how sure wall time is of it.

    damage: places of the capture that could not be read. not_sampled: signals that the format has
    no place for.
    """

    files: tuple[Path, ...]
    taken: Taken
    statement: str
    beats: int
    damage: int
    not_sampled: tuple[str, ...]


def format_of(out: Path, name: str | None) -> str:
    """The format by its name, or by the ending of a path; UsageError when neither tells."""
    for known, (_, endings) in FORMATS.items():
        if known == name or (name is None and out.suffix.lower() in endings):
            return known
    every = ", ".join(ending for _, some in FORMATS.values() for ending in some)
    raise UsageError(f"{out} does not tell the format", f"End it with one of {every}, or give --to.")


def own(without: frozenset[str]) -> Choose:
    """The wearer's own copy: everything but the withheld items."""
    return lambda timed: "withheld" if timed.block.item in without else ""


def released(release: Release, subject: str, without: frozenset[str]) -> Choose:
    """What consent lets go for a purpose; its refusals are counted by the release.

    Refused for a purpose that must not learn the hub and its times (rules C2-05, C3-03).
    """
    if not release.device_proved or release.recipient:
        raise Refused(
            "needs_attestation",
            f"{release.purpose} at {release.destination} must not learn of the hub and the times",
            "`tasuki export` makes a bundle that does not tell.",
        )

    def choose(timed: Timed) -> str:
        if timed.block.item in without:
            return "withheld"
        when = None if timed.t0_ns == UNKNOWN else Interval(*timed[1:])
        return "" if release.decide_at(subject, timed.block, when) else "refused"

    return choose


def convert(
    capture: Capture,
    out: Path,
    kind: str,
    key_of: KeyOf,
    choose: Choose,
    choice: Choice,
    beats: bool = False,
    progress: Progress = lambda done, total: None,
) -> Converted:
    """Write the chosen blocks of a capture or device-proved bundle in a format of FORMATS.

    Raises UsageError when a file exists or the format cannot hold it, Refused when nothing may go.
    """
    head = export.source_header(capture)
    timeline = Timeline(capture)
    source = Source(timeline, head.streams, key_of, choose, choice, head.speed)
    others = [one for one in source.signals.values() if kind in _STEADY and not one.sampled]
    if others:
        steady = frozenset(number for number, one in source.signals.items() if one not in others)
        source = Source(timeline, head.streams, key_of, choose, choice._replace(streams=steady), head.speed)
    _require_free(out, kind, source.signals.values())
    start = _start(timeline.select(*source.choice), head.speed)
    room = FEW_NOTES
    while True:
        with _folder(out) as folder:
            writer = _writer(kind, folder, out.stem, list(source.signals.values()), start, room)
            try:
                found = _write(source, writer, beats, progress)
                statement = _statement(source.taken)
                writer.close(statement)
                if source.signals and not source.taken.samples:
                    raise _nothing()
                files = _place(folder, out)
                break
            except Crowded as crowded:
                room = crowded.signals
            except BaseException:
                writer.abandon()
                raise
    damage = 0 if timeline.indexed else _damage(capture)
    return Converted(files, source.taken, statement, found, damage, tuple(one.name for one in others))


def _writer(kind: str, folder: Path, name: str, signals: list[Signal], start: Start, room: int) -> Writer:
    if not signals:
        raise _nothing()
    if kind == "edf":
        return EdfWriter(folder, name, signals, start, room)
    return FORMATS[kind][0](folder, name, signals, start)


def _nothing() -> Refused:
    return Refused("nothing_to_export", "no block may go into these files", "See the reasons above.")


def _write(source: Source, writer: Writer, beats: bool, progress: Progress) -> int:
    """Give all pieces to the writer; how many beats there were."""
    detectors = {
        number: Beats(signal)
        for number, signal in source.signals.items()
        if beats and signal.stream.kind == _ECG and signal.rate_hz >= LOWEST_HZ
    }
    count = 0
    for piece in source.pieces():
        writer.add(piece)
        if detector := detectors.get(piece.signal.stream.stream):
            found = detector.feed(piece)
            writer.add_beats(piece.signal, found)
            count += len(found)
        progress(source.seen, source.total)
    for number, detector in detectors.items():
        found = detector.end()
        writer.add_beats(source.signals[number], found)
        count += len(found)
    return count


def _start(rows: Rows, speed: float) -> Start:
    """When the first of some rows began."""
    if not len(rows):
        return Start(0, 0, None, speed)
    first = rows[0]
    wall_ns = int(first["t0_ns"])
    known = None if wall_ns == UNKNOWN else wall_ns
    return Start(int(first["session"]), int(first["t0_us"]), known, speed)


def _statement(taken: Taken) -> str:
    """What the host says of its times; signatures prove device time alone."""
    if taken.untimed == taken.blocks:
        return "wall time unknown"
    unsure = f"wall time by host clock, +/- {taken.uncertainty_ns / 1e6:.1f} ms"
    return unsure + (f"; unknown for {taken.untimed} blocks" if taken.untimed else "")


def _damage(capture: Capture) -> int:
    """Places of a file without an index that cannot be read; it has to be read for that."""
    for _ in capture:
        pass
    return len(capture.damage)


# -- files ----------------------------------------------------------------------


def _require_free(out: Path, kind: str, signals: Iterable[Signal]) -> None:
    """UsageError when a file of this name is there already."""
    endings = FORMATS[kind][1]
    names = [out.stem] if kind in ("edf", "npz") else [f"{out.stem}_{one.name}" for one in signals]
    for path in (out.parent / (name + ending) for name in names for ending in endings):
        if path.exists():
            raise UsageError(f"{path} exists", "Give another name, or move it away.")


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A folder beside the files to come, for their drafts."""
    draft = out.parent / f".{out.name}.{os.urandom(4).hex()}"
    try:
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"{out.parent}: {error.strerror}", "Give a folder that you may write to.") from None
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _place(folder: Path, out: Path) -> tuple[Path, ...]:
    """The finished files under their names, readable by their owner alone: they tell of a body."""
    files = []
    for draft in sorted(folder.iterdir()):
        draft.chmod(0o600)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        files.append(draft.replace(out.parent / draft.name))
    return tuple(files)
