"""What is counted while a hub runs."""

from collections import Counter
from dataclasses import dataclass, field

from tasuki.pipeline.parcel import Acquired, Routed
from tasuki.trust.verdict import Gap, Omitted, Rejected, SessionJump, UnknownTail, Verdict, Verified


@dataclass
class Counts:
    """What happened so far on one hub, over all its sessions; every loss stands here.

    Attributes:
        frames_bad: fault of layout.FAULTS to frames.
        gaps: frames or epochs that nothing brought back.
        refusals: reason code to blocks, over all destinations.
        dropped: (reason code, item) to frames that the gate did not let in.
        kinds: sample kind to intact frames on the wire, kept or not.
        rejected: reason code to epochs.
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
        elif isinstance(verdict, Omitted):
            self.gaps += verdict.count
        elif isinstance(verdict, SessionJump):
            self.gaps += verdict.session - verdict.last - 1
        elif isinstance(verdict, UnknownTail):
            self.unknown_tails += 1

    def add_stored(self, blocks: list[Acquired], routed: Routed) -> None:
        """Count blocks that are in the outbox as far as the decisions let them, and the refusals."""
        self.blocks += len(blocks)
        self.blocks_refused += len(routed.refusals)
        self.refusals.update(refusal.decision.reason for refusal in routed.refusals)
