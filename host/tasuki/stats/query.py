"""What can be asked, in a form that is the same for the same question."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

from tasuki.errors import UsageError
from tasuki.stats.contributions import Span, year_of
from tasuki.stats.measures import MEASURES

COUNT, MEAN, HISTOGRAM = "count", "mean", "histogram"
_MOST_CELLS = 100
_MOST_EPSILON = 10


@dataclass(frozen=True)
class Query:
    """A question. Bounds, grid and edges are the asker's and never taken from the data.

    Attributes:
        what: COUNT, MEAN or HISTOGRAM. measure: a key of MEASURES.
        span: of the data. epsilon: what it costs.
        low, high, step: of a mean's numbers. edges: of a histogram's cells, rising.
    """

    what: str
    measure: str
    span: Span
    epsilon: Fraction
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    step: Fraction = Fraction(0)
    edges: tuple[Fraction, ...] = ()

    def __post_init__(self) -> None:
        """UsageError for a question that cannot be answered."""
        if self.measure not in MEASURES:
            raise UsageError(f"no measure {self.measure!r}", f"There are {', '.join(MEASURES)}.")
        if not 0 < self.epsilon <= _MOST_EPSILON:
            raise UsageError(f"epsilon {self.epsilon}", f"Give one above 0 and up to {_MOST_EPSILON}.")
        if self.what == HISTOGRAM:
            rising = all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False))
            if not 2 <= len(self.edges) <= _MOST_CELLS + 1 or not rising:
                raise UsageError("the edges do not rise", f"Give 2 to {_MOST_CELLS + 1} of them.")
        year_of(self.span)

    @property
    def item(self) -> str:
        """The item that is asked about: with the year it is the data set that pays."""
        return MEASURES[self.measure].item

    @property
    def year(self) -> int:
        """The year of the data (UTC)."""
        return year_of(self.span)

    def to_json(self) -> str:
        """Canonical: keys sorted, fractions as text."""
        fields = {
            "what": self.what,
            "measure": self.measure,
            "hours": list(self.span),
            "epsilon": str(self.epsilon),
            "low": str(self.low),
            "high": str(self.high),
            "step": str(self.step),
            "edges": [str(edge) for edge in self.edges],
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """SHA-256 of `to_json`, hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()
