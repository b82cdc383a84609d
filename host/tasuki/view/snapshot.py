"""What the live view and the report show, as plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PASSES = "passes"
REFUSED = "refused"
NOT_SAMPLED = "not_sampled"

ALLOW = "allow"
HOLD = "hold"
DENY = "deny"

# As in the policy's section 2; what is not listed comes last.
ITEM_ORDER = ("ecg", "respiration", "body_temperature", "body_motion", "subjective", "device_status")
PURPOSE_ORDER = (
    "service_information",
    "service_improvement",
    "product_development",
    "statistics",
    "after_service",
    "information",
    "user_identification",
    "ad_measurement",
    "usage_analysis",
)


@dataclass(frozen=True)
class Stream:
    """One stream as the live view draws it.

    Attributes:
        name: e.g. "ecg", "imu_left_wrist".
        item: what consent speaks of, e.g. "body_motion".
        rate_hz: samples a second.
        samples: shape (n,), the newest last, in `unit`; NaN is a gap. A few seconds are enough.
        unit: "uV", "degC", "g", "count" ...
        state: PASSES, REFUSED (it came and was dropped) or NOT_SAMPLED (the token leaves it out).
        frames: intact frames so far.
    """

    name: str
    item: str
    rate_hz: float
    samples: Floats
    unit: str
    state: str = PASSES
    frames: int = 0


@dataclass(frozen=True)
class Decision:
    """What consent said to one item for one purpose.

    Attributes:
        item, purpose: names of the policy, e.g. "ecg", "service_improvement".
        outcome: ALLOW, HOLD (kept back until something is known) or DENY.
        reason: stable reason code; empty when allowed.
        rule: id of the policy's rule, e.g. "A-02".
        blocks: how many blocks it concerned.
        remedy, remedy_ja: a sentence that says what would change a refusal.
    """

    item: str
    purpose: str
    outcome: str
    reason: str = ""
    rule: str = ""
    blocks: int = 0
    remedy: str = ""
    remedy_ja: str = ""

    @property
    def allowed(self) -> bool:
        """True when consent let it pass; whatever is not ALLOW is a refusal."""
        return self.outcome == ALLOW


HUB = "hub"  # where a stream is sampled, the first of the places that it passes


@dataclass(frozen=True)
class Way:
    """What became of one stream on its way to one destination, and the rule that decided it.

    Attributes:
        stream: name of the stream.
        destination: a destination's name, or HUB.
        purpose: what the destination is for; empty for HUB.
        outcome: ALLOW, HOLD or DENY.
        reason: stable reason code. rule: id of the rule that decided.
        blocks: how many blocks (frames at the HUB) it concerned.
        example: id of one of these blocks; empty when there is none.
        late: True when they were stopped when they were to be sent.
    """

    stream: str
    destination: str
    purpose: str
    outcome: str
    reason: str
    rule: str
    blocks: int = 0
    example: str = ""
    late: bool = False


def axes(decisions: Sequence[Decision]) -> tuple[list[str], list[str]]:
    """Items and purposes of a consent table, in the policy's order."""

    def ordered(names: Iterable[str], order: tuple[str, ...]) -> list[str]:
        return sorted(dict.fromkeys(names), key=lambda n: order.index(n) if n in order else len(order))

    items = ordered((decision.item for decision in decisions), ITEM_ORDER)
    return items, ordered((decision.purpose for decision in decisions), PURPOSE_ORDER)


@dataclass(frozen=True)
class Health:
    """What the hub says of itself; None means not told.

    Attributes:
        power, reason: states and reasons of the hub's power, e.g. "active", "start".
        reset_cause: why it booted, e.g. "power_on", "watchdog".
        battery_mv: cell voltage.
        troubled: state of each sensor that should run and does not, by name of its stream.
        late, overruns: records of all sensors since the hub's boot.
        jitter_us: the longest that a record of any sensor waited lately.
    """

    power: str | None = None
    reason: str | None = None
    reset_cause: str | None = None
    battery_mv: int | None = None
    troubled: Mapping[str, str] = field(default_factory=dict)
    late: int = 0
    overruns: int = 0
    jitter_us: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """One moment of a session. None means not known (yet), and is shown so.

    Attributes:
        elapsed_s: hub time since the session's start, seconds.
        speed: how many times faster than life a recording is replayed.
        hub: short form of the hub's id.
        clock_offset_us, clock_uncertainty_us, clock_drift_ppm: the host's model of the hub's clock.
        streams: in the order of their numbers.
        heart_rate_bpm, heart_confidence (0 to 1), heart_provisional (not yet of a verified epoch).
        heart_irregular: whether the intervals between beats are flagged.
        respiration_rate_bpm: breaths a minute; respiration_confidence (0 to 1).
        apnoea: ten seconds without a breath.
        temperature_degc: skin temperature; temperature_contact: whether the sensor touches skin.
        epochs_verified, epochs_rejected, epochs_pending: epochs so far.
        frames: intact frames; frames_bad: damaged ones by fault (`tasuki_wire.layout.FAULTS`).
        gaps: places where frames are lost for good.
        consent: decisions so far, one per item and purpose.
        outbox: envelopes that wait; store_rows: blocks that the store confirmed.
        health: what the hub says of itself.
        notes: sentences worth seeing, the newest last.
    """

    elapsed_s: float = 0.0
    speed: float = 1.0
    hub: str = ""
    clock_offset_us: float | None = None
    clock_uncertainty_us: float | None = None
    clock_drift_ppm: float | None = None
    streams: tuple[Stream, ...] = ()
    heart_rate_bpm: float | None = None
    heart_confidence: float | None = None
    heart_provisional: bool = True
    heart_irregular: bool = False
    respiration_rate_bpm: float | None = None
    respiration_confidence: float | None = None
    apnoea: bool = False
    temperature_degc: float | None = None
    temperature_contact: bool | None = None
    epochs_verified: int = 0
    epochs_rejected: int = 0
    epochs_pending: int = 0
    frames: int = 0
    frames_bad: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    consent: tuple[Decision, ...] = ()
    outbox: int = 0
    store_rows: int = 0
    health: Health = field(default_factory=Health)
    notes: tuple[str, ...] = ()

    @property
    def bad(self) -> int:
        """Damaged frames of all faults."""
        return sum(self.frames_bad.values())


@dataclass(frozen=True)
class Series:
    """One signal of the report.

    Attributes:
        name, item, unit: as in Stream.
        time_s: shape (n,), rising, seconds of hub time from the session's start.
        values: shape (n,), in `unit`; NaN is a gap.
        origin: "recorded: ..." or "synthetic_...".
    """

    name: str
    item: str
    unit: str
    time_s: Floats
    values: Floats
    origin: str = ""


@dataclass(frozen=True)
class Source:
    """Where data came from: a channel or recording, its origin, and credits line by line."""

    name: str
    origin: str
    credits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Epoch:
    """One epoch of the report: `state` is "verified", "rejected" or "pending"; `note` says why."""

    number: int
    state: str
    t0_s: float
    t1_s: float
    frames: int = 0
    note: str = ""


@dataclass(frozen=True)
class Gap:
    """Frames of one stream that nothing brought back."""

    stream: str
    t0_s: float
    t1_s: float
    frames: int
