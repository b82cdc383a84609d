"""Keeps a session in a capture while it runs."""

from pathlib import Path

from tasuki.capture.writer import CaptureWriter
from tasuki.pipeline.parcel import Routed
from tasuki.session.hub_session import Listener, Session
from tasuki.trust.verdict import Gap, Omitted, Rejected, UnknownTail, Verdict, Verified
from tasuki_wire import layout

_LEAVES = layout.SLOTS * layout.NODE_SIZE


class Recorder(Listener):
    """Writes what `enforce` let pass and what was verified of it.

    Args:
        path: a new file.
        plaintext: do not encrypt; without it the wearer's item keys wrap the file's.
    """

    def __init__(self, path: Path, plaintext: bool = False) -> None:
        self.path = path
        self._plaintext = plaintext
        self._writer: CaptureWriter | None = None

    def watch(self, session: Session) -> None:
        """Record this session from now on; a second one after a lost link goes into the same file."""
        if self._writer is None:
            rows = [(s.stream, s.kind, s.site, s.per_frame, s.period_us) for s in session.streams.values()]
            keys = None if self._plaintext or not session.subject else session.state.vault
            self._writer = CaptureWriter(
                self.path,
                rows,
                keys=keys,
                subject=session.subject if session.subject and keys else "",
                plaintext=keys is None,
                speed=session.connection.clock.speed,
            )
        session.connection.on_exchange = self._writer.add_clock

    def on_verdict(self, verdict: Verdict) -> None:
        """Keep epochs as they verify, and losses as events."""
        writer = self._writer
        if writer is None:
            return
        if isinstance(verdict, Verified):
            writer.add_epoch(verdict.raw, verdict.checked.nodes[:_LEAVES], verdict.blocks())
        elif isinstance(verdict, Rejected):
            writer.add_event("rejected", reason=verdict.reason, session=verdict.session, epoch=verdict.epoch)
        elif isinstance(verdict, Gap):
            writer.add_event("gap", session=verdict.session, epoch=verdict.epoch)
        elif isinstance(verdict, Omitted):
            writer.add_event("omitted", session=verdict.session, first=verdict.first, count=verdict.count)
        elif isinstance(verdict, UnknownTail):
            writer.add_event("unknown_tail", session=verdict.session, after=verdict.after_epoch)

    def on_stored(self, epochs: list[Verified], routed: Routed) -> None:
        """Nothing: the capture keeps what was verified, whatever routing says of it."""

    def close(self, session: Session) -> None:
        """End the file with the session's counts."""
        if self._writer is None:
            return
        counts = session.summary_counts()
        dropped = {f"{reason}:{item}": n for (reason, item), n in counts.dropped.items()}
        self._writer.close(
            {
                "frames": counts.frames,
                "frames_bad": counts.frames_bad,
                "gaps": counts.gaps,
                "dropped": dropped,
            }
        )
        self._writer = None
