"""One run from a blank hub to its outcome."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasuki import recordings
from tasuki.errors import LinkLost
from tasuki.fleet.fuzzing.campaign import Campaign
from tasuki.fleet.fuzzing.judge import Fault
from tasuki.fleet.fuzzing.peers import open_peer
from tasuki.fleet.fuzzing.replay import Run

ENOUGH = 10_000

Watch = Callable[[Sequence[int]], Iterable[int]]


@dataclass(frozen=True)
class Outcome:
    """What a run showed.

    Attributes:
        fault: the promise that was broken, empty when all were kept.
        heap: most bytes free that device_status told, in the first and in the second half.
        stopped: Ctrl-C ended it.
    """

    fault: str
    sent: int
    lives: int
    damaged: int
    reached: Counter[str]
    answers: Counter[tuple[str, str]]
    heap: tuple[int, int]
    stopped: bool = False


@dataclass(frozen=True)
class Place:
    """Where the hub of a run is.

    Attributes:
        folder: an empty one, for a virtual hub.
        speed: of its clock.
        port: of a hub that is not virtual; repin: it may lose its key.
        patience_s: how long it may be silent, None for that of a busy machine.
    """

    folder: Path
    speed: float = 10
    port: str = ""
    repin: bool = False
    patience_s: float | None = None


def attempt(run: Run, place: Place, watch: Watch = iter) -> Outcome:
    """Do a run on a new hub, or on the one at a port; watch sees the numbers go by."""
    folder = place.folder
    recording = recordings.prepare(recordings.load(None), 60, folder / "replay", loop=True)
    where = (folder / "hub", recording.path.parent, place.speed, place.port, place.repin)
    try:
        peer = open_peer(run.kind, *where)
    except KeyboardInterrupt:
        return Outcome("", 0, 0, 0, Counter(), Counter(), (0, 0), stopped=True)
    campaign = Campaign(peer, run.seed, patience_s=place.patience_s)
    fault, stopped = "", False
    try:
        campaign.run(watch(run.commands()))
    except Fault as e:
        fault = str(e)
    except LinkLost as e:
        fault = f"the hub went away: {e}"
    except KeyboardInterrupt:
        stopped = True
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
        stopped,
    )


def _heap(free: list[int]) -> tuple[int, int]:
    part = max(1, len(free) // 2)
    return max(free[:part], default=0), max(free[-part:], default=0)
