"""The live view: the whole terminal where there is one, a line now and then where not."""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live

from tasuki.view.screen import Screen, plain
from tasuki.view.snapshot import Snapshot
from tasuki.view.words import check_language

REDRAW_S = 0.1
PLAIN_S = 3.0


class LiveView:
    """Shows the newest snapshot, at most ten times a second; `update` may be called as often as one likes.

        with LiveView() as view:
            view.update(snapshot)

    Args:
        lang: "en" or "ja".
        console: where to draw; standard output by default. Without a terminal, or on
            a dumb one, a plain line is printed every three seconds.
        clock: seconds, monotonic; tests give their own.
    """

    def __init__(
        self,
        lang: str = "en",
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lang = check_language(lang)
        self._console = console or Console(highlight=False)
        self._clock = clock
        self._last: float | None = None
        self._noted: tuple[str, ...] = ()
        self._unseen: Snapshot | None = None
        self._live: Live | None = None

    def __enter__(self) -> "LiveView":
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(console=self._console, screen=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._unseen is not None:
            self._show(self._unseen)
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def full_screen(self) -> bool:
        """True while the view owns the terminal."""
        return self._live is not None

    def update(self, snapshot: Snapshot) -> bool:
        """Show `snapshot` unless one was just shown; True when it was drawn."""
        now = self._clock()
        pause = REDRAW_S if self._live is not None else PLAIN_S
        if self._last is not None and now - self._last < pause:
            self._unseen = snapshot
            return False
        self._last = now
        self._show(snapshot)
        return True

    def _show(self, snapshot: Snapshot) -> None:
        self._unseen = None
        if self._live is not None:
            self._live.update(Screen(snapshot, self._lang), refresh=True)
        else:
            for note in _behind(self._noted, snapshot.notes):
                text = "".join(c if c.isprintable() else " " for c in note)  # a hub's own words, some of them
                self._console.print(f"  ! {text}", soft_wrap=True, markup=False)
            self._noted = snapshot.notes
            self._console.print(plain(snapshot, self._lang), soft_wrap=True, markup=False)


def _behind(seen: tuple[str, ...], notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes that came since; of both only the latest are kept."""
    for gone in range(len(seen)):
        left = seen[gone:]
        if notes[: len(left)] == left:
            return notes[len(left) :]
    return notes
