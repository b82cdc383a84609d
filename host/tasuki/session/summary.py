"""The summary of a session: plain figures by name, the same for `--json`, the report and people."""

from collections import Counter
from typing import Any

from tasuki.pipeline.parcel import Examples
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.view.words import word


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
        "epochs_recovered": counts.recovered,
        "stored_refused": dict(counts.stored_refused),
        "calibration": counts.calibration,
        "hub": monitor.health.summary(monitor.stream_names()),
        "beats": session.beats,
        "beats_expected": None,
        "heart_rate_bpm": _rounded(heart.bpm if heart else None),
        "respiration_rate_bpm": _rounded(breath.rate_bpm if breath else None),
        "temperature_degc": _rounded(derived.celsius, 2),
        "blocks": counts.blocks,
        "blocks_uploaded": uploaded,
        "blocks_refused": counts.blocks_refused,
        "refusals": dict(refusals),
        "refused_blocks": _examples(counts.examples, session.state.outbox.late_examples),
        "denied_late": dict(session.state.outbox.denied_late),
        "not_sampled": unsampled,
        "outbox": session.state.outbox.size()[0],
        "store_rows": session.state.store.count(),
        "clock_uncertainty_us": _rounded(clock.uncertainty_us(monitor.start_us), 1) if clock.ready else None,
    }


def _examples(*found: Examples) -> dict[str, list[str]]:
    """Reason code to some ids of blocks that were refused for it."""
    out: dict[str, list[str]] = {}
    for one in found:
        for reason, names in one.by_reason.items():
            out[reason] = list(dict.fromkeys([*out.get(reason, []), *names]))
    return out


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None or value != value else round(float(value), digits)


_LINES = {
    "en": (
        "{seconds:.0f} s of signals: {frames} frames, {frames_bad} damaged, {gaps} gaps",
        "{epochs_verified} epochs verified, {epochs_rejected} rejected",
        "{beats} beats{expected}, heart rate {heart}/min, breathing {breath}/min, skin {skin} degC",
        "{blocks_uploaded} deliveries stored, {blocks_refused} refused by consent ({refused})",
        "not sampled at all: {unsampled}",
    ),
    "ja": (
        "信号 {seconds:.0f} 秒: フレーム {frames}, 破損 {frames_bad}, 欠落 {gaps}",
        "エポック: 検証済 {epochs_verified}, 拒否 {epochs_rejected}",
        "心拍 {beats} 回{expected}, 心拍数 {heart}/分, 呼吸数 {breath}/分, 皮膚温 {skin} °C",
        "保存 {blocks_uploaded} 件, 同意による拒否 {blocks_refused} 件 ({refused})",
        "計測していない項目: {unsampled}",
    ),
}
_HUB = {"en": "the hub itself: {}", "ja": "ハブの状態: {}"}
_WHY = {
    "en": "why a block was refused: tasuki policy explain {}",
    "ja": "拒否の理由を見るには: tasuki policy explain {}",
}
_EXPECTED = {"en": " of {} annotated", "ja": " (注釈 {} 回)"}


def lines(summary: dict[str, Any], lang: str = "en") -> list[str]:
    """The summary for a person, a few lines in `en` or `ja`."""
    s = summary
    expected = s["beats_expected"]
    refused = sorted(s["refusals"].items(), key=lambda row: -row[1])
    values = {
        **s,
        "expected": "" if expected is None else _EXPECTED[lang].format(expected),
        "heart": _or_dash(s["heart_rate_bpm"]),
        "breath": _or_dash(s["respiration_rate_bpm"]),
        "skin": _or_dash(s["temperature_degc"]),
        "refused": ", ".join(f"{word(f'reason.{code}', lang)} {n}" for code, n in refused) or "-",
        "unsampled": ", ".join(
            f"{word(item, lang)} ({word(f'reason.{code}', lang)})" for item, code in s["not_sampled"].items()
        ),
    }
    chosen = _LINES[lang] if s["not_sampled"] else _LINES[lang][:-1]
    troubles = _troubles(s.get("hub", {}), lang)
    told = [line.format(**values) for line in chosen] + ([_HUB[lang].format(troubles)] if troubles else [])
    late = sorted(s.get("denied_late", {}).items(), key=lambda row: -row[1])
    if late:
        stopped = ", ".join(f"{word(f'reason.{code}', lang)} {n}" for code, n in late)
        told.append(f"{word('report.late', lang)}: {stopped}")
    examples = s.get("refused_blocks", {})
    asked = next((names[0] for code, _ in [*refused, *late] if (names := examples.get(code))), None)
    return [*told, _WHY[lang].format(asked)] if asked else told


def _troubles(hub: dict[str, Any], lang: str) -> str:
    """What a person should know of the hub itself: parts that do not run, lives that ended suddenly."""
    parts = [
        f"{word(name, lang)} {word('sensor.' + stream['state'], lang)}"
        for name, stream in hub.get("streams", {}).items()
        if stream["state"] not in ("running", "off")
    ]
    causes = [cause for cause in hub.get("reset_causes", ()) if cause in ("watchdog", "brown_out", "crash")]
    parts += [word(f"boot.{cause}", lang) for cause in dict.fromkeys(causes)]
    if hub.get("power_reason") == "battery":
        parts.append(word("why.battery", lang))
    return ", ".join(parts)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
