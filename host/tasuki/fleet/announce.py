"""Where spawned virtual hubs say that they are there, so that they are found as real ones are.

One small file per hub in the folder `hubs` of the state folder. Its spawner
keeps it locked: a file that nobody locks was left by a spawner that is dead.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FOLDER = "hubs"


@contextlib.contextmanager
def announced(state: Path, row: dict[str, Any]) -> Iterator[None]:
    """While this lasts, `present` lists the row; row["port"] is the path of a terminal."""
    folder = state / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{Path(row['port']).name}-{os.getpid()}.json"
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(row, file)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_SH)
        draft.rename(path)  # whoever lists sees it whole and locked
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def present(state: Path) -> list[dict[str, Any]]:
    """The rows of the hubs whose spawner lives, by port."""
    rows = []
    for path in sorted((state / _FOLDER).glob("*.json")):
        row = _read(path)
        if row is not None:
            rows.append(row)
    return sorted(rows, key=lambda row: str(row["port"]))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # its spawner holds it
                row = json.load(file)
                return row if isinstance(row, dict) and {"port", "kind"} <= row.keys() else None
            path.unlink(missing_ok=True)
    except (OSError, ValueError):  # it went meanwhile
        pass
    return None
