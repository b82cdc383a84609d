"""A frame's way in plain Python, as emitting.c has it; emitting.py says what the arguments are."""

import struct
from hashlib import sha256

from tasuki_hub import fast
from tasuki_hub._portable_rings import go_on, keep, pull_into, ready
from tasuki_hub.fast import copy_into
from tasuki_hub.packing import pack_into
from tasuki_wire import codec, layout

_SALTED = 1 + layout.KEY_SIZE  # what stands before a body when it is hashed

_message = bytearray(_SALTED + layout.MAX_FRAME)
_view = memoryview(_message)
_body = _view[_SALTED:]
_raw = bytearray(layout.MAX_PAYLOAD)


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


def emit(frames, ring, rows, most, hi, lo, flush):
    """Make the next frames: see emitting.py."""
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
    n = ready(samples, hi, lo, flush)
    if not n:
        return 0
    count = slot[6] | slot[7] << 8
    places = len(leaves) // layout.NODE_SIZE
    if count >= places:
        return -1
    at = samples[13] % places * layout.NODE_SIZE
    last_lo = samples[4] + (n - 1) * samples[9]
    struct.pack_into("<II", slot, 16, samples[3] + (last_lo >> 30), last_lo & layout.MAX_SEQ)
    size = _make(frames, samples, records, _message, n)
    if not count:
        copy_into(slot, 0, _message, _SALTED + 2, 1)
        copy_into(slot, 1, _message, _SALTED + 1, 1)
        copy_into(slot, 2, _message, _SALTED + 4, 4)
        copy_into(slot, 8, _message, _SALTED + 8, 8)
    slot[6] = count + 1 & 255
    slot[7] = count + 1 >> 8
    _message[0] = 0  # the tag of a leaf
    copy_into(_message, 1, slot, layout.ENTRY_SIZE, layout.KEY_SIZE)
    copy_into(leaves, at, sha256(_view[: _SALTED + size]).digest(), 0, layout.NODE_SIZE)
    keep(frames, ring, _body, size)
    return n


def take_into(dst, state, ring, seeds):
    """The oldest body that was not sent, as it goes over the line; its bytes, 0 when there is none."""
    if state[5] == state[4]:
        return 0
    place = state[3]
    n = ring[place] | ring[place + 1] << 8
    copy_into(_message, 0, ring, place + 2, n)
    go_on(state, ring)
    n = fast.encode_into(dst, _message, codec.close_frame_into(_message, n))
    dst[n] = 0
    return n + 1
