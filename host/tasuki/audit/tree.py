"""Merkle trees as in RFC 9162 section 2.1 (the same as RFC 6962's), over SHA-256; no I/O.

A node is (level, place): it covers the leaves from place << level on, 1 << level of them. Only nodes
whose leaves are all there are ever kept; what the right edge needs beside them is computed.
"""

from collections.abc import Callable
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256().digest()

Nodes = Callable[[int, int], bytes]  # (level, place) of a complete node to its hash


def leaf_hash(data: bytes) -> bytes:
    """Hash of an entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash over two nodes."""
    return sha256(b"\x01" + left + right).digest()


def root(size: int, nodes: Nodes) -> bytes:
    """Root of the first `size` leaves."""
    return _span(0, size, nodes) if size else EMPTY_ROOT


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    low, high = 0, size
    while high - low > 1:
        middle = _split(low, high)
        if index < middle:
            path.append(_span(middle, high, nodes))
            high = middle
        else:
            path.append(_span(low, middle, nodes))
            low = middle
    return path[::-1]


def consistency(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """Proof that the tree of `old` leaves is the beginning of that of `size` (RFC 9162, 2.1.4.1)."""
    if not 0 < old <= size:
        raise ValueError(f"no tree of {old} leaves in one of {size}")
    path = []
    low, high = 0, size
    while high != old:
        middle = _split(low, high)
        if old <= middle:
            path.append(_span(middle, high, nodes))
            high = middle
        else:
            path.append(_span(low, middle, nodes))
            low = middle
    if low:
        path.append(_span(low, high, nodes))
    return path[::-1]


def _split(low: int, high: int) -> int:
    """Where a span of two or more leaves is parted: behind the largest power of two below its length."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _span(low: int, high: int, nodes: Nodes) -> bytes:
    """Hash of the leaves from `low` to before `high`; `low` is where a subtree begins."""
    length = high - low
    level = length.bit_length() - 1
    if length == 1 << level:
        return nodes(level, low >> level)
    middle = _split(low, high)
    return node_hash(_span(low, middle, nodes), _span(middle, high, nodes))


class Edge:
    """The right edge of a growing tree: all that the next leaves need of those before them.

    Attributes:
        size: leaves so far.
    """

    def __init__(self, size: int = 0, nodes: Nodes | None = None) -> None:
        """The edge of an empty tree, or of the tree of `size` leaves that has these nodes."""
        self.size = size
        self._waiting = [b""] * size.bit_length()  # by level: the left node that waits for its neighbour
        for level in range(size.bit_length()):
            if nodes and size >> level & 1:
                self._waiting[level] = nodes(level, (size >> level) - 1)

    def add(self, data: bytes) -> bytes:
        """Hashes of the nodes that this entry completes, joined: its leaf, then upwards."""
        waiting, place, level = self._waiting, self.size, 0
        made = completed = sha256(b"\x00" + data).digest()
        while place & 1:
            made = sha256(b"\x01" + waiting[level] + made).digest()
            completed += made
            place >>= 1
            level += 1
        if level == len(waiting):
            waiting.append(made)
        else:
            waiting[level] = made
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Root of all leaves so far."""
        found = b""
        for level, waiting in enumerate(self._waiting):
            if self.size >> level & 1:
                found = node_hash(waiting, found) if found else waiting
        return found or EMPTY_ROOT
