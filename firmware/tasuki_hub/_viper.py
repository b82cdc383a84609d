"""The hub's inner loops as machine code: MicroPython's viper, never CPython.

A viper int is a machine word, 32 bits on a board and 64 on the unix port, and
these functions are right on both: no literal needs more than 31 bits, and what
is shifted right or compared is held to 32 bits first. Nothing but pack checks
an index here, so only fast.py calls the others, after it has checked the lengths.
"""

import micropython

_STEPS = bytearray(234)  # the differences of one column, 16 bits each


@micropython.viper
def cobs_encode(dst: ptr8, src: ptr8, n: int) -> int:
    """Stuff n bytes; the length. dst has n + max(1, (n + 253) // 254) bytes."""
    code_at = 0
    out = 1
    code = 1
    i = 0
    while i < n:
        byte = src[i]
        i += 1
        if byte:
            dst[out] = byte
            out += 1
            code += 1
            if code < 255 or i == n:
                continue
        dst[code_at] = code
        code_at = out
        out += 1
        code = 1
    dst[code_at] = code
    return out


@micropython.viper
def cobs_decode(dst: ptr8, src: ptr8, n: int) -> int:
    """Unstuff n bytes; the length, or -1 - 2i for a bad code at i, -2 - 2i for a zero at i."""
    i = 0
    out = 0
    while i < n:
        code = src[i]
        end = i + code
        if code == 0 or end > n:
            return -1 - 2 * i
        i += 1
        while i < end:
            byte = src[i]
            if byte == 0:
                return -2 - 2 * i
            dst[out] = byte
            out += 1
            i += 1
        if code < 255 and i < n:
            dst[out] = 0
            out += 1
    return out


@micropython.viper
def copy(dst: ptr8, at: int, src: ptr8, start: int, n: int):
    """Copy src[start : start + n] to dst[at : at + n]."""
    # moved so that one index serves both: the first three locals live in registers
    dst = ptr8(int(dst) + at)
    src = ptr8(int(src) + start)
    at = n
    while at:
        at -= 1
        dst[at] = src[at]


@micropython.viper
def fill(dst: ptr8, n: int, byte: int):
    """Set the first n bytes of dst."""
    while n:
        n -= 1
        dst[n] = byte


@micropython.viper
def pack(to, at: int, records, start: int, n: int, columns: int) -> int:
    """tasuki_wire.packing.pack_into for at most 234 bytes of records in another buffer.

    Checks its places itself, because checks in bytecode would take as long
    as the packing: IndexError.
    """
    size = columns << 1
    if at < 0 or start < 0 or n < 0 or columns < 1 or n > 117 or columns > 117 or n * size > 234:
        raise IndexError("pack")
    to_size = int(len(to))  # noqa: RUF046  an object until it is cast
    records_size = int(len(records))  # noqa: RUF046
    if at + n * size > to_size or start + n * size > records_size:
        raise IndexError("pack")
    dst = ptr8(to)
    src = ptr8(records)
    steps = ptr16(_STEPS)
    begin = at
    end = at + n * size
    stop = start + n * size
    last = start + size
    if n < 2:
        return 0
    dst[at] = n
    out = at + 1
    # from here on `at` is the index of the loops: the first locals live in registers
    at = start
    while at < last:
        dst[out] = src[at]
        out += 1
        at += 1
    # Of held only the lowest `bits` are not written yet; what is above them
    # never reaches the byte that is stored.
    held = 0
    bits = 0
    column = start
    while column < last:
        before = src[column] | src[column + 1] << 8
        seen = 0
        count = 0
        at = column + size
        while at < stop:
            value = src[at] | src[at + 1] << 8
            step = value - before
            step = (step << 1 ^ 0 - (step >> 15 & 1)) & 0xFFFF
            steps[count] = step
            seen |= step
            before = value
            count += 1
            at += size
        width = 0
        while seen and width < 15:
            seen >>= 1
            width += 1
        held = held << 4 | width
        bits += 4
        if width == 15:
            width = 16
        if out + ((bits + width * count + 7) >> 3) >= end:
            return 0
        if not width:
            count = 0
        at = 0
        while True:
            while bits >= 8:
                bits -= 8
                dst[out] = held >> bits
                out += 1
            if at == count:
                break
            held = held << width | steps[at]
            bits += width
            at += 1
        column += 2
    if bits:
        dst[out] = held << (8 - bits)
        out += 1
    return out - begin


@micropython.viper
def ready(state: ptr32, hi: int, lo: int, flush: int) -> int:
    """_portable_rings.ready. Times are apart by less than 2**30 us, else by far more than a frame."""
    cut = state[2]
    n = state[1]
    per_frame = state[12]
    if cut:
        n = cut
    if n < per_frame and not flush and not cut:
        return 0
    if n > per_frame:
        n = per_frame
    high = hi - state[3]
    behind = lo - state[4]
    if high > 1 or (high == 1 and behind >= 0):
        behind = 0x3FFFFFFF
    elif high == 1:
        behind += 0x20000000
        behind += 0x20000000
    elif high < 0:
        return 0
    if n == 0 or behind <= 0:
        return 0
    period = state[9]
    if behind <= (n - 1) * period:
        n = (behind + period - 1) // period
    if n == per_frame or flush or cut:
        return n
    return 0


@micropython.viper
def since(now: int, then: int) -> int:
    """fast.since."""
    return now - then


@micropython.viper
def took(state: ptr32, counts: ptr32, n: int, now: int):
    """_portable_rings.took; on a board of the lower 32 bits."""
    at = 3
    count = state[1]
    cut = state[2]
    if cut and cut < count:
        at = 5
        count -= cut
    us = now - (state[at] << 30) - state[at + 1] - (count - n) * state[9]
    if us > 0x3FFFFFFF:
        us = 0x3FFFFFFF
    counts[0] = counts[0] + n
    if us > counts[1]:
        counts[1] = us
    over = us - counts[3]
    if over > 0:
        late = 1 + (over - 1) // state[9]
        if late > n:
            late = n
        counts[2] = counts[2] + late


@micropython.viper
def keep_leaf(leaves: ptr8, digest: ptr8, n: int, samples: ptr32):
    """Put the leaf of a sample ring's newest frame, 24 bytes of the digest, where its seq says; n: places."""
    leaves = ptr8(int(leaves) + (samples[13] - 1) % n * 24)
    n = 24
    while n:
        n -= 1
        leaves[n] = digest[n]


@micropython.viper
def stuff(dst: ptr8, src: ptr8, n: int, crc: uint) -> int:
    """COBS of the body src[:n] and its CRC, with the delimiter; the length, n + 6.

    n is at most 250: a frame so short takes one code byte more and no other.
    From the end to the start, where the code stands that each zero becomes.
    """
    last = n + 5
    dst[last] = 0
    shift = 24
    at = n + 4
    while at > n:
        byte = int(crc >> shift) & 255
        if byte == 0:
            byte = last - at
            last = at
        dst[at] = byte
        at -= 1
        shift -= 8
    size = n + 6
    src = ptr8(int(src) - 1)  # so that one index serves both
    while n:
        if src[n]:
            dst[n] = src[n]
        else:
            dst[n] = last - n
            last = n
        n -= 1
    dst[0] = last
    return size


@micropython.viper
def take(state: ptr32, ring: ptr8) -> int:
    """The frame that was to be sent next goes: place << 8 | length of its body, 0 when there is none.

    The next one is the first behind it that was not forgotten.
    """
    sent = state[5]
    packed = state[4]
    if sent == packed:
        return 0
    place = state[3]
    n = ring[place] | ring[place + 1] << 8
    taken = place + 2 << 8 | n
    sent += 1
    state[5] = sent
    gone = 255
    while gone == 255 and sent != packed:
        place += 2 + n
        n = 0xFFFF
        if place + 2 <= state[9]:
            n = ring[place] | ring[place + 1] << 8
        if n == 0xFFFF:
            place = 0
            n = ring[0] | ring[1] << 8
        gone = ring[place + 4]
    state[3] = place
    return taken


@micropython.viper
def make_room(state: ptr32, ring: ptr8, n: int) -> int:
    """_portable_rings.keep but for the body itself. Where the n bytes of the body go."""
    size = state[9]
    end = state[0]
    stop = end + 2 + n
    wraps = 0
    if stop > size:
        stop = size
        wraps = 1
    while True:
        while state[2]:
            place = state[1]
            if place < end or place >= stop:
                break
            if state[5] != state[4] and place == state[3]:
                state[6] = state[6] + 1
                take(state, ring)
            place += 2 + (ring[place] | ring[place + 1] << 8)
            if place + 2 > size or ring[place] & ring[place + 1] == 255:
                place = 0
            state[1] = place
            state[2] = state[2] - 1
        if wraps == 0:
            break
        if end + 2 <= size:
            ring[end] = 255
            ring[end + 1] = 255
        end = 0
        stop = 2 + n
        wraps = 0
    ring[end] = n
    ring[end + 1] = n >> 8
    if state[2] == 0:
        state[1] = end
    if state[5] == state[4]:
        state[3] = end
    state[2] = state[2] + 1
    state[4] = state[4] + 1
    state[0] = stop
    return end + 2
