"""How a hub's turn can end badly: each end has a name that scripts can rely on, and a way out."""

from collections.abc import Iterator
from contextlib import contextmanager

from mpremote.transport import TransportError, TransportExecError

from tasuki.errors import LinkLost, Refused, TasukiError, Untrusted, UsageError
from tasuki.pipeline.acquire import LineFull, PortInUse

# state: the way out
WAYS_OUT = {
    "gone": "Plug the hub in again and run the command again: it goes on where it stopped.",
    "in_use": "Close that program and run the command again.",
    "unusable": "Check the cable and the name of the port.",
    "silent": "Switch the hub off and on; if it stays silent, install an image with `tasuki hub image`.",
    "stuck": "Its program does not give way: press the hub's reset, then run the command again.",
    "flooding": "Something on the hub prints without end: press its reset, then run the command again.",
    "locked": "A locked hub takes signed bundles only: `tasuki hub update`.",
    "busy": "Stop its session, or wait until it has ended.",
    "full": "Delete files with `tasuki hub exec`, or send fewer with --only.",
    "no_memory": "Reset the hub with `tasuki hub reset` and run the command again.",
    "corrupt": "The file did not arrive as it was sent, twice: change the cable or the hub.",
    "wrong_architecture": "Build the bundle for this hub's processor, or flash without a bundle.",
    "wrong_board": "Give the bundle that was made for this board.",
    "no_python": "Install MicroPython with `tasuki hub image`.",
    "no_firmware": "Put our files on it with `tasuki hub flash`.",
    "test_failed": "Look at the items that failed, mend the hub, and test it again.",
    "failed": "The hub's log file has what it said.",
    "interrupted": "Run the command again: it goes on where it stopped.",
}


class Trouble(TasukiError):
    """A hub's turn ended in a state of WAYS_OUT."""

    def __init__(self, state: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint or WAYS_OUT[state])
        self.state = state


@contextmanager
def as_trouble() -> Iterator[None]:
    """What a port or its prompt raises inside is a Trouble outside; what a hub says stays what it is."""
    try:
        yield
    except (TransportError, UsageError, OSError) as e:
        raise trouble_of(e) from e


def trouble_of(error: BaseException) -> Trouble:
    """Any error of a hub's turn as one with a state."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, TransportExecError):
        return _of_traceback(error.error_output)
    if isinstance(error, PortInUse):
        return Trouble("in_use", str(error))
    if isinstance(error, UsageError):
        return Trouble("unusable", str(error), error.hint)
    if isinstance(error, LineFull):
        return Trouble("stuck", str(error))
    if isinstance(error, LinkLost | OSError):
        return Trouble("gone", str(error))
    if isinstance(error, Refused) and error.reason in ("busy", "not_allowed"):
        state = "busy" if error.reason == "busy" else "locked"
        return Trouble(state, str(error))
    if isinstance(error, Refused | Untrusted):
        return Trouble("failed", str(error), error.hint)
    if isinstance(error, TransportError):
        return Trouble("stuck", f"the prompt does not answer as it should ({error})")
    return Trouble("failed", f"{type(error).__name__}: {error}")


def _of_traceback(text: str) -> Trouble:
    """What an exception on the hub means; its last line says it."""
    lines = text.strip().splitlines()
    last = "".join(c if c.isprintable() else "?" for c in lines[-1]) if lines else "no traceback"
    if "ENOSPC" in last or last == "OSError: 28":
        return Trouble("full", "the hub's flash is full")
    if "MemoryError" in last:
        return Trouble("no_memory", "the hub has no memory left for this")
    if "KeyboardInterrupt" in last:
        return Trouble("interrupted", "the hub's prompt was interrupted")
    return Trouble("failed", f"the hub says {last}")
