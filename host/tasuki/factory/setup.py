"""A station's own settings: station.toml in its folder.

name = "line 1"
authority = "<public key of the consent authority that its hubs obey, hex>"
golden = "<hub id of the golden unit>"      # optional: then no shift begins without it
shift_hours = 12
printer = "/dev/usb/lp0"                    # optional: takes ZPL
constants = "/srv/fixture"                  # optional: a TOML file of constants per hub id
[[instrument]]
name = "fixture 3"
calibrated_until = 2027-01-31
"""

import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tasuki.errors import Refused, UsageError
from tasuki.fleet import calibration
from tasuki.fleet.calibration import Constants

FILE = "station.toml"


@dataclass(frozen=True)
class Setup:
    """Settings of a station."""

    name: str
    authority: bytes
    golden: str = ""
    shift_hours: float = 12.0
    printer: Path | None = None
    constants: Path | None = None
    instruments: dict[str, date] = field(default_factory=dict)

    def refuse_overdue(self, today: date) -> None:
        """Refused("calibration_overdue") when an instrument of the station is."""
        late = [name for name, until in self.instruments.items() if until < today]
        if late:
            raise Refused(
                "calibration_overdue",
                f"the calibration of {', '.join(late)} has ended",
                "Have it calibrated, then enter the new date in station.toml.",
            )

    def constants_of(self, device: str) -> Constants | None:
        """What the fixture measured of a hub; None when there is no file of it."""
        path = self.constants / f"{device}.toml" if self.constants else None
        return calibration.read(path) if path is not None and path.exists() else None


def read(folder: Path) -> Setup:
    """The settings; UsageError says what in them cannot be."""
    path = folder / FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _setup(content)
    except FileNotFoundError as e:
        raise UsageError(
            f"{folder} is no station's folder", "Make one: `tasuki factory station init`."
        ) from e
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UsageError(f"{path}: {e}", "host/tasuki/factory/setup.py shows its form.") from e


def _setup(content: dict[str, Any]) -> Setup:
    known = {"name", "authority", "golden", "shift_hours", "printer", "constants", "instrument"}
    if unknown := set(content) - known:
        raise ValueError(f"{', '.join(sorted(unknown))} is no part of it")
    instruments = {str(row["name"]): row["calibrated_until"] for row in content.get("instrument", [])}
    if not all(type(until) is date for until in instruments.values()):
        raise ValueError("calibrated_until is a date, such as 2027-01-31")
    authority = bytes.fromhex(content["authority"])
    if len(authority) != 32:
        raise ValueError("authority is a public key of 64 hexadecimal digits")
    return Setup(
        str(content["name"]),
        authority,
        str(content.get("golden", "")),
        float(content.get("shift_hours", 12)),
        Path(content["printer"]) if "printer" in content else None,
        Path(content["constants"]) if "constants" in content else None,
        instruments,
    )
