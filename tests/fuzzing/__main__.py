"""Fuzzes a virtual hub: python -m fuzzing [--hub unix] [--count 1000000] [--seed N] [--replay FILE].

Prints how often each command was reached and each answer came. A failing run
is written to a file that --replay takes.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import progress
from rich.console import Console

from fuzzing import replay
from fuzzing.runs import ENOUGH, Outcome, attempt
from tasuki.fleet import virtual


def main() -> int:
    """Run, repeat or shrink; 1 when the hub broke a promise."""
    options = _options()
    if options.replay:
        run = replay.load(options.replay)
    else:
        seed = secrets.randbits(32) if options.seed is None else options.seed
        run = replay.Run(options.hub, seed, [[0, options.count]])
    print(f"hub {run.kind}, seed {run.seed}, {len(run.commands())} commands", flush=True)
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as name:
        started = time.monotonic()
        outcome = attempt(run, Path(name), options.speed, _bar)
        _tell(outcome, time.monotonic() - started)
        if not outcome.fault:
            return 0
        if options.shrink:
            run = _smaller(run, outcome, Path(name), options.speed)
    failing = replay.Run(run.kind, run.seed, run.numbers, outcome.fault)
    path = Path(f"fuzzing-{run.kind}-{run.seed}.json")
    failing.save(path)
    print(f"FAILED: {outcome.fault}\nwritten to {path}; repeat it with --replay {path}")
    return 1


def _bar(numbers: Sequence[int]) -> Iterable[int]:
    return progress.track(numbers, "sending", console=Console(stderr=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--hub", choices=virtual.KINDS, default="unix")
    parser.add_argument("--count", type=int, default=ENOUGH)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--speed", type=float, default=10)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--shrink", action="store_true")
    return parser.parse_args()


def _tell(outcome: Outcome, seconds: float) -> None:
    print(
        f"{outcome.sent} commands, {outcome.lives} lives, {outcome.damaged} pieces damaged, {seconds:.0f} s"
    )
    for name, number in sorted(outcome.reached.items()):
        answers = Counter({status: n for (command, status), n in outcome.answers.items() if command == name})
        row = ", ".join(f"{status} {n}" for status, n in answers.most_common())
        print(f"  {name:16} {number:8}  {row}")
    print(f"answers: {', '.join(sorted({status for _, status in outcome.answers}))}")
    print(f"heap free after a collection: {outcome.heap}")


def _smaller(run: replay.Run, outcome: Outcome, folder: Path, speed: float) -> replay.Run:
    def fails(numbers: list[int]) -> bool:
        part = replay.Run(run.kind, run.seed, replay.ranges(numbers))
        return bool(attempt(part, Path(tempfile.mkdtemp(dir=folder)), speed).fault)

    sent = run.commands()[: outcome.sent + 1]
    left = replay.shrink(sent, fails)
    print(f"{len(left)} of {len(sent)} commands are enough")
    return replay.Run(run.kind, run.seed, replay.ranges(left))


if __name__ == "__main__":
    sys.exit(main())
