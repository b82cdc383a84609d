"""Failing runs on file, and made smaller: the numbers that are needed to see the hub break its promise."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """A run that can be repeated.

    Attributes:
        numbers: ranges [first, end) of the commands that are sent.
    """

    kind: str
    seed: int
    numbers: list[list[int]]
    fault: str = ""

    def commands(self) -> list[int]:
        """The numbers one by one."""
        return [n for first, end in self.numbers for n in range(first, end)]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load(path: Path) -> Run:
    """A run from its file."""
    return Run(**json.loads(path.read_text()))


def ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Rising numbers as ranges [first, end)."""
    out: list[list[int]] = []
    for number in numbers:
        if out and out[-1][1] == number:
            out[-1][1] += 1
        else:
            out.append([number, number + 1])
    return out


def shrink(numbers: Sequence[int], fails: Callable[[list[int]], bool], tries: int = 200) -> list[int]:
    """A part of the numbers that still fails, leaving out ever smaller pieces (Zeller's ddmin)."""
    left = list(numbers)
    size = max(1, len(left) // 2)
    while tries > 0:
        at = 0
        while at < len(left) and tries > 0:
            fewer = left[:at] + left[at + size :]
            tries -= 1
            if fewer and fails(fewer):
                left = fewer
            else:
                at += size
        if size == 1:
            break
        size = max(1, size // 2)
    return left
