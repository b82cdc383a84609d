"""Each filter on a recorded signal: what the host makes of it, and what the processor is given."""

from dataclasses import dataclass

import numpy as np
from scipy import signal

import cortex_m
from filter_signals import ecg_250, marsh
from motion_signals import G, broad, hifd
from motion_signals import spoilt as spoilt_motion
from tasuki._native import ffi, lib
from tasuki.filters import activity, falls, orientation, posture
from tasuki.filters.respiration import breath_design
from tasuki.filters.temperature import warmth_design
from tasuki.native import filters as native
from tasuki.native import motion, motion_rows, vital

_SECTIONS = np.ascontiguousarray(signal.butter(4, (0.004, 0.3), "bandpass", output="sos"))
_NOTCHES = np.ascontiguousarray(signal.cheby2(8, 40, 0.3, output="sos"))
_PIECE = 25  # samples that a hub filters at once


@dataclass(frozen=True)
class Job:
    """A filter's coefficients and first state, its samples, and the host's results and last state."""

    name: str
    coef: bytes
    state: bytes
    samples: np.ndarray
    result_size: int
    results: bytes
    last_state: bytes

    def run(self, elf, piece=_PIECE):
        """The processor's answer."""
        given = (self.coef, self.state, self.samples, self.result_size, piece)
        return cortex_m.run(elf, self.name, *given)


def spoilt(samples):
    """The same with a bad sample of each kind, a gap of one second and an infinite one."""
    samples = np.array(samples, np.float32)
    samples[[900, 901, 1700]] = np.nan, np.inf, -np.inf
    samples[4000:4250] = np.nan
    return samples


def _bytes(*parts):
    return b"".join(bytes(ffi.buffer(part)) for part in parts)


def _biquads_f32():
    cascade, samples = native.BiquadCascade(_SECTIONS, 1), spoilt(ecg_250())
    coef, state = _bytes(cascade.coef), _bytes(cascade._real)
    out = np.empty_like(samples)
    cascade.run_f32(samples, out)
    return Job("biquads_f32", coef, state, samples, 4, out.tobytes(), _bytes(cascade._real))


def _biquads_i32():
    cascade, samples = native.BiquadCascade(_NOTCHES, 1), ecg_250().astype(np.int32)
    coef, state = _bytes(cascade.coef), _bytes(cascade._fixed)
    out = np.empty_like(samples)
    cascade.run_i32(samples, out)
    return Job("biquads_i32", coef, state, samples, 4, out.tobytes(), _bytes(cascade._fixed))


def _conditioner():
    level, cascade, samples = native.Level(5), native.BiquadCascade(_SECTIONS[:3], 1), spoilt(ecg_250())
    coef = np.int32(5).tobytes() + _bytes(cascade.coef)
    state = _bytes(level._state, cascade._real)
    out = cascade.run_line(samples, level)
    last = _bytes(level._state, cascade._real)
    return Job("conditioner", coef, state, samples, 4, out.tobytes(), last)


def _beats():
    made, samples = native.Beats(250), spoilt(ecg_250())
    coef, state = _bytes(made.coef), _bytes(made._state)
    results = made.run(samples).tobytes()
    return Job("beats", coef, state, samples, native.BEAT.itemsize, results, _bytes(made._state))


def _breaths():
    made, samples = vital.Breaths(*breath_design(50)), spoilt(marsh("0005").impedance)
    coef, state = _bytes(made.coef), _bytes(made._state)
    results = made.run(samples).tobytes()
    return Job("breaths", coef, state, samples, native.RAW_BREATH.itemsize, results, _bytes(made._state))


def _warmth():
    """A thermistor under the nose, taken for skin: the only recorded temperature at hand."""
    nasal = marsh("0005").nasal[:20_000]
    samples = spoilt(34 + 2 * nasal / np.abs(nasal).max())
    made = vital.Warmth(**warmth_design(50))
    coef, state = _bytes(made.coef), _bytes(made._state)
    results = made.run(samples).tobytes()
    return Job("warmth", coef, state, samples, native.RAW_WARMTH.itemsize, results, _bytes(made._state))


def _heart_rate():
    beats = native.Beats(250).run(spoilt(ecg_250()))
    intervals = np.nan_to_num(beats["rr_s"] * 1000)
    samples = np.stack([intervals, beats["confidence"]], axis=1).astype(np.float32)
    made = vital.Rate()
    state, out = _bytes(made._state), ffi.new("struct tsk_rate[]", len(samples))
    for i, (rr_ms, confidence) in enumerate(samples.tolist()):
        made.beat(rr_ms, confidence)
        lib.tsk_rate_read(made._state, out + i)
    return Job("heart_rate", bytes(4), state, samples, 16, _bytes(out), _bytes(made._state))


def _orientation():
    trial = broad("21_undisturbed_fast_combined")
    part = slice(3000, 6000)
    blocks = spoilt_motion(trial.gyro[part], trial.accel[part], trial.mag[part])
    made = motion.Orient(**orientation.settings(trial.rate_hz, True))
    coef, state = _bytes(made.coef), _bytes(made.state)
    results = made.run(*blocks).tobytes()
    return Job("orientation", coef, state, np.hstack(blocks), 36, results, _bytes(made.state))


def _falls():
    """Everything that looks like an impact, whatever it is taken for."""
    names = ("fall/fall1", "fall/fall3", "non-fall/clap", "non-fall/teeth")
    samples = np.concatenate([hifd(f"subject_09/{name}") for name in names])
    samples[[500, 1500], 1] = np.nan, 1e9
    made = motion.Falls(**falls.settings(50, 0))
    coef, state = _bytes(made.coef), _bytes(made.state)
    results = made.run(samples).tobytes()
    return Job("falls", coef, state, samples, motion.RAW_FALL.itemsize, results, _bytes(made.state))


def _rows(name, settings, samples):
    made = motion_rows.Rows(name, **settings)
    coef, state = _bytes(made.coef), _bytes(made.state)
    results = made.run(samples)
    return Job(name, coef, state, samples, 4 * results.shape[1], results.tobytes(), _bytes(made.state))


def _activity():
    samples = hifd("subject_09/non-fall/walk") + np.float32([0, 0, G])
    samples[300:310], samples[500:600] = np.nan, np.inf
    return _rows("activity", activity.settings(50), samples)


def _posture():
    trial = broad("07_undisturbed_fast_rotation_B")
    turned = orientation.Orientation(trial.rate_hz).process(trial.gyro, trial.accel).quaternion[2500:6000]
    walked = np.repeat(np.arange(70) % 5, 50)[:, None]
    turned[100, 1], turned[1000:1150] = np.nan, np.inf
    samples = np.hstack([turned, walked]).astype(np.float32)
    return _rows("posture", posture.settings((0, 1, 0), (0, 0, 1)), samples)


JOBS = {
    "biquads_f32": _biquads_f32,
    "biquads_i32": _biquads_i32,
    "conditioner": _conditioner,
    "beats": _beats,
    "breaths": _breaths,
    "warmth": _warmth,
    "heart_rate": _heart_rate,
    "orientation": _orientation,
    "falls": _falls,
    "activity": _activity,
    "posture": _posture,
}
"""Name -> what makes the job; the recordings of breaths and temperature may be absent (skips)."""
