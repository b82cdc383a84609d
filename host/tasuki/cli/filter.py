"""`tasuki filter`: beats and breaths of a file, as a table, as annotations, as a picture."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from tasuki.cli.filter_answer import FILE, INPUT, JSON, RATE, answer, made_for, rate_of, with_options
from tasuki.cli.filter_motion import falls, motion
from tasuki.errors import UsageError
from tasuki.recordings.columns import Column, choose, read
from tasuki.recordings.record import ECG_NAMES, MICROVOLTS, RESPIRATION_NAMES
from tasuki.view.strips import beat_strips, breath_strips
from tasuki.view.words import LANGUAGES, language_of

_SHARED = (
    INPUT,
    click.option("--channel", help="Name of the channel, or its number from 1."),
    RATE,
    click.option(
        "-o", "--output", type=FILE, help="Write here instead: NAME.csv, or NAME.EXT for WFDB annotations."
    ),
    click.option("--plot", is_flag=True, help="Show the signal with what was found in it."),
    click.option("--lang", type=click.Choice(LANGUAGES), default=language_of, help="Language of the plot."),
    JSON,
)


@click.group(name="filter")
def filter_() -> None:
    """Run the streaming filters over a recording.

    INPUT is a WFDB record, a CSV table with a header (a time column gives the rate) or an NPZ file.

    \b
    Examples:
      tasuki filter beats mitdb/100 --plot
      tasuki filter respiration chest.csv --rate 25 -o breaths.csv
    """


filter_.add_command(motion)
filter_.add_command(falls)


@filter_.command()
@with_options(_SHARED)
@click.option(
    "--unit",
    type=click.Choice(("uV", "mV", "V"), case_sensitive=False),
    help="Of the ECG, if INPUT has none.",
)
def beats(file: Path, channel: str | None, rate_hz: float | None, unit: str | None, **rest: Any) -> int:
    """Find the heart beats of an ECG.

    A row a beat: sample and time of its R peak, interval to the beat before (empty across a
    gap), confidence from 0 to 1.

    \b
    Examples:
      tasuki filter beats mitdb/100 -o 100.qrs
      tasuki filter beats ecg.csv --channel lead2 --unit mV --json
    """
    from tasuki.filters import HeartRate, detect_beats

    column = choose(read(file), channel, ECG_NAMES)
    rate = rate_of(column.rate_hz, rate_hz, file)
    microvolts = column.samples * _microvolts(column, unit, file)
    rows = made_for(lambda: detect_beats(microvolts, rate), file)
    heart = HeartRate().process(rows)
    intervals = rows["rr_s"][np.isfinite(rows["rr_s"])]
    summary = {
        "channel": column.name,
        "rate_hz": rate,
        "seconds": round(len(microvolts) / rate, 3),
        "beats": len(rows),
        "mean_bpm": round(60 / float(intervals.mean()), 1) if len(intervals) else None,
        "last_bpm": heart.bpm and round(heart.bpm, 1),
        "last_rmssd_ms": heart.rmssd_ms and round(heart.rmssd_ms, 1),
        "irregular": heart.irregular,
        "mean_confidence": round(float(rows["confidence"].mean()), 3) if len(rows) else None,
    }
    return answer(
        rows, summary, file, rate, "N", rest, lambda: beat_strips(microvolts, rate, rows, rest["lang"])
    )


@filter_.command()
@with_options(_SHARED)
def respiration(file: Path, channel: str | None, rate_hz: float | None, **rest: Any) -> int:
    """Find the breaths of a chest strain or impedance signal of any scale.

    A row a breath: sample and time of the end of inspiration, the rate of the minute before it
    (empty until it is known), confidence from 0 to 1, and whether ten seconds had passed without one.

    \b
    Examples:
      tasuki filter respiration sleep/slp01a --plot
      tasuki filter respiration chest.npz --channel strain --rate 50 --json
    """
    from tasuki.filters.whole import detect_breaths

    column = choose(read(file), channel, RESPIRATION_NAMES)
    rate = rate_of(column.rate_hz, rate_hz, file)
    rows = made_for(lambda: detect_breaths(column.samples, rate), file)
    known = rows["rate_bpm"][np.isfinite(rows["rate_bpm"])]
    summary = {
        "channel": column.name,
        "rate_hz": rate,
        "seconds": round(len(column.samples) / rate, 3),
        "breaths": len(rows),
        "mean_bpm": round(float(known.mean()), 1) if len(known) else None,
        "apnoeas": int(rows["apnoea"].sum()),
        "mean_confidence": round(float(rows["confidence"].mean()), 3) if len(rows) else None,
    }
    return answer(
        rows, summary, file, rate, '"', rest, lambda: breath_strips(column.samples, rate, rows, rest["lang"])
    )


def _microvolts(column: Column, given: str | None, file: Path) -> float:
    unit = (given or column.unit).lower()
    if unit not in MICROVOLTS:
        what = f"in {column.unit}" if column.unit else "in no unit"
        raise UsageError(f"channel {column.name} of {file} is {what}", "Give --unit, for example mV.")
    return MICROVOLTS[unit]
