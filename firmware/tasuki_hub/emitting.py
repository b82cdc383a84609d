"""One frame's way in few calls: from its sample ring into epoch and frame ring, then to the line.

By the C module where there is one, else by viper, else as written here: same
results. States are arrays of u32 whose indices ring.py names.

    emit(frames, ring, rows, most, hi, lo, flush)

makes the next frames, up to `most` a row, of what was sampled before the time
(hi, lo). A row is (samples, records, slot, leaves) of one stream: bodies go
into `ring`, their leaves into `leaves`, each at the place of its seq modulo the
places. Returns how many frames were made, or -1 less that number when an epoch has
as many frames as some `leaves` have places.

A slot is the entry of
its stream (tasuki_wire.layout.ENTRY), the slot's key, and room for the C module
to keep the nodes that wait for their sibling.
"""

import struct
from array import array
from binascii import crc32
from hashlib import sha256

from tasuki_hub import fast
from tasuki_hub.fast import copy_into, wipe  # noqa: F401
from tasuki_hub.native import module
from tasuki_hub.packing import pack_into
from tasuki_wire import codec, epoch, layout

LOW = layout.WORD - 1  # of a time, what its low word holds
SLOT_KEY = layout.ENTRY_SIZE
SLOT_SIZE = SLOT_KEY + layout.KEY_SIZE
_SALTED = 1 + layout.KEY_SIZE  # what stands before a body when it is hashed
_WRAP = 0xFFFF  # in place of a length: the next frame stands at the start
_PAYLOAD = _SALTED + layout.HEADER_SIZE
_BODY = layout.MAX_FRAME - layout.CRC_SIZE

_message = bytearray(_SALTED + _BODY)
_view = memoryview(_message)
_body = _view[_SALTED:]
_raw = bytearray(layout.MAX_PAYLOAD)


def time_us(state, at):
    """A time that stands as two words."""
    return state[at] << 30 | state[at + 1]


def put_time(state, at, us):
    """Let it be us."""
    state[at] = us >> 30
    state[at + 1] = us & LOW


def frames_state():
    """State of an empty frame ring."""
    return array("I", [0] * 8 + [layout.VERSION])


def slot_stack(frames):
    """Bytes that the nodes of so many frames take while they wait."""
    levels = 1
    while frames:
        levels += 1
        frames >>= 1
    return levels * layout.NODE_SIZE if module else 0


# -- sample rings -------------------------------------------------------------


def _advance(state, n):
    state[0] = (state[0] + n) % state[8]
    state[1] -= n
    put_time(state, 3, time_us(state, 3) + n * state[9])
    if state[2]:
        state[2] -= n
        if not state[2]:
            state[3] = state[5]
            state[4] = state[6]


def _drop(state, n):
    """The n oldest of all records, which may stand on both sides of a gap."""
    cut = state[2]
    if cut and n > cut:
        _advance(state, cut)
        n -= cut
    _advance(state, n)


def _push(state, records, src, n):
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


def _ready(state, hi, lo, flush):
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


def _took(state, counts, n, now_us):
    """n records have just been pushed: count them, how long the oldest of them waited, how many are late.

    counts: records, longest wait and late ones so far, and the wait that is allowed, in microseconds.
    A board looks at the lower 32 bits of the times only: the rest would be objects.
    """
    at = 3
    count = state[1]
    if state[2] and state[2] < count:
        at = 5
        count -= state[2]
    us = min(now_us - time_us(state, at) - (count - n) * state[9], LOW)
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
    _advance(state, n)
    return n * size


def _make(frames, state, records, message, n):
    """The body of the n oldest records to message[17:]; its length, fewer bytes when they go packed."""
    kind = state[10]
    hi = state[3]
    lo = state[4]
    size = pull_into(state, records, _raw, 0, n)
    at = _SALTED + layout.HEADER_SIZE
    packed = 0
    if frames[7] >> kind & 1:
        packed = pack_into(message, at, _raw, 0, n, state[7] // 2)
    if not packed:
        copy_into(message, at, _raw, 0, size)
    flags = layout.FLAG_PACKED if packed else 0
    struct.pack_into("<BBBBIII", message, _SALTED, frames[8], kind, state[11], flags, state[13], hi, lo)
    state[13] += 1
    return layout.HEADER_SIZE + (packed or size)


# -- the frame ring -----------------------------------------------------------


def behind(ring, place):
    """Where the frame behind the one at place stands."""
    place += 2 + (ring[place] | ring[place + 1] << 8)
    if place + 2 > len(ring) or ring[place] & ring[place + 1] == 255:
        return 0
    return place


def _go_on(state, ring):
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
            _go_on(state, ring)
        state[1] = behind(ring, state[1])
        state[2] -= 1


def _keep(state, ring, body, n):
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


# -- the whole way ------------------------------------------------------------


def _emit(frames, ring, rows, most, hi, lo, flush):
    """Make the next frames: see above."""
    made = full = 0
    for row in rows:
        n = left = most
        while n > 0 and left:
            n = _emit_one(frames, ring, row, hi, lo, flush)
            made += n > 0
            left -= 1
        full |= n < 0
    return -1 - made if full else made


def _emit_one(frames, ring, row, hi, lo, flush):
    """The next frame of a row: records in it, 0 for none yet, -1 when there is no place for its leaf."""
    samples, records, slot, leaves = row
    n = _ready(samples, hi, lo, flush)
    if not n:
        return 0
    count = slot[6] | slot[7] << 8
    places = len(leaves) // layout.NODE_SIZE
    if count >= places:
        return -1
    at = samples[13] % places * layout.NODE_SIZE
    last_lo = samples[4] + (n - 1) * samples[9]
    struct.pack_into("<II", slot, 16, samples[3] + (last_lo >> 30), last_lo & LOW)
    size = _make(frames, samples, records, _message, n)
    if not count:
        copy_into(slot, 0, _message, _SALTED + 2, 1)
        copy_into(slot, 1, _message, _SALTED + 1, 1)
        copy_into(slot, 2, _message, _SALTED + 4, 4)
        copy_into(slot, 8, _message, _SALTED + 8, 8)
    slot[6] = count + 1 & 255
    slot[7] = count + 1 >> 8
    _message[0] = 0  # the tag of a leaf
    copy_into(_message, 1, slot, SLOT_KEY, layout.KEY_SIZE)
    copy_into(leaves, at, sha256(_view[: _SALTED + size]).digest(), 0, layout.NODE_SIZE)
    _keep(frames, ring, _body, size)
    return n


def _close_slot(slot, leaves):
    """Put the root of the frames' leaves into the slot's entry."""
    first, count = struct.unpack_from("<IH", slot, 2)
    at = first % (len(leaves) // layout.NODE_SIZE) * layout.NODE_SIZE
    end = at + count * layout.NODE_SIZE
    mine = memoryview(leaves)[at:end]
    if end > len(leaves):
        mine = bytes(mine) + leaves[: end - len(leaves)]
    root = epoch.root(mine)
    slot[layout.ENTRY_SIZE - layout.NODE_SIZE : layout.ENTRY_SIZE] = root


def _take_into(dst, state, ring, seeds):
    """The oldest body that was not sent, as it goes over the line; its bytes, 0 when there is none."""
    if state[5] == state[4]:
        return 0
    place = state[3]
    n = ring[place] | ring[place + 1] << 8
    copy_into(_message, 0, ring, place + 2, n)
    _go_on(state, ring)
    n = fast.encode_into(dst, _message, codec.close_frame_into(_message, n))
    dst[n] = 0
    return n + 1


# -- with viper -----------------------------------------------------------------


def _viper_one(frames, ring, row, hi, lo, flush):
    """_emit_one with machine code for all but the hash."""
    samples, records, slot, leaves = row
    n = _viper.ready(samples, hi, lo, flush)
    if not n:
        return 0
    places = len(leaves) // layout.NODE_SIZE
    if slot[6] | slot[7] << 8 >= places:
        return -1
    leaf = samples[13] % places * layout.NODE_SIZE
    message = _message
    size = 0
    if frames[7] >> samples[10] & 1:
        _viper.pull(samples, records, _raw, 0, n)
        size = pack_into(message, _PAYLOAD, _raw, 0, n, samples[7] >> 1)
    _viper.header(message, frames, samples, 1 if size else 0)
    if not size:
        size = _viper.pull(samples, records, message, _PAYLOAD, n)
    _viper.enter(slot, message, samples, n)
    _viper.advance(samples, n)
    size += layout.HEADER_SIZE
    digest = sha256(_view[: _SALTED + size]).digest()
    _viper.copy(leaves, leaf, digest, 0, layout.NODE_SIZE)
    place = _viper.make_room(frames, ring, len(ring), size)
    # a view of just that place: else all that stands behind it would be moved onto itself
    memoryview(ring)[place : place + size][:] = _body[:size]
    return n


def _viper_emit(frames, ring, rows, most, hi, lo, flush):
    made = full = 0
    for row in rows:
        samples = row[0]
        left = most
        while left and (samples[1] >= samples[12] or flush or samples[2]):
            n = _viper_one(frames, ring, row, hi, lo, flush)
            if n <= 0:
                full |= n < 0
                break
            made += 1
            left -= 1
    return -1 - made if full else made


def _viper_take_into(dst, state, ring, seeds):
    if state[5] == state[4]:
        return 0
    place = state[3]
    n = ring[place] | ring[place + 1] << 8
    place += 2
    body = memoryview(ring)[place : place + n]
    dst[1 : n + 1] = body
    crc = crc32(body, seeds[ring[place + 1]])
    _viper.go_on(state, ring, len(ring))
    return _viper.stuff(dst, n + 4, n + 5, crc)


def _viper_go_on(state, ring):
    _viper.go_on(state, ring, len(ring))


def _viper_keep(state, ring, body, n):
    if 2 + n > len(ring) or n > len(body):
        raise IndexError("frame")
    place = _viper.make_room(state, ring, len(ring), n)
    memoryview(ring)[place : place + n][:] = memoryview(body)[:n]


ready = _ready
took = _took
go_on = _go_on
keep = _keep
push = _push
emit = _emit
close_slot = _close_slot
take_into = _take_into
if fast.VIPER:
    from tasuki_hub import _viper

    ready = _viper.ready
    took = _viper.took
    _advance = _viper.advance
    go_on = _viper_go_on
    keep = _viper_keep
    emit = _viper_emit
    take_into = _viper_take_into
if module:
    took = module.took
    push = module.push
    emit = module.emit
    close_slot = module.close_slot
    take_into = module.take_into
