"""Processors that did not confirm a deletion in time (rule P-07): suspended.json in the state folder.

Written by an erasure that waits too long, read by whoever decides. Each stands there with a fingerprint of
its entry in parties.toml and is suspended while that entry stays as it was: who writes another, say with
newer evidence of supervision, has registered the processor anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tasuki import durable
from tasuki.consent import json_text
from tasuki.consent.parties import Processor
from tasuki.errors import Untrusted, UsageError

FILE = "suspended.json"


def read(path: Path) -> dict[str, str]:
    """Processor to fingerprint; nobody when there is no file. UsageError when it cannot be read."""
    try:
        found = json_text.load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, Untrusted) as e:
        raise UsageError(f"{path} cannot be read: {e}", "Restore it, or see who was suspended.") from e
    if not all(isinstance(value, str) for value in found.values()):
        raise UsageError(f"{path} is damaged", "Restore it, or see who was suspended.")
    return found


def add(path: Path, processor: Processor) -> None:
    """Suspend a processor as it is registered now, durably; UsageError when the file cannot be read."""
    durable.replace(path, json_text.canonical({**read(path), processor.name: fingerprint(processor)}))


def applied(processors: Iterable[Processor], suspended: Mapping[str, str]) -> dict[str, Processor]:
    """The processors by name, with those suspended whose entry is still the one that was."""
    return {
        one.name: replace(one, suspended=True) if suspended.get(one.name) == fingerprint(one) else one
        for one in processors
    }


def fingerprint(processor: Processor) -> str:
    """SHA-256 over all that is registered of a processor, hexadecimal."""
    text = json.dumps(asdict(processor), sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else sorted(value)
