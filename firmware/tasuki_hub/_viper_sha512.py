"""SHA-512's block as machine code, as _viper.py, apart from it because a hub with the C module needs none."""

import micropython

_W = bytearray(640)  # SHA-512's message schedule: 80 words as (high, low)


@micropython.viper
def _schedule(w: ptr32, data: ptr8, at: int):
    """Message schedule of FIPS 180-4 section 6.4.2 step 1, from data[at : at + 128]."""
    m = (uint(0xFFFF) << 16) | uint(0xFFFF)
    i = 0
    while i < 32:
        w[i] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
        at += 4
        i += 1
    while i < 160:
        xh = uint(w[i - 30])
        xl = uint(w[i - 29])
        yh = uint(w[i - 4])
        yl = uint(w[i - 3])
        hi = (xh >> 1 | xl << 31) ^ (xh >> 8 | xl << 24) ^ xh >> 7
        lo = (xl >> 1 | xh << 31) ^ (xl >> 8 | xh << 24) ^ (xl >> 7 | xh << 25)
        part = ((yl >> 19 | yh << 13) ^ (yh >> 29 | yl << 3) ^ (yl >> 6 | yh << 26)) & m
        hi += (yh >> 19 | yl << 13) ^ (yl >> 29 | yh << 3) ^ yh >> 6
        lo = (lo + part) & m
        if lo < part:
            hi += 1
        part = uint(w[i - 13])
        hi += uint(w[i - 14])
        lo = (lo + part) & m
        if lo < part:
            hi += 1
        part = uint(w[i - 31])
        hi += uint(w[i - 32])
        lo = (lo + part) & m
        if lo < part:
            hi += 1
        w[i] = hi
        w[i + 1] = lo
        i += 2


@micropython.viper
def _add(state: ptr32, i: int, hi: uint, lo: uint):
    """Add a word to word i of the state; i counts its halves."""
    m = (uint(0xFFFF) << 16) | uint(0xFFFF)
    low = (uint(state[i + 1]) + lo) & m
    if low < lo:
        hi += 1
    state[i] = uint(state[i]) + hi
    state[i + 1] = low


@micropython.viper
def compress(state, k: ptr32, data, at: int):
    """Mix data[at : at + 128] into state: SHA-512, FIPS 180-4 section 6.4.2.

    state is array('I') of 8 words and k of the 80 constants, as (high, low).
    """
    _schedule(_W, data, at)
    w = ptr32(_W)
    s = ptr32(state)
    m = (uint(0xFFFF) << 16) | uint(0xFFFF)
    ah = uint(s[0])
    al = uint(s[1])
    bh = uint(s[2])
    bl = uint(s[3])
    ch = uint(s[4])
    cl = uint(s[5])
    dh = uint(s[6])
    dl = uint(s[7])
    eh = uint(s[8])
    el = uint(s[9])
    fh = uint(s[10])
    fl = uint(s[11])
    gh = uint(s[12])
    gl = uint(s[13])
    hh = uint(s[14])
    hl = uint(s[15])
    i = 0
    while i < 160:
        # (hh, hl) becomes T1 = h + S1(e) + Ch(e, f, g) + k + w
        part = ((el >> 14 | eh << 18) ^ (el >> 18 | eh << 14) ^ (eh >> 9 | el << 23)) & m
        hh += (eh >> 14 | el << 18) ^ (eh >> 18 | el << 14) ^ (el >> 9 | eh << 23)
        hl = (hl + part) & m
        if hl < part:
            hh += 1
        part = gl ^ el & (fl ^ gl)
        hh += gh ^ eh & (fh ^ gh)
        hl = (hl + part) & m
        if hl < part:
            hh += 1
        part = uint(k[i + 1])
        hh += uint(k[i])
        hl = (hl + part) & m
        if hl < part:
            hh += 1
        part = uint(w[i + 1])
        hh += uint(w[i])
        hl = (hl + part) & m
        if hl < part:
            hh += 1
        # (th, tl) becomes T1 + T2, T2 = S0(a) + Maj(a, b, c)
        tl = (al >> 28 | ah << 4) ^ (ah >> 2 | al << 30) ^ (ah >> 7 | al << 25)
        th = (ah >> 28 | al << 4) ^ (al >> 2 | ah << 30) ^ (al >> 7 | ah << 25)
        part = al & bl | cl & (al | bl)
        th += ah & bh | ch & (ah | bh)
        tl = (tl + part) & m
        if tl < part:
            th += 1
        th += hh
        tl = (tl + hl) & m
        if tl < hl:
            th += 1
        dl = (dl + hl) & m
        dh += hh
        if dl < hl:
            dh += 1
        hh = gh
        hl = gl
        gh = fh
        gl = fl
        fh = eh
        fl = el
        eh = dh & m
        el = dl
        dh = ch
        dl = cl
        ch = bh
        cl = bl
        bh = ah
        bl = al
        ah = th & m
        al = tl
        i += 2
    _add(state, 0, ah, al)
    _add(state, 2, bh, bl)
    _add(state, 4, ch, cl)
    _add(state, 6, dh, dl)
    _add(state, 8, eh, el)
    _add(state, 10, fh, fl)
    _add(state, 12, gh, gl)
    _add(state, 14, hh, hl)
