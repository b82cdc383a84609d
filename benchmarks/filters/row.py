"""A line of the table: what was asked for, what we reached, what the peers reached in the same run."""

import time
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One measurement.

    Attributes:
        what: what was measured.
        target: what the figure must be at least, or at most where `lower` is set; None: only shown.
        ours: our figure.
        unit: of the figures.
        digits: shown after the point.
        peers: name -> figure, or why there is none.
        notes: what must be said beside it.
    """

    what: str
    ours: float | None
    unit: str
    target: float | None = None
    lower: bool = False
    digits: int = 2
    peers: dict[str, float | str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where nothing was asked or nothing measured."""
        if self.target is None or self.ours is None:
            return None
        return self.ours <= self.target if self.lower else self.ours >= self.target

    def as_json(self) -> dict[str, object]:
        """All fields, and whether the target is met."""
        return {**asdict(self), "met": self.met}


def best_of(rounds: int, run) -> float:
    """Shortest of some runs, seconds: the machine may be shared."""
    shortest = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def in_turn(rounds: int, ours, *theirs) -> list[float]:
    """Shortest seconds of each, taken in turn, so that a busy moment hits all alike."""
    shortest = [float("inf")] * (1 + len(theirs))
    for _ in range(rounds):
        for place, run in enumerate((ours, *theirs)):
            shortest[place] = min(shortest[place], best_of(1, run))
    return shortest
