"""An epoch while it waits: for its record, its opening, its frames."""

from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

from tasuki.native import epoch as native
from tasuki.trust.verdict import Omitted, Record, Run, Verdict
from tasuki_wire import layout

ENTRIES = Struct("<BxIH40x")
"""stream, first_seq and count of a layout.ENTRY."""


class Opening(NamedTuple):
    """An opening, read; nothing of it is believed before the record's root proves it."""

    secret: bytes
    meta: bytes
    entries: bytes


class Timing(NamedTuple):
    """Seconds after which the verifier asks and gives up.

    grace_s: how long the other half of a record and opening may take.
    retry_s: after asking for frames, when to ask for their leaf hashes.
    window_s: when what is missing is decided to be lost.
    """

    grace_s: float = 0.5
    retry_s: float = 1.5
    window_s: float = 8.0


@dataclass(slots=True)
class Pending:
    """An epoch that is not decided yet: what came of it, and what was asked for.

    since: time of the first poll that saw it. missing: frames that its opening
    names and nobody holds. doubted: what was in doubt was asked for once.
    """

    session: int
    epoch: int
    raw: bytes = b""
    record: Record | None = None
    opening: Opening | None = None
    leaves: dict[int, dict[int, bytes]] = field(default_factory=dict)
    since: float | None = None
    asked: int = 0
    doubted: bool = False
    missing: tuple[Run, ...] = ()

    def lacks(self, stream: int, indices: range) -> list[int]:
        """Which of these frames of a stream are missing, by index in the entry."""
        wanted = {run.index + i for run in self.missing if run.stream == stream for i in range(run.count)}
        return sorted(wanted.intersection(indices))

    def supplement(self) -> tuple[bytes, bytes] | None:
        """Leaves that came, for native.Window.check; None without any."""
        if not self.leaves or not self.opening:
            return None
        leaves, given = bytearray(), bytearray()
        for stream, _, count in ENTRIES.iter_unpack(self.opening.entries):
            known = self.leaves.get(stream, {})
            for i in range(count):
                leaves += known.get(i, bytes(layout.NODE_SIZE))
                given.append(i in known)
        return bytes(leaves), bytes(given)

    def runs(self, window: native.Window, status: bytes) -> tuple[Run, ...]:
        """Frames of the entries that lack some, neither held nor given as leaf."""
        out: list[Run] = []
        if not self.opening:
            return ()
        for (stream, first, count), one in zip(
            ENTRIES.iter_unpack(self.opening.entries), status, strict=True
        ):
            if one == native.MISSING:
                known = self.leaves.get(stream, {})
                states = window.look(stream, first, count)
                lost = [k for k, state in enumerate(states) if state == native.ABSENT and k not in known]
                out += join_runs(stream, first, lost)
        return tuple(out)


def join_runs(stream: int, first: int, indices: list[int]) -> list[Run]:
    """Runs of consecutive frames, from their indices in an entry that starts at seq `first`."""
    out: list[Run] = []
    start = 0
    for i, k in enumerate(indices, 1):
        if i == len(indices) or indices[i] != k + 1:
            out.append(Run(stream, first + indices[start], indices[start], i - start))
            start = i
    return out


def join_omitted(verdicts: list[Verdict]) -> list[Verdict]:
    """The same verdicts, consecutive omitted epochs said as one."""
    out: list[Verdict] = []
    for verdict in verdicts:
        last = out[-1] if out else None
        if (
            isinstance(verdict, Omitted)
            and isinstance(last, Omitted)
            and (last.session, last.first + last.count) == (verdict.session, verdict.first)
        ):
            out[-1] = Omitted(last.session, last.first, last.count + verdict.count)
        else:
            out.append(verdict)
    return out
