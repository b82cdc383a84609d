"""Runs in the image: instructions and bytes that a call takes.

With `-icount shift=0` an instruction is a nanosecond, so that a tick of the
board's 25-MHz timer is 40 of them.
"""

import gc

import micropython

TICK = 40  # instructions
_WRAP = 0x3FFFFFFF


@micropython.viper
def ticks() -> int:
    """A counter below 2**30; reading it leaves the heap alone."""
    timer = 1
    timer <<= 30  # CMSDK timer 0 counts down; a literal of this size would be an object
    return 0x3FFFFFFF - (ptr32(timer)[1] & 0x3FFFFFFF)  # noqa: F821


def spent(since):
    """Instructions since a value of ticks(); below 2**30 ticks."""
    return ((ticks() - since) & _WRAP) * TICK


def nothing():
    """What a call alone takes."""


def count(call):
    """Instructions of one call; what calling nothing takes is not in it."""
    gc.collect()
    start = ticks()
    nothing()
    alone = spent(start)
    start = ticks()
    call()
    return spent(start) - alone


def allocated(call):
    """Bytes that one call takes from the heap, kept or not."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    call()
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def without_heap(call):
    """True when the call needs nothing from the heap."""
    micropython.heap_lock()
    try:
        call()
    except MemoryError:
        return False
    finally:
        micropython.heap_unlock()
    return True


def steps(make):
    """(instructions of all steps, of the longest one, the value) of the generator that make() gives."""
    gc.collect()
    total = longest = 0
    job = make()
    while True:
        start = ticks()
        try:
            next(job)
        except StopIteration as end:
            return total + spent(start), max(longest, spent(start)), end.value
        took = spent(start)
        total += took
        longest = max(longest, took)
