"""`tasuki run` and `tasuki record`: a hub on a serial port."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tasuki.capture.trust import parse_key
from tasuki.cli.frame import print_json, state_option
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import running, summary
from tasuki.session.counts import Counts
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.session.recorder import Recorder
from tasuki.session.state import State, wearer
from tasuki.view.live import LiveView
from tasuki.view.words import LANGUAGES, language_of
from tasuki.wearer import retention
from tasuki_wire import items

_FILE = click.Path(path_type=Path)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option(
                "-p",
                "--port",
                required=True,
                envvar="TASUKI_PORT",
                help="Serial port of the hub (also TASUKI_PORT).",
            ),
            click.option("--consent", type=_FILE, help="Adopt the wearer's consent file (TOML) first."),
            click.option("--subject", help="Who wears it; needed when several wearers are recorded."),
            click.option("--key", help="Public key to trust, hex or a file, instead of the register's."),
            click.option("--seconds", type=click.FloatRange(min=0.1), help="Stop after so much hub time."),
            click.option(
                "--withhold", multiple=True, type=click.Choice(items.NAMES), help="Never sample it."
            ),
            click.option(
                "--speed", type=click.FloatRange(0.1, 50), default=1.0, help="Of a virtual hub's clock."
            ),
            click.option(
                "--no-upload", is_flag=True, help="Send nothing; a later run does, and decides anew."
            ),
            click.option("--plaintext", is_flag=True, help="Do not encrypt the capture."),
            click.option("--patience", type=float, default=30.0, help="Seconds to wait for a lost hub."),
            click.option(
                "--lang", type=click.Choice(LANGUAGES), default=language_of, help="Of the live view."
            ),
            click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, no live view."),
            state_option,
        ]
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("--capture", type=_FILE, help="Keep the session in this new file.")
def run(capture: Path | None, **options: Any) -> None:
    """Run a hub: verify, filter, route by consent, store; until Ctrl-C or --seconds.

    Consent is what `tasuki consent` recorded, or a wearer's file. What the wearer
    withdraws meanwhile, in whichever way, takes effect within a second.

    \b
    Example:
      tasuki run --port /dev/ttyACM0 --consent wearer.toml
      tasuki run --port /dev/ttyACM0 --subject hanako
    """
    _run(capture=capture, **options)


@click.command()
@_options
@click.option("-o", "--output", "capture", type=_FILE, required=True, help="The capture, a new file.")
def record(capture: Path, **options: Any) -> None:
    """Run a hub and keep the session in a capture that every other command reads.

    \b
    Example:
      tasuki record --port /dev/ttyACM0 --consent wearer.toml --seconds 60 -o walk.tsk
    """
    _run(capture=capture, **options)


def _run(
    *,
    port: str,
    consent: Path | None,
    subject: str | None,
    key: str | None,
    seconds: float | None,
    withhold: tuple[str, ...],
    speed: float,
    capture: Path | None,
    no_upload: bool,
    plaintext: bool,
    patience: float,
    lang: str,
    as_json: bool,
    state: Path,
) -> None:
    monitor = Monitor()
    recorder = Recorder(capture, plaintext) if capture else None
    found: dict[str, Any] = {}
    counts = Counts()
    public_key = parse_key(key) if key else None

    def finish(session: Session, monitor: Monitor, uploaded: int) -> None:
        found.update(summary.of_session(session, monitor, uploaded))

    with State(state) as opened:
        purge = retention.Hourly(opened)
        purge()
        worn_by = wearer(opened, consent, subject)

        def connect() -> Session:
            return Session(
                SerialLine(port),
                opened,
                worn_by,
                public_key=public_key,
                withhold=withhold,
                speed=speed,
                counts=counts,
            )

        with contextlib.nullcontext() if as_json else LiveView(lang) as view:
            error = running.run(
                connect,
                monitor,
                show=view.update if view else lambda snapshot: None,
                done=_done(seconds, speed, purge),
                recorder=recorder,
                patience_s=patience,
                sending=not no_upload,
                finish=finish,
            )
    found["capture"] = str(capture) if capture else None
    found["ended_by"] = str(error) if error else None
    if as_json:
        print_json(found)
    else:
        for line in summary.lines(found, lang):
            click.echo(line)
    if error:
        raise error


def _done(seconds: float | None, speed: float, purge: Callable[[], object]) -> Callable[[Monitor], bool]:
    """By hub time where there is any, else by the clock on the wall; purges what is too old by then."""
    began = time.monotonic()

    def done(monitor: Monitor) -> bool:
        purge()
        if seconds is None:
            return False
        return monitor.elapsed_s >= seconds or time.monotonic() - began > seconds / speed + 30

    return done
