"""A long run of the hub on the Cortex-M: no sample late, nothing lost, heap flat.

    python benchmarks/soak_hub.py [--seconds 600] [--image qemu.elf] [--write]

The emulator runs with `-icount shift=4,sleep=off`: 62.5 million instructions
are one second of hub time, and an idle hub does not wait for the wall, so an
hour of the hub may pass in some minutes. Everything on the host is the real
path; on a busy machine a host that stands still for a second misses twenty of
the hub's, and frames are dropped: gaps of such a run are the machine's.
Exits 1 when a figure fails; --write puts it into RESULTS/soak_hub.json and README.md.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasuki import recordings
from tasuki.fleet import qemu
from tasuki.fleet.virtual import VirtualHub
from tasuki.frames import Samples
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.enrolment import enroll
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.state import State, adopt
from tasuki_wire import codec

ICOUNT = "shift=4,sleep=off"
RESULT = Path(__file__).parent / "RESULTS" / "soak_hub.json"
README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- soak-hub: begin -->\n", "<!-- soak-hub: end -->"
_MINUTE_S = 60
# The hub reports whatever its collector has left at that moment, and makes up to 28 KB of garbage between
# two reports: the best of five minutes, some ten collections, is 3 KB below what one leaves, give or take 3.
_WINDOW_S = 300
_FLAT = (
    8192  # bytes that the best of one window may differ from that of the other: 0.8 for each frame between
)
_STATUS = codec.number("device_status")
_STREAMS = codec.number("stream_status")


@dataclass
class Found:
    """What a run showed; heap figures are the most bytes free in its first and last five minutes."""

    image: str
    hub_seconds: float = 0
    wall_seconds: float = 0
    frames: int = 0
    epochs_verified: int = 0
    epochs_rejected: int = 0
    gaps: int = 0
    overruns: int = 0
    dropped: int = 0
    unsigned: int = 0
    late: int = 0
    late_by_stream: dict[int, int] = field(default_factory=dict)
    longest_wait_us: int = 0
    heap_free_first: int = 0
    heap_free_last: int = 0

    def flaws(self, most_late: int = 0) -> list[str]:
        """Names of the figures that are not as promised."""
        wanted = ("epochs_rejected", "gaps", "overruns", "dropped", "unsigned")
        out = [name for name in wanted if getattr(self, name)]
        if self.late > most_late:
            out.append("late")
        if abs(self.heap_free_first - self.heap_free_last) > _FLAT:
            out.append("heap_free_last")
        return out


class Watch(Listener):
    """Keeps what the hub says of itself."""

    def __init__(self) -> None:
        self.status: list[dict[str, int]] = []
        self.heap: list[tuple[float, int]] = []
        self.late: dict[int, int] = {}
        self.waits: dict[int, int] = {}

    def on_samples(self, samples: list[Samples]) -> None:
        """Reports of the hub and of its streams."""
        for part in samples:
            if part.kind == _STATUS:
                for at, row in zip(part.times_us, part.raw, strict=True):
                    self.status.append({name: int(row[name]) for name in row.dtype.names})
                    self.heap.append((int(at) / 1e6, int(row["heap_free"])))
            if part.kind == _STREAMS:
                for row in part.raw:
                    stream = int(row["stream"])
                    self.late[stream] = int(row["late"])
                    self.waits[stream] = max(self.waits.get(stream, 0), int(row["jitter"]))


def soak(image: Path, seconds: float, folder: Path, icount: str = ICOUNT) -> Found:
    """Run a hub for so many seconds of its own time."""
    os.environ["TASUKI_IMAGE"] = str(image)
    replay = recordings.prepare(recordings.load(None), _MINUTE_S, folder / "replay", loop=True)
    hub_folder = folder / "hub"
    hub_folder.mkdir()
    (hub_folder / "hub.json").write_text(json.dumps({"icount": icount}))
    found, watch = Found(image.name), Watch()
    with (
        State(folder / "state") as state,
        VirtualHub("qemu", hub_folder, replay.path.parent) as hub,
    ):
        enroll(hub.port, state)
        with Session(SerialLine(hub.port), state, adopt(state, None), listeners=[watch]) as session:
            started = time.monotonic()
            while not watch.heap or watch.heap[-1][0] - watch.heap[0][0] < seconds:
                session.step()
            found.wall_seconds = round(time.monotonic() - started, 1)
            session.stop()
            counts = session.summary_counts()
    _fill(found, watch, counts)
    return found


def _fill(found: Found, watch: Watch, counts: Any) -> None:
    last = watch.status[-1]
    first_s, last_s = watch.heap[0][0], watch.heap[-1][0]
    found.hub_seconds = round(float(last_s - first_s), 1)
    found.frames = counts.frames
    found.epochs_verified = counts.epochs_verified
    found.epochs_rejected = sum(counts.rejected.values())
    found.gaps = counts.gaps
    found.overruns, found.dropped, found.unsigned = last["overruns"], last["dropped"], last["unsigned"]
    found.late = sum(watch.late.values())
    found.late_by_stream = {stream: late for stream, late in sorted(watch.late.items()) if late}
    found.longest_wait_us = max(watch.waits.values(), default=0)
    found.heap_free_first = max(free for at, free in watch.heap if at <= first_s + _WINDOW_S)
    found.heap_free_last = max(free for at, free in watch.heap if at >= last_s - _WINDOW_S)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="soak_hub")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--image", default="qemu.elf")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-hub-") as name:
        found = soak(qemu.image().with_name(options.image), options.seconds, Path(name))
    print(json.dumps(asdict(found), indent=2))
    if options.write:
        _write(found)
    flaws = found.flaws()
    print("flaws:", ", ".join(flaws) or "none")
    return int(bool(flaws))


def _write(found: Found) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    kept[found.image] = {"date": datetime.now(UTC).date().isoformat(), "icount": ICOUNT, **asdict(found)}
    RESULT.write_text(json.dumps(kept, indent=2) + "\n")
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    README.write_text(before + _BEGIN + page(kept) + _END + after, encoding="utf-8")


def page(kept: dict[str, Any]) -> str:
    """README.md's table of what was recorded."""
    rows = [
        "| image | run on | hub time | epochs verified | rejected, gaps, overruns | late samples"
        " | longest wait | heap free, first and last 5 minutes |",
        "| --- " * 8 + "|",
    ]
    for image, run in kept.items():
        lost = run["epochs_rejected"] + run["gaps"] + run["overruns"]
        rows.append(
            f"| `{image}` | {run['date']} | {run['hub_seconds']:.0f} s | {run['epochs_verified']} | {lost}"
            f" | {run['late']:,} | {run['longest_wait_us'] / 1000:.0f} ms"
            f" | {run['heap_free_first']:,} and {run['heap_free_last']:,} |"
        )
    return "\n".join(rows) + "\n"


def written() -> str:
    """The table as README.md has it."""
    return README.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]


if __name__ == "__main__":
    sys.exit(main())
