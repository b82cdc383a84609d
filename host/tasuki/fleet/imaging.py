"""Base images: handed over to the tool that the part's maker gives, its progress told as ours.

Nothing here writes flash itself. What fits what: esptool for ESP parts,
picotool for RP2040 and RP2350 (.uf2, .elf), dfu-util for STM32 (.dfu).
"""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasuki.errors import UsageError
from tasuki.fleet.ports import Port
from tasuki.fleet.troubles import Trouble

_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?\s*%")
_END_S = 5.0

Say = Callable[..., None]


@dataclass(frozen=True)
class Tool:
    """A maker's tool.

    Attributes:
        names: what its program may be called.
        suffixes: of the images that it takes when nobody names a tool.
        install: how to get it.
        command: its arguments for (port, image, offset).
    """

    names: tuple[str, ...]
    suffixes: tuple[str, ...]
    install: str
    command: Callable[[Port, Path, str], list[str]]


def _esptool(port: Port, image: Path, offset: str) -> list[str]:
    return ["--port", port.path, "write_flash", offset, str(image)]


def _picotool(port: Port, image: Path, offset: str) -> list[str]:
    chosen = ["--ser", port.serial] if port.serial else []
    return ["load", "-v", "-x", "-f", *chosen, str(image)]


def _dfu_util(port: Port, image: Path, offset: str) -> list[str]:
    chosen = ["-p", port.location.partition(":")[0]] if "-" in port.location else []
    return ["-a", "0", *chosen, "-D", str(image)]


TOOLS = {
    "esptool": Tool(("esptool", "esptool.py"), (".bin",), "`pip install esptool` brings it.", _esptool),
    "picotool": Tool(("picotool",), (".uf2", ".elf"), "Install the package picotool.", _picotool),
    "dfu-util": Tool(("dfu-util",), (".dfu",), "Install the package dfu-util.", _dfu_util),
}


def tool_for(image: Path, name: str | None = None) -> str:
    """Name in TOOLS of what installs an image; UsageError when none fits or the file is not there."""
    if not image.is_file():
        raise UsageError(f"there is no image {image}", "Give the path of a file that you may read.")
    if name is None:
        for name, tool in TOOLS.items():
            if image.suffix in tool.suffixes:
                return name
        raise UsageError(f"no tool is known for {image.name}", f"Choose one with --tool: {', '.join(TOOLS)}.")
    return name


def program(name: str) -> str:
    """Path of a tool; UsageError with the way to get it when it is not installed."""
    for candidate in TOOLS[name].names:
        found = shutil.which(candidate)
        if found:
            return found
    raise UsageError(f"{name} is not installed", TOOLS[name].install)


def install(port: Port, image: Path, name: str, offset: str, say: Say, stop: threading.Event) -> str:
    """Run the tool on one port to its end; the state `installed`. Trouble has the tool's last words."""
    command = [program(name), *TOOLS[name].command(port, image, offset)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    watch = threading.Thread(target=_end_when, args=(process, stop), daemon=True)
    watch.start()
    last, shown = "", -1
    assert process.stdout is not None
    with process.stdout as output:
        for line in _lines(iter(lambda: output.read(256), b"")):
            found = _PERCENT.findall(line)
            if found and int(found[-1]) != shown:
                shown = int(found[-1])
                say("percent", percent=shown, done=shown, total=100)
            elif not found:
                say("line", text=line)
            last = line or last
    code = process.wait()
    if stop.is_set():
        raise Trouble("interrupted", "stopped on request", "Run it again: the part may have no image now.")
    if code:
        raise Trouble("failed", f"{name} ended with {code}: {last}", "Its whole output is in the hub's log.")
    return "installed"


def _end_when(process: subprocess.Popen[bytes], stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(0.2):
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
            return


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """Lines of a tool's output; a carriage return ends one, too, because progress is drawn with it."""
    held = b""
    for piece in pieces:
        *whole, held = re.split(rb"[\r\n\b]+", held + piece)
        yield from filter(None, map(_printed, whole))
    if held:
        yield _printed(held)


def _printed(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    return "".join(c if c.isprintable() else "?" for c in text)
