"""Memory of a running host over many frames: prints it, exits 1 when it grows.

    python benchmarks/soak.py [FRAMES]

The hub is simulated and runs as fast as it can; everything from the decoder to
the embedded store is the real path.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fast_hub import FastLine
from tasuki import recordings
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.session.monitor import Monitor
from tasuki.session.running import uploading
from tasuki.session.state import State, adopt

_PAGE = os.sysconf("SC_PAGE_SIZE")
_WARM = 50_000
_MOST_GROWTH = 24 << 20


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def soak(frames: int, folder: Path) -> tuple[int, int]:
    """Run a session over so many frames; resident bytes after the warm-up and at the end."""
    replay = recordings.prepare(recordings.load(None), 60, folder / "replay", loop=True)
    line = FastLine(folder / "hub", replay.path.parent)
    with State(folder / "state") as state:
        identity = greet_and_enroll(line, state)
        monitor = Monitor()
        with (
            Session(
                line, state, adopt(state, None), public_key=identity.public, listeners=[monitor]
            ) as session,
            uploading(session),
        ):
            monitor.watch(session)
            warm, start = 0, time.monotonic()
            while session.counts.frames < frames:
                session.step()
                if not warm and session.counts.frames >= min(_WARM, frames // 3):
                    warm = resident()
            rate = session.counts.frames / (time.monotonic() - start)
            counts = session.summary_counts()
    print(f"{counts.frames} frames, {counts.epochs_verified} epochs verified, {counts.gaps} gaps")
    print(f"{rate:.0f} frames/s with the simulated hub in the same process")
    return warm, resident()


def greet_and_enroll(line: FastLine, state: State) -> greet.Identity:
    """Enrol the simulated hub."""
    connection = Connection(line)
    greet.meet(connection)
    return greet.enroll(connection, state.vault.signer("authority"))


def main() -> int:
    """Run and judge."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        warm, end = soak(frames, Path(folder))
    growth = end - warm
    print(
        f"resident {warm >> 20} MiB after the warm-up, {end >> 20} MiB at the end ({growth >> 10} KiB more)"
    )
    return int(growth > _MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
