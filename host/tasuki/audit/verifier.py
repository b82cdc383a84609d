"""Checks proofs and checkpoints of an audit log, alone: it imports nothing of the rest of this package.

    python verifier.py PROOF --key AUDITKEY [--since CHECKPOINT]

PROOF is a file of `tasuki audit prove`; AUDITKEY the audit key's public half, 64 hexadecimal digits or
a file that holds them; CHECKPOINT an earlier one that you kept. Needs Python 3.11 and PyNaCl; the
formats are in docs/formats.md, the arithmetic is RFC 9162's, sections 2.1.3.2 and 2.1.4.2.
"""

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

DOMAIN = b"tasuki/checkpoint/v1\x00"
KEY_TYPE = b"\xfftasuki/checkpoint/v1"  # of C2SP signed-note: 0xff and a name of one's own
FORMAT = "tasuki-audit-proof-1"
_SIGNED_BY = "\u2014 "  # an em dash, as signed-note has it
_MOST = 64  # a path longer than this proves no tree that fits a disk


class ProofError(ValueError):
    """It does not prove what it says; the message is a sentence that says where."""


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: this log had this root at this size."""

    origin: str
    size: int
    root: bytes


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that name a key in a signature line (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + KEY_TYPE + public).digest()[:4]


def open_checkpoint(note: str, public: bytes) -> Head:
    """Read a checkpoint that the audit key signed; ProofError when it did not."""
    text, separator, lines = note.rpartition("\n\n")
    text += "\n"
    if not separator or not lines.endswith("\n"):
        raise ProofError("the checkpoint has no signature")
    head = _head(text)
    for line in lines.splitlines():
        name, _, signature = line.removeprefix(_SIGNED_BY).partition(" ")
        raw = _decoded(signature, "a signature of the checkpoint")
        if line.startswith(_SIGNED_BY) and name == head.origin and raw[:4] == key_id(name, public):
            try:
                VerifyKey(public).verify(DOMAIN + text.encode(), raw[4:])
            except (BadSignatureError, ValueError) as e:
                raise ProofError(f"the checkpoint of size {head.size} is forged: its signature fails") from e
            return head
    raise ProofError(f"the checkpoint of size {head.size} is not signed by this audit key")


def check_inclusion(data: bytes, index: int, head: Head, path: Sequence[bytes]) -> None:
    """ProofError unless the entry is number `index` of the log that the checkpoint speaks of."""
    if not 0 <= index < head.size:
        raise ProofError(f"entry {index} is not in a log of {head.size} entries")
    place, last = index, head.size - 1
    found = hashlib.sha256(b"\x00" + data).digest()
    for step in path:
        if not last:
            raise ProofError(f"the path of entry {index} is too long")
        if place & 1 or place == last:
            found = _over(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = _over(found, step)
        place, last = place >> 1, last >> 1
    if last or found != head.root:
        raise ProofError(f"entry {index} is not what the log of {head.size} entries holds there")


def check_consistency(old: Head, new: Head, path: Sequence[bytes]) -> None:
    """ProofError unless the log of `new` begins with all that the log of `old` was."""
    wrong = ProofError(f"the log of {new.size} entries does not begin with that of {old.size}: rewritten")
    if old.origin != new.origin:
        raise ProofError("the two checkpoints are of different logs")
    if old.size > new.size:
        raise ProofError(f"the log was cut from {old.size} entries to {new.size}")
    if old.size == new.size:
        if path or old.root != new.root:
            raise wrong
        return
    if old.size == 0:
        return  # every log begins with nothing
    steps = list(path)
    if old.size & (old.size - 1) == 0:
        steps.insert(0, old.root)
    if not steps:
        raise wrong
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if not last:
            raise wrong
        if place & 1 or place == last:
            first, second = _over(step, first), _over(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = _over(second, step)
        place, last = place >> 1, last >> 1
    if last or first != old.root or second != new.root:
        raise wrong


def check_proof(document: Any, public: bytes, since: str | None = None) -> dict[str, Any]:
    """Check a proof of `tasuki audit prove`, and that it does not contradict an earlier checkpoint.

    Returns what is proved: size of the log, the entries by their number, sizes that it continues.
    ProofError says what does not hold.
    """
    try:
        if document["format"] != FORMAT:
            raise ProofError(f"the file is no {FORMAT}")
        head = open_checkpoint(document["checkpoint"], public)
        entries = {}
        for entry in document["entries"]:
            data = entry["data"].encode()
            check_inclusion(data, int(entry["index"]), head, _path(entry["path"]))
            entries[int(entry["index"])] = json.loads(data)
        continues = []
        for row in document["continues"]:
            old = open_checkpoint(row["checkpoint"], public)
            check_consistency(old, head, _path(row["path"]))
            continues.append(old)
    except (KeyError, TypeError, AttributeError, UnicodeError, json.JSONDecodeError) as e:
        raise ProofError(f"the file is no proof: {type(e).__name__} {e}") from e
    if since is not None:
        kept = open_checkpoint(since, public)
        if kept != head and kept not in continues:
            raise ProofError(f"the file does not show that the log continues your checkpoint of {kept.size}")
    return {"size": head.size, "entries": entries, "continues": [old.size for old in continues]}


def _head(text: str) -> Head:
    lines = text.split("\n")
    if len(lines) < 4 or "" in lines[:3] or not lines[1].isascii() or not lines[1].isdecimal():
        raise ProofError("the checkpoint is not origin, size and root")
    if len(lines[1]) > 19 or str(int(lines[1])) != lines[1]:
        raise ProofError(f"the checkpoint's size {lines[1][:24]} is no size")
    found = _decoded(lines[2], "the checkpoint's root")
    if len(found) != 32:
        raise ProofError(f"the checkpoint's root has {len(found)} bytes")
    return Head(lines[0], int(lines[1]), found)


def _path(rows: Any) -> list[bytes]:
    path = [_decoded(row, "a hash of the path") for row in rows]
    if len(path) > _MOST or any(len(step) != 32 for step in path):
        raise ProofError("a path is not made of hashes")
    return path


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as e:
        raise ProofError(f"{what} is not base64") from e


def _over(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def main(words: Sequence[str]) -> int:
    """The command of this file alone: 0 proved, 1 not proved, 2 wrong usage."""
    options = dict(zip(words[1::2], words[2::2], strict=False))
    if len(words) not in (3, 5) or "--key" not in options or not set(options) <= {"--key", "--since"}:
        print(f"usage: verifier.py PROOF --key AUDITKEY [--since CHECKPOINT]\n\n{__doc__}", file=sys.stderr)
        return 2
    try:
        key = options["--key"]
        text = key if len(key) == 64 else Path(key).read_text("utf-8").strip()
        public = bytes.fromhex(text)
        document = json.loads(Path(words[0]).read_text("utf-8"))
        since = Path(options["--since"]).read_text("utf-8") if "--since" in options else None
    except (OSError, ValueError) as e:
        print(f"cannot be read: {e}", file=sys.stderr)
        return 2
    try:
        print(json.dumps(check_proof(document, public, since), ensure_ascii=False, indent=2))
    except ProofError as e:
        print(f"not proved: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
