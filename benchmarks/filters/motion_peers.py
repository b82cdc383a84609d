"""Orientation by libraries of others, with the parameters that they come with."""

import numpy as np
import peers

G = 9.80665


def vqf(trial, magnetometer=True):
    """VQF's own C++ over the whole trial at once."""
    found = peers._module("vqf")
    blocks = [np.ascontiguousarray(each, float) for each in (trial.gyro, trial.accel, trial.mag)]
    filt = found.VQF(1 / trial.rate_hz)
    if magnetometer:
        return filt.updateBatch(*blocks)["quat9D"]
    return filt.updateBatch(*blocks[:2])["quat6D"]


def madgwick(trial, magnetometer=True):
    """Madgwick's filter of the package ahrs; its north is our x, so it is turned by 90 degrees."""
    filters = peers._module("ahrs.filters")
    inputs = {"gyr": trial.gyro.astype(float), "acc": trial.accel.astype(float), "frequency": trial.rate_hz}
    if magnetometer:
        inputs["mag"] = trial.mag.astype(float)
    return _turned(filters.Madgwick(**inputs).Q) if magnetometer else filters.Madgwick(**inputs).Q


def imufusion(trial, magnetometer=True):
    """The Fusion package, east-north-up, its own settings but for the sampling rate."""
    found = peers._module("imufusion")
    settings = found.AhrsSettings()
    settings.sample_rate, settings.convention = trial.rate_hz, found.CONVENTION_ENU
    filt = found.Ahrs()
    filt.set_settings(settings)
    out = np.empty((len(trial.gyro), 4))
    degrees, weight = np.degrees(trial.gyro.astype(float)), trial.accel.astype(float) / G
    mag = trial.mag.astype(float)
    for i in range(len(out)):
        if magnetometer:
            filt.update(degrees[i], weight[i], mag[i])
        else:
            filt.update_no_magnetometer(degrees[i], weight[i])
        out[i] = filt.get_quaternion()
    return out


def _turned(quaternions):
    """North-west-up to east-north-up."""
    w, x, y, z = quaternions.T
    half = np.sqrt(0.5)
    return half * np.stack([w - z, x - y, x + y, w + z], axis=1)


ALL = {"VQF": vqf, "Madgwick (ahrs)": madgwick, "imufusion": imufusion}
