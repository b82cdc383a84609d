"""Runs a session until somebody or something ends it, with the uploader beside it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasuki.consent.registers import DESTINATIONS
from tasuki.errors import LinkLost
from tasuki.monitor import Monitor
from tasuki.pipeline.session import Session
from tasuki.pipeline.upload import Uploader
from tasuki.recorder import Recorder
from tasuki.state import State
from tasuki.view.snapshot import Snapshot

Show = Callable[[Snapshot], object]
_SHOW_S = 0.1


@contextmanager
def uploading(session: Session) -> Iterator[Uploader]:
    """An uploader to the embedded store in a thread of its own; at the end it sends what can go."""
    state = session.state
    uploader = Uploader(state.outbox, session.engine, state.vault, dict.fromkeys(DESTINATIONS, state.store))
    stop = threading.Event()
    thread = threading.Thread(target=uploader.run, args=(stop,), name="uploader", daemon=True)
    thread.start()
    try:
        yield uploader
    finally:
        stop.set()
        thread.join()
        uploader.drain()


def confirmed(state: State) -> int:
    """Deliveries that sinks have confirmed since the state folder was made."""
    return sum(n for (_, outcome, _), n in state.outbox.ended().items() if outcome == "confirmed")


def until(session: Session, monitor: Monitor, show: Show, done: Callable[[], bool]) -> None:
    """Step the session until done() or the link is lost; show a snapshot now and then."""
    next_show = 0.0
    while not done():
        session.step()
        now = time.monotonic()
        if now >= next_show:
            next_show = now + _SHOW_S
            show(monitor.snapshot())


def run(
    connect: Callable[[], Session],
    monitor: Monitor,
    *,
    show: Show,
    done: Callable[[Monitor], bool],
    recorder: Recorder | None = None,
    patience_s: float = 30.0,
    finish: Callable[[Session, Monitor, int], None],
) -> None:
    """Run sessions on one hub until done(monitor); a lost link is tried again for patience_s.

    Args:
        connect: opens the port and greets the hub.
        finish: gets the last session, the monitor and the deliveries confirmed.

    Raises LinkLost when the hub does not come back in time.
    """
    lost_at: float | None = None
    while True:
        try:
            session = connect()
        except LinkLost:
            lost_at = lost_at if lost_at is not None else time.monotonic()
            if time.monotonic() - lost_at > patience_s:
                raise
            time.sleep(0.5)
            continue
        lost_at = None
        with session:
            session.listeners += [monitor, *([recorder] if recorder else [])]
            monitor.watch(session)
            if recorder:
                recorder.watch(session)
            before = confirmed(session.state)
            try:
                with uploading(session):
                    until(session, monitor, show, lambda: done(monitor) or not session.sampling)
                    session.stop()
            except LinkLost as e:
                monitor.notes.append(f"link lost: {e}")
                lost_at = time.monotonic()
                if done(monitor):
                    lost_at = None
            if lost_at is None:
                show(monitor.snapshot())
                finish(session, monitor, confirmed(session.state) - before)
                if recorder:
                    recorder.close(session)
                return
