"""The way to a hub's prompt, and back: a port is opened, what runs is ended, and the raw prompt is there."""

import threading
import time
from contextlib import suppress

from tasuki.errors import TasukiError
from tasuki.fleet import literals
from tasuki.fleet.buffered import BufferedLine
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.pipeline.acquire import SerialLine

_PROMPT_S = 0.4
_BANNER = b"MicroPython "


def open_prompt(port: Port, stop: threading.Event | None = None) -> Prompt:
    """Open a port and come to the hub's raw prompt.

    A hub of ours that is in development is asked for maintenance first, which
    ends its sampling. Trouble says why there is no prompt. The port is held until
    `close_prompt`.
    """
    line = SerialLine(port.path)
    try:
        if ask_for_prompt(line, interrupt=True) is None:
            with literals.ALONE:  # what decodes frames is not loaded for hubs that are at their prompts
                from tasuki.fleet.leaving import leave_for_prompt

            leave_for_prompt(line, stop)
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


def ask_for_prompt(line: SerialLine, interrupt: bool = False) -> str | None:
    """What MicroPython says of itself when its prompt is at the line, else None.

    interrupt: end what runs or is half typed first.
    """
    line.write(b"\r\x03\x03\r\x02" if interrupt else b"\r\x02")
    got, end = b"", time.monotonic() + _PROMPT_S
    while (left := end - time.monotonic()) > 0:
        got += line.read(left)
        at = got.find(_BANNER)
        if at >= 0 and b">>> " in got[at:]:
            first = got[at:].splitlines()[0].decode("ascii", "replace")
            return "".join(c if c.isprintable() else "?" for c in first)
        if len(got) > 1 << 16:
            break
    return None
