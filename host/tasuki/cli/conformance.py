"""`tasuki conformance`: a hub against the clauses of SPEC.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tasuki.cli.frame import print_json
from tasuki.cli.hub_ports import port_options, select_one
from tasuki.cli.progress import RESUMABLE
from tasuki.errors import UsageError
from tasuki.fleet import conformance as checking
from tasuki.fleet.conformance.lines import ProgramLine
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.connection import Line


@click.command()
@port_options
@click.option(
    "--exec", "program", metavar="CMD", help="A program that is a hub on its standard input and output."
)
@click.option("--enroll", is_flag=True, help="Also enrol it, by a key that nobody keeps, and have it sample.")
@click.option(
    "--patience", type=click.FloatRange(0.1), default=3.0, show_default=True, help="Seconds for an answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def conformance(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    program: str | None,
    enroll: bool,
    patience: float,
    as_json: bool,
    state: Path,
) -> int:
    """Run the wire's vectors and fault cases against any hub, and say which clause of SPEC.md it breaks.

    Without --enroll nothing of the hub changes but that it restarts once. With it
    the hub samples, and obeys nobody afterwards: enrol it anew with --repin.
    Exit code 1 when a clause is broken, 3 when it was interrupted: the same command
    begins anew.

    \b
    Example:
      tasuki conformance --port /dev/ttyACM0
      tasuki conformance --exec './my-hub --stdio' --enroll --json
    """

    findings: list[checking.Finding] = []
    stopped = False

    def told(finding: checking.Finding) -> None:
        findings.append(finding)
        if not as_json:
            why = f": {finding.reason}" if finding.reason else ""
            click.echo(f"{finding.outcome:8} {finding.clause:18} {finding.promise}{why}")

    with _line(program, patterns, filters, state) as line:
        try:
            checking.run(line, enroll, told, patience)
        except KeyboardInterrupt:
            stopped = True
    broken = [finding for finding in findings if finding.outcome == "broken"]
    if as_json:
        rows = [f.row() for f in findings]
        print_json({"broken": sorted({f.clause for f in broken}), "checks": rows, "interrupted": stopped})
    else:
        held = sum(finding.outcome == "held" for finding in findings)
        click.echo(f"{held} held, {len(broken)} broken, {len(findings) - held - len(broken)} not run")
    if stopped:
        click.echo("tasuki: stopped. Run the command again: it begins anew.", err=True)
        return RESUMABLE
    return 1 if broken else 0


@contextmanager
def _line(
    program: str | None, patterns: tuple[str, ...], filters: tuple[str, ...], state: Path
) -> Iterator[Line]:
    if program and (patterns or filters):
        raise UsageError("both a port and --exec were given", "Give one of them.")
    line: Line = ProgramLine(program) if program else SerialLine(select_one(state, patterns, filters).path)
    try:
        yield line
    finally:
        line.close()
