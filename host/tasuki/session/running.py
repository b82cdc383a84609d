"""Runs a session until somebody or something ends it, with the uploader beside it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tasuki.errors import LinkLost, TasukiError, UsageError
from tasuki.pipeline.upload import Uploader
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.session.recorder import Recorder
from tasuki.view.snapshot import Snapshot

Show = Callable[[Snapshot], object]
_SHOW_S = 0.1
_RETRY_S = 0.5


class Uploading(threading.Thread):
    """An uploader to the state folder's sinks in a thread of its own.

    Attributes:
        failure: why it ended early, empty while it did not. What was verified
            goes on into the outbox and is acknowledged; it waits there.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(name="uploader", daemon=True)
        state = session.state
        self._state = state
        self.uploader = Uploader(state.outbox, session.engine, state.vault, state.sinks)
        self.failure = ""
        self._stop_now = threading.Event()

    def run(self) -> None:
        """Send until told to stop."""
        self._guard(lambda: self.uploader.run(self._stop_now))

    def finish(self) -> None:
        """End the thread, and send what can still go."""
        self._stop_now.set()
        self.join()
        if not self.failure:
            self._guard(self._drain)

    def _drain(self) -> None:
        self._state.refresh()  # what was withdrawn elsewhere in the last moment
        self.uploader.drain()

    def _guard(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as e:  # whatever it is, it must not end unseen in a thread
            self.failure = f"the uploader ended: {type(e).__name__}: {e}"


@contextmanager
def uploading(session: Session, sending: bool = True) -> Iterator[Uploading]:
    """Upload beside the session; at the end send what can go.

    sending: False leaves everything in the outbox, for a later run.
    """
    upload = Uploading(session)
    if not sending:
        yield upload
        return
    upload.start()
    try:
        yield upload
    finally:
        upload.finish()


def until(
    session: Session, monitor: Monitor, show: Show, done: Callable[[Monitor], bool], upload: Uploading
) -> None:
    """Step the session until done(monitor) or nothing is sampled; show a snapshot now and then."""
    next_show = 0.0
    while session.sampling and not done(monitor):
        session.step()
        now = time.monotonic()
        if now >= next_show:
            next_show = now + _SHOW_S
            if trouble := upload.failure or session.state.book.registers.trouble:
                monitor.on_trouble(trouble)
            show(monitor.snapshot())


def run(
    connect: Callable[[], Session],
    monitor: Monitor,
    *,
    show: Show,
    done: Callable[[Monitor], bool],
    recorder: Recorder | None = None,
    patience_s: float = 30.0,
    sending: bool = True,
    finish: Callable[[Session, Monitor, int], None],
) -> TasukiError | None:
    """Run sessions on one hub until done(monitor) or Ctrl-C; a lost link is tried again for patience_s.

    Args:
        connect: opens the port and greets the hub; its sessions share their counts.
        sending: False leaves everything in the outbox, for a later run.
        finish: gets the last session, the monitor and the deliveries confirmed,
            however it ended.

    Returns what ended it before it was done, None when nothing did. Raises only
    what happens before the first session began.
    """
    last: Session | None = None
    error: TasukiError | None = None
    before = 0
    try:
        while True:
            try:
                session = _connected(connect, monitor, patience_s, again=last is not None)
            except (TasukiError, KeyboardInterrupt) as e:
                if last is None:
                    raise
                error = e if isinstance(e, TasukiError) else None
                break
            if last is None:
                before = session.state.confirmed()
            last = session
            error, again = _run_one(session, monitor, show, done, recorder, sending)
            if not again:
                break
            monitor.on_trouble(f"link lost: {error}")
        show(monitor.snapshot())
        finish(last, monitor, last.state.confirmed() - before)
        if recorder:
            recorder.close(last)
        return error
    finally:
        if recorder:
            recorder.abandon()


def _run_one(
    session: Session,
    monitor: Monitor,
    show: Show,
    done: Callable[[Monitor], bool],
    recorder: Recorder | None,
    sending: bool,
) -> tuple[TasukiError | None, bool]:
    """Run one session to its end: what ended it before it was done, and whether to try again."""
    error: TasukiError | None = None
    ended = False
    with session, uploading(session, sending) as upload:
        session.listeners += [monitor, *([recorder] if recorder else [])]
        monitor.watch(session)
        try:
            if recorder:
                recorder.watch(session)
            with suppress(KeyboardInterrupt):
                until(session, monitor, show, done, upload)
            ended = True
            session.stop()
        except KeyboardInterrupt:  # a second one: no patience for a clean stop
            session.decide()
        except TasukiError as e:
            error = e
            session.decide()
    if upload.failure:
        monitor.on_trouble(upload.failure)
    if not error and upload.failure:
        error = TasukiError(upload.failure, "What was verified waits in the outbox; run again to send it.")
    return error, isinstance(error, LinkLost) and not ended


def _connected(connect: Callable[[], Session], monitor: Monitor, patience_s: float, again: bool) -> Session:
    """A session on the hub, as soon as there is one; a port that was there may be away for a while."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return connect()
        except (LinkLost, UsageError) as e:
            if isinstance(e, UsageError) and not again:
                raise
            if time.monotonic() > deadline:
                raise LinkLost(str(e), e.hint) from e
            monitor.on_trouble(f"trying again: {e}")
            time.sleep(_RETRY_S)
