"""What the commands of `tasuki filter` share: their options, the rate, and how rows are answered."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from tasuki.cli.filter_output import write_events
from tasuki.cli.frame import print_json
from tasuki.errors import UsageError

FILE = click.Path(path_type=Path)
INPUT = click.argument("file", metavar="INPUT", type=FILE)
RATE = click.option(
    "--rate", "rate_hz", type=click.FloatRange(min=0.01), help="Samples a second, if INPUT has none."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def with_options(options: Sequence[Any]) -> Callable[[Any], Any]:
    """A decorator that gives a command these options, in this order."""

    def decorated(command: Any) -> Any:
        for decorate in reversed(options):
            command = decorate(command)
        return command

    return decorated


def rate_of(own_hz: float | None, given_hz: float | None, file: Path) -> float:
    """Samples a second, the caller's before the file's own; UsageError when neither says it."""
    rate = given_hz or own_hz
    if rate is None:
        raise UsageError(f"{file} does not say how often it was sampled", "Give --rate, in samples a second.")
    return rate


def made_for(run: Callable[[], NDArray[np.void]], file: Path) -> NDArray[np.void]:
    """What a filter finds; a rate that it is not made for is the caller's mistake."""
    try:
        return run()
    except ValueError as error:
        raise UsageError(f"{file}: {error}", "Check --rate, or resample the recording.") from error


def answer(
    rows: NDArray[np.void],
    summary: dict[str, Any],
    file: Path,
    rate_hz: float,
    symbol: str,
    rest: dict[str, Any],
    plot: Callable[[], Iterable[str]],
) -> int:
    """Write, print or show the rows as `rest` (output, as_json, plot) says; the exit code."""
    output: Path | None = rest["output"]
    if output is not None:
        write_events(output, rows, rate_hz, symbol)
    if rest["as_json"]:
        listed = {"output": str(output)} if output else {"rows": _listed(rows)}
        print_json({"input": str(file), **summary, **listed})
        return 0
    if rest["plot"]:
        for line in plot():
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
