"""Conversions from a part's words to the wire's records, in place of a loop per sample in the drivers.

Machine code where the interpreter has it, the same loops in plain Python else;
what is not the drivers' own, the correction, in the C module where there is one.
"""

import sys

from tasuki_hub.native import module

try:
    if sys.implementation.name != "micropython":
        raise ImportError("viper")
    from tasuki_hub.drivers import _viper as _loops
except (ImportError, SyntaxError, ValueError):  # as in tasuki_hub/fast.py
    from tasuki_hub.drivers import _portable as _loops


def ecg_words(dst, at, src, first, last):
    """FIFO words first to last - 1 of a MAX30003 as int16 microvolts, from dst[2 * at] on.

    A word is 18 bits of voltage, 3 of ETAG and 3 unused, high byte first. At a
    gain of 20 V/V one step is 1 V / 2**17 / 20 = 3125/8192 uV (data sheet, "ECG
    FIFO"); what exceeds 16 bits is held at the limit. Stops behind a word that
    is tagged as the last (2) and before one that holds no voltage (1, 3 to 7).
    Returns how many were written, and the tag that stopped it << 8.
    """
    if first < 0 or 3 * last > len(src) or at < 0 or 2 * (at + last - first) > len(dst):
        raise IndexError("ecg")
    return _loops.ecg_words(dst, at, src, first, last)


def imu_pair(dst, src):
    """Two FIFO words of an LSM6DSO as one record of the kind imu; 0 when they are no pair.

    A word is a tag byte (sensor << 3 | time slot << 1 | parity) and x, y, z as
    int16, low byte first; sensor 1 is the gyroscope, 2 the accelerometer. At
    16 g one step is 0.488 mg, the wire's 1/2048 g; at 2000 deg/s it is 70
    mdeg/s, which is 28/25 of the wire's 1/16 deg/s and is held at the limits.
    """
    if len(src) < 14 or len(dst) < 12:
        raise IndexError("imu")
    return _loops.imu_pair(dst, src)


def imu_mix(dst, at, a, b, part):
    """Put a + (b - a) * part / 4096 into dst[at : at + 12]; records of six int16, part up to 4096."""
    if at < 0 or at + 12 > len(dst) or min(len(a), len(b)) < 12 or not 0 <= part <= 4096:
        raise IndexError("imu")
    _loops.imu_mix(dst, at, a, b, part)


def calibrate(buf, at, n, columns, rows, first, count):
    """Correct n records of `columns` int16 at buf[at:] by the rows first to first + count - 1.

    A row is a layout.CALIBRATION_ROW, 6 bytes: stream, column, offset, gain. A
    value becomes (value - offset) * gain / 16384, rounded half away from zero
    and held at the limits. The product has 17 and 16 bits: its magnitude is
    worked out in two halves, each within 31.
    """
    if min(at, n, columns - 1, first, count) < 0 or at + 2 * n * columns > len(buf):
        raise IndexError("calibrate")
    if 6 * (first + count) > len(rows):
        raise IndexError("calibrate")
    _loops.calibrate(buf, at, n, columns, rows, first, count)


if module:
    calibrate = module.calibrate
