"""What is counted while a hub runs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tasuki.pipeline.parcel import Acquired, Examples, Place, Routed
from tasuki.trust.verdict import Gap, Omitted, Rejected, SessionJump, UnknownTail, Verdict, Verified

_REMEMBERED = 4096


class Missed:
    """What was said to be missing, so that it can be taken back when it comes."""

    def __init__(self) -> None:
        self._epochs: set[tuple[int, int]] = set()
        self._sessions: set[int] = set()
        self._tails: set[tuple[int, int]] = set()

    def epochs(self, session: int, first: int, count: int) -> None:
        """Epochs of a session; of a longer row only the newest can be taken back."""
        start = max(first, first + count - _REMEMBERED)
        self._epochs.update((session, number) for number in range(start, first + count))
        while len(self._epochs) > _REMEMBERED:
            self._epochs.discard(min(self._epochs))

    def sessions(self, first: int, behind: int) -> None:
        """Whole sessions."""
        self._sessions.update(range(max(first, behind - _REMEMBERED), behind))

    def tail(self, session: int | None, after_epoch: int) -> None:
        """What may have come after an epoch."""
        if session is not None:
            self._tails.add((session, after_epoch))

    def take(self, session: int, epoch: int) -> tuple[int, int]:
        """(gaps, unknown tails) that this epoch fills."""
        gaps = ((session, epoch) in self._epochs) + (session in self._sessions)
        tails = int((session, epoch - 1) in self._tails)
        self._epochs.discard((session, epoch))
        self._sessions.discard(session)
        self._tails.discard((session, epoch - 1))
        return gaps, tails


@dataclass
class Counts:
    """What happened so far on one hub, over all its sessions; every loss stands here.

    Attributes:
        frames_bad: fault of layout.FAULTS to frames.
        gaps: frames or epochs that nothing brought back.
        refusals: reason code to blocks, over all destinations.
        examples: ids of some of these blocks, by reason code.
        dropped: (reason code, item) to frames that the gate did not let in.
        kinds: sample kind to intact frames on the wire, kept or not.
        rejected: reason code to epochs.
        recovered: epochs that came later, from the hub's store; what they fill is a gap no more.
        stored_refused: reason code to epochs of the hub's store that were not taken.
        beats: those of earlier lives of the hub and earlier sessions.
        calibration: version of the unit's constants in the latest verified epoch, 0 for none.
    """

    frames: int = 0
    frames_bad: Counter[str] = field(default_factory=Counter)
    epochs_verified: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    unknown_tails: int = 0
    blocks: int = 0
    blocks_refused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    reboots: int = 0
    resends: int = 0
    beats: int = 0
    calibration: int = 0
    recovered: int = 0
    stored_refused: Counter[str] = field(default_factory=Counter)
    examples: Examples = field(default_factory=Examples)
    _missed: Missed = field(default_factory=Missed)

    def add(self, verdict: Verdict) -> None:
        """Count what the verifier said."""
        if isinstance(verdict, Verified):
            self.epochs_verified += 1
            self.gaps += len(verdict.gaps)
            self.calibration = verdict.calibration
        elif isinstance(verdict, Rejected):
            self.rejected[verdict.reason] += 1
        elif isinstance(verdict, Gap):
            self.gaps += 1
            self._missed.epochs(verdict.session, verdict.epoch, 1)
        elif isinstance(verdict, Omitted):
            self.gaps += verdict.count
            self._missed.epochs(verdict.session, verdict.first, verdict.count)
        elif isinstance(verdict, SessionJump):
            self.gaps += verdict.session - verdict.last - 1
            self._missed.sessions(verdict.last + 1, verdict.session)
        elif isinstance(verdict, UnknownTail):
            self.unknown_tails += 1
            self._missed.tail(verdict.session, verdict.after_epoch)

    def recover(self, epoch: Verified) -> None:
        """Count an epoch that came from the hub's store, and take back what was said of it."""
        self.add(epoch)
        self.recovered += 1
        gaps, tails = self._missed.take(epoch.session, epoch.epoch)
        self.gaps -= gaps
        self.unknown_tails -= tails

    def add_stored(self, blocks: list[Acquired], routed: Routed, name: Callable[[str, Place], str]) -> None:
        """Count blocks that are in the outbox as far as the decisions let them, and the refusals.

        name: gives the id by which people ask for a wearer's block.
        """
        self.blocks += len(blocks)
        self.blocks_refused += len(routed.refusals)
        for refusal in routed.refusals:
            self.refusals[refusal.decision.reason] += 1
            self.examples.add(refusal.decision.reason, partial(name, refusal.subject, refusal.place))
