"""Respiration against annotated breaths: rates of 60-s windows, every 15 s."""

import numpy as np

WINDOW_S, STEP_S = 60, 15


def true_rate(ends_s, now_s):
    """Breaths a minute of the annotated ends of inspiration in the window before now; None below three."""
    inside = ends_s[(ends_s >= now_s - WINDOW_S) & (ends_s < now_s)]
    return 60 * (len(inside) - 1) / (inside[-1] - inside[0]) if len(inside) >= 3 else None


def errors(filt, samples, rate_hz, ends_s):
    """|breaths a minute| by which a filter, fed step by step, is off at each window it answers in."""
    step = STEP_S * rate_hz
    off = []
    for start in range(0, len(samples) - step + 1, step):
        reading = filt.process(samples[start : start + step])
        now_s = (start + step) / rate_hz
        truth = true_rate(ends_s, now_s)
        if now_s >= WINDOW_S and truth is not None and reading.rate_bpm is not None:
            off.append(abs(reading.rate_bpm - truth))
    return np.array(off)


def once(ends_s):
    """The annotations without those that stand on another (subjects 0005 and 5757 have such)."""
    apart = np.concatenate([[True], np.diff(ends_s) > 0.5])
    return ends_s[apart]
