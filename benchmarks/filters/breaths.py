"""How right the respiration rate is on MARSH, and whether apnoea is flagged."""

from itertools import product

import numpy as np
import peers
from constants import breath_hash
from row import Row

import breath_score
import tasuki.filters.respiration as respiration
from filter_signals import marsh, marsh_names
from tasuki.filters import RespirationRate
from tasuki.native.vital import Breaths

RATE = 50
GRID = {"hysteresis": (0.6, 0.7, 0.8), "follow_s": (10, 12, 15), "patience": (1.0, 1.3, 1.6)}
"""Constants around ours in breath_design; follow_s is the time constant behind `follow`."""


def rates():
    """Mean absolute error over the subjects, as annotated and with marks that stand on another taken once."""
    subjects = {name: marsh(name) for name in marsh_names()}
    rows = []
    for what, ends in (("as annotated", lambda s: s.ends_s), ("marks at one place once", _once)):
        off = [
            breath_score.errors(RespirationRate(RATE), s.impedance, RATE, ends(s)).mean()
            for s in subjects.values()
        ]
        rows.append(
            Row(
                f"respiration, {len(subjects)} MARSH subjects, {what}",
                float(np.mean(off)),
                "breaths/min",
                0.25 if not rows else None,
                True,
                3,
                {"khodadad2018 (offline)": _khodadad(subjects, ends)},
            )
        )
    rows[0].notes.append(
        f"constants {breath_hash()}, chosen on these subjects; 60-s windows every 15 s; subjects 0005 and"
        " 5757 have breaths annotated several times at one place, which no detector can match"
    )
    return [*rows, _left_out(subjects)]


def _once(subject):
    return breath_score.once(subject.ends_s)


def _khodadad(subjects, ends):
    errors = []
    for subject in subjects.values():
        try:
            found = peers.khodadad(subject.impedance.astype(float), RATE)
        except peers.Absent as reason:
            return str(reason)
        off = []
        for now_s in np.arange(breath_score.WINDOW_S, len(subject.impedance) / RATE, breath_score.STEP_S):
            pair = breath_score.true_rate(found, now_s), breath_score.true_rate(ends(subject), now_s)
            off += [abs(pair[0] - pair[1])] if None not in pair else []
        errors.append(np.mean(off))
    return float(np.mean(errors))


def _filter_with(follow_s, **constants):
    made = RespirationRate(RATE)
    sos, fields = respiration.breath_design(RATE)
    inner_hz = RATE / fields["decimate"]
    made._core = Breaths(sos, {**fields, **constants, "follow": 1 / (follow_s * inner_hz)})
    return made


def _left_out(subjects):
    """Each subject with the constants that are best on all others."""
    grid = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    off = np.array(
        [
            [
                breath_score.errors(_filter_with(**c), s.impedance, RATE, s.ends_s).mean()
                for s in subjects.values()
            ]
            for c in grid
        ]
    )
    others = (off.sum(axis=1, keepdims=True) - off).argmin(axis=0)
    figure = float(off[others, np.arange(len(subjects))].mean())
    best = f"best of {len(grid)} choices of {', '.join(GRID)} on the other subjects"
    note = f"{best}; mean of all choices {off.mean():.3f}"
    return Row("the same as annotated, subject left out", figure, "breaths/min", None, True, 3, {}, [note])


def apnoea():
    """Share of flattened stretches of 15 s that are flagged at their end, every 50 s of every subject."""
    flagged = []
    for name in marsh_names():
        impedance = marsh(name).impedance
        for start_s in range(100, len(impedance) // RATE - 30, 50):
            flat = slice(start_s * RATE, (start_s + 15) * RATE)
            samples = impedance[: flat.stop].copy()
            samples[flat] = samples[flat.start] + 0.02 * (samples[flat] - samples[flat.start])
            rate = RespirationRate(RATE)
            rate.process(samples[: flat.stop - 1])
            flagged.append(rate.process(samples[flat.stop - 1 :]).apnoea)
    note = f"{len(flagged)} stretches of recordings made flat, all movement in them kept at a fiftieth"
    return [Row("apnoea of 10 s flagged", 100 * float(np.mean(flagged)), "%", 99.0, False, 1, {}, [note])]
