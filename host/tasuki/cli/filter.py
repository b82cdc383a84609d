"""`tasuki filter`: beats and breaths of a file, as a table, as annotations, as a picture."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from tasuki.cli.filter_motion import falls, motion
from tasuki.cli.filter_output import write_events
from tasuki.cli.frame import print_json
from tasuki.errors import UsageError
from tasuki.recordings.columns import Column, choose, read
from tasuki.recordings.record import ECG_NAMES, MICROVOLTS, RESPIRATION_NAMES
from tasuki.view.strips import beat_strips, breath_strips
from tasuki.view.words import LANGUAGES, language_of

_FILE = click.Path(path_type=Path)
_SHARED = (
    click.argument("file", metavar="INPUT", type=_FILE),
    click.option("--channel", help="Name of the channel, or its number from 1."),
    click.option(
        "--rate", "rate_hz", type=click.FloatRange(min=0.01), help="Samples a second, if INPUT has none."
    ),
    click.option(
        "-o", "--output", type=_FILE, help="Write here instead: NAME.csv, or NAME.EXT for WFDB annotations."
    ),
    click.option("--plot", is_flag=True, help="Show the signal with what was found in it."),
    click.option("--lang", type=click.Choice(LANGUAGES), default=language_of, help="Language of the plot."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)


def _shared(command: Any) -> Any:
    for decorate in reversed(_SHARED):
        command = decorate(command)
    return command


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
@_shared
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
    rate = _rate(column, rate_hz, file)
    microvolts = column.samples * _microvolts(column, unit, file)
    rows = _made_for(lambda: detect_beats(microvolts, rate), file)
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
    return _answer(
        rows, summary, file, rate, "N", rest, lambda lang: beat_strips(microvolts, rate, rows, lang)
    )


@filter_.command()
@_shared
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
    rate = _rate(column, rate_hz, file)
    rows = _made_for(lambda: detect_breaths(column.samples, rate), file)
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
    return _answer(
        rows, summary, file, rate, '"', rest, lambda lang: breath_strips(column.samples, rate, rows, lang)
    )


def _rate(column: Column, given: float | None, file: Path) -> float:
    rate = given or column.rate_hz
    if rate is None:
        raise UsageError(f"{file} does not say how often it was sampled", "Give --rate, in samples a second.")
    return rate


def _microvolts(column: Column, given: str | None, file: Path) -> float:
    unit = (given or column.unit).lower()
    if unit not in MICROVOLTS:
        what = f"in {column.unit}" if column.unit else "in no unit"
        raise UsageError(f"channel {column.name} of {file} is {what}", "Give --unit, for example mV.")
    return MICROVOLTS[unit]


def _made_for(run: Any, file: Path) -> NDArray[np.void]:
    """What the filter finds; a rate that it is not made for is the caller's mistake."""
    try:
        found: NDArray[np.void] = run()
    except ValueError as error:
        raise UsageError(f"{file}: {error}", "Check --rate, or resample the recording.") from error
    return found


def _answer(
    rows: NDArray[np.void],
    summary: dict[str, Any],
    file: Path,
    rate_hz: float,
    symbol: str,
    rest: dict[str, Any],
    plot: Any,
) -> int:
    output: Path | None = rest["output"]
    if output is not None:
        write_events(output, rows, rate_hz, symbol)
    if rest["as_json"]:
        listed = {"output": str(output)} if output else {"rows": _listed(rows)}
        print_json({"input": str(file), **summary, **listed})
        return 0
    if rest["plot"]:
        for line in plot(rest["lang"]):
            click.echo(line)
    if output is not None or rest["plot"]:
        click.echo("  ".join(f"{name} {_shown(value)}" for name, value in summary.items()))
    else:
        write_events(None, rows, rate_hz, symbol)
    return 0


def _listed(rows: NDArray[np.void]) -> list[dict[str, Any]]:
    names = rows.dtype.names or ()
    return [
        {n: None if isinstance(v, float) and np.isnan(v) else v for n, v in zip(names, row, strict=True)}
        for row in rows.tolist()
    ]


def _shown(value: Any) -> str:
    return "--" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
