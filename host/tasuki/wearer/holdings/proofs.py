"""A wearer's stored blocks as bundles that `tasuki verify` accepts with the hub's public key.

One bundle for each hub, session and run of epochs without a gap: a verifier names numbers that are skipped,
and what was withdrawn in between is no damage.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tasuki.block import Block
from tasuki.capture import container, header, parts
from tasuki.frames import Stream
from tasuki.vault.envelope import Tags

LONGEST = 900  # epochs in one bundle: an hour of four-second epochs


@dataclass
class Run:
    """Epochs of one hub and session that follow each other, by epoch and stream."""

    device: bytes
    key_id: bytes
    session: int
    first: int
    last: int
    kept: list[tuple[Tags, Block]] = field(default_factory=list)

    def takes(self, block: Block) -> bool:
        """True for a block that belongs into this run, or right behind it."""
        if block.session != self.session or not self.first <= block.epoch <= self.last + 1:
            return False
        return block.epoch - self.first < LONGEST

    def add(self, tags: Tags, block: Block) -> None:
        """Add a block that the run takes."""
        self.last = max(self.last, block.epoch)
        self.kept.append((tags, block))

    @property
    def blocks(self) -> list[Block]:
        """By epoch and stream."""
        return sorted((block for _, block in self.kept), key=lambda block: (block.epoch, block.stream))

    @property
    def name(self) -> str:
        """Of its bundle."""
        return f"{self.key_id.hex()[:8]}-{self.session}-{self.first}-{self.last}"


def runs(kept: Iterable[tuple[Tags, Block]]) -> Iterator[Run]:
    """The runs of blocks that come about as they were measured, each at most LONGEST epochs long.

    One run for each hub is in memory. A block that comes late is in a run of its own, if need be.
    """
    growing: dict[bytes, Run] = {}
    for tags, block in kept:
        run = growing.get(block.key_id)
        if run is None or not run.takes(block):
            if run is not None:
                yield run
            run = Run(block.device, block.key_id, block.session, block.epoch, block.epoch)
            growing[block.key_id] = run
        run.add(tags, block)
    yield from growing.values()


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
