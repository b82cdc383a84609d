"""The record: every event of the journal as an entry of an audit log, in its Merkle tree, signed.

The log is tasuki.audit's, with its checkpoints, proofs and stand-alone verifier (docs/formats.md).
"""

import json
from pathlib import Path
from typing import Any

from tasuki.audit.log import AuditLog, Overtaken, Taken
from tasuki.factory.journal import Journal
from tasuki.factory.keys import Key, KeySigner

SOURCE = "journal"
FILE = "audit.db"
_AT_ONCE = 500


def open_log(folder: Path, key: Key) -> AuditLog:
    """The audit log of a station; key signs its checkpoints."""
    return AuditLog(folder / FILE, KeySigner(key))


def entry(n: int, at_ms: int, kind: str, device: str, detail: str) -> bytes:
    """An event as the log has it."""
    fields: dict[str, Any] = {"source": SOURCE, "n": n, "type": kind, "at": at_ms, "device": device}
    return json.dumps(
        {**fields, "detail": json.loads(detail)}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def collect(journal: Journal, log: AuditLog) -> int:
    """Take what the journal has and the log has not; how many entries. Again takes nothing twice."""
    taken = 0
    while True:
        after = log.collected(SOURCE)
        events = [row for _, row in zip(range(_AT_ONCE), journal.events(after), strict=False)]
        if not events:
            return taken
        entries = [entry(*event) for event in events]
        named = [(f"{event[3] or 'line'}/", place) for place, event in enumerate(events)]
        try:
            log.append(entries, named, Taken(SOURCE, after, events[-1][0]))
        except Overtaken:
            continue
        taken += len(events)
