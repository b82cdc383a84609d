"""A barcode scanner that types (keyboard wedge): a line per code, for whichever hub waits for its label."""

import threading
from collections.abc import Callable, Iterable

from tasuki.errors import Refused
from tasuki.factory.labels import Label
from tasuki.factory.line import Stop, stopped

_LOOK_S = 0.1

Control = Callable[[str], None]


class Scanner:
    """Lines from a stream, until it ends.

    A line that is a label goes to the hub whose label it is; when only one hub waits, whatever is scanned is
    for it, so that a wrong label is noticed. Anything else is for `control`, as typed: `retry 3`, `end`.
    """

    def __init__(self, lines: Iterable[str], control: Control, patience_s: float = 300.0) -> None:
        self._lines, self._control, self._patience_s = lines, control, patience_s
        self._waiting: dict[int, str | None] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="scanner", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._lines:
            if text := line.strip():
                self.take(text)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, text: str) -> None:
        """One line, as the scanner typed it."""
        try:
            serial = Label.read(text).serial
        except Refused:
            self._control(text)
            return
        with self._changed:
            open_ones = [waiting for waiting, got in self._waiting.items() if got is None]
            if serial not in self._waiting and len(open_ones) == 1:
                serial = open_ones[0]
            if serial in self._waiting:
                self._waiting[serial] = text
                self._changed.notify_all()
                return
        self._control(text)

    def scan(self, label: Label, ask: Callable[[], None], stop: Stop) -> str:
        """What was scanned for this hub; Refused("no_scan") when nothing comes, LinkLost when the line stops.

        Args:
            ask: tells the operator. The hub waits before, so that who scans at the word is heard.
        """
        with self._changed:
            self._waiting[label.serial] = None
        try:
            ask()
            return self._wait(label.serial, stop)
        finally:
            with self._changed:
                del self._waiting[label.serial]

    def _wait(self, serial: int, stop: Stop) -> str:
        left = self._patience_s
        with self._changed:
            while (text := self._waiting[serial]) is None:
                if stop.is_set():
                    raise stopped()
                if self._ended or left <= 0:
                    raise Refused("no_scan", "no label was scanned", "Scan it, then retry.")
                self._changed.wait(_LOOK_S)
                left -= _LOOK_S
            return text
