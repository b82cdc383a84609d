"""The summary of a session: plain figures by name, the same for `--json`, the report and people."""

from collections import Counter
from typing import Any

from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor


def of_session(session: Session, monitor: Monitor, uploaded: int) -> dict[str, Any]:
    """Figures of a session.

    Args:
        uploaded: deliveries that the sinks confirmed in this session.
    """
    counts, derived, clock = session.summary_counts(), session.derived, session.connection.clock
    unsampled = monitor.unsampled()
    refusals = Counter(counts.refusals)
    refusals.update(unsampled.values())
    for (reason, _), n in counts.dropped.items():
        refusals[reason] += n
    heart, breath = derived.heart, derived.respiration
    return {
        "seconds": round(monitor.elapsed_s, 3),
        "speed": clock.speed,
        "hub_kind": session.identity.board,
        "hub_public_key": session.public_key.hex(),
        "frames": counts.frames,
        "frames_by_kind": dict(counts.kinds),
        "frames_bad": sum(counts.frames_bad.values()),
        "frames_bad_by_fault": dict(counts.frames_bad),
        "epochs_verified": counts.epochs_verified,
        "epochs_rejected": sum(counts.rejected.values()),
        "rejected_by_reason": dict(counts.rejected),
        "gaps": counts.gaps,
        "unknown_tails": counts.unknown_tails,
        "resends": counts.resends,
        "reboots": counts.reboots,
        "beats": session.beats,
        "beats_expected": None,
        "heart_rate_bpm": _rounded(heart.bpm if heart else None),
        "respiration_rate_bpm": _rounded(breath.rate_bpm if breath else None),
        "temperature_degc": _rounded(derived.celsius, 2),
        "blocks": counts.blocks,
        "blocks_uploaded": uploaded,
        "blocks_refused": counts.blocks_refused,
        "refusals": dict(refusals),
        "not_sampled": unsampled,
        "outbox": session.state.outbox.size()[0],
        "store_rows": session.state.store.count(),
        "clock_uncertainty_us": _rounded(clock.uncertainty_us(monitor.start_us), 1) if clock.ready else None,
    }


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None or value != value else round(float(value), digits)


def lines(summary: dict[str, Any]) -> list[str]:
    """The summary for a person, a few lines."""
    s = summary
    expected = f" of {s['beats_expected']} annotated" if s["beats_expected"] is not None else ""
    refused = ", ".join(f"{reason} {n}" for reason, n in sorted(s["refusals"].items(), key=lambda r: -r[1]))
    out = [
        f"{s['seconds']:.0f} s of signals: {s['frames']} frames, {s['frames_bad']} damaged, {s['gaps']} gaps",
        f"{s['epochs_verified']} epochs verified, {s['epochs_rejected']} rejected",
        f"{s['beats']} beats{expected}, heart rate {_or_dash(s['heart_rate_bpm'])}/min, "
        f"breathing {_or_dash(s['respiration_rate_bpm'])}/min, skin {_or_dash(s['temperature_degc'])} degC",
        f"{s['blocks_uploaded']} deliveries stored, {s['blocks_refused']} refused by consent"
        f" ({refused or 'none'})",
    ]
    if s["not_sampled"]:
        why = ", ".join(f"{item} ({reason})" for item, reason in s["not_sampled"].items())
        out.append(f"not sampled at all: {why}")
    return out


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
