"""Runs a session until somebody or something ends it, with the uploader beside it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tasuki.consent.registers import DESTINATIONS
from tasuki.errors import LinkLost
from tasuki.pipeline.upload import Uploader
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.session.recorder import Recorder
from tasuki.session.state import State
from tasuki.view.snapshot import Snapshot

Show = Callable[[Snapshot], object]
_SHOW_S = 0.1
_RETRY_S = 0.5


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


def until(session: Session, monitor: Monitor, show: Show, done: Callable[[Monitor], bool]) -> None:
    """Step the session until done(monitor) or nothing is sampled; show a snapshot now and then."""
    next_show = 0.0
    while session.sampling and not done(monitor):
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
    """Run sessions on one hub until done(monitor) or Ctrl-C; a lost link is tried again for patience_s.

    Args:
        connect: opens the port and greets the hub.
        finish: gets the last session, the monitor and the deliveries confirmed.

    Raises LinkLost when the hub does not come back in time.
    """
    while True:
        with _connected(connect, monitor, patience_s) as session:
            session.listeners += [monitor, *([recorder] if recorder else [])]
            monitor.watch(session)
            if recorder:
                recorder.watch(session)
            before = confirmed(session.state)
            try:
                with uploading(session):
                    with suppress(KeyboardInterrupt):
                        until(session, monitor, show, done)
                    session.stop()
            except LinkLost as e:
                monitor.notes.append(f"link lost: {e}")
                if not done(monitor):
                    continue
            show(monitor.snapshot())
            finish(session, monitor, confirmed(session.state) - before)
            if recorder:
                recorder.close(session)
            return


def _connected(connect: Callable[[], Session], monitor: Monitor, patience_s: float) -> Session:
    """A session on the hub, as soon as there is one."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return connect()
        except LinkLost as e:
            if time.monotonic() > deadline:
                raise
            monitor.notes.append(f"trying again: {e}")
            time.sleep(_RETRY_S)
