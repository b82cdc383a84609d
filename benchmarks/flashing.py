"""Many hubs flashed at once beside mpremote, one after the other, in the same run.

    python benchmarks/flashing.py [--hubs 16] [--rounds 3] [--write]

Hubs are bare unix ports, each emptied before every measurement. What is timed
is whole commands: `tasuki hub flash --all`, with nothing compiled yet, and for
each hub `mpremote cp -r` of the same files, compiled before. Then the same
flash again, with nothing to do, and `tasuki hub cp -r` beside `mpremote cp -r`
on one hub. `tested_*` is `tasuki hub flash --all --test`, beside one command of
mpremote per hub that copies, runs all items of the self-test that a prompt
shows, by the same code, and restarts the hub; the items over the wire are in
our time alone.

Hubs and hosts share the cores, so that many at once are bounded by them:
`*cpu_s` is what commands, compiler and hubs used together, `*cores_busy` the
share of all cores' time that was not idle meanwhile, whoever used it (much of it
the kernel, for the pseudo-terminals, which is in no process's account), and
`*most_times` the ratio that the same work would have reached with no core idle.
A ratio is missed when it is below its target and that is not.
Exits 1 when one is; --write puts the figures into RESULTS/fleet.json.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tasuki import recordings
from tasuki.fleet import compiling, keeping
from tasuki.fleet.announce import announced
from tasuki.fleet.payload import sources
from tasuki.fleet.selftest import hub_code, product
from tasuki.fleet.virtual import VirtualHub

RESULT = Path(__file__).parent / "RESULTS" / "fleet.json"
TARGETS = {
    "times_mpremote": 6.0,
    "tested_times_mpremote": 6.0,
    "unchanged_s": 2.0,
    "one_hub_times_mpremote": 1.0,
}
BOUNDED = {"times_mpremote": "most_times", "tested_times_mpremote": "tested_most_times"}


class Bench:
    """Hubs, the compiled files in a folder for mpremote, and the state folder of the command."""

    def __init__(self, folder: Path, hubs: list[VirtualHub]) -> None:
        self.hubs = hubs
        self.state = folder / "state"
        self.files = folder / "files"
        self._cache = folder / "cache"
        for name, data in compiling.compiled(sources("linux"), "x64").items():
            (self.files / name).parent.mkdir(parents=True, exist_ok=True)
            (self.files / name).write_bytes(data)

    def empty(self) -> None:
        """Delete every file of every hub, and what the command keeps compiled.

        Each starts anew and so is at its prompt: mpremote does not get there from a hub that runs.
        """
        for hub in self.hubs:
            shutil.rmtree(hub.folder / "lib")
            (hub.folder / "lib").mkdir()
            hub.reset()
        shutil.rmtree(self._cache, ignore_errors=True)

    def tasuki(self, *args: str) -> float:
        """Seconds of one command of `tasuki hub`, its start included."""
        env = {**os.environ, "TASUKI_STATE": str(self.state), "XDG_CACHE_HOME": str(self._cache)}
        return _seconds([sys.executable, "-m", "tasuki.cli", "hub", *args], env)

    @property
    def folders(self) -> list[str]:
        """What is copied, for the commands that copy."""
        return [str(path) for path in sorted(self.files.iterdir())]

    def mpremote(self, hub: VirtualHub, *more: str) -> float:
        """Seconds of one command for one hub: the copy, and what else it is to do."""
        command = [sys.executable, "-m", "mpremote", "connect", hub.port, "resume"]
        copy = ["fs", "cp", "-r", *self.folders, f":{hub.folder}/lib"]
        return _seconds([*command, *copy, *more], dict(os.environ))

    def check(self, hubs: list[VirtualHub]) -> None:
        """Every hub has every byte, or nothing that was measured counts."""
        for hub in hubs:
            for path in self.files.rglob("*.mpy"):
                copy = hub.folder / "lib" / path.relative_to(self.files)
                if copy.read_bytes() != path.read_bytes():
                    raise SystemExit(f"{copy} is not what was sent")


def _seconds(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{command[2:6]} ended with {done.returncode}: {done.stdout[-400:]}")
    return time.perf_counter() - began


def prompt_part() -> list[str]:
    """What mpremote is to do for the self-test: its items at the prompt, then the hub starts anew."""
    sensors = hub_code.sensors(product.read(), sampled=False)  # as for every virtual hub
    calls = [
        hub_code.board("linux"),
        hub_code.helpers(),
        hub_code.MEMORY,
        hub_code.FLASH,
        hub_code.SIGNATURE,
        sensors,
    ]
    return ["+", "exec", "\n".join(calls), "+", "exec", "--no-follow", "raise SystemExit"]


def one_round(bench: Bench) -> dict[str, float]:
    """Each measurement once, one directly after the other."""
    first = bench.hubs[0]
    bench.empty()
    theirs = sum(bench.mpremote(hub) for hub in bench.hubs)
    bench.check(bench.hubs)
    bench.empty()
    ours = at_once(bench, "flash", "--all")
    unchanged = bench.tasuki("flash", "--all")
    bench.empty()
    theirs_tested = sum(bench.mpremote(hub, *prompt_part()) for hub in bench.hubs)
    bench.check(bench.hubs)
    bench.empty()
    tested = at_once(bench, "flash", "--all", "--test")
    bench.empty()
    theirs_one = bench.mpremote(first)
    bench.empty()
    ours_one = bench.tasuki("cp", "-p", first.port, "-r", *bench.folders, f":{first.folder}/lib")
    bench.check([first])
    return {
        "mpremote_s": theirs,
        **beside(theirs, "", ours),
        "unchanged_s": unchanged,
        "mpremote_tested_s": theirs_tested,
        **beside(theirs_tested, "tested_", tested),
        "mpremote_one_s": theirs_one,
        "tasuki_one_s": ours_one,
        "one_hub_times_mpremote": theirs_one / ours_one,
    }


class AtOnce(NamedTuple):
    """One command for all hubs: seconds, processor seconds, and the share of the cores that was not idle."""

    took: float
    used: float
    busy: float


def at_once(bench: Bench, *args: str) -> AtOnce:
    """Run it; all hubs then have every file."""
    used, (idle, total) = _cpu_s(bench), _core_ticks()
    took = bench.tasuki(*args)
    used, (idle_then, total_then) = _cpu_s(bench) - used, _core_ticks()
    bench.check(bench.hubs)
    return AtOnce(took, used, 1 - (idle_then - idle) / (total_then - total))


def beside(theirs: float, name: str, ours: AtOnce) -> dict[str, float]:
    """What one command took, beside mpremote's, and what bounds it."""
    return {
        f"{name or 'tasuki_'}s": ours.took,
        f"{name}times_mpremote": theirs / ours.took,
        f"{name}cpu_s": ours.used,
        f"{name}cores_busy": ours.busy,
    }


def _core_ticks() -> tuple[int, int]:
    """Ticks of all cores so far: idle or waiting for a disk, and in all (proc(5), /proc/stat)."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def _cpu_s(bench: Bench) -> float:
    """Processor seconds so far of the commands and hubs that ended, and of the hubs that run."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = children.ru_utime + children.ru_stime
    tick = os.sysconf("SC_CLK_TCK")
    for hub in bench.hubs:
        fields = Path(f"/proc/{hub.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def _missed(name: str, found: dict[str, Any]) -> bool:
    """True when a figure is not what is wanted, and not for want of cores."""
    if name.endswith("_s"):
        return bool(found[name] > TARGETS[name])
    wanted, most = TARGETS[name], BOUNDED.get(name)
    return bool(found[name] < wanted and (most is None or found[most] >= wanted))


def main() -> int:
    """Run all rounds, print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hubs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, ExitStack() as stack:
        folder = Path(work)
        replay = recordings.prepare(recordings.load(None), 10, folder / "replay", loop=True).path.parent
        hubs = [
            stack.enter_context(VirtualHub("unix", folder / "bench" / f"hub{n}", replay, bare=True))
            for n in range(args.hubs)
        ]
        bench = Bench(folder, hubs)
        stack.enter_context(keeping.kept(hubs))
        for hub in hubs:
            stack.enter_context(announced(bench.state, hub.row()))
        rounds = [one_round(bench) for _ in range(args.rounds)]
    found: dict[str, Any] = {
        name: round(sorted(one[name] for one in rounds)[len(rounds) // 2], 3) for name in rounds[0]
    }
    found["most_times"] = round(found["times_mpremote"] / found["cores_busy"], 3)
    found["tested_most_times"] = round(found["tested_times_mpremote"] / found["tested_cores_busy"], 3)
    missed = [name for name in TARGETS if _missed(name, found)]
    found.update(hubs=args.hubs, rounds=args.rounds, cores=os.cpu_count(), missed=missed)
    found["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    found["date"] = datetime.now(UTC).date().isoformat()
    print(json.dumps(found, indent=1))
    if args.write:
        RESULT.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
