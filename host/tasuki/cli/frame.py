"""What every command shares: errors as one sentence with a way out, never a traceback."""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tasuki.errors import TasukiError, UsageError
from tasuki.folders import default_state

_F = TypeVar("_F", bound=Callable[..., Any])


def guarded(command: click.Command, args: list[str] | None = None) -> Any:
    """Run a command; map our errors to messages and exit codes, then exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = command.main(args, prog_name="tasuki", standalone_mode=False)
    except click.exceptions.Abort:
        _say("stopped")
        code = 1
    except click.ClickException as e:
        e.show()
        code = e.exit_code
    except click.exceptions.Exit as e:
        code = e.exit_code
    except UsageError as e:
        _say(str(e), e.hint)
        code = 2
    except TasukiError as e:
        _say(str(e), e.hint)
        code = 1
    except BrokenPipeError:
        # whoever read our output has enough; python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except KeyboardInterrupt:
        _say("stopped")
        code = 1
    except sqlite3.Error as e:
        _say(f"a file of the state folder cannot be used: {e}", "Does another tasuki run on this folder?")
        code = 1
    except OSError as e:
        _say(
            f"{e.filename or 'the system'}: {e.strerror or e}",
            "Check the path, its permissions and free space.",
        )
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _interrupt(number: int, frame: object) -> None:
    """End as on Ctrl-C, so that virtual hubs and files are closed."""
    raise KeyboardInterrupt


def _say(message: str, hint: str = "") -> None:
    click.echo(f"tasuki: {message}." if not message.endswith(".") else f"tasuki: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def port_option(command: _F) -> _F:
    """The option --port of a command for one hub."""
    return click.option(
        "-p", "--port", envvar="TASUKI_PORT", required=True, help="Serial port of the hub (also TASUKI_PORT)."
    )(command)


def state_option(command: _F) -> _F:
    """The option --state."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        default=default_state,
        help="Folder of keys, register, outbox and store (also TASUKI_STATE).",
    )(command)


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def read_bytes(file: Path) -> bytes:
    """What is in a file; UsageError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as e:
        raise UsageError(f"{file}: {e.strerror}", "Give the path of a file that you may read.") from e
