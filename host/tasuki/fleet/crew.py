"""Many hubs at once: one thread per port, each hub's turn with an end of its own."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tasuki.fleet import ports
from tasuki.fleet.ports import Port
from tasuki.fleet.troubles import WAYS_OUT, Trouble, trouble_of

_COMINGS_BACK = 3  # how often a port may vanish in one turn
_LOOK_S = 0.2
_MOST_AT_ONCE = 32

Say = Callable[..., None]
Job = Callable[[Port, Say, threading.Event], Mapping[str, Any]]


@dataclass(frozen=True)
class Event:
    """Something that happened with one hub; `values` are plain."""

    port: Port
    name: str
    values: Mapping[str, Any]
    at_s: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Turn:
    """How one hub's turn ended: a state, what the job gave, or why not and the way out."""

    port: Port
    state: str
    values: Mapping[str, Any]
    reason: str = ""
    way_out: str = ""

    @property
    def failed(self) -> bool:
        """True for a state of troubles.WAYS_OUT."""
        return self.state in WAYS_OUT


def work(
    chosen: Sequence[Port],
    job: Job,
    report: Callable[[Event], None],
    at_once: int | None = None,
    patience_s: float = 5.0,
    state: Path | None = None,
) -> list[Turn]:
    """Run a job on every port; the turns in the order of the ports.

    job(port, say, stop) returns values with `state`, and a `reason` with a state of
    troubles.WAYS_OUT; it is to end soon after `stop` is set, which Ctrl-C does: turns
    that have not ended are `interrupted` then. A port that vanishes is waited for at
    its location for patience_s, and the job begins again. report is called by one
    thread at a time.
    """
    stop, lock = threading.Event(), threading.Lock()

    def tell(port: Port, name: str, /, **values: Any) -> None:
        with lock:
            report(Event(port, name, values))

    def turn(port: Port) -> Turn:
        ended = _turn(port, job, tell, stop, patience_s, state)
        tell(port, "end", state=ended.state, reason=ended.reason, way_out=ended.way_out, **ended.values)
        return ended

    pool = ThreadPoolExecutor(at_once or min(len(chosen), _MOST_AT_ONCE), thread_name_prefix="hub")
    with pool:
        try:
            futures = [pool.submit(turn, port) for port in chosen]
            _await(futures, stop)
        except BaseException:
            stop.set()  # or leaving the pool would wait for work that nobody wants
            raise
    return [future.result() for future in futures]


def _await(futures: Sequence[Future[Turn]], stop: threading.Event) -> None:
    """Until all have ended. The first Ctrl-C asks them to, and further ones are as good as the first."""
    waiting = set(futures)
    while waiting:
        try:
            # a signal that another thread received is heard only when we wake
            _, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            stop.set()


def _turn(
    port: Port, job: Job, tell: Say, stop: threading.Event, patience_s: float, folder: Path | None
) -> Turn:
    first, comings = port, 0
    while not stop.is_set():
        try:
            values = dict(job(port, partial(tell, port), stop))
            state, reason = values.pop("state"), values.pop("reason", "")
            return Turn(first, state, values, reason, WAYS_OUT.get(state, ""))
        except Exception as error:
            trouble = trouble_of(error)
        if stop.is_set():
            break
        back = None
        if trouble.state == "gone" and comings < _COMINGS_BACK:
            tell(first, "gone", reason=str(trouble))
            back = _wait_for(first, stop, patience_s, folder)
        if back is None:
            return Turn(first, trouble.state, {}, str(trouble), trouble.hint)
        port, comings = back, comings + 1
    trouble = Trouble("interrupted", "stopped on request")
    return Turn(first, trouble.state, {}, str(trouble), trouble.hint)


def _wait_for(port: Port, stop: threading.Event, patience_s: float, state: Path | None) -> Port | None:
    end = time.monotonic() + patience_s
    while time.monotonic() < end and not stop.is_set():
        back = ports.again(port, state)
        if back is not None:
            return back
        stop.wait(_LOOK_S)
    return None
