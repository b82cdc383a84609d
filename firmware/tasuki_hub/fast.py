"""The inner loops that the hub cannot afford in bytecode.

The C module does them where there is one. MicroPython else takes them as
machine code from _viper.py. An interpreter without a native emitter, and
CPython, take the portable functions: same results, same errors. `VIPER` says
whether that machine code is in use.
"""

import sys

from tasuki_hub.native import module
from tasuki_wire.errors import error

VIPER = False
try:
    if module:  # none of _viper.py takes RAM then
        raise ImportError("not needed")
    # CPython can neither run viper nor is it safe to ask it: a package of
    # CPython is called micropython as well.
    if sys.implementation.name != "micropython":
        raise ImportError("viper")
    from tasuki_hub import _viper

    VIPER = True
except (ImportError, SyntaxError, ValueError):
    # SyntaxError: no emitter in this image; ValueError: .mpy of another processor
    pass


def _decode_into(dst, src, n):
    """tasuki_wire.cobs.decode_into by C or machine code; IndexError when a buffer is too short."""
    if n > len(src) or n > len(dst):
        raise IndexError("cobs")
    out = _cobs_decode(dst, src, n)
    if out >= 0:
        return out
    i = (-1 - out) >> 1
    if out & 1:
        raise error("cobs", "code %d at %d of %d bytes" % (src[i], i, n))
    raise error("cobs", "zero at %d" % i)


if module:
    copy_into = module.copy_into
    wipe = module.wipe
    since = module.since
    encode_into = module.cobs_encode_into
    decode_into = _decode_into
    _cobs_decode = module.cobs_decode_into
else:

    def copy_into(dst, at, src, start, n):
        """Copy src[start : start + n] to dst[at : at + n] without an object for either slice.

        The buffers hold bytes and do not overlap; IndexError for a place outside of them.
        """
        if min(at, start, n) < 0 or at + n > len(dst) or start + n > len(src):
            raise IndexError("copy")
        _copy(dst, at, src, start, n)

    def wipe(buf):
        """Overwrite a buffer of bytes with zeros."""
        _fill(buf, len(buf), 0)

    if VIPER:
        _copy = _viper.copy
        _fill = _viper.fill
        _cobs_decode = _viper.cobs_decode
        since = _viper.since
        decode_into = _decode_into

        def encode_into(dst, src, n):
            """tasuki_wire.cobs.encode_into as machine code; IndexError when a buffer is too short."""
            if n > len(src) or n + max(1, (n + 253) // 254) > len(dst):
                raise IndexError("cobs")
            return _viper.cobs_encode(dst, src, n)

    else:
        from tasuki_wire.cobs import decode_into, encode_into  # noqa: F401

        def since(now_us, then_us):
            """Microseconds from then to now, less than half an hour apart; elsewhere without an object."""
            return now_us - then_us

        def _copy(dst, at, src, start, n):
            dst[at : at + n] = src[start : start + n]

        def _fill(dst, n, byte):
            dst[:] = bytes((byte,)) * n
