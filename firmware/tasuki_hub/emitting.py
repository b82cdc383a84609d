"""One frame's way in few calls: from its sample ring into epoch and frame ring, then to the line.

By the C module where there is one, else by viper, else in plain Python: same
results. States are arrays of u32 whose indices ring.py names.

    emit(frames, ring, rows, most, hi, lo, flush)

makes the next frames, up to `most` a row, of what was sampled before the time
(hi, lo). A row is (samples, records, slot, leaves) of one stream: bodies go
into `ring`, their leaves into `leaves`, each at the place of its seq modulo the
places. Returns how many frames were made, or -1 less that number when an epoch has
as many frames as some `leaves` have places.

A slot is the entry of its stream (tasuki_wire.layout.ENTRY), the slot's key,
and room for the C module to keep the nodes that wait for their sibling.

    took(samples, counts, n, now_us)        n records have just been pushed: see _portable_rings.py
    push(samples, records, src, n)          append records; how many made room
    ready(samples, hi, lo, flush)           how many records the next frame takes
    behind(ring, place)                     where the frame behind the one at place stands
    keep(frames, ring, body, n)             add a body
    go_on(frames, ring)                     the frame that was to be sent next goes
    take_into(dst, frames, ring, seeds)     the next frame for the line; its bytes, 0 for none
"""

from tasuki_hub import fast
from tasuki_hub.native import module
from tasuki_wire import layout

SLOT_KEY = layout.ENTRY_SIZE
SLOT_SIZE = SLOT_KEY + layout.KEY_SIZE


def slot_stack(frames):
    """Bytes that the nodes of so many frames take while they wait."""
    levels = 1
    while frames:
        levels += 1
        frames >>= 1
    return levels * layout.NODE_SIZE if module else 0


# A hub loads one form only: the buffers and names of the others would take kilobytes of RAM.
if module:
    took = module.took
    push = module.push
    ready = module.ready
    behind = module.behind
    keep = module.keep
    go_on = module.go_on
    emit = module.emit
    take_into = module.take_into
elif fast.VIPER:
    from tasuki_hub._portable_rings import behind, push
    from tasuki_hub._viper import ready, took
    from tasuki_hub._viper_emitting import emit, go_on, keep, take_into
else:
    from tasuki_hub._portable_emitting import emit, take_into
    from tasuki_hub._portable_rings import behind, go_on, keep, push, ready, took
