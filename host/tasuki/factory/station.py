"""The station: every port is a slot with a thread, a state and an end of its own; none stops another."""

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasuki.audit.log import AuditLog
from tasuki.errors import LinkLost, TasukiError
from tasuki.factory import record, way
from tasuki.factory.journal import Unit
from tasuki.factory.line import Line, stopped
from tasuki.factory.way import Ended
from tasuki.fleet.ports import Port
from tasuki.fleet.troubles import Trouble

_LOOK_S = 0.3
_COMINGS_BACK = 5
_COLLECT_S = 2.0
_MOST_SLOTS = 64

Ports = Callable[[], Iterable[Port]]


@dataclass(frozen=True)
class Told:
    """Something that happened in a slot; `values` are plain and hold no secret."""

    slot: str
    port: str
    event: str
    values: dict[str, Any]
    at_s: float = field(default_factory=time.time)

    def row(self) -> dict[str, Any]:
        """For NDJSON."""
        row = {"time": round(self.at_s, 3), "slot": self.slot, "port": self.port, "event": self.event}
        return {**row, **self.values}


Tell = Callable[[Told], None]


class Station:
    """Works a line's slots until all are done, or as long as it is to watch.

    Args:
        find: the ports that are there now; a slot is a port's location.
        tell: called with everything that happens, by one thread at a time.
        log: the audit log, which is kept up while the line runs.
        patience_s: how long a hub that went away may come back to its slot within one visit.
        until: the state at which a visit ends.
    """

    def __init__(
        self,
        line: Line,
        find: Ports,
        tell: Tell,
        log: AuditLog | None = None,
        patience_s: float = 5.0,
        until: str = "done",
    ) -> None:
        self._line, self._find, self._log, self._patience_s, self._until = line, find, log, patience_s, until
        self._tell_all, self._telling = tell, threading.Lock()
        self.stop = line.stop
        self._busy: dict[str, Ended | None] = {}  # location: how its hub ended, None while it is worked on
        self._again: set[str] = set()
        self._devices: dict[str, str] = {}  # the hub that was last in each location
        self._lock = threading.Lock()

    # -- the whole line -------------------------------------------------------

    def work(self) -> list[Ended]:
        """Every port that is there now, once."""
        found = list(self._find())
        with ThreadPoolExecutor(max(1, min(len(found), _MOST_SLOTS)), thread_name_prefix="slot") as pool:
            futures = [pool.submit(self._visit, port) for port in found]
            self._wait(lambda: all(future.done() for future in futures))
            ended = [future.result() for future in futures]
        self._collect()
        return ended

    def watch(self) -> None:
        """Whatever is plugged in, until `stop`; a hub must leave its slot before the next is taken."""
        with ThreadPoolExecutor(_MOST_SLOTS, thread_name_prefix="slot") as pool:
            self._wait(lambda: self._look(pool))
        self._collect()

    def retry(self, slot: str) -> None:
        """Work the hub in this slot again, which failed or went away."""
        with self._lock:
            self._again.add(slot)

    def _look(self, pool: ThreadPoolExecutor) -> bool:
        here = {port.location: port for port in self._find()}
        with self._lock:
            for slot, ended in list(self._busy.items()):
                if ended is not None and (slot not in here or slot in self._again):
                    del self._busy[slot]
                    if slot in self._again and ended.unit is not None and ended.unit.cause:
                        with suppress(LinkLost):  # the slot will say what the disk lacks
                            self._line.journal.retest(ended.unit.device, "retry", "identified")
                    elif slot not in here:
                        self._tell(Told(slot, "", "empty", {}))
            self._again.clear()
            new = [port for slot, port in here.items() if slot not in self._busy]
            for port in new:
                self._busy[port.location] = None
                pool.submit(self._visit, port)
        return self.stop.is_set()

    def _wait(self, over: Callable[[], bool]) -> None:
        """Until it is over; meanwhile the audit log is kept up. Ctrl-C ends each slot at its next step."""
        collected = time.monotonic()
        while True:
            try:
                if over():
                    return
                time.sleep(_LOOK_S)
                if time.monotonic() - collected > _COLLECT_S:
                    self._collect()
                    collected = time.monotonic()
            except KeyboardInterrupt:
                self.stop.set()

    def _collect(self) -> None:
        if self._log is not None:
            with suppress(LinkLost):  # a disk that is full has stopped the slots as well
                record.collect(self._line.journal, self._log)

    # -- one slot ---------------------------------------------------------------

    def _visit(self, port: Port) -> Ended:
        try:
            ended = self._worked(port)
        except Exception as e:  # it must not end the other slots, nor unseen
            ended = Ended("gone", None, "internal", _where(e), "Report this, then retry.")
        with self._lock:
            if port.location in self._busy:
                self._busy[port.location] = ended
        self._tell(Told(port.location, port.path, "end", ended.row()))
        return ended

    def _worked(self, port: Port) -> Ended:
        comings = 0
        while True:
            trouble: TasukiError
            try:
                return self._once(port)
            except LinkLost as e:
                trouble = e
            except Trouble as e:
                trouble = e
            comings += 1
            back = None if comings > _COMINGS_BACK else self._await(port)
            if back is None:
                unit = self._last_unit(port)
                return Ended("gone", unit, "gone", str(trouble), trouble.hint)
            port = back
            self._tell(Told(port.location, port.path, "again", {"reason": str(trouble)}))

    def _last_unit(self, port: Port) -> Unit | None:
        device = self._devices.get(port.location)
        return self._line.journal.unit(device) if device else None

    def _once(self, port: Port) -> Ended:
        if self.stop.is_set():
            return Ended(
                "gone", self._last_unit(port), "interrupted", "the line was stopped", "Start it again."
            )

        def say(event: str, **values: Any) -> None:
            if "device" in values:
                self._devices[port.location] = values["device"]
            self._tell(Told(port.location, port.path, event, values))
            if self.stop.is_set():
                raise stopped()

        return way.go(port, self._line, say, self._until)

    def _await(self, port: Port) -> Port | None:
        """The same slot with a hub in it again."""
        end = time.monotonic() + self._patience_s
        while time.monotonic() < end and not self.stop.is_set():
            for other in self._find():
                if other.location == port.location:
                    return other
            self.stop.wait(_LOOK_S)
        return None

    def _tell(self, told: Told) -> None:
        with self._telling:
            self._tell_all(told)


def _where(e: Exception) -> str:
    """What happened and by which calls, innermost last, for whoever has to find out why."""
    calls = [f"{Path(call.filename).stem}:{call.lineno}" for call in traceback.extract_tb(e.__traceback__)]
    return f"{type(e).__name__}: {e} ({' '.join(calls)})"


def chosen(ports: Sequence[Port]) -> Ports:
    """Always these ports."""
    return lambda: ports
