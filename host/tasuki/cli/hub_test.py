"""`tasuki hub test`: the self-test of hubs, all at once; `hub flash --test` uses its parts."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from tasuki.cli.hub_ports import ports_options, select
from tasuki.cli.progress import Logs, Telling, exit_code, teller
from tasuki.errors import UsageError
from tasuki.fleet import crew, selftest
from tasuki.fleet.ports import Port
from tasuki.fleet.selftest import report

_FILE = click.Path(dir_okay=False, path_type=Path)


def test_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--product and --junit."""
    product = click.option("--product", type=_FILE, help="Product file with the limits; the demo garment's.")
    junit = click.option("--junit", type=_FILE, help="Also write JUnit XML to this file.")
    return product(junit(command))


@click.command()
@ports_options
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Hubs at once; all, up to 32, by default.")
@test_options
@click.option(
    "--log-folder", type=click.Path(path_type=Path), help="Of a log per hub; STATE/logs by default."
)
@click.option("--json", "as_json", is_flag=True, help="Events as NDJSON; the last of a hub has its results.")
def test(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    jobs: int | None,
    product: Path | None,
    junit: Path | None,
    log_folder: Path | None,
    as_json: bool,
) -> int:
    """Have hubs test themselves: parts, memory, flash, signatures, clock, link, each against its limit.

    A hub that runs stops sampling for it and runs again afterwards. What a virtual
    hub cannot show is not applicable, never a pass. Exit code 1 when an item failed
    or a hub could not be tested.

    \b
    Example:
      tasuki hub test --all
      tasuki hub test --port /dev/ttyACM0 --product garment.toml --junit results.xml
    """
    limits = selftest.read(product)
    chosen = select(state, patterns, filters, every)

    def job(port: Port, say: crew.Say, stop: Any) -> dict[str, Any]:
        return tested(port, limits, say, stop)

    with Telling(teller(as_json, chosen), Logs(log_folder or state / "logs")) as telling:
        turns = crew.work(chosen, job, telling, jobs, state=state)
    tell(turns, junit, as_json)
    if not as_json:
        counts = Counter(turn.state for turn in turns)
        click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    return exit_code(turns)


def tested(port: Port, product: selftest.Product, say: crew.Say, stop: Any) -> dict[str, Any]:
    """Test one hub; the values of its turn."""
    results = selftest.run(port, product, say, stop)
    bad = [result.item for result in results if result.outcome == "fail"]
    reason = f"failed: {', '.join(bad)}" if bad else "nothing could be shown"
    state = selftest.state_of(results)
    values = {"state": state, "results": [result.row() for result in results]}
    return values if state == "passed" else {**values, "reason": reason}


def tell(turns: Sequence[crew.Turn], junit: Path | None, as_json: bool) -> None:
    """The results of all hubs, one hub after the other, and in the JUnit file."""
    if junit:
        try:
            junit.write_bytes(report.junit(turns))
        except OSError as error:
            raise UsageError(f"{junit}: {error.strerror}", "Give a file that can be written.") from None
    if as_json:
        return
    for turn in turns:
        if results := report.of(turn):
            click.echo(f"{turn.port.path}  {turn.state}")
            for line in report.lines(results, brief=len(turns) > 1):
                click.echo(line)
