"""How right the beats are: all records, one left out, in noise, and around what is bad."""

from itertools import product

import numpy as np
import peers
from constants import beat_hash
from row import Row

from filter_signals import mitdb, mitdb_names
from noise_stress import RATE, RATIOS_DB, RECORDS, noisy
from tasuki.filters import BeatDetector, detect_beats
from tasuki.filters.score import BeatScore, compare, outside
from tasuki.native.filters import Beats, line

NONE = BeatScore(0, 0, 0)
GRID = {
    "level": (141, 154, 166),
    "noise": (448, 512, 576),
    "noise_early": (256, 384, 512),
    "ahead": (79, 90, 101),
}
"""Constants around ours (native/src/beat_design.c); the middle one is ours, `ahead` in samples of 360 Hz."""
_OFFLINE = {
    "gqrs": peers.gqrs,
    "SleepECG": peers.sleepecg,
    "khamis2016": peers.neurokit_beats("khamis2016"),
}


def _records():
    return {name: mitdb(name) for name in mitdb_names()}


def _scores(records, detect, tolerances_s):
    """BeatScore of each record for each tolerance, shape of {name: [score, ...]}."""
    scores = {}
    for name, (signal, beats, flutter) in records.items():
        found = outside(detect(signal, RATE), flutter)
        true = outside(beats, flutter)
        scores[name] = [compare(found, true, tolerance * RATE) for tolerance in tolerances_s]
    return scores


def _f1(scores):
    return 100 * sum(scores, NONE).f1


def _ours(signal, rate_hz):
    return detect_beats(signal, rate_hz)["sample"]


def _with(**constants):
    """A detector of other constants over whole records."""

    def detect(signal, rate_hz):
        made = Beats(rate_hz, **constants)
        rows = np.concatenate([made.run(line(signal)), made.gap(round(3 * rate_hz))])
        return rows["sample"][rows["sample"] < len(signal)]

    return detect


def _peer_scores(records, tolerances_s):
    found = {}
    for name, detect in _OFFLINE.items():
        try:
            found[name] = _scores(records, detect, tolerances_s)
        except peers.Absent as reason:
            found[name] = str(reason)
    return found


def clean():
    """All records, at 150 and 50 ms, beside the peers and with each record left out of the choice."""
    records = _records()
    ours = _scores(records, _ours, (0.15, 0.05))
    theirs = _peer_scores(records, (0.15, 0.05))
    rows = []
    for place, (tolerance_ms, target) in enumerate(((150, 99.85), (50, 99.1))):
        shown = {
            name: scores if isinstance(scores, str) else _f1(each[place] for each in scores.values())
            for name, scores in theirs.items()
        }
        figure = _f1(scores[place] for scores in ours.values())
        rows.append(
            Row(
                f"beats, {len(records)} MIT-BIH records, {tolerance_ms} ms",
                figure,
                "F1 %",
                target,
                False,
                3,
                shown,
            )
        )
    rows[0].notes.append(f"constants {beat_hash()}, chosen by hand on these records; the peers are offline")
    return [*rows, *_left_out(records)]


def _left_out(records):
    """Each record scored with the constants that are best on all others."""
    grid = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    scored = [_scores(records, _with(**constants), (0.15, 0.05)) for constants in grid]
    chosen = {}
    for name in records:
        errors = [sum(s[0].extra + s[0].missed for n, s in each.items() if n != name) for each in scored]
        chosen[name] = scored[int(np.argmin(errors))][name]
    note = f"best of {len(grid)} choices of {', '.join(GRID)} on the other records"
    return [
        Row(
            f"the same, record left out, {ms} ms",
            _f1(s[place] for s in chosen.values()),
            "F1 %",
            None,
            False,
            3,
        )
        if place
        else Row(
            f"the same, record left out, {ms} ms",
            _f1(s[0] for s in chosen.values()),
            "F1 %",
            None,
            False,
            3,
            notes=[note],
        )
        for place, ms in enumerate((150, 50))
    ]


_RECIPE = "channel 1 of em, at the gain of the published recipe; the peers are offline"


def noise():
    """Noisy stretches of the rebuilt noise stress test, all ratios together."""
    cases = {(name, ratio): noisy(name, ratio) for name in RECORDS for ratio in RATIOS_DB}

    def scores(detect):
        return {
            key: compare(
                case.within(np.asarray(detect(case.microvolts, RATE), np.int64)), case.within(case.beats), 54
            )
            for key, case in cases.items()
        }

    ours = scores(_ours)
    theirs = {}
    for name, detect in {"kalidas2017": peers.neurokit_beats("kalidas2017"), **_OFFLINE}.items():
        try:
            theirs[name] = _f1(scores(detect).values())
        except peers.Absent as reason:
            theirs[name] = str(reason)
    by_ratio = ", ".join(f"{r} dB {_f1(s for (_, of), s in ours.items() if of == r):.1f}" for r in RATIOS_DB)
    row = Row(
        "beats in electrode-motion noise", _f1(ours.values()), "F1 %", 87.0, False, 2, theirs, [by_ratio]
    )
    return [row, _noise_left_out(scores, ours)]


def _noise_left_out(scores, ours):
    """Each of the two records with the constants that are best on the other."""
    grid = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    scored = [scores(_with(**constants)) for constants in grid]
    total = NONE
    for name in RECORDS:
        others = [sum((s for (n, _), s in each.items() if n != name), NONE).f1 for each in scored]
        total += sum((s for (n, _), s in scored[int(np.argmax(others))].items() if n == name), NONE)
    return Row("the same, record left out", 100 * total.f1, "F1 %")


def latency():
    """How long after its R peak a beat is decided, on every record, in blocks of six samples."""
    late = []
    for signal, _, _ in _records().values():
        detector, step = BeatDetector(RATE), 6
        for start in range(0, len(signal), step):
            rows = detector.process(signal[start : start + step])
            late.append(start + step - rows["sample"][rows["sample"] >= 2 * RATE])
    slowest = float(np.concatenate(late).max()) / RATE
    note = "without the beats of the first 2 s, which are learned from and decided together"
    return [Row("the slowest beat is decided after its R peak", slowest, "s", 0.5, True, 3, {}, [note])]


def bad_parts():
    """Beats lost to one NaN, a 2-s gap, a lead that is off, saturation, beyond those that they cover."""
    signal, _, _ = mitdb("100")
    five = signal[: 300 * RATE].astype(np.float32)
    rows = []
    for name, spoil in _SPOILT.items():
        spoilt, covered = spoil(five.copy())
        lost = {"ours": _lost(_ours, five, spoilt, covered)}
        for peer, detect in _OFFLINE.items():
            lost[peer] = _lost(detect, five, spoilt, covered)
        ours = lost.pop("ours")
        rows.append(Row(f"beats lost to {name} in 5 minutes", ours, "beyond those covered", 0, True, 0, lost))
    return rows


def _spoil(start_s, length_s, value):
    def spoil(signal):
        part = slice(
            round(start_s * RATE), max(round(start_s * RATE) + 1, round((start_s + length_s) * RATE))
        )
        signal[part] = value
        return signal, (part.start - _AROUND_S * RATE, part.stop + _AROUND_S * RATE)

    return spoil


_AROUND_S = 0.23  # a QRS complex that is cut may go too
_SPOILT = {
    "one NaN": _spoil(150, 0, np.nan),
    "a gap of 2 s": _spoil(150, 2, np.nan),
    "a lead off for 10 s": _spoil(150, 10, 0.0),
    "saturation for 5 s": _spoil(150, 5, 32_767.0),
}


def _lost(detect, whole, spoilt, covered):
    """Beats of the unspoilt signal outside `covered` that are missing or new; or why there are none."""

    def outside_covered(samples):
        return samples[(samples < covered[0]) | (samples > covered[1])]

    try:
        before = np.asarray(detect(whole, RATE))
        after = np.asarray(detect(spoilt, RATE))
    except peers.Absent as reason:
        return str(reason)
    except Exception as error:  # a peer that raises has lost everything
        return f"raises {type(error).__name__}"
    score = compare(outside_covered(after), outside_covered(before), 0.05 * RATE)
    return score.missed + score.extra
