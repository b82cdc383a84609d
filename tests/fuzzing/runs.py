"""One run from a blank hub to its outcome."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fast_hub import FastLine
from fuzzing.campaign import Campaign
from fuzzing.judge import Fault
from fuzzing.peers import open_peer
from fuzzing.replay import Run
from tasuki import recordings
from tasuki_wire import codec
from tasuki_wire.errors import WireError

ENOUGH = 10_000

Watch = Callable[[Sequence[int]], Iterable[int]]


@dataclass(frozen=True)
class Outcome:
    """What a run showed.

    Attributes:
        fault: the promise that was broken, empty when all were kept.
        heap: most bytes free that device_status told, in the first and in the second half.
    """

    fault: str
    sent: int
    lives: int
    damaged: int
    reached: Counter[str]
    answers: Counter[tuple[str, str]]
    heap: tuple[int, int]


def attempt(run: Run, folder: Path, speed: float = 10, watch: Watch = iter) -> Outcome:
    """Do a run on a new hub in an empty folder; watch sees the numbers go by."""
    recording = recordings.prepare(recordings.load(None), 60, folder / "replay", loop=True)
    peer = open_peer(run.kind, folder / "hub", recording.path.parent, speed)
    campaign = Campaign(peer, run.seed, handled())
    fault = ""
    try:
        campaign.run(watch(run.commands()))
    except Fault as e:
        fault = str(e)
    finally:
        peer.close()
    asked, judge = campaign.asked, campaign.judge
    return Outcome(
        fault,
        campaign.sent,
        judge.lives,
        asked.damaged_in_all,
        asked.reached,
        judge.answers,
        _heap(judge.heap_free),
    )


def handled() -> frozenset[int]:
    """Kinds that the hub has a handler for."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = recordings.prepare(recordings.load(None), 1, folder / "replay")
        line = FastLine(folder / "hub", recording.path.parent)
        return frozenset(n for n, kind in codec.KINDS.items() if _handles(line, kind.name))


def _handles(line: FastLine, name: str) -> bool:
    try:
        line.hub.commands._handler(name)
    except WireError:
        return False
    return True


def _heap(free: list[int]) -> tuple[int, int]:
    part = max(1, len(free) // 2)
    return max(free[:part], default=0), max(free[-part:], default=0)
