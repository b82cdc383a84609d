"""The drivers' inner loops as machine code; only kernels.py calls these, after checking lengths.

The same rules as in tasuki_hub/_viper.py: right for machine words of 32 and 64 bits.
"""

import micropython


@micropython.viper
def ecg_words(dst: ptr8, at: int, src: ptr8, first: int, last: int) -> int:
    """See kernels.ecg_words."""
    out = 0
    i = first
    while i < last:
        word = 3 * i
        tag = src[word + 2] >> 3 & 7
        if tag != 0 and tag != 2:
            return out | tag << 8
        v = src[word] << 10 | src[word + 1] << 2 | src[word + 2] >> 6
        if v > 131071:
            v -= 262144
        v = (v * 3125 + 4096) >> 13
        if v > 32767:
            v = 32767
        if v < -32768:
            v = -32768
        dst[2 * (at + out)] = v & 255
        dst[2 * (at + out) + 1] = v >> 8 & 255
        out += 1
        if tag == 2:
            return out | 512
        i += 1
    return out


@micropython.viper
def imu_pair(dst: ptr8, src: ptr8) -> int:
    """See kernels.imu_pair."""
    first = src[0] >> 3
    second = src[7] >> 3
    if (src[0] ^ src[7]) & 6:
        return 0
    gyro = 1
    accel = 8
    if first == 2 and second == 1:
        gyro = 8
        accel = 1
    elif first != 1 or second != 2:
        return 0
    i = 0
    while i < 6:
        dst[i] = src[accel + i]
        v = src[gyro + i] | src[gyro + i + 1] << 8
        if v > 32767:
            v -= 65536
        v = (v * 36700 + 16384) >> 15
        if v > 32767:
            v = 32767
        if v < -32768:
            v = -32768
        dst[6 + i] = v & 255
        dst[7 + i] = v >> 8 & 255
        dst[i + 1] = src[accel + i + 1]
        i += 2
    return 1


@micropython.viper
def imu_mix(dst: ptr8, at: int, a: ptr8, b: ptr8, part: int):
    """See kernels.imu_mix."""
    i = 0
    while i < 12:
        x = a[i] | a[i + 1] << 8
        if x > 32767:
            x -= 65536
        y = b[i] | b[i + 1] << 8
        if y > 32767:
            y -= 65536
        x += ((y - x) * part + 2048) >> 12
        dst[at + i] = x & 255
        dst[at + i + 1] = x >> 8 & 255
        i += 2


@micropython.viper
def calibrate(buf: ptr8, at: int, n: int, columns: int, rows: ptr8, first: int, count: int):
    """See kernels.calibrate."""
    row = 6 * first
    last_row = row + 6 * count
    end = at + 2 * n * columns
    while row < last_row:
        offset = rows[row + 2] | rows[row + 3] << 8
        if offset > 32767:
            offset -= 65536
        place = at + 2 * rows[row + 1]
        while place < end:
            v = buf[place] | buf[place + 1] << 8
            if v > 32767:
                v -= 65536
            v -= offset
            size = v
            if v < 0:
                size = 0 - v
            # (size * gain + 8192) >> 14, of a product of 32 bits
            low = size * rows[row + 4] + 8192
            size = (size * rows[row + 5] + (low >> 8)) >> 6
            if v < 0:
                size = 0 - size
            if size > 32767:
                size = 32767
            if size < -32768:
                size = -32768
            buf[place] = size & 255
            buf[place + 1] = size >> 8 & 255
            place += 2 * columns
        row += 6
