"""`tasuki hub exec|run|cp|ls|repl|reset`: verbs and colon paths as in mpremote, on one hub or on many."""

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
from mpremote import repl as mpremote_repl

from tasuki.cli.frame import read_bytes
from tasuki.cli.hub_ports import port_options, ports_options, select, select_one
from tasuki.cli.progress import exit_code
from tasuki.errors import TasukiError, UsageError
from tasuki.fleet import crew, resetting, using
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.troubles import trouble_of

Work = Callable[[Prompt, Callable[[bytes], object]], object]
_follow = click.option(
    "--follow/--no-follow", default=True, help="Show the output until it ends, or just start it."
)


def _on_prompts(chosen: Sequence[Port], work: Work) -> int:
    """Do work at each hub's prompt: the output of one hub as it comes, of several hub by hub, whole."""
    if len(chosen) == 1:
        return _on_one(chosen[0], work)

    def job(port: Port, say: crew.Say, stop: threading.Event) -> dict[str, Any]:
        held: list[bytes] = []
        try:
            with using.prompt_of(port, stop) as prompt:
                work(prompt, held.append)
        finally:
            say("output", text=b"".join(held).decode(errors="replace"))
        return {"state": "done"}

    turns = crew.work(chosen, job, _tell, patience_s=0)
    return exit_code(turns)


def _on_one(port: Port, work: Work) -> int:
    try:
        with using.prompt_of(port) as prompt:
            work(prompt, _write)
    except (TasukiError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise trouble_of(error) from error
    return 0


def _write(data: bytes) -> None:
    out = sys.stdout.buffer
    out.write(data)
    out.flush()


def _tell(event: crew.Event) -> None:
    if event.name == "output":
        click.echo(f"{event.port.path}:")
        click.echo(event.values["text"].rstrip())
    elif event.name == "end" and event.values["reason"]:
        click.echo(f"{event.port.path}: {event.values['reason']}. {event.values['way_out']}", err=True)


@click.command("exec")
@click.argument("code")
@ports_options
@_follow
def exec_(
    code: str, patterns: tuple[str, ...], filters: tuple[str, ...], every: bool, state: Path, follow: bool
) -> int:
    """Run CODE at the hub's prompt. A hub of ours leaves its work for it; `hub reset` starts it again.

    \b
    Example:
      tasuki hub exec "import os; print(os.listdir())"
    """
    return _run(select(state, patterns, filters, every), code.encode(), follow)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@ports_options
@_follow
def run(
    file: Path, patterns: tuple[str, ...], filters: tuple[str, ...], every: bool, state: Path, follow: bool
) -> int:
    """Run the script FILE of this machine on the hub.

    \b
    Example:
      tasuki hub run selftest.py --all
    """
    return _run(select(state, patterns, filters, every), read_bytes(file), follow)


def _run(chosen: Sequence[Port], code: bytes, follow: bool) -> int:
    if follow:
        return _on_prompts(chosen, lambda prompt, output: using.execute(prompt, code, output))
    for port in chosen:
        using.start(port, code)
    return 0


@click.command()
@click.argument("paths", nargs=-1, required=True)
@ports_options
@click.option("-r", "recursive", is_flag=True, help="Folders with what is in them.")
@click.option("-f", "--force", is_flag=True, help="Copy what is the same already, too.")
def cp(
    paths: tuple[str, ...],
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    recursive: bool,
    force: bool,
) -> int:
    """Copy files to the hub or from it; paths on the hub begin with a colon.

    \b
    Example:
      tasuki hub cp main.py :
      tasuki hub cp -r :/flash backup
    """
    chosen = select(state, patterns, filters, every)
    if len(chosen) > 1 and not paths[-1].startswith(":"):
        raise UsageError("files come from one hub at a time", "Name one port with --port.")

    def work(prompt: Prompt, output: Callable[[bytes], object]) -> None:
        using.copy(prompt, list(paths), recursive, force, lambda line: output(f"{line}\n".encode()))

    return _on_prompts(chosen, work)


@click.command()
@click.argument("path", default=":")
@ports_options
def ls(path: str, patterns: tuple[str, ...], filters: tuple[str, ...], every: bool, state: Path) -> int:
    """List a folder of the hub.

    \b
    Example:
      tasuki hub ls :/flash
    """

    def work(prompt: Prompt, output: Callable[[bytes], object]) -> None:
        output("".join(f"{line}\n" for line in using.listing(prompt, path)).encode())

    return _on_prompts(select(state, patterns, filters, every), work)


@click.command()
@port_options
@click.option("--capture", type=click.Path(), help="Also write the session to this file.")
@click.option("--inject-code", help="What Ctrl-J types.")
@click.option("--inject-file", type=click.Path(exists=True), help="Script that Ctrl-K runs.")
def repl(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    state: Path,
    capture: str | None,
    inject_code: str | None,
    inject_file: str | None,
) -> int:
    """Talk with the hub's prompt; Ctrl-] or Ctrl-X leaves it.

    \b
    Example:
      tasuki hub repl --port /dev/ttyACM0
    """
    port = select_one(state, patterns, filters)
    if not sys.stdin.isatty():
        raise UsageError("the prompt needs a terminal", "Use `tasuki hub exec` or `run` in scripts.")
    with using.prompt_of(port) as prompt:
        prompt.serial.write(b"\x02")
        session = SimpleNamespace(
            transport=prompt, ensure_friendly_repl=prompt.exit_raw_repl, did_action=lambda: None
        )
        options = SimpleNamespace(
            escape_non_printable=True, capture=capture, inject_code=inject_code, inject_file=inject_file
        )
        with suppress(KeyboardInterrupt):
            mpremote_repl.do_repl(session, options)
    return 0


@click.command()
@ports_options
@click.option("--hard", is_flag=True, help="At MicroPython's prompt: reset the processor, not only Python.")
def reset(patterns: tuple[str, ...], filters: tuple[str, ...], every: bool, state: Path, hard: bool) -> int:
    """Restart hubs, whatever they run; locked ones, too.

    \b
    Example:
      tasuki hub reset --all
    """

    def job(port: Port, say: crew.Say, stop: threading.Event) -> dict[str, Any]:
        resetting.reset(port, hard)
        return {"state": "restarted"}

    turns = crew.work(select(state, patterns, filters, every), job, _tell, patience_s=0)
    for turn in turns:
        if not turn.failed:
            click.echo(f"{turn.port.path} is restarted")
    return exit_code(turns)
