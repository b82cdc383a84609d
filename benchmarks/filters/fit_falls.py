"""Trains the fall detector on HIFD and shows what to expect of it on a new person.

    python benchmarks/filters/fit_falls.py [--write]

Prints the leave-one-subject-out figures beside those on the training data; --write
freezes the weights learnt on all subjects in host/tasuki/filters/fall_weights.py.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hifd import RATE_HZ, Recording, recordings

from tasuki.filters.falls import FEATURES, FallDetector

RIDGE = 3.0
FALL_FROM_S, FALL_TO_S = 6.5, 11.0  # the protocol of HIFD has its falls there
FILE = Path(__file__).parents[2] / "host/tasuki/filters/fall_weights.py"
FORMS = ("without gravity", "with gravity")


class Impacts(NamedTuple):
    """The impacts of one recording in one form: features (k, 7), which of them are the fall."""

    recording: Recording
    form: str
    features: np.ndarray
    fall: np.ndarray


class Model(NamedTuple):
    """Weights and offset in bits of log odds."""

    weights: np.ndarray
    offset: float


def impacts(recording: Recording, form: str) -> Impacts:
    """What the detector saw, whatever it thought of it."""
    accel = recording.accel + (recording.gravity if form == "with gravity" else 0)
    rows = FallDetector(RATE_HZ, least_confidence=0).process(accel)
    inside = (rows["time_s"] > FALL_FROM_S) & (rows["time_s"] < FALL_TO_S)
    return Impacts(recording, form, rows["features"].astype(float), inside & recording.fall)


def learn(seen: list[Impacts]) -> Model:
    """Logistic regression with a ridge, falls and others of equal weight together, by Newton's method."""
    x = np.concatenate([each.features for each in seen])
    y = np.concatenate([each.fall for each in seen])
    mean, spread = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    balance = np.where(y, len(y) / (2 * y.sum()), len(y) / (2 * (~y).sum()))
    ridge = RIDGE * np.diag([1.0] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (balance * (p - y)) + ridge @ beta
        beta -= np.linalg.solve((design.T * (balance * p * (1 - p))) @ design + ridge, gradient)
    bits = 1 / np.log(2)
    weights = beta[:-1] / spread
    return Model(weights * bits, float(beta[-1] - weights @ mean) * bits)


def odds(model: Model, seen: Impacts) -> float:
    """Of the most fall-like impact; minus infinity where there was none."""
    return float(np.max(seen.features @ model.weights + model.offset, initial=-np.inf))


class Figures(NamedTuple):
    """How falls and daily activities are told apart, recording by recording."""

    auc: float
    sensitivity: float
    """At a specificity of at least 95 %."""
    as_shipped: tuple[float, float]
    """Sensitivity and specificity at a confidence of 0.5."""


def figures(scores: np.ndarray, fall: np.ndarray) -> Figures:
    """Scores: one for each recording, larger is more of a fall."""
    positive, negative = scores[fall], scores[~fall]
    above = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    limit = np.sort(negative)[int(np.ceil(0.95 * len(negative))) - 1]
    shipped = float((positive >= 0).mean()), float((negative < 0).mean())
    return Figures(float(above), float((positive > limit).mean()), shipped)


def leave_one_out(seen: list[Impacts]) -> np.ndarray:
    """The odds of each recording by a model that never saw its subject, in either form."""
    models = {
        subject: learn([each for each in seen if each.recording.subject != subject])
        for subject in {each.recording.subject for each in seen}
    }
    return np.array([odds(models[each.recording.subject], each) for each in seen])


def say(what: str, scores: np.ndarray, seen: list[Impacts]) -> None:
    """One line for each form."""
    fall = np.array([each.recording.fall for each in seen])
    for form in FORMS:
        chosen = np.array([each.form == form for each in seen])
        found = figures(scores[chosen], fall[chosen])
        print(
            f"{what}, {form}: AUC {found.auc:.4f}, sensitivity {found.sensitivity:.1%} at specificity 95 %,"
            f" as shipped {found.as_shipped[0]:.1%} / {found.as_shipped[1]:.1%}"
        )


def write(model: Model) -> None:
    """Freeze the weights."""
    head = FILE.read_text().split("WEIGHTS")[0]
    weights = "".join(f"    {w:.6f},  # {name}\n" for w, name in zip(model.weights, FEATURES, strict=True))
    FILE.write_text(f"{head}WEIGHTS = (\n{weights})\nOFFSET = {model.offset:.6f}\n")


def main() -> None:
    """Train, print, freeze."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    seen = [impacts(recording, form) for recording in recordings() for form in FORMS]
    say("leave one subject out", leave_one_out(seen), seen)
    model = learn(seen)
    say("on the training data", np.array([odds(model, each) for each in seen]), seen)
    print(dict(zip(FEATURES, model.weights.round(3).tolist(), strict=True)), round(model.offset, 3))
    if parser.parse_args().write:
        write(model)


if __name__ == "__main__":
    main()
