"""A host that can be killed anywhere: put epochs, acknowledge each, upload, and die at a given step.

usage: upload_worker.py FOLDER FIRST EPOCHS KILL_AT

Puts epochs FIRST to EPOCHS - 1, as a hub does that was acknowledged up to FIRST. Every few
instructions of SQLite's virtual machine, in outbox and store, count as one step; at step KILL_AT the
process gets SIGKILL (0: never). Prints `ack N` after each put and `steps N` at the end.
"""

import os
import signal
import sys
from pathlib import Path

from worlds import ECG, RESPIRATION, STATUS, World

STREAMS = (ECG, RESPIRATION, STATUS)
_EVERY = 40


def main(folder: Path, first: int, epochs: int, kill_at: int) -> None:
    """Run until done or dead."""
    world = World(folder)
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    world.outbox._db.set_progress_handler(step, _EVERY)
    world.store._db.set_progress_handler(step, _EVERY)
    for number in range(epochs):
        acquired = world.acquired(number, STREAMS)  # all of them, so that sequence numbers go on
        if number >= first:
            world.outbox.put(world.router.route(acquired, world.clock()))
            print("ack", number, flush=True)
        if number % 2:
            world.uploader.drain()
    world.uploader.drain()
    print("steps", steps, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
