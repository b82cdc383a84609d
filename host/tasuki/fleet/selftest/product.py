"""The product file: what a hub of a product must be, and within which limits. docs/selftest.md has its form.

Every item has a limit in it, or the file is refused: an item without one could not fail.
"""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tasuki.errors import UsageError
from tasuki_wire import codec, layout

FORMAT = 1
# item: unit
LIMITED = {
    "memory.free": "bytes",
    "memory.cells": "wrong bytes",
    "flash.free": "bytes",
    "flash.file": "wrong bytes",
    "signature.time": "ms",
    "start.time": "s",
    "clock.drift": "ppm",
    "link.errors": "per mille",
    "link.round_trip": "ms",
    "rate.errors": "per mille",
}
_HINT = "docs/selftest.md shows the form of a product file."
_NUMBERS = (int, float)


@dataclass(frozen=True)
class Limit:
    """Least and most that is good; None: no bound on that side."""

    least: float | None = None
    most: float | None = None

    def broken_by(self, value: float) -> str:
        """How a value breaks it, empty when it does not."""
        if self.least is not None and value < self.least:
            return f"{value:g} is below {self.least:g}"
        if self.most is not None and not value <= self.most:
            return f"{value:g} is above {self.most:g}"
        return ""

    def __str__(self) -> str:
        sides = (("at least", self.least), ("at most", self.most))
        return ", ".join(f"{word} {side:g}" for word, side in sides if side is not None)


@dataclass(frozen=True)
class SensorLimits:
    """What is wanted of one stream.

    Attributes:
        part: the driver's class, empty for any.
        noise: standard deviation of the worst column, in the unit of its kind (SPEC.md, section 17).
        sample_us: processor time that taking a record may cost.
        records: how many are taken for both.
    """

    number: int
    kind: str
    site: str
    period_us: int
    part: str
    noise: Limit
    sample_us: Limit
    records: int


@dataclass(frozen=True)
class Product:
    """A product's hubs.

    Attributes:
        boards: names that such a hub may give its board.
        limits: by item of LIMITED.
        rates: of the line, baud.
        drift_s: how long the clock is watched.
        questions: how many the link is tried with.
    """

    name: str
    boards: tuple[str, ...]
    limits: dict[str, Limit]
    sensors: tuple[SensorLimits, ...]
    rates: tuple[int, ...]
    drift_s: float
    questions: int


def example() -> Path:
    """The product file of the demo garment."""
    return Path(str(resources.files("tasuki.fleet.selftest") / "demo-garment.toml"))


def read(path: Path | None = None) -> Product:
    """A product file, the demo garment's when none is named; UsageError says what in it cannot be."""
    path = path or example()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is no product file: {error}", _HINT) from None
    try:
        return _product(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{path}: {missing}", _HINT) from None


def _product(content: dict[str, Any]) -> Product:
    if content["format"] != FORMAT:
        raise ValueError(f"format is {content['format']}, not {FORMAT}")
    limits = {name: _limit(name, value) for name, value in content["limits"].items()}
    if set(limits) != set(LIMITED):
        differing = ", ".join(sorted(set(limits) ^ set(LIMITED)))
        raise ValueError(f"limits must be of exactly the items; see {differing}")
    product = Product(
        name=_text(content["product"]),
        boards=tuple(map(_text, content["boards"])),
        limits=limits,
        sensors=tuple(map(_sensor, content["stream"])),
        rates=tuple(_positive(rate, int) for rate in content["rates"]),
        drift_s=_positive(content["drift_s"]),
        questions=_positive(content["questions"], int),
    )
    if len({sensor.number for sensor in product.sensors}) != len(product.sensors):
        raise ValueError("a stream stands there twice")
    return product


def _sensor(row: dict[str, Any]) -> SensorLimits:
    kind, site = _text(row["kind"]), _text(row["site"])
    if kind not in codec.BY_NAME or codec.BY_NAME[kind].item is None:
        raise ValueError(f"{kind} is no kind of samples")
    if site not in layout.SITES:
        raise ValueError(f"{site} is no site")
    return SensorLimits(
        number=int(row["number"]),
        kind=kind,
        site=site,
        period_us=_positive(row["period_us"], int),
        part=_text(row.get("part", "")),
        noise=_limit(f"noise of stream {row['number']}", row["noise"]),
        sample_us=_limit(f"sample_us of stream {row['number']}", row["sample_us"]),
        records=_positive(row["records"], int),
    )


def _limit(name: str, value: dict[str, Any]) -> Limit:
    if not value or set(value) - {"min", "max"}:
        raise ValueError(f"the limit of {name} is {{ min = ... }}, {{ max = ... }} or both")
    for side in value.values():
        if isinstance(side, bool) or not isinstance(side, _NUMBERS) or side != side:
            raise ValueError(f"the limit of {name} is no number")
    return Limit(value.get("min"), value.get("max"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _positive(value: Any, kind: type | tuple[type, ...] = _NUMBERS) -> Any:
    number: Any = value if isinstance(value, kind) and not isinstance(value, bool) else 0
    if not number > 0:
        raise ValueError(f"{value!r} is no number above 0")
    return value
