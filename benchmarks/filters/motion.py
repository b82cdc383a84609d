"""Orientation and falls: how right, how fast, beside VQF, Madgwick and Fusion."""

import fit_falls
import fit_orientation
import hifd
import motion_peers
import numpy as np
import peers
import pytest
from row import Row, in_turn

from tasuki.filters import ActivityMany, FallDetectorMany, Orientation, OrientationMany
from tasuki.filters.falls import weights_hash
from tasuki.filters.orientation import constants_hash
from tasuki.filters.score_orientation import mean_error, orientation_error

HUBS = 256
STRETCH, ROUNDS = 4000, 300


def _trials():
    seen = fit_orientation.trials()
    if not seen:
        pytest.skip("the BROAD trials are not in ../shared/data/broad")
    return seen


def _theirs(seen, magnetometer):
    """Mean error of each peer, or why there is none."""
    found = {}
    for name, run in motion_peers.ALL.items():
        try:
            errors = [orientation_error(run(t, magnetometer), t.truth, t.scored) for t in seen]
            found[name] = mean_error(errors)
        except peers.Absent as reason:
            found[name] = str(reason)
    return found


def _of(found, which):
    return {name: each if isinstance(each, str) else getattr(each, which) for name, each in found.items()}


def orientation():
    """Mean error over the trials, with magnetometer and without, all trials and each left out."""
    seen = _trials()
    what = f"{len(seen)} BROAD trials"
    full, six = (mean_error([fit_orientation.error(t, mag) for t in seen]) for mag in (True, False))
    theirs, without = _theirs(seen, True), _theirs(seen, False)
    left_out, best, worst = fit_orientation.leave_one_out(seen)
    grid = (
        f"best of {len(fit_orientation.choices())} choices of {', '.join(fit_orientation.GRID)} on the others"
    )
    spread = f"over all choices total {best.total:.2f} to {worst.total:.2f}"
    return [
        Row(
            f"orientation, total error, {what}",
            *(full.total, "deg", 2.1, True, 3, _of(theirs, "total")),
            [f"constants {constants_hash()}, five of them chosen on these trials; all filters are causal"],
        ),
        Row("its heading", full.heading, "deg", None, True, 3, _of(theirs, "heading")),
        Row("its inclination", full.inclination, "deg", 0.68, True, 3, _of(theirs, "inclination")),
        Row(
            "inclination without magnetometer",
            six.inclination,
            "deg",
            0.68,
            True,
            3,
            _of(without, "inclination"),
        ),
        Row("total, trial left out", left_out.total, "deg", None, True, 3, {}, [f"{grid}; {spread}"]),
        Row("inclination, trial left out", left_out.inclination, "deg", None, True, 3),
    ]


def orientation_speed():
    """Updates a second of one sensor on one core beside VQF's C++ in batch.

    Short stretches in turn, many times: on a shared machine some of them are undisturbed.
    """
    trial = _trials()[0]
    part = slice(STRETCH, 2 * STRETCH)
    blocks = [trial.gyro[part], trial.accel[part], trial.mag[part]]
    rows = []
    for what, count in (("with magnetometer", 3), ("without", 2)):
        filt = Orientation(trial.rate_hz, count == 3)
        rows.append(
            _speed_row(what, lambda f=filt, n=count: f.process(*blocks[:n]), blocks[:count], trial.rate_hz)
        )
    return rows


def _speed_row(what, ours, blocks, rate_hz):
    try:
        vqf = peers._module("vqf")
    except peers.Absent as reason:
        mine, figures, ratio = in_turn(ROUNDS, ours)[0], {"VQF": str(reason)}, None
    else:
        given = [np.ascontiguousarray(block, float) for block in blocks]
        mine, theirs = in_turn(ROUNDS, ours, lambda: vqf.VQF(1 / rate_hz).updateBatch(*given))
        figures, ratio = {"VQF, M updates/s": STRETCH / theirs / 1e6}, theirs / mine
    note = f"ours {STRETCH / mine / 1e6:.2f} M updates/s"
    return Row(f"orientation {what}, one core", ratio, "times VQF's batch", 1.5, False, 2, figures, [note])


def falls():
    """Recordings told apart, leave one subject out, beside the largest acceleration alone."""
    recordings = hifd.recordings()
    if not recordings:
        pytest.skip("the HIFD recordings are not in ../shared/data/hifd")
    seen = [fit_falls.impacts(recording, form) for recording in recordings for form in fit_falls.FORMS]
    model = fit_falls.learn(seen)
    out, trained = fit_falls.leave_one_out(seen), np.array([fit_falls.odds(model, each) for each in seen])
    fall = np.array([recording.fall for recording in recordings])
    largest = np.array([np.linalg.norm(r.accel, axis=1).max() for r in recordings])
    peer = fit_falls.figures(largest, fall)
    rows = []
    for place, form in enumerate(fit_falls.FORMS):
        new, old = (
            fit_falls.figures(scores[place :: len(fit_falls.FORMS)], fall) for scores in (out, trained)
        )
        as_trained = {"ours on the training data": old.auc, "largest acceleration": peer.auc}
        found = {
            "ours on the training data": 100 * old.sensitivity,
            "largest acceleration": 100 * peer.sensitivity,
        }
        target = (0.97, 97.0) if form == "without gravity" else (None, None)
        what = f"falls, HIFD {form}, subject left out"
        rows.append(Row(f"{what}: area under the curve", new.auc, "", target[0], False, 4, as_trained))
        rows.append(
            Row(
                f"{what}: sensitivity at specificity 95 %",
                100 * new.sensitivity,
                "%",
                target[1],
                False,
                1,
                found,
            )
        )
    rows[0].notes.append(
        f"{fall.sum()} falls and {(~fall).sum()} others of 11 subjects, weights {weights_hash()}; windows and"
        " features were chosen on the same subjects; with gravity: the recorded orientation adds it back"
    )
    return rows


def many():
    """Many hubs in one object, blocks of a second at 100 Hz."""
    random = np.random.default_rng(20261123)
    gyro = random.normal(0, 0.5, (100, 3, HUBS)).astype(np.float32)
    accel = random.normal(0, 1, (100, 3, HUBS)).astype(np.float32)
    accel[:, 2] += np.float32(9.81)
    turned, north = OrientationMany(100, HUBS), OrientationMany(100, HUBS, True)
    fallen, moved = FallDetectorMany(100, HUBS), ActivityMany(100, HUBS)
    cases = {
        "OrientationMany": lambda: turned.process(gyro, accel),
        "OrientationMany with magnetometer": lambda: north.process(gyro, accel, accel + 20),
        "FallDetectorMany": lambda: fallen.process(accel),
        "ActivityMany": lambda: moved.process(accel),
    }
    return [
        Row(
            f"{name}, {HUBS} hubs, 1-s blocks",
            100 * HUBS / in_turn(8, run)[0] / 1e6,
            "M samples/s",
            None,
            False,
            1,
        )
        for name, run in cases.items()
    ]


PARTS = {
    "orientation": orientation,
    "orientation_speed": orientation_speed,
    "falls": falls,
    "motion_many": many,
}
