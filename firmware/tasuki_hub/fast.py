"""The inner loops that the hub cannot afford in bytecode.

MicroPython takes them as machine code from _viper.py. An interpreter without
a native emitter, and CPython, take the portable functions: same results, same
errors. `VIPER` says which ones these are.
"""

import sys

from tasuki_wire.errors import error

try:
    # CPython can neither run viper nor is it safe to ask it: a package of
    # CPython is called micropython as well.
    if sys.implementation.name != "micropython":
        raise ImportError("viper")
    from tasuki_hub import _viper

    VIPER = True
except (ImportError, SyntaxError, ValueError):
    # SyntaxError: no emitter in this image; ValueError: .mpy of another processor
    VIPER = False


def _encode_into(dst, src, n):
    """tasuki_wire.cobs.encode_into as machine code; IndexError when a buffer is too short."""
    if n > len(src) or n + max(1, (n + 253) // 254) > len(dst):
        raise IndexError("cobs")
    return _viper.cobs_encode(dst, src, n)


def _decode_into(dst, src, n):
    """tasuki_wire.cobs.decode_into as machine code; IndexError when a buffer is too short."""
    if n > len(src) or n > len(dst):
        raise IndexError("cobs")
    out = _viper.cobs_decode(dst, src, n)
    if out >= 0:
        return out
    i = (-1 - out) >> 1
    if out & 1:
        raise error("cobs", "code %d at %d of %d bytes" % (src[i], i, n))
    raise error("cobs", "zero at %d" % i)


if VIPER:
    encode_into = _encode_into
    decode_into = _decode_into
    compress = _viper.compress
else:
    from tasuki_hub._portable import compress  # noqa: F401
    from tasuki_wire.cobs import decode_into, encode_into  # noqa: F401
