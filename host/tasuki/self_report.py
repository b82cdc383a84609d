"""A self-report: what a wearer typed in on the account page (主観データ); a block that no hub measured.

It goes the way of every other block, under the wearer's consent, but nothing of a device proves it: whoever
gets it has the service's word, and no more (`tasuki.vault.attested`).

    format u8 = 2 | kind u8 | said u32, Unix seconds | number u32 | the kind's rows

A block of a hub begins with format 1 (`tasuki.block`). docs/formats.md has the questions' numbers.
"""

import struct
from dataclasses import dataclass

from tasuki.block import Block
from tasuki_wire import codec, layout

NO_HUB = b""
"""The key id of what no hub signed; a hub's has 8 bytes."""

STREAM = layout.STREAMS
"""The stream of what is typed in; those of a hub end below it."""

_FORMAT = 2
_HEAD = struct.Struct("<BBII")
_KIND = codec.number("subjective")
_ROW = struct.Struct("<Hh")


@dataclass(frozen=True)
class SelfReport:
    """Answers of one moment.

    Attributes:
        said_s: when, Unix seconds. number: which, unique for ever on this host together with `said_s`.
        rows: records of the wire's kind `subjective`: question u16, rating i16.
    """

    said_s: int
    number: int
    rows: bytes

    key_id = NO_HUB
    device = NO_HUB
    stream = STREAM
    kind = _KIND
    item = str(codec.KINDS[_KIND].item)

    @classmethod
    def of(cls, said_s: int, number: int, question: int, rating: int) -> "SelfReport":
        """One answer; ValueError for what a record cannot hold."""
        try:
            return cls(said_s, number, _ROW.pack(question, rating))
        except struct.error as e:
            raise ValueError(f"question {question}, rating {rating}") from e

    @property
    def session(self) -> int:
        """What stands where a block of a hub has its session counter."""
        return self.said_s

    @property
    def epoch(self) -> int:
        """What stands where a block of a hub has its epoch number."""
        return self.number

    @property
    def answers(self) -> list[tuple[int, int]]:
        """(question, rating) of each record."""
        return list(_ROW.iter_unpack(self.rows))

    def to_bytes(self) -> bytes:
        """As it stands in envelopes."""
        return _HEAD.pack(_FORMAT, self.kind, self.said_s, self.number) + self.rows

    @classmethod
    def from_bytes(cls, data: bytes) -> "SelfReport":
        """Read one; ValueError when the bytes are none."""
        if len(data) <= _HEAD.size or (len(data) - _HEAD.size) % _ROW.size:
            raise ValueError(f"self-report of {len(data)} bytes")
        form, kind, said_s, number = _HEAD.unpack_from(data)
        if (form, kind) != (_FORMAT, _KIND):
            raise ValueError(f"no self-report: format {form}, kind {kind}")
        return cls(said_s, number, data[_HEAD.size :])


def read(data: bytes) -> Block | SelfReport:
    """What an envelope holds, a hub's block or a self-report; ValueError when it is neither."""
    return SelfReport.from_bytes(data) if data[:1] == bytes((_FORMAT,)) else Block.from_bytes(data)
