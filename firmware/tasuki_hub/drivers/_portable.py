"""The loops of _viper.py in plain Python, where there is no viper; kernels.py says what they do."""


def _int16(buf, at):
    v = buf[at] | buf[at + 1] << 8
    return v - 65536 if v > 32767 else v


def _put(buf, at, v):
    v = max(-32768, min(32767, v))
    buf[at] = v & 255
    buf[at + 1] = v >> 8 & 255


def ecg_words(dst, at, src, first, last):
    """See kernels.ecg_words."""
    out = 0
    for i in range(first, last):
        word = 3 * i
        tag = src[word + 2] >> 3 & 7
        if tag not in (0, 2):
            return out | tag << 8
        v = src[word] << 10 | src[word + 1] << 2 | src[word + 2] >> 6
        if v > 131071:
            v -= 262144
        _put(dst, 2 * (at + out), (v * 3125 + 4096) >> 13)
        out += 1
        if tag == 2:
            return out | tag << 8
    return out


def imu_pair(dst, src):
    """See kernels.imu_pair."""
    if (src[0] ^ src[7]) & 6:
        return 0
    sensors = (src[0] >> 3, src[7] >> 3)
    if sensors not in ((1, 2), (2, 1)):
        return 0
    gyro, accel = (1, 8) if sensors[0] == 1 else (8, 1)
    for i in range(0, 6, 2):
        _put(dst, i, _int16(src, accel + i))
        _put(dst, 6 + i, (_int16(src, gyro + i) * 36700 + 16384) >> 15)
    return 1


def imu_mix(dst, at, a, b, part):
    """See kernels.imu_mix."""
    for i in range(0, 12, 2):
        x = _int16(a, i)
        _put(dst, at + i, x + (((_int16(b, i) - x) * part + 2048) >> 12))


def calibrate(buf, at, n, columns, rows, first, count):
    """See kernels.calibrate."""
    for row in range(6 * first, 6 * (first + count), 6):
        offset = _int16(rows, row + 2)
        gain = rows[row + 4] | rows[row + 5] << 8
        for place in range(at + 2 * rows[row + 1], at + 2 * n * columns, 2 * columns):
            v = _int16(buf, place) - offset
            q = (abs(v) * gain + 8192) >> 14
            _put(buf, place, q if v > 0 else -q)
