"""A session as the view sees it: the bundled ECG, synthetic other channels, some refusals."""

import numpy as np

from tasuki.recordings import load, synthetic
from tasuki.view.report import Report
from tasuki.view.snapshot import (
    ALLOW,
    DENY,
    HOLD,
    HUB,
    NOT_SAMPLED,
    Decision,
    Epoch,
    Gap,
    Series,
    Snapshot,
    Source,
    Stream,
    Way,
)

PURPOSES = ("service_information", "service_improvement", "product_development", "statistics")
ITEMS = ("ecg", "respiration", "body_temperature", "body_motion")


def streams(seconds: float = 6.0) -> tuple[Stream, ...]:
    """The streams of the default profile."""
    ecg = load(None)
    start = int(60 * ecg.ecg_hz)
    breath = synthetic.respiration(np.arange(25 * 20) / 25.0) * 6000
    motion = np.linalg.norm(synthetic.imu(np.arange(100 * 22, 100 * 28) / 100.0, 1)[:, :3], axis=1)
    return (
        Stream("ecg", "ecg", 250, ecg.ecg[start : start + int(seconds * ecg.ecg_hz)], "uV", frames=600),
        Stream("respiration", "respiration", 25, breath, "count", frames=60),
        Stream("body_temperature", "body_temperature", 1, np.full(6, 33.6), "degC", frames=15),
        Stream("imu", "body_motion", 100, motion, "g", frames=600),
    )


def decisions() -> tuple[Decision, ...]:
    """All items for all purposes; product development is refused, one more is against the policy."""
    rows = [
        Decision(item, purpose, DENY, "no_consent", "A-02", 15, "Grant it on the account page.")
        if purpose == "product_development"
        else Decision(item, purpose, ALLOW, blocks=15)
        for item in ITEMS
        for purpose in PURPOSES
    ]
    rows.append(Decision("device_status", "service_information", ALLOW, blocks=15))
    rows.append(Decision("device_status", "statistics", DENY, "purpose_not_in_policy", "C2-05", 15))
    return tuple(rows)


def snapshot() -> Snapshot:
    """One minute into a session at ten times life."""
    return Snapshot(
        elapsed_s=61.5,
        speed=10,
        hub="3f2a9c01",
        clock_offset_us=-1250.0,
        clock_uncertainty_us=180.0,
        clock_drift_ppm=2.1,
        streams=streams(),
        heart_rate_bpm=98.4,
        heart_confidence=0.93,
        heart_provisional=False,
        respiration_rate_bpm=14.2,
        respiration_confidence=0.81,
        temperature_degc=33.6,
        temperature_contact=True,
        epochs_verified=15,
        epochs_pending=1,
        frames=1893,
        frames_bad={"crc": 2},
        consent=decisions(),
        outbox=3,
        store_rows=72,
        notes=("ECG is recorded; respiration, temperature and motion are synthetic.",),
    )


def withheld() -> Snapshot:
    """The token leaves the ECG out."""
    gone = Stream("ecg", "ecg", 250, np.zeros(0), "uV", NOT_SAMPLED)
    return Snapshot(elapsed_s=4, hub="3f2a9c01", streams=(gone, *streams()[1:]), consent=decisions())


def ways() -> tuple[Way, ...]:
    """Three streams; the ECG's consent for improvement ended, and one block was stopped in the queue."""
    granted = ("granted", "C3-04", 12, "9c41d07a.1.0.0")
    withdrawn = ("withdrawn", "A-01", 3, "9c41d07a.1.12.0")
    late = ("withdrawn", "A-01", 1, "9c41d07a.1.11.0")
    improvement = "improvement", "service_improvement"
    return (
        Way("ecg", HUB, "", ALLOW, "granted", "A-01"),
        Way("ecg", "store", "service_information", ALLOW, "granted", "C3-03", 15, "9c41d07a.1.0.0"),
        Way("ecg", *improvement, ALLOW, *granted),
        Way("ecg", *improvement, DENY, *withdrawn),
        Way("ecg", *improvement, DENY, *late, late=True),
        Way("respiration", HUB, "", DENY, "withdrawn", "A-01"),
        Way("respiration", HUB, "", DENY, "withdrawn", "A-01", 40),
        Way("imu", HUB, "", ALLOW, "granted", "A-01"),
        Way("imu", "store", "service_information", HOLD, "no_wearer_binding", "C3-02", 2, "9c41d07a.1.0.3"),
    )


SENTENCES = {
    "A-01": ("Nothing is acquired before the wearer has agreed.", "同意を得たお客様から取得します。"),
    "C3-04": ("Category 3 may serve improving the service.", "サービスの改良または更新"),
}


def report(seconds: float = 60.0) -> Report:
    """A report of `seconds`; beats are crude peaks, good enough to look at."""
    recording = load(None)
    count = int(seconds * recording.ecg_hz)
    ecg, at = recording.ecg[:count], np.arange(count) / recording.ecg_hz
    slow = np.arange(int(seconds * 25)) / 25.0
    fast = np.arange(int(seconds * 100)) / 100.0
    every = np.arange(int(seconds), dtype=float)
    peaks = at[1:-1][(ecg[1:-1] > 700) & (ecg[1:-1] >= ecg[:-2]) & (ecg[1:-1] > ecg[2:])]
    motion = np.linalg.norm(synthetic.imu(fast, 1)[:, :3], axis=1)
    return Report(
        summary={
            "heart_rate_bpm": 97.6,
            "respiration_rate_bpm": 14.1,
            "temperature_degc": 33.62,
            "beats": len(peaks),
            "beats_expected": None,
            "epochs_verified": 15,
            "epochs_rejected": 0,
            "blocks_uploaded": 1260,
            "blocks_refused": 75,
            "gaps": 0,
            "frames": 1893,
            "frames_bad": 2,
            "refusals": {"no_consent": 60, "purpose_not_in_policy": 15},
            "hub_public_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        },
        series=(
            Series("ecg", "ecg", "uV", at, ecg, "recorded: MIT-BIH 208 MLII, resampled 360 -> 250 Hz"),
            Series(
                "respiration",
                "respiration",
                "count",
                slow,
                synthetic.respiration(slow) * 6000,
                "synthetic_respiration",
            ),
            Series(
                "body_temperature",
                "body_temperature",
                "degC",
                every,
                synthetic.temperature(every),
                "synthetic_body_temperature",
            ),
            Series("imu", "body_motion", "g", fast, motion, "synthetic_imu"),
        ),
        beats_s=peaks,
        rates=(Series("heart_rate", "ecg", "/min", every, 97 + 4 * np.sin(every / 9)),),
        decisions=decisions(),
        ways=ways(),
        sentences=SENTENCES,
        epochs=tuple(Epoch(i, "verified", 4.0 * i, 4.0 * i + 4, 126) for i in range(int(seconds / 4))),
        faults={"crc": 2},
        sources=(
            Source("ecg", "recorded: MIT-BIH 208 MLII, resampled 360 -> 250 Hz", recording.credits),
            Source("respiration", "synthetic_respiration"),
        ),
        subtitle="ecg208",
        made="2026-11-22 23:55 UTC",
    )


def hostile(address: str = "http://evil.example/x") -> Report:
    """A report whose every string attacks the page and would fetch `address`."""
    evil = f"<script>alert(1)</script><img src={address} onerror=alert(1)>\"'&\x00"
    at = np.arange(100) / 10
    return Report(
        summary={"heart_rate_bpm": evil, evil: evil, "gaps": evil, "refusals": {evil: 1}},
        series=(Series(evil, "ecg", evil, at, at, evil), Series(evil, evil, evil, at, at, evil)),
        decisions=(Decision(evil, evil, "deny", evil, evil, 1, evil), Decision("ecg", evil, evil)),
        ways=(
            Way(evil, evil, evil, evil, evil, evil, 1, evil),
            Way(evil, evil, evil, DENY, evil, evil, 2, f"{evil} again"),
            Way(evil, HUB, "", DENY, evil, evil, 1),
        ),
        sentences={evil: (evil, f"{evil} in another language")},
        epochs=(Epoch(0, evil, 0, 4, 1, evil),),
        gaps=(Gap(evil, 0, 1, 2),),
        faults={evil: 3},
        sources=(Source(evil, evil, (evil,)),),
        notes=(evil,),
        subtitle=evil,
        made=evil,
    )
