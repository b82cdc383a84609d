"""What is handed out: entries with their paths to a signed checkpoint, and the way from older ones.

`verifier` checks it alone. A proof of an entry shows that entry and nothing of any other.
"""

import base64
from collections.abc import Iterable
from typing import Any

from tasuki.audit import verifier
from tasuki.audit.log import AuditLog
from tasuki.errors import UsageError


def prove(log: AuditLog, indices: Iterable[int], since: Iterable[str] = ()) -> dict[str, Any]:
    """A proof of these entries, as JSON has it, under a checkpoint of the log as it is now.

    since: earlier checkpoints, which the proof shows to be continued. UsageError for an entry that is
    not there, and for a checkpoint that is not this log's or that it does not continue.
    """
    note = log.sign()
    head = verifier.open_checkpoint(note, log.public)
    entries = [_entry(log, index, head.size) for index in indices]
    continues = [_continued(log, text, head) for text in since]
    return {"format": verifier.FORMAT, "checkpoint": note, "entries": entries, "continues": continues}


def _entry(log: AuditLog, index: int, size: int) -> dict[str, Any]:
    data = log.entry(index)
    if data is None or index >= size:
        raise UsageError(f"the audit log has no entry {index}", f"It has {size} entries, counted from 0.")
    return {"index": index, "data": data.decode(), "path": _coded(log.inclusion(index, size))}


def _continued(log: AuditLog, note: str, head: verifier.Head) -> dict[str, Any]:
    try:
        old = verifier.open_checkpoint(note, log.public)
        path = log.consistency(old.size, head.size) if 0 < old.size < head.size else []
        verifier.check_consistency(old, head, path)
    except verifier.ProofError as e:
        hint = "`tasuki audit verify` says what of the log holds."
        raise UsageError(f"the log does not continue this checkpoint: {e}", hint) from e
    return {"checkpoint": note, "path": _coded(path)}


def _coded(path: list[bytes]) -> list[str]:
    return [base64.b64encode(step).decode() for step in path]
