"""Verifies a capture or bundle against a key that comes from elsewhere."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from tasuki.block import Block
from tasuki.capture import header, parts
from tasuki.capture.attested import AttestedCheck
from tasuki.capture.parts import EpochPart
from tasuki.capture.reading import Capture
from tasuki.capture.report import Omission, Rejection, Report, StreamCount
from tasuki.errors import Untrusted
from tasuki.trust import proof
from tasuki_wire import epoch, layout

KeyOf = proof.KeyOf


@dataclass
class _Epoch:
    """One epoch record of the file and what came with it."""

    part: EpochPart
    key: bytes
    reason: str
    blocks: dict[int, Block] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fields = self.part.fields
        self.place: tuple[bytes, int, int] = (fields[2], fields[3], fields[4])
        self.prev: bytes = fields[5]

    def rejection(self, reason: str, stream: int = -1, offset: int | None = None) -> Rejection:
        at = self.part.offset if offset is None else offset
        return Rejection(self.place[1], self.place[2], stream, reason, at)


def verify(capture: Capture, key_of: KeyOf) -> Report:
    """Check every signature, leaf and frame, that nothing comes twice and nothing is left out between.

    key_of: gives the hub's public key for a device id, or for b"" the service's attestation key.
    """
    report = Report(capture.header.kind if capture.header else "")
    if report.kind == header.ATTESTED:
        AttestedCheck(key_of(b""), report).run(capture)
    else:
        _Check(key_of, report).run(capture)
    report.damage = capture.damage
    return report


class _Check:
    def __init__(self, key_of: KeyOf, report: Report) -> None:
        self._key_of = key_of
        self._report = report
        self._epochs: dict[tuple[bytes, int, int], _Epoch] = {}
        self._current: _Epoch | None = None

    def run(self, capture: Capture) -> None:
        """Read the whole file, then look at how its epochs hang together."""
        for part in capture:
            self._take(part)
        good = sorted((e for e in self._epochs.values() if not e.reason), key=lambda e: e.place)
        self._check_chain(good)
        self._count([e for e in good if not e.reason])

    def _take(self, part: parts.Part) -> None:
        report = self._report
        if isinstance(part, EpochPart):
            self._take_epoch(part)
        elif isinstance(part, parts.BlockPart):
            self._take_block(part)
        elif isinstance(part, parts.Unreadable):
            report.erased[part.item] += 1
        elif isinstance(part, parts.TailPart):
            report.tail[part.item] += len(part.frames)
        elif isinstance(part, parts.EventPart):
            report.events[str(part.value.get("event", ""))[:40]] += 1
        elif isinstance(part, parts.CountsPart):
            report.recorded = part.value
        elif isinstance(part, parts.AttestedPart | parts.SignaturePart):
            report.rejected.append(Rejection(-1, -1, -1, "stray_record", part.offset))

    def _take_epoch(self, part: EpochPart) -> None:
        key = proof.signing_key(self._key_of, *part.fields[1:4])
        found = _Epoch(part, key, _record_reason(part, key))
        if not found.reason and found.place in self._epochs:
            found.reason = "replayed"
        if found.reason:
            self._report.rejected.append(found.rejection(found.reason))
        else:
            self._epochs[found.place] = found
        self._current = found

    def _take_block(self, part: parts.BlockPart) -> None:
        block, current = part.block, self._current
        held = len(block.places)
        if current is None or block.record != current.part.record:
            row = Rejection(block.session, block.epoch, block.stream, "stray_block", part.offset)
            self._report.rejected.append(row)
            self._report.frames_bad += held
            return
        if self._epochs.get(current.place) is not current:  # its record does not hold
            self._report.frames_bad += held
            return
        reason = "replayed" if block.stream in current.blocks else _block_reason(block, current.key)
        if reason:
            current.reason = current.reason or reason
            self._report.frames_bad += held
            self._report.rejected.append(current.rejection(reason, block.stream, part.offset))
        else:
            current.blocks[block.stream] = _summary(block)

    def _check_chain(self, good: list[_Epoch]) -> None:
        """prev of neighbours, and numbers that are skipped; `good` is sorted by place."""
        for found in good:
            if (found.place[2] == 0) != (found.prev == epoch.NO_PREV):
                self._break(found)
        for before, after in itertools.pairwise(good):
            if before.place[:2] != after.place[:2]:
                continue
            skipped = after.place[2] - before.place[2] - 1
            if skipped:
                self._report.omitted += self._omissions(before.place, after.place)
            elif after.prev != epoch.sha256(before.part.record):
                self._break(after)

    def _break(self, found: _Epoch) -> None:
        found.reason = found.reason or "broken_chain"
        self._report.rejected.append(found.rejection("broken_chain"))

    def _omissions(self, before: tuple[bytes, int, int], after: tuple[bytes, int, int]) -> list[Omission]:
        rejected = {row.epoch for row in self._report.rejected if row.session == before[1]}
        first, last = before[2] + 1, after[2] - 1
        if last - first < len(rejected) and rejected.issuperset(range(first, last + 1)):
            return []  # they are there, and were rejected
        return [Omission(before[1], -1, first, last)]

    def _count(self, good: list[_Epoch]) -> None:
        report = self._report
        report.epochs_verified = len(good)
        last: dict[tuple[bytes, int, int], tuple[int, Block]] = {}
        for index, found in enumerate(good):
            report.devices.add(found.part.fields[1].hex())
            report.blocks_verified += len(found.blocks)
            report.slots_undisclosed += layout.SLOTS - len(found.blocks)
            for stream, block in found.blocks.items():
                row = report.streams.setdefault(stream, StreamCount(block.item))
                report.span(found.place[1], block.t0_us, block.t1_us)
                row.held += len(block.places)
                row.missing += block.count - len(block.places)
                report.gaps += _runs(block)
                place = (*found.place[:2], stream)
                if place in last:
                    self._between(row, good, last[place], (index, block))
                last[place] = index, block

    def _between(
        self, row: StreamCount, good: list[_Epoch], before: tuple[int, Block], after: tuple[int, Block]
    ) -> None:
        """Frames that the sequence numbers show to lie between two blocks of a stream."""
        (i, a), (j, b) = before, after
        jump = _first_seq(b) - _first_seq(a) - a.count
        if jump <= 0:
            return
        if j - i > 1 and j - i == good[j].place[2] - good[i].place[2]:
            row.withheld += jump
        else:
            row.missing += jump
            self._report.gaps += 1


def _summary(block: Block) -> Block:
    """The block without its frames, so that verifying a long file does not fill the memory."""
    return Block(
        block.record, block.entry, block.slot_key, block.path, block.places.copy(), block.lengths[:0], b""
    )


def _first_seq(block: Block) -> int:
    """Sequence number of the entry's first frame."""
    return int.from_bytes(block.entry[2:6], "little")


def _record_reason(part: EpochPart, key: bytes) -> str:
    """Why a record does not hold under a key; empty when it does."""
    wire, _, key_id, *_, root, _ = part.fields
    if not layout.OLDEST_VERSION <= wire <= layout.VERSION:
        return "wrong_version"
    if key_id != epoch.key_id(key):
        return "wrong_key"
    if not proof.signature_holds(part.record, key):
        return "bad_signature"
    if part.leaves and epoch.root(part.leaves) != root:
        return "root_mismatch"
    return ""


def _block_reason(block: Block, key: bytes) -> str:
    try:
        proof.check(block, key)
    except Untrusted as e:
        return e.reason
    return ""


def _runs(block: Block) -> int:
    """How many stretches of the block's frames are not held."""
    held = set(block.places.tolist())
    absent: Iterable[int] = (n for n in range(block.count) if n not in held)
    return sum(1 for n in absent if n == 0 or n - 1 in held)
