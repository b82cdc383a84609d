"""Files as code for a hub's raw prompt: one run of bytes in packed pieces, and where each file ends. No I/O.

The fewer bytes the better: a hub takes in its code byte by byte. So a piece is
packed as a whole, whatever files it has parts of, and stands in the code as it is.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_LEAST, _MOST = 512, 32768  # bytes of files in one piece
_HEAP_SHARE = 24  # a piece's code, its parsed form, the window and what is unpacked are on the heap at once
_LEAST_BITS = 9  # of a window
# MicroPython's lexer takes every byte of a literal as it is but these, which end or change it (py/lexer.c);
# 3 and 4 would end the program or the paste
_ESCAPED = re.compile(rb"[\0\x03\x04\n\r'\\]")


class Paste(NamedTuple):
    """Code for one raw paste, and the names of the files that are whole after it."""

    code: bytes
    names: tuple[str, ...]


def piece_size(free: int) -> int:
    """Bytes of files that a hub with so many bytes of free heap can take in one paste.

    A power of two, so that hubs alike get the same pieces.
    """
    return min(_MOST, max(_LEAST, 1 << (free // _HEAP_SHARE).bit_length() >> 1))


def pastes(files: Mapping[str, bytes], digests: Mapping[str, str], size: int, packs: bool) -> Iterator[Paste]:
    """Code that feeds `agent.SETUP` all files in pieces of a size; packs: the hub can unpack."""
    run = b"".join(files.values())
    pieces = max(1, -(-len(run) // size))
    rows: list[list[str]] = [[] for _ in range(pieces)]
    whole: list[list[str]] = [[] for _ in range(pieces)]
    at = 0
    for name, data in files.items():
        first = min(at // size, pieces - 1)
        at += len(data)
        rows[first].append(f"({name!r},{len(data)},'{digests[name]}')")
        whole[max(first, (at - 1) // size)].append(name)
    for n in range(pieces):
        begun = f"_tk_l+=[{','.join(rows[n])}]\n".encode()
        yield Paste(begun + _feed(run[n * size : (n + 1) * size], packs), tuple(whole[n]))


@lru_cache(maxsize=64)  # all hubs of a kind get the same pieces
def _feed(piece: bytes, packs: bool) -> bytes:
    """The call that hands a piece to the hub, packed where that is shorter.

    The window is as large as the piece: further back there is nothing to look for.
    """
    bits = max(_LEAST_BITS, (len(piece) - 1).bit_length())
    if packs:
        packer = zlib.compressobj(9, zlib.DEFLATED, -bits)
        packed = packer.compress(piece) + packer.flush()
        if len(packed) < len(piece):
            return b"_tk_feed(_tk_z(%b,%d))" % (_quoted(packed), bits)
    return b"_tk_feed(%b)" % _quoted(piece)


def _quoted(data: bytes) -> bytes:
    """A bytes literal of MicroPython, shorter than any that is text."""
    return b"b'%b'" % _ESCAPED.sub(lambda found: b"\\x%02x" % found[0][0], data)
