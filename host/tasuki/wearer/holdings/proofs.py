"""A wearer's stored blocks as bundles that `tasuki verify` accepts with the hub's public key.

One bundle for each hub, session and run of epochs without a gap: a verifier names numbers that are skipped,
and what was withdrawn in between is no damage.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from tasuki.block import Block
from tasuki.capture import container, header, parts
from tasuki.frames import Stream
from tasuki.vault.envelope import Tags


@dataclass
class Run:
    """Epochs of one hub and session that follow each other, by epoch and stream."""

    device: bytes
    key_id: bytes
    session: int
    first: int
    last: int
    kept: list[tuple[Tags, Block]] = field(default_factory=list)

    @property
    def blocks(self) -> list[Block]:
        """By epoch and stream."""
        return [block for _, block in self.kept]

    @property
    def name(self) -> str:
        """Of its bundle."""
        return f"{self.key_id.hex()[:8]}-{self.session}-{self.first}-{self.last}"


def runs(kept: Iterable[tuple[Tags, Block]]) -> Iterator[Run]:
    """The runs of all blocks, whatever their order."""
    ordered = sorted(kept, key=lambda one: (*_epoch(one), one[1].stream))
    run: Run | None = None
    for (key_id, session, number), same in groupby(ordered, key=_epoch):
        found = list(same)
        if run and (run.key_id, run.session) == (key_id, session) and number <= run.last + 1:
            run.last = number
        else:
            if run:
                yield run
            run = Run(found[0][1].device, key_id, session, number, number)
        run.kept += found
    if run:
        yield run


def write(run: Run, path: Path) -> None:
    """The run as a device-proved bundle in a new file."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    streams = {block.stream: block.kind for block in run.blocks}
    rows = tuple(Stream(stream, kind, 0, 0, 0) for stream, kind in sorted(streams.items()))
    head = header.Header(header.DEVICE_PROVED, os.urandom(header.ID_SIZE), now, 1.0, rows)
    writer = container.Writer(path, container.BUNDLE)
    try:
        writer.add(parts.HEADER, head.to_bytes())
        record = b""
        for block in run.blocks:
            if block.record != record:
                record = block.record
                writer.add(parts.EPOCH, record)
            writer.add(parts.BLOCK, parts.item_byte(block.item) + block.to_bytes())
        writer.close()
    except BaseException:
        writer.abandon()
        raise


def _epoch(one: tuple[Tags, Block]) -> tuple[bytes, int, int]:
    return one[1].key_id, one[1].session, one[1].epoch
