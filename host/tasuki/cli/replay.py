"""`tasuki replay`: a capture plays again, in the live view or into a terminal."""

import contextlib
import json
from pathlib import Path
from typing import Any

import click

from tasuki.capture import container, line, trust
from tasuki.capture import replay as playing
from tasuki.capture.check import KeyOf
from tasuki.capture.check import verify as check
from tasuki.capture.header import ATTESTED
from tasuki.capture.reading import Capture
from tasuki.capture.report import Report
from tasuki.capture.stand_in import StandIn
from tasuki.capture.timeline import Timeline
from tasuki.cli.captures import require_file
from tasuki.cli.frame import print_json, state_option
from tasuki.cli.replay_view import snapshot
from tasuki.errors import UsageError
from tasuki.fleet import stage
from tasuki.trust import proof
from tasuki.view.live import LiveView

_FILE = click.Path(path_type=Path)


class _Speed(click.ParamType[float]):
    """A number of times real time, or `max`."""

    name = "N|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value == "max":
            return 0.0
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < 1e6:
            self.fail(f"{value!r} is neither a number from 0 on nor max.", param, ctx)
        return number


@click.command()
@click.argument("file", type=_FILE)
@click.option("--speed", type=_Speed(), default=1.0, help="Times real time; max or 0: no waiting.")
@click.option("--pty", is_flag=True, help="Play into a new pseudo-terminal, whose path is printed.")
@click.option("--link", type=_FILE, help="With --pty: a stable name for it.")
@click.option("-p", "--port", help="Play into this serial port.")
@click.option("--key", help="Public key: hex, or a file that holds it. Default: what STATE trusts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@state_option
def replay(
    file: Path,
    speed: float,
    pty: bool,
    link: Path | None,
    port: str | None,
    key: str | None,
    as_json: bool,
    state: Path,
) -> int:
    """Play a capture, a device-proved bundle or a raw dump again, as if the hub were there.

    Its frames go through decoder, verifier and filters and into the live view; with --json a
    summary follows at the end. With --pty or --port they go to whatever program reads there, once
    it does. `tasuki hub monitor` on that terminal sees the same frames; `tasuki run` is refused,
    since a recording takes no consent. Exit code 1 when anything was damaged or did not verify.

    \b
    Examples:
      tasuki replay session.tsk --speed 10
      tasuki replay session.tsk --pty --link hub0 --speed max
    """
    require_file(file)
    if pty and port:
        raise UsageError("--pty and --port were given", "Give one of them.")
    if link and not pty:
        raise UsageError("--link needs --pty", "A port has its name.")
    given = trust.parse_key(key, file) if key else None
    if pty:
        with stage.Terminal(link) as terminal:
            return _play_to(terminal, file, given, speed, as_json, state, link)
    if port:
        with stage.Wire(port) as wire:
            return _play_to(wire, file, given, speed, as_json, state, None)
    return _show(file, given, speed, as_json, state)


def _show(file: Path, given: bytes | None, speed: float, as_json: bool, state: Path) -> int:
    with contextlib.ExitStack() as stack:
        player, chunks = _player(stack, file, given, speed or 1.0, state)
        view = None if as_json else stack.enter_context(LiveView())
        playing.play(player, chunks, lambda player: view and view.update(snapshot(player)), wait=speed > 0)
    found = player.summary()
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(f"{name:<22} {value}" for name, value in found.items()))
    return 1 if found["frames_bad"] or found["epochs_rejected"] else 0


def _player(
    stack: contextlib.ExitStack, file: Path, given: bytes | None, speed: float, state: Path
) -> tuple[playing.Player, playing.Chunks]:
    if container.content_of(file) is None:
        return playing.of_dump(file, trust.key_of(None, given, state), speed)
    report = _checked(file, given, state)
    capture = stack.enter_context(trust.opened(file, state))
    player, chunks = playing.of_capture(capture, trust.key_of(capture.header, given, state), speed)
    player.verified, player.gaps = report.epochs_verified, report.gaps
    player.rejected.update(row.reason for row in report.rejected)
    player.rejected.update("damaged" for _ in report.damage)
    return player, chunks


def _checked(file: Path, given: bytes | None, state: Path) -> Report:
    """What holds of a capture; UsageError when it has no frames to play."""
    with trust.opened(file, state) as capture:
        if capture.header is not None and capture.header.kind == ATTESTED:
            raise UsageError(f"{file} has no frames to play", "Replay the capture that it was made of.")
        return check(capture, trust.key_of(capture.header, given, state))


def _play_to(
    end: stage.Terminal | stage.Wire,
    file: Path,
    given: bytes | None,
    speed: float,
    as_json: bool,
    state: Path,
    link: Path | None,
) -> int:
    """Tell the terminal, play, and say what was sent."""
    position = stage.Position(speed or None)
    with contextlib.ExitStack() as stack:
        if container.content_of(file) is None:
            held, stand_in, pieces = True, None, line.of_dump(file)
        else:
            held = _checked(file, given, state).holds
            capture = stack.enter_context(trust.opened(file, state))
            key_of = trust.key_of(capture.header, given, state)
            timeline = Timeline(capture)
            pieces = line.of_capture(timeline, key_of)
            stand_in = _stand_in(capture, timeline, key_of, position)
        place = {"port": end.path, "link": str(link) if link else None}
        click.echo(json.dumps(place) if as_json else end.path)
        if not as_json:
            click.echo("Waits for a program that reads there; Ctrl-C ends it.", err=True)
        serve: stage.Serve = stand_in.take if stand_in else lambda data: b""
        end.await_reader(serve)
        stage.play(end, pieces, stand_in, position)
        end.drain(serve)
    told = {"pieces": position.pieces, "bytes": position.sent, "proved": held}
    click.echo(json.dumps(told) if as_json else f"{position.pieces} frames, {position.sent} bytes.")
    return 0 if held else 1


def _stand_in(capture: Capture, timeline: Timeline, key_of: KeyOf, position: stage.Position) -> StandIn:
    """Answers for the hub of the first block; UsageError when there is none."""
    first = next(timeline.blocks(), None)
    if first is None or capture.header is None:
        raise UsageError(f"{capture.path} has no block to play", "`tasuki verify` says why.")
    position.at_us = first.block.t0_us
    public = proof.signing_key(key_of, first.block.device, first.block.key_id, first.block.session)
    return StandIn(first.block.device, public, capture.header.streams, position.now_us)
