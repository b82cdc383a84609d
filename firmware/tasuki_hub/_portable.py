"""SHA-512's block function in plain Python, where there is no viper."""

_MASK = (1 << 64) - 1


def compress(state, k, data, at):
    """Mix data[at : at + 128] into state; the same contract as _viper.compress."""
    w = [int.from_bytes(data[i : i + 8], "big") for i in range(at, at + 128, 8)]
    for t in range(16, 80):
        x = w[t - 15]
        y = w[t - 2]
        s0 = (x >> 1 | x << 63) ^ (x >> 8 | x << 56) ^ x >> 7
        s1 = (y >> 19 | y << 45) ^ (y >> 61 | y << 3) ^ y >> 6
        w.append((w[t - 16] + (s0 & _MASK) + w[t - 7] + (s1 & _MASK)) & _MASK)
    start = [state[i] << 32 | state[i + 1] for i in range(0, 16, 2)]
    a, b, c, d, e, f, g, h = start
    for t in range(80):
        s1 = (e >> 14 | e << 50) ^ (e >> 18 | e << 46) ^ (e >> 41 | e << 23)
        t1 = h + (s1 & _MASK) + (g ^ e & (f ^ g)) + (k[2 * t] << 32 | k[2 * t + 1]) + w[t]
        s0 = (a >> 28 | a << 36) ^ (a >> 34 | a << 30) ^ (a >> 39 | a << 25)
        t2 = (s0 & _MASK) + (a & b | c & (a | b))
        h, g, f, e, d, c, b, a = g, f, e, (d + t1) & _MASK, c, b, a, (t1 + t2) & _MASK
    for i, word in enumerate((a, b, c, d, e, f, g, h)):
        word = (word + start[i]) & _MASK
        state[2 * i] = word >> 32
        state[2 * i + 1] = word & 0xFFFFFFFF
