"""Looks for byte strings in every file of a folder: does anything of an erased wearer stand there still?

Any number of markers at once, at any offset, across borders of pages and reads: a table of the first two
bytes, then one of the next two, then the whole marker. Whatever is in a file is looked at, the
write-ahead logs of databases included, whether or not SQLite still refers to it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHORTEST = 6  # bytes; what is shorter stands anywhere by chance
_CHUNK = 1 << 23


@dataclass
class Found:
    """What a scan saw.

    Attributes:
        files, size: looked at, and their bytes. markers: looked for, by group.
        hits: by group, which markers were found. places: files in which, with how many hits.
    """

    files: int = 0
    size: int = 0
    markers: dict[str, int] = field(default_factory=dict)
    hits: dict[str, set[bytes]] = field(default_factory=dict)
    places: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Markers that were found."""
        return sum(len(found) for found in self.hits.values())

    @property
    def missed(self) -> dict[str, int]:
        """By group, how many markers were not found: before an erasure this has to be nothing."""
        missing = {group: n - len(self.hits.get(group, ())) for group, n in self.markers.items()}
        return {group: n for group, n in missing.items() if n}


class _Table:
    """Markers by their beginning."""

    def __init__(self, markers: Iterable[bytes]) -> None:
        self.by_head: dict[bytes, list[bytes]] = {}
        self.longest = 0
        self.first = np.zeros(1 << 16, np.bool_)
        self.second = np.zeros(1 << 16, np.bool_)
        for marker in set(markers):
            self.by_head.setdefault(marker[:SHORTEST], []).append(marker)
            self.longest = max(self.longest, len(marker))
            self.first[marker[0] | marker[1] << 8] = True
            self.second[marker[2] | marker[3] << 8] = True

    def hits(self, data: bytes) -> list[bytes]:
        """Every marker that stands in the bytes, as often as it does."""
        if len(data) < SHORTEST:
            return []
        raw = np.frombuffer(data, np.uint8)
        pairs: NDArray[np.uint16] = np.ndarray((len(raw) - 3,), "<u2", raw.data, 0, (1,))
        after: NDArray[np.uint16] = np.ndarray((len(raw) - 3,), "<u2", raw.data, 2, (1,))
        places = np.flatnonzero(self.first[pairs])
        places = places[self.second[after[places]]]
        out = []
        for place in places.tolist():
            for marker in self.by_head.get(data[place : place + SHORTEST], ()):
                if data.startswith(marker, place):
                    out.append(marker)
        return out


def scan(
    paths: Iterable[Path], markers: Mapping[str, Collection[bytes]], innocent: Collection[bytes] = ()
) -> Found:
    """Look for markers in files and in everything below folders.

    markers: by group; ValueError for one of fewer than SHORTEST bytes. innocent: longer strings that
    contain a marker and are somebody else's, such as another wearer's name; in them nothing is found.
    """
    groups: dict[bytes, list[str]] = {}
    found = Found(markers={group: len(set(each)) for group, each in markers.items()})
    for group, each in markers.items():
        for marker in each:
            if len(marker) < SHORTEST:
                raise ValueError(f"a marker of {len(marker)} bytes")
            groups.setdefault(marker, []).append(group)
    table = _Table(groups)
    others = [(other, b"\0" * len(other)) for other in innocent]
    for path in _files(paths):
        found.files += 1
        for marker in _in_file(path, table, others, found):
            found.places[str(path)] += 1
            for group in groups[marker]:
                found.hits.setdefault(group, set()).add(marker)
    return found


def _in_file(path: Path, table: _Table, others: list[tuple[bytes, bytes]], found: Found) -> Iterable[bytes]:
    overlap = max([table.longest, *(len(other) for other, _ in others)], default=1) - 1
    try:
        with path.open("rb") as file:
            tail = b""
            while data := file.read(_CHUNK):
                found.size += len(data)
                data = tail + data
                looked = data
                for other, blank in others:
                    looked = looked.replace(other, blank)
                yield from table.hits(looked)
                tail = data[-overlap:] if overlap else b""
    except FileNotFoundError:  # gone since the folder was listed
        return


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        elif path.is_file():
            yield path
