"""The rings' inner functions in plain Python, as the C module's rings.c and _viper.py have them.

emitting.py says what the arguments are.
"""

from tasuki_hub.fast import copy_into
from tasuki_wire import codec, layout


def _time_us(state, at):
    return codec.time_us(state[at], state[at + 1])


def advance(state, n):
    """The n oldest records are gone, none of them behind a gap."""
    state[0] = (state[0] + n) % state[8]
    state[1] -= n
    us = _time_us(state, 3) + n * state[9]
    state[3] = us >> 30
    state[4] = us & layout.MAX_SEQ
    if state[2]:
        state[2] -= n
        if not state[2]:
            state[3] = state[5]
            state[4] = state[6]


def _drop(state, n):
    """The n oldest of all records, which may stand on both sides of a gap."""
    cut = state[2]
    if cut and n > cut:
        advance(state, cut)
        n -= cut
    advance(state, n)


def push(state, records, src, n):
    """Append n records; the oldest make room. Returns how many were lost so."""
    size = state[7]
    capacity = state[8]
    lost = start = 0
    while n > 0:
        some = min(n, capacity)
        over = state[1] + some - capacity
        if over > 0:
            _drop(state, over)
            lost += over
        at = (state[0] + state[1]) % capacity
        first = min(some, capacity - at)
        copy_into(records, at * size, src, start, first * size)
        if some > first:
            copy_into(records, 0, src, start + first * size, (some - first) * size)
        state[1] += some
        start += some * size
        n -= some
    return lost


def ready(state, hi, lo, flush):
    """How many records the next frame takes: see ring.SampleRing.ready."""
    per_frame = state[12]
    cut = state[2]
    n = min(cut or state[1], per_frame)
    behind_us = (hi - state[3] << 30) + lo - state[4]
    if not n or behind_us <= 0:
        return 0
    period = state[9]
    if behind_us <= (n - 1) * period:
        n = (behind_us + period - 1) // period
    return n if n == per_frame or flush or cut else 0


def took(state, counts, n, now_us):
    """n records have just been pushed: count them, how long the oldest of them waited, how many are late.

    counts: records, longest wait and late ones so far, and the wait that is allowed, in microseconds.
    A board looks at the lower 32 bits of the times only: the rest would be objects.
    """
    at = 3
    count = state[1]
    if state[2] and state[2] < count:
        at = 5
        count -= state[2]
    us = min(now_us - _time_us(state, at) - (count - n) * state[9], layout.MAX_SEQ)
    counts[0] += n
    if us > counts[1]:
        counts[1] = us
    if us > counts[3]:
        counts[2] += min(n, 1 + (us - counts[3] - 1) // state[9])


def pull_into(state, records, dst, at, n):
    """Move the n oldest records to dst[at:]; return the bytes written."""
    size = state[7]
    first = min(n, state[8] - state[0])
    copy_into(dst, at, records, state[0] * size, first * size)
    copy_into(dst, at + first * size, records, 0, (n - first) * size)
    advance(state, n)
    return n * size


# -- the frame ring -----------------------------------------------------------


def behind(ring, place):
    """Where the frame behind the one at place stands."""
    place += 2 + (ring[place] | ring[place + 1] << 8)
    if place + 2 > len(ring) or ring[place] & ring[place + 1] == 255:
        return 0
    return place


def go_on(state, ring):
    """The frame that was to be sent next goes; the next is the first behind it that was not forgotten."""
    state[5] += 1
    if state[5] != state[4]:
        place = behind(ring, state[3])
        while ring[place + 4] == 255:
            place = behind(ring, place)
        state[3] = place


def _evict(state, ring, start, end):
    while state[2] and start <= state[1] < end:
        if state[5] != state[4] and state[1] == state[3]:
            state[6] += 1
            go_on(state, ring)
        state[1] = behind(ring, state[1])
        state[2] -= 1


def keep(state, ring, body, n):
    """Add a body; the oldest ones make room."""
    end = state[0]
    if end + 2 + n > len(ring):
        _evict(state, ring, end, len(ring))
        if end + 2 <= len(ring):
            ring[end] = ring[end + 1] = 255
        end = 0
    _evict(state, ring, end, end + 2 + n)
    ring[end] = n & 255
    ring[end + 1] = n >> 8
    copy_into(ring, end + 2, body, 0, n)
    if not state[2]:
        state[1] = end
    if state[5] == state[4]:
        state[3] = end
    state[2] += 1
    state[4] += 1
    state[0] = end + 2 + n
