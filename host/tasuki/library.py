"""The library form: verified blocks from a hub, one after the other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasuki import folders, values
from tasuki.block import Block
from tasuki.errors import Refused, TasukiError
from tasuki.pipeline.acquire import SerialLine
from tasuki.pipeline.parcel import Acquired
from tasuki.session import running
from tasuki.session.hub_session import Session
from tasuki.session.state import State, wearer


@dataclass(frozen=True)
class Reading:
    """A verified block, durably in the outbox.

    Attributes:
        block: the block with all that proves it (tasuki.trust.proof.check).
        start, end: wall time of the first and the last sample, UTC.
        uncertainty_s: half-width of the interval that both surely lie in.
    """

    block: Block
    start: datetime
    end: datetime
    uncertainty_s: float

    @property
    def item(self) -> str:
        """The item that consent speaks of."""
        return self.block.item

    def values(self) -> values.Values:
        """Times, physical values and units; ValueError for log lines."""
        return values.read(self.block)


def blocks(
    port: str, *, consent: str | os.PathLike[str] | None = None, subject: str | None = None,
    state: str | os.PathLike[str] | None = None, public_key: bytes | None = None, speed: float = 1.0,
) -> Iterator[Reading]:  # fmt: skip
    """Run the hub on a port and yield its verified blocks; `tasuki.open` is this function.

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


def _reading(acquired: Acquired) -> Reading:
    return Reading(
        acquired.block,
        datetime.fromtimestamp(acquired.t0_ns / 1e9, UTC),
        datetime.fromtimestamp(acquired.t1_ns / 1e9, UTC),
        acquired.uncertainty_ns / 1e9,
    )
