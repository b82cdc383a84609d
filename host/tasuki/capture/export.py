"""Makes bundles from captures: the wearer's own, and those for a purpose.

A device-proved bundle must not tell what it leaves out: it has no list, no counts, no events, no
slot leaves, and only the rows of streams that it discloses. What the hub's own text says could
tell, so log lines stay back as soon as any item does.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tasuki.block import Block
from tasuki.capture import container, header, parts
from tasuki.capture.reading import Capture
from tasuki.capture.release import Release
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.trust import proof
from tasuki.vault import attested
from tasuki.vault.vault import Vault, key_epoch
from tasuki_wire import codec

_LOG = codec.number("log")

Chooser = Callable[[Capture, Block], bool]
"""Whether a block may go."""

Opener = Callable[[], AbstractContextManager[Capture]]
"""Opens the source; called again for every pass."""


@dataclass
class Summary:
    """What an export wrote: the bundle's kind, epochs and blocks; left out by cause; damage of the source."""

    kind: str
    epochs: int = 0
    blocks: int = 0
    damage: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def withholding(without: frozenset[str], summary: Summary) -> Chooser:
    """Chooses everything but the withheld items, and no log lines once anything is withheld."""

    def choose(_: Capture, block: Block) -> bool:
        if block.item in without:
            summary.left_out["withheld"] += 1
            return False
        if without and block.kind == _LOG:
            summary.left_out["log"] += 1
            return False
        return True

    return choose


def both(choose: Chooser, release: Release) -> Chooser:
    """Chooses what `choose` does and consent allows as well."""
    return lambda capture, block: choose(capture, block) and release.decide(capture, block) is not None


def device_proved(
    open_capture: Opener,
    out: Path,
    choose: Chooser,
    summary: Summary,
    trim: bool = False,
    recipient: bytes = b"",
) -> None:
    """Write the chosen blocks with all that proves them.

    The source is read twice, first for which streams are disclosed.

    trim: leave out epochs before the first and after the last disclosed block.
    recipient: public key that the bundle is encrypted to; empty for a plain one.
    """
    with open_capture() as capture:
        head = source_header(capture)
        chosen = {part.offset: part.block.stream for part in _blocks(capture) if choose(capture, part.block)}
    shown = set(chosen.values())
    rows = tuple(row for row in head.streams if row.stream in shown)
    new = header.Header(
        header.DEVICE_PROVED,
        os.urandom(header.ID_SIZE),
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        head.speed,
        rows,
    )
    with open_capture() as capture, _bundle(out, new, recipient) as writer:
        _copy(capture, writer, chosen.keys(), summary, trim)
        _require_some(summary)
        summary.damage = len(capture.damage)


def _copy(
    capture: Capture, writer: container.Writer, chosen: Container[int], summary: Summary, trim: bool
) -> None:
    waiting: list[bytes] = []
    version = told = 0
    for part in capture:
        if isinstance(part, parts.EpochPart):
            if trim and not summary.blocks:
                waiting.clear()
            waiting.append(part.record)
        elif isinstance(part, parts.ClockPart):
            clock = part.t1_us, part.rx_us, part.tx_us, part.t4_us, part.wall_minus_host_us
            writer.add(parts.CLOCK, parts.pack_clock(*clock))
        elif isinstance(part, parts.EventPart) and part.value.get("event") == parts.CALIBRATION:
            version = part.value.get("version", 0)
        elif isinstance(part, parts.BlockPart) and part.offset in chosen:
            if version != told:  # of these blocks and those that follow; nothing else of the event goes along
                writer.add(parts.EVENT, parts.pack_event(parts.CALIBRATION, version=version))
                told = version
            _write_epochs(writer, waiting, summary)
            writer.add(parts.BLOCK, parts.item_byte(part.item) + part.block.to_bytes())
            summary.blocks += 1
        elif isinstance(part, parts.Unreadable):
            summary.left_out["erased"] += 1
    if not trim:
        _write_epochs(writer, waiting, summary)


def _write_epochs(writer: container.Writer, waiting: list[bytes], summary: Summary) -> None:
    for record in waiting:
        writer.add(parts.EPOCH, record)
    summary.epochs += len(waiting)
    waiting.clear()


class AttestedExport:
    """A bundle without anything of category 2, signed by the service.

    Args:
        release: the consent that decides per block.
        public: the hub's public key by device id; only what it proves is attested.
        recipient: public key that the bundle is encrypted to; empty for a plain one.

    Numbers begin at a random one, as at the destinations that blocks are sent to: where everybody's
    began at 0, equal numbers in the files of two recipients would tell that they are about one wearer.
    """

    def __init__(
        self, vault: Vault, release: Release, public: Callable[[bytes], bytes], recipient: bytes = b""
    ) -> None:
        self._vault = vault
        self._release = release
        self._public = public
        self._signer = vault.signer("attestation")
        self._recipient = recipient
        self._next: dict[tuple[bytes, int], int] = defaultdict(attested.first_number)

    def write(self, capture: Capture, out: Path, choose: Chooser, summary: Summary) -> None:
        """Write all blocks that `choose` and consent let go; Refused when there is none."""
        source_header(capture)
        new = header.Header(header.ATTESTED, os.urandom(header.ID_SIZE), "")
        with _bundle(out, new, self._recipient) as writer:
            for part in _blocks(capture):
                if choose(capture, part.block) and self._add(capture, part.block, writer):
                    summary.blocks += 1
            _require_some(summary)
            summary.damage = len(capture.damage)
            writer.add(parts.SIGNATURE, self._signer.sign("bundle", writer.digest))

    def _add(self, capture: Capture, block: Block, writer: container.Writer) -> bool:
        interval = self._release.decide(capture, block)
        if interval is None or block.kind == _LOG:
            return False
        try:
            proof.check_by(block, self._public)
        except Untrusted as e:
            raise Untrusted(e.reason, f"epoch {block.epoch}, {block.item}: {e}") from None
        release = self._release
        use = release.purpose, release.destination
        pseudonym = self._vault.pseudonym(capture.subject, *use, key_epoch(interval.t0_ns))
        place = pseudonym, block.stream
        hour = interval.t0_ns // attested.HOUR_NS
        label = attested.Label(pseudonym, self._next[place], hour, release.policy.hash, *use)
        writer.add(parts.ATTESTED, attested.strip(block, label, self._signer))
        self._next[place] += 1
        return True


def _blocks(capture: Capture) -> Iterator[parts.BlockPart]:
    return (part for part in capture if isinstance(part, parts.BlockPart))


def source_header(capture: Capture) -> header.Header:
    """The source's header; UsageError when it is none that can be exported."""
    head = capture.header
    if head is None:
        raise UsageError(f"{capture.path} is no capture", "`tasuki verify` says what is wrong with it.")
    if head.kind == header.ATTESTED:
        raise UsageError(f"{capture.path} is a gateway-attested bundle", "Export from the capture itself.")
    return head


def _require_some(summary: Summary) -> None:
    if not summary.blocks:
        raise Refused("nothing_to_export", "no block may go into this bundle", "See the reasons above.")


@contextmanager
def _bundle(out: Path, head: header.Header, recipient: bytes) -> Iterator[container.Writer]:
    """A bundle that appears under its name only when it is whole."""
    if out.exists():
        raise UsageError(f"{out} exists", "Give another name, or move it away.")
    draft = out.with_name(f".{out.name}.{os.urandom(4).hex()}")
    writer = container.Writer(draft, container.BUNDLE, recipient)
    try:
        writer.add(parts.HEADER, head.to_bytes())
        yield writer
        writer.close()
        draft.replace(out)
    except BaseException:
        writer.abandon()
        draft.unlink(missing_ok=True)
        raise
