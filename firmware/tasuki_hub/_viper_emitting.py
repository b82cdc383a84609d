"""A frame's way with viper: machine code but for the hashes, which the interpreter has in C.

emitting.py says what the arguments are. A `ring` that is a memoryview spares an
object for each of its slices. The numbers are layout's HEADER_SIZE and NODE_SIZE:
a name of another module would cost two look-ups in each frame.
"""

from binascii import crc32
from hashlib import sha256

import micropython

from tasuki_hub._viper import copy, keep_leaf, make_room, pack, ready, stuff, take
from tasuki_wire import layout

_salt = bytearray(1 + layout.KEY_SIZE)  # a leaf's tag, 0, and the slot's key
_packed = bytearray(layout.MAX_PAYLOAD)
_joined = bytearray(layout.MAX_PAYLOAD)  # records that stand on both sides of their ring's end


@micropython.viper
def _make(frames, ring, row, n: int, places: int) -> int:
    """The body of a row's n oldest records, in the ring: place << 8 | length; 0 when its leaf has no place.

    The slot's entry takes it, the sample ring goes on, and what is hashed before a
    body stands in _salt.
    """
    samples, records, slot, _ = row
    entry = ptr8(slot)
    count = entry[6] | entry[7] << 8
    if count >= places:
        return 0
    options = ptr32(frames)
    state = ptr32(samples)
    head = state[0]
    capacity = state[8]
    size = state[7]
    start = head * size
    left = capacity - head
    columns = size >> 1
    if n > left:
        left *= size
        copy(_joined, 0, records, start, left)
        copy(_joined, left, records, 0, n * size - left)
        records = _joined
        start = 0
    size = n * size
    packed = 0
    if options[7] >> state[10] & 1:
        packed = int(pack(_packed, 0, records, start, n, columns))
        if packed:
            records = _packed
            start = 0
            size = packed
    size += 16
    at = int(make_room(frames, ring, size))
    copy(ring, at + 16, records, start, size - 16)
    # header
    body = ptr8(int(ptr8(ring)) + at)
    body[0] = options[8]
    body[1] = state[10]
    body[2] = state[11]
    body[3] = 1 if packed else 0  # layout.FLAG_PACKED
    word = state[13]
    state[13] = word + 1
    out = 4
    while out < 16:
        body[out] = word
        body[out + 1] = word >> 8
        body[out + 2] = word >> 16
        body[out + 3] = word >> 24
        word = state[2 + (out >> 2)]
        out += 4
    # entry
    if count == 0:
        entry[0] = body[2]
        entry[1] = body[1]
        copy(slot, 2, ring, at + 4, 4)
        copy(slot, 8, ring, at + 8, 8)
    count += 1
    entry[6] = count
    entry[7] = count >> 8
    period = state[9]
    low = state[4] + (n - 1) * period
    high = state[3] + (low >> 30)
    low = low & 0x3FFFFFFF
    out = 16
    while out < 20:
        entry[out] = high
        entry[out + 4] = low
        high = high >> 8
        low = low >> 8
        out += 1
    copy(_salt, 1, slot, 48, 16)
    # the n records are gone
    head += n
    if head >= capacity:
        head -= capacity
    state[0] = head
    state[1] = state[1] - n
    low = state[4] + n * period
    state[3] = state[3] + (low >> 30)
    state[4] = low & 0x3FFFFFFF
    cut = state[2]
    if cut:
        cut -= n
        state[2] = cut
        if cut == 0:
            state[3] = state[5]
            state[4] = state[6]
    return at << 8 | size


def emit(frames, ring, rows, most, hi, lo, flush):
    """Make the next frames: see emitting.py."""
    made = full = 0
    for row in rows:
        samples = row[0]
        n = ready(samples, hi, lo, flush)
        if n:
            leaves = row[3]
            places = len(leaves) // 24
            left = most
            while n and left:
                body = _make(frames, ring, row, n, places)
                if not body:
                    full = 1
                    break
                place = body >> 8
                hashed = sha256(_salt)
                hashed.update(ring[place : place + (body & 255)])
                keep_leaf(leaves, hashed.digest(), places, samples)
                made += 1
                left -= 1
                n = ready(samples, hi, lo, flush)
    return -1 - made if full else made


def take_into(dst, frames, ring, seeds):
    """The oldest body that was not sent, as it goes over the line; its bytes, 0 when there is none."""
    body = take(frames, ring)
    if not body:
        return 0
    n = body & 255
    place = body >> 8
    body = ring[place : place + n]
    return stuff(dst, body, n, crc32(body, seeds[body[1]]))


def go_on(state, ring):
    """The frame that was to be sent next goes."""
    take(state, ring)


def keep(state, ring, body, n):
    """Add a body; the oldest ones make room."""
    if 2 + n > len(ring) or n > len(body):
        raise IndexError("frame")
    copy(ring, make_room(state, ring, n), body, 0, n)
