"""From bytes to frames: whole reads in, NumPy arrays out, no Python per frame."""

from tasuki.frames import Batch, Link, Stream
from tasuki.native import wire
from tasuki.native.wire import Bytes
from tasuki_wire import codec, layout

_STREAMS = codec.number("streams")
_FRAGMENTED = frozenset(k.number for k in codec.KINDS.values() if k.mode == layout.FRAGMENTS)


def read_streams(message: bytes) -> dict[int, Stream]:
    """{stream: what it is} of a `streams` message; raises WireError."""
    _, rows = codec.unpack(_STREAMS, message)
    return {row[0]: Stream(*row) for row in codec.unpack_rows(_STREAMS, rows)}


class Decoder:
    """Bytes of the link to batches; any split of the bytes gives the same frames.

    Holds no more than the start of one frame between calls.
    """

    def __init__(self) -> None:
        self._wire = wire.WireDecoder()

    def feed(self, data: Bytes) -> Batch:
        """All frames that end in these bytes, and what was too long to be one."""
        return Batch(*self._wire.decode(data))

    def announce(self, seeds: dict[int, int]) -> None:
        """Set the CRC seeds by kind that the hub's hello gave (codec.read_hello); replaces earlier ones."""
        self._wire.announce(seeds)

    def reset(self) -> None:
        """Forget a partial frame and the counts, as after a port was opened again."""
        self._wire.reset()

    @property
    def counts(self) -> dict[str, int]:
        """Frames so far by name of layout.FAULTS; "ok" are the intact ones."""
        return dict(zip(layout.FAULTS, self._wire.counts(), strict=True))

    @property
    def bad(self) -> int:
        """Frames so far that were not intact."""
        return sum(self._wire.counts()[1:])


class Messages:
    """Whole link messages from link frames: fragments joined, lengths checked."""

    def __init__(self) -> None:
        self._assembler = codec.Assembler()
        self.malformed = 0

    @property
    def abandoned(self) -> int:
        """Messages whose fragments did not come whole and in order."""
        return int(self._assembler.abandoned)

    def reset(self) -> None:
        """Forget what is in assembly, as a hello with another nonce asks for."""
        self._assembler.reset()

    def join(self, link: Link) -> Link | None:
        """The message that this frame completes, with all its payload; None while some is to come."""
        if link.kind not in _FRAGMENTED:
            return link
        whole: bytes | None = self._assembler.add(link.kind, link.payload)
        if whole is None:
            return None
        if not codec.KINDS[link.kind].message_holds(len(whole)):
            self.malformed += 1
            return None
        return Link(link.row, link.kind, link.time_us, whole)
