"""Brings one hub's files up to date: only what differs, checked on the hub, each in its place by rename."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tasuki.errors import LinkLost, Refused, TasukiError
from tasuki.fleet import looking
from tasuki.fleet.buffered import BufferedLine
from tasuki.fleet.copying import Copier
from tasuki.fleet.payload import Sources
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.troubles import Trouble
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection

_STOP_TRIES = 20
_STOP_PAUSE_S = 0.25  # until a signature is made and the hub can leave
_QUIET_S = 0.1

Say = Callable[..., None]


@dataclass(frozen=True)
class Flashed:
    """What became of one hub: `flashed` or `unchanged`.

    Attributes:
        files, bytes: what was sent; 0 for an unchanged hub.
        target: folder on the hub.
        imported: whether the hub imports from that folder.
    """

    state: str
    files: int
    bytes: int
    target: str
    imported: bool
    seconds: float


def open_prompt(port: Port, stop: threading.Event | None = None) -> Prompt:
    """Open a port and come to the hub's raw prompt.

    A hub of ours that is in development is asked for maintenance first, which
    ends its sampling. Trouble says why there is no prompt. The port is held until
    `close_prompt`.
    """
    line = SerialLine(port.path)
    try:
        if looking.ask_for_prompt(line, interrupt=True) is None:
            _leave_for_prompt(line, stop)
        prompt = Prompt(BufferedLine(line, stop), port.path)
        try:
            prompt.enter_raw_repl()
        except BaseException:
            prompt.leave()
            raise
    except BaseException:
        line.close()
        raise
    return prompt


def close_prompt(prompt: Prompt, interrupt: bool = True) -> None:
    """Back to the friendly prompt, and give the port back."""
    prompt.leave(interrupt)
    with suppress(OSError, TasukiError):
        prompt.serial.close()


def _leave_for_prompt(line: SerialLine, stop: threading.Event | None) -> None:
    """Ask a running hub for its prompt; what sends no frame is left to Ctrl-C."""
    if not looking.rouse(line):
        return
    connection = Connection(line)
    try:
        greet.meet(connection)
    except LinkLost:
        return
    except Refused as refused:
        if refused.reason not in ("schema_mismatch", "wire_version"):
            raise  # but another release is what flashing is to replace
    for _ in range(_STOP_TRIES):
        if stop is not None and stop.is_set():
            raise Trouble("interrupted", "stopped on request")
        try:
            connection.ask("maintenance", tries=1)
        except Refused as refused:
            if refused.reason != "busy":
                raise Trouble("locked", "this hub is locked") from None
            with suppress(Refused):
                connection.ask("stop", tries=1)
            time.sleep(_STOP_PAUSE_S)
        else:
            return
    raise Trouble("busy", "the hub does not leave its work")


def flash(port: Port, sources: Sources, target: str | None, say: Say, stop: threading.Event) -> Flashed:
    """Bring the hub on a port up to date and leave it at its prompt.

    say(event, **values) is told what happens: `prompt`, `compare`, `copy`, `file`.
    Whatever ends it, no file on the hub is half a file, and the next call goes on.
    """
    began = time.monotonic()
    prompt = open_prompt(port, stop)
    copier = None
    try:
        copier = Copier(prompt)
        machine = copier.machine
        say("prompt", platform=machine.platform, free=machine.free)
        payload = sources.for_hub(machine.platform, machine.mpy)
        folder = target or machine.library
        say("compare", files=len(payload.files), bytes=payload.size, target=folder)
        differing = copier.differing(folder, payload.digests)
        files = {name: payload.files[name] for name in differing.missing}
        size = sum(map(len, files.values()))
        if files:
            say("copy", files=len(files), bytes=size)
            copier.put(folder, files, payload.digests, lambda n, d, t: say("file", file=n, done=d, total=t))
        copier.uncover(folder, differing.shadowed)
        copier.close()
        copier = None
    finally:
        _tidy(prompt, copier)
    return Flashed(
        "flashed" if files or differing.shadowed else "unchanged",
        len(files),
        size,
        folder,
        folder in machine.path,
        time.monotonic() - began,
    )


def _tidy(prompt: Prompt, copier: Copier | None) -> None:
    """Leave nothing half written on a hub that still answers, then give the port back."""
    line: BufferedLine = prompt.serial
    line.stop, line.timeout = None, 2.0
    if copier is not None:
        with suppress(Exception):  # the hub is in trouble, which is being told
            prompt.enter_raw_repl()
            copier.drop()
            copier.close()
    close_prompt(prompt)
