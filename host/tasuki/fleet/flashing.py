"""Brings one hub's files up to date: only what differs, checked on the hub, each in its place by rename."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tasuki.fleet.buffered import BufferedLine
from tasuki.fleet.copying import Copier
from tasuki.fleet.opening import close_prompt, open_prompt
from tasuki.fleet.payload import Sources
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt

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
