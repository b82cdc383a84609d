"""The library form: verified blocks from a hub or a capture, one after the other."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tasuki import folders, values
from tasuki.block import Block
from tasuki.capture import trust
from tasuki.capture.export import source_header
from tasuki.capture.timeline import UNKNOWN, Timed, Timeline
from tasuki.errors import Refused, TasukiError, Untrusted
from tasuki.pipeline.acquire import SerialLine
from tasuki.pipeline.parcel import Acquired
from tasuki.session import running
from tasuki.session.hub_session import Session
from tasuki.session.state import State, wearer
from tasuki.trust import proof
from tasuki_wire.items import NAMES


@dataclass(frozen=True)
class Reading:
    """A verified block; of a hub, it is durably in the outbox.

    Attributes:
        block: the block with all that proves it (tasuki.trust.proof.check).
        start, end: wall time of the first and the last sample, UTC; None in a capture that holds
            no time sync of that life of the hub.
        uncertainty_s: half-width of the interval that both surely lie in; NaN without them.
    """

    block: Block
    start: datetime | None
    end: datetime | None
    uncertainty_s: float

    @property
    def item(self) -> str:
        """The item that consent speaks of."""
        return self.block.item

    def values(self) -> values.Values:
        """Times, physical values and units; ValueError for log lines."""
        return values.read(self.block)


def open_(source: str | os.PathLike[str], **options: Any) -> Iterator[Reading]:
    """Verified blocks: of a file those that were recorded (`recorded`), of a port those to come (`blocks`).

    `tasuki.open` is this function; options are those of the two.
    """
    if Path(source).is_file():
        return recorded(source, **options)
    return blocks(os.fspath(source), **options)


def blocks(
    port: str, *, consent: str | os.PathLike[str] | None = None, subject: str | None = None,
    state: str | os.PathLike[str] | None = None, public_key: bytes | None = None, speed: float = 1.0,
) -> Iterator[Reading]:  # fmt: skip
    """Run the hub on a port and yield its verified blocks; `tasuki.open` is this function for a port.

    Ends when consent leaves nothing to sample; sampling stops when the iterator
    is closed. What consent lets go is stored meanwhile as `tasuki run` does.

    Args:
        consent: the wearer's consent file, adopted first; None goes by what is recorded.
        subject: who wears the hub; needed when several wearers are recorded.
        state: folder of keys, register, outbox and store; the user's by default.
        public_key: device key to trust instead of the register's.

    Raises:
        UsageError: port, file or folder cannot be used.
        Refused: the hub is unknown or says no, or the wearer consents to nothing.
        Untrusted: the hub shows another key than the one that is trusted.
        LinkLost: the hub went away.
    """
    with State(Path(state) if state else folders.default_state()) as opened:
        worn_by = wearer(opened, Path(consent) if consent else None, subject)
        session = Session(SerialLine(port), opened, worn_by, public_key=public_key, speed=speed)
        with session, running.uploading(session):
            if not session.sampling:
                raise Refused("no_consent", "nothing may be sampled", "See `tasuki consent show`.")
            try:
                for acquired in session.blocks():
                    yield _reading(acquired)
                for acquired in session.stop():
                    yield _reading(acquired)
            except TasukiError:
                for acquired in session.decide():
                    yield _reading(acquired)
                raise
            finally:
                if not session.decided:
                    session.stop()


def recorded(
    path: str | os.PathLike[str], *, state: str | os.PathLike[str] | None = None,
    public_key: bytes | None = None, items: Iterable[str] | None = None,
    since: datetime | None = None, until: datetime | None = None,
) -> Iterator[Reading]:  # fmt: skip
    """The blocks of a capture or device-proved bundle that its hub's key proves, in time's order.

    Only what is asked for is read, by the file's index. What the key does not prove, what is
    damaged and what has no key any more is left out; `tasuki verify` says what and why.

    Args:
        state: folder of vault and register; the user's by default.
        public_key: device key to trust instead of the register's.
        items: only these. since, until: only blocks that overlap this time.

    Raises:
        UsageError: the file is none of these, or needs a vault that is not there.
        Refused: its hub is not in the register.
    """
    folder = Path(state) if state else folders.default_state()
    with trust.opened(Path(path), folder) as capture:
        head = source_header(capture)
        key_of = trust.key_of(head, public_key, folder)
        timeline = Timeline(capture)
        streams = None
        if items is not None:
            wanted = [NAMES.index(item) for item in items]
            streams = set(timeline.rows["stream"][np.isin(timeline.rows["item"], wanted)].tolist())
        for timed in timeline.blocks(streams, _ns(since), _ns(until)):
            try:
                proof.check_by(timed.block, key_of)
            except Untrusted:
                continue
            yield _of_capture(timed)


def _ns(when: datetime | None) -> int | None:
    return None if when is None else round(when.timestamp() * 1e6) * 1000


def _of_capture(timed: Timed) -> Reading:
    if timed.t0_ns == UNKNOWN:
        return Reading(timed.block, None, None, math.nan)
    start, end = (datetime.fromtimestamp(ns / 1e9, UTC) for ns in (timed.t0_ns, timed.t1_ns))
    return Reading(timed.block, start, end, timed.uncertainty_ns / 1e9)


def _reading(acquired: Acquired) -> Reading:
    return Reading(
        acquired.block,
        datetime.fromtimestamp(acquired.t0_ns / 1e9, UTC),
        datetime.fromtimestamp(acquired.t1_ns / 1e9, UTC),
        acquired.uncertainty_ns / 1e9,
    )
