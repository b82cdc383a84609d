"""Restarts a hub, whatever it runs: the wire's command, a soft reset at the prompt, or the processor's."""

from tasuki.fleet import literals
from tasuki.fleet.opening import ask_for_prompt, close_prompt, open_prompt
from tasuki.fleet.ports import Port
from tasuki.pipeline.acquire import SerialLine

_HARD = "import machine\nmachine.reset()"
_SOFT = b"\r\x02\x04"  # the friendly prompt's Ctrl-D; what boots then is main.py


def reset(port: Port, hard: bool = False) -> None:
    """Restart the hub on a port.

    A hub that runs our firmware is asked to reboot, as `locked` ones allow too. At
    MicroPython's prompt it is a soft reset, or the processor's when hard.
    """
    line = SerialLine(port.path)
    try:
        if ask_for_prompt(line, interrupt=True) is None:
            with literals.ALONE:  # not loaded for hubs at their prompts
                from tasuki.fleet.leaving import restart

            if restart(line):
                return
        if not hard:
            line.write(_SOFT)
            return
    finally:
        line.close()
    prompt = open_prompt(port)
    try:
        prompt.exec_raw_no_follow(_HARD)
    finally:
        close_prompt(prompt, interrupt=False)
