"""What a verification found, for people and for programs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tasuki.capture.container import Damage
from tasuki.capture.header import DEVICE_PROVED


class Rejection(NamedTuple):
    """An epoch or block that does not prove itself. reason is a stable code; stream is -1 for the epoch."""

    session: int
    epoch: int
    stream: int
    reason: str
    offset: int


class Omission(NamedTuple):
    """Epoch numbers (stream -1) or numbers of attested blocks that are skipped, both ends included."""

    session: int
    stream: int
    first: int
    last: int


@dataclass
class StreamCount:
    """What is known of a stream that at least one verified block discloses.

    Attributes:
        item: what consent speaks of.
        held: frames in the file; in attested bundles rows.
        withheld: frames that the sequence numbers show to be in epochs of this file whose block
            of this stream it does not have.
        missing: frames lost before this file was written.
    """

    item: str
    held: int = 0
    withheld: int = 0
    missing: int = 0


@dataclass
class Report:
    """The result of verifying one file.

    Attributes:
        kind: of the file; empty when its header cannot be read.
        epochs_verified: epochs whose signature, leaves and blocks all hold.
        blocks_verified: blocks that prove themselves.
        slots_undisclosed: 16 less the disclosed ones, summed over the verified epochs.
        rejected: what does not hold. omitted: numbers that are skipped.
        frames_bad: frames held in blocks that do not prove them.
        gaps: places where frames are missing.
        streams: by stream number.
        devices, pseudonyms: whose blocks they are, hex; a hub's id, or the wearer's name at one destination.
        times: session to device time of its first and last disclosed sample, microseconds.
        hours: Unix hours of attested blocks. use: their (purpose, destination).
        blocks_whole: attested blocks of which the service held every frame.
        erased: unreadable records by item: the wearer's key is gone.
        tail: unproved frames by item, from after the last epoch record.
        events: what the host noted, by name. recorded: the session's own counts.
    """

    kind: str = ""
    epochs_verified: int = 0
    blocks_verified: int = 0
    slots_undisclosed: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)
    frames_bad: int = 0
    gaps: int = 0
    streams: dict[int, StreamCount] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)
    erased: Counter[str] = field(default_factory=Counter)
    tail: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    recorded: dict[str, Any] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    pseudonyms: set[str] = field(default_factory=set)
    times: dict[int, tuple[int, int]] = field(default_factory=dict)
    hours: set[int] = field(default_factory=set)
    use: tuple[str, str] = ("", "")
    blocks_whole: int = 0

    def span(self, session: int, t0_us: int, t1_us: int) -> None:
        """Widen a session's time by that of a verified block."""
        since, until = self.times.get(session, (t0_us, t1_us))
        self.times[session] = min(since, t0_us), max(until, t1_us)

    @property
    def epochs_rejected(self) -> int:
        """Epochs with at least one rejection."""
        return len({(row.session, row.epoch) for row in self.rejected if row.epoch >= 0})

    @property
    def holds(self) -> bool:
        """True when there is something to prove and all of it is proved and whole."""
        proved = self.epochs_verified + self.blocks_verified
        return bool(proved) and not (self.rejected or self.omitted or self.damage)

    def to_json(self) -> dict[str, Any]:
        """Plain values for --json."""
        return {
            "holds": self.holds,
            "kind": self.kind,
            "epochs_verified": self.epochs_verified,
            "epochs_rejected": self.epochs_rejected,
            "blocks_verified": self.blocks_verified,
            "frames_bad": self.frames_bad,
            "gaps": self.gaps,
            "slots_undisclosed": self.slots_undisclosed,
            "streams": [{"stream": n, **vars(row)} for n, row in sorted(self.streams.items())],
            "rejected": [row._asdict() for row in self.rejected],
            "omitted": [row._asdict() for row in self.omitted],
            "damage": [vars(row) for row in self.damage],
            "erased": dict(self.erased),
            "unproved_tail": dict(self.tail),
            "events": dict(self.events),
            "recorded": self.recorded,
            "devices": sorted(self.devices),
            "pseudonyms": sorted(self.pseudonyms),
            "device_time_us": {str(session): list(span) for session, span in sorted(self.times.items())},
            "hours": [_hour(hour) for hour in (min(self.hours), max(self.hours))] if self.hours else [],
            "purpose": self.use[0],
            "destination": self.use[1],
            "blocks_whole": self.blocks_whole,
        }

    def lines(self) -> list[str]:
        """A short table, and one sentence at its end."""
        out = [*self._whose()]
        if self.streams:
            out.append(f"{'stream':>6}  {'item':<16}  {'held':>8}  {'withheld':>8}  {'missing':>8}")
        for number, row in sorted(self.streams.items()):
            out.append(f"{number:>6}  {row.item:<16}  {row.held:>8}  {row.withheld:>8}  {row.missing:>8}")
        out += [f"damage at byte {row.offset}: {row.what}" for row in self.damage]
        out += [_rejected(row) for row in self.rejected]
        out += [_omitted(row) for row in self.omitted]
        out += [f"{n} {item} records cannot be read: the key was erased" for item, n in self.erased.items()]
        out += [f"{n} {item} frames after the last epoch are not proved" for item, n in self.tail.items()]
        return [*out, *self._withheld(), self.sentence()]

    def _whose(self) -> Iterator[str]:
        """Device or pseudonym, and the time span."""
        if self.devices:
            yield f"hub {', '.join(sorted(self.devices))}"
        for session, (since, until) in sorted(self.times.items()):
            yield f"session {session}: {since / 1e6:.3f} s to {until / 1e6:.3f} s of the hub's own clock"
        if self.pseudonyms:
            yield f"wearer {', '.join(sorted(self.pseudonyms))}, a name for {self.use[1]} alone"
            since_h, until_h = min(self.hours), max(self.hours)
            yield f"{_hour(since_h)} to {_hour(until_h + 1)}, by the hour, for {self.use[0]}"

    def _withheld(self) -> Iterator[str]:
        """What the file does not tell, and that it cannot be got out of it."""
        if self.slots_undisclosed and self.kind == DEVICE_PROVED:
            yield (
                f"{self.slots_undisclosed} slots of these epochs are not disclosed: the signature covers "
                "them by salted hashes, which tell neither what they hold nor whether they hold anything"
            )
        if self.pseudonyms:
            yield (
                "The service verified the hub's signature of each block and took it off: no frame, key, id "
                f"or clock of the hub is here. {self.blocks_whole} of {self.blocks_verified} blocks are whole"
            )

    def sentence(self) -> str:
        """The verdict."""
        verified = _many(self.epochs_verified, "epoch") if self.epochs_verified else ""
        verified = verified or _many(self.blocks_verified, "block")
        if self.holds:
            gaps = f", with {_many(self.gaps, 'gap')}" if self.gaps else ""
            what = "Everything that can be read" if self.erased else "Everything"
            return f"{what} holds: {verified} verified{gaps}."
        wrong = [
            _many(self.epochs_rejected, "epoch") + " rejected" if self.epochs_rejected else "",
            f"{len(self.rejected)} rejections" if self.rejected and not self.epochs_rejected else "",
            "numbers skipped" if self.omitted else "",
            "the file is damaged or cut" if self.damage else "",
        ]
        because = ", ".join(text for text in wrong if text) or "it holds nothing that is signed"
        return f"Does not hold: {because}; {verified} verified."


def _hour(hour: int) -> str:
    """Unix hours in UTC."""
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%HZ")


def _rejected(row: Rejection) -> str:
    what = f"epoch {row.epoch} of session {row.session}" if row.epoch >= 0 else "block"
    where = f", stream {row.stream}" if row.stream >= 0 else ""
    return f"{what}{where} rejected: {row.reason} (byte {row.offset})"


def _omitted(row: Omission) -> str:
    if row.stream >= 0:
        return f"blocks {row.first} to {row.last} of stream {row.stream} are not in the file"
    return f"epochs {row.first} to {row.last} of session {row.session} are not in the file"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
