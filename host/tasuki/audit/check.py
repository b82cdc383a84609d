"""The host's examination of a whole log: every entry against its hashes, every checkpoint, every source.

What somebody with write access can do to the file and what shows it:

| done to the file | shown by |
| --- | --- |
| an entry changed | its leaf hash, at that entry |
| its hashes changed, too | the first checkpoint after it: its root is another |
| the checkpoint signed anew, without the audit key | its signature |
| the same with the audit key | a checkpoint that somebody kept (`--since`) |
| entries dropped or exchanged | their numbers, hashes, and `n` of their source |
| the end cut off, checkpoints, too | what the sources handed over, or a kept checkpoint |
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasuki.audit import tree, verifier
from tasuki.audit.log import AuditLog

_MOST_FAULTS = 20


@dataclass
class Examined:
    """What the examination found.

    Attributes:
        entries: in the file. root: recomputed from the entries.
        checkpoints: that hold, of this file and of those that were given.
        signed: entries that the newest good checkpoint covers; the others only the disk vouches for.
        types: entries by type.
        faults: a sentence for each thing that does not hold, the first ones.
    """

    entries: int = 0
    root: bytes = tree.EMPTY_ROOT
    checkpoints: int = 0
    signed: int = 0
    types: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """True when nothing speaks against the log."""
        return not self.faults

    def fault(self, sentence: str) -> None:
        """Keep it, as long as there is room for more."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(sentence)


def examine(
    log: AuditLog, public: bytes, handed_over: Mapping[str, int] | None = None, since: Iterable[str] = ()
) -> Examined:
    """Read everything and say what does not hold.

    Args:
        public: the audit key's public half.
        handed_over: source to the number of the last entry that it knows the log to have taken.
        since: checkpoints that were kept elsewhere.
    """
    found = Examined()
    heads = _heads(log, public, since, found)
    edge = tree.Edge()
    numbers: dict[str, int] = {}
    before = heads.pop(0, None)
    good = 0
    if before:
        _compare(before, edge, good, found)
    for index, data, nodes in log.rows():
        if index != edge.size:
            found.fault(f"entry {edge.size} is missing: the next in the file is {index}")
            break
        if nodes[: tree.HASH_SIZE] != tree.leaf_hash(data):
            found.fault(f"entry {index} was changed: it is not what its hash was made of")
        completed = edge.add(data)
        if completed != nodes and completed[: tree.HASH_SIZE] == nodes[: tree.HASH_SIZE]:
            found.fault(f"the tree does not hold at entry {index}: a node over it was changed")
        _count(index, data, numbers, found)
        if head := heads.pop(edge.size, None):
            good = _compare(head, edge, good, found)
    found.entries, found.root, found.signed = edge.size, edge.root(), good
    for size in sorted(heads):
        found.fault(f"the log was cut: a checkpoint of {size} entries is signed, {edge.size} are there")
    for source, last in (handed_over or {}).items():
        if numbers.get(source, 0) < last:
            found.fault(
                f"entries {numbers.get(source, 0) + 1} to {last} of source {source} were taken into the log "
                "and are not in it"
            )
    return found


def _heads(
    log: AuditLog, public: bytes, since: Iterable[str], found: Examined
) -> dict[int, list[verifier.Head]]:
    heads: dict[int, list[verifier.Head]] = {}
    for note in [*(note for _, _, note in log.checkpoints()), *since]:
        try:
            head = verifier.open_checkpoint(note, public)
        except verifier.ProofError as e:
            found.fault(str(e))
            continue
        heads.setdefault(head.size, []).append(head)
    return heads


def _compare(heads: list[verifier.Head], edge: tree.Edge, good: int, found: Examined) -> int:
    """Hold checkpoints of this size against the entries so far; the size up to which all is proved."""
    root = edge.root()
    wrong = [head for head in heads if head.root != root]
    found.checkpoints += len(heads) - len(wrong)
    if wrong:
        found.fault(
            f"history was rewritten between entries {good} and {edge.size - 1}: "
            f"the checkpoint of {edge.size} entries has another root"
        )
    return good if len(wrong) == len(heads) else edge.size


def _count(index: int, data: bytes, numbers: dict[str, int], found: Examined) -> None:
    """Entries of a source are numbered without a gap."""
    try:
        fields = json.loads(data)
        source, n, kind = str(fields["source"]), int(fields["n"]), str(fields["type"])
    except (ValueError, KeyError, TypeError):
        found.fault(f"entry {index} is no entry: {data[:40]!r}")
        return
    expected = numbers.get(source, 0) + 1
    if n != expected:
        found.fault(f"entry {index} is number {n} of source {source}, expected {expected}")
    numbers[source] = max(n, expected)
    found.types[kind] = found.types.get(kind, 0) + 1
