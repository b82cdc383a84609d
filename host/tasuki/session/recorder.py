"""Keeps a session in a capture while it runs."""

from collections.abc import Iterable
from pathlib import Path

from tasuki.capture.parts import CALIBRATION
from tasuki.capture.writer import CaptureWriter
from tasuki.errors import UsageError
from tasuki.pipeline.parcel import Routed
from tasuki.session.file_register import CAPTURE
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.trust.verdict import Gap, Omitted, Rejected, UnknownTail, Verdict, Verified
from tasuki_wire import codec, layout

_LEAVES = layout.SLOTS * layout.NODE_SIZE


class Recorder(Listener):
    """Writes what `enforce` let pass and what was verified of it.

    Args:
        path: a new file.
        plaintext: do not encrypt; without it the wearer's item keys wrap the file's.

    Raises UsageError when the file exists already.
    """

    def __init__(self, path: Path, plaintext: bool = False) -> None:
        if path.exists():
            raise UsageError(f"{path} exists", "Give another name, or move it away.")
        self.path = path
        self._plaintext = plaintext
        self._writer: CaptureWriter | None = None
        self._calibration = 0

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
            if session.subject:
                session.state.files.note(self.path, CAPTURE, session.subject, self._writer.id)
        session.connection.on_exchange = self._writer.add_clock

    def on_verdict(self, verdict: Verdict) -> None:
        """Keep epochs as they verify, and losses as events."""
        writer = self._writer
        if writer is None:
            return
        if isinstance(verdict, Verified):
            if verdict.calibration != self._calibration:
                self._calibration = verdict.calibration
                writer.add_event(
                    CALIBRATION,
                    session=verdict.session,
                    epoch=verdict.epoch,
                    version=verdict.calibration,
                )
            writer.add_epoch(verdict.raw, verdict.checked.nodes[:_LEAVES], verdict.blocks())
        elif isinstance(verdict, Rejected):
            writer.add_event("rejected", reason=verdict.reason, session=verdict.session, epoch=verdict.epoch)
        elif isinstance(verdict, Gap):
            writer.add_event("gap", session=verdict.session, epoch=verdict.epoch)
        elif isinstance(verdict, Omitted):
            writer.add_event("omitted", session=verdict.session, first=verdict.first, count=verdict.count)
        elif isinstance(verdict, UnknownTail):
            writer.add_event("unknown_tail", session=verdict.session, after=verdict.after_epoch)
            for item, bodies in _by_item(verdict.bodies).items():
                writer.add_tail(item, bodies)

    def on_reboot(self) -> None:
        """Say so: device time begins again."""
        if self._writer:
            self._writer.add_event("reboot")

    def on_stored(self, epochs: list[Verified], routed: Routed) -> None:
        """Nothing: the capture keeps what was verified, whatever routing says of it."""

    def close(self, session: Session) -> None:
        """End the file with the session's counts."""
        if self._writer is None:
            return
        counts = session.summary_counts()
        dropped = {f"{reason}:{item}": n for (reason, item), n in counts.dropped.items()}
        writer, self._writer = self._writer, None
        writer.close(
            {
                "frames": counts.frames,
                "frames_bad": counts.frames_bad,
                "gaps": counts.gaps,
                "dropped": dropped,
            }
        )

    def abandon(self) -> None:
        """Close the file without an end, unless it was ended: readers will say that it was cut."""
        if self._writer:
            self._writer.abandon()
            self._writer = None


def _by_item(bodies: Iterable[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for body in bodies:
        found.setdefault(str(codec.KINDS[body[1]].item), []).append(body)
    return found
