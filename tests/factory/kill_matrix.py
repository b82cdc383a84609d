"""Every state x {station, hub, HSM, disk full}, cut just before and just after it is durable.

    python tests/factory/kill_matrix.py [--jobs 2]

Then a tray of 32 hubs with three planted bad ones. Exits 1 when anything is not as it must be.
"""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest

from factory import kills
from factory.conftest import Chain, development_order, make_line, work
from factory.planted import planted
from factory.tray import Tray, settle
from tasuki import recordings
from tasuki.fleet.selftest.product import example

_TRAY = 32
_BAD = {
    "slot0": "no_entropy",
    "slot1": "lacks_a_sensor",
    "slot2": "repeats_itself",
    "slot3": "repeats_itself",
}


def matrix(folder: Path, replay: Path, jobs: int) -> int:
    """All cuts; how many were not as they must be."""
    cases = [(s, v, m) for v in kills.VICTIMS for s in kills.CUT_AT for m in kills.MOMENTS]

    def one(case: tuple[str, str, str]) -> kills.Outcome:
        return kills.cut(folder / "-".join(case).replace(" ", "_"), replay, *case)

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(one, cases))
    for outcome in outcomes:
        if outcome.orphans or outcome.duplicates or outcome.logged:
            print("missed:", outcome, file=sys.stderr)
    # the disk cannot be full after the last thing that is written
    never = [outcome.case for outcome in outcomes if not outcome.cut]
    print(f"{len(cases)} cuts, {len(never)} that came to nothing {never or ''}")
    duplicates = sum(outcome.duplicates for outcome in outcomes)
    orphans = sum(bool(outcome.orphans) for outcome in outcomes)
    logged = sum(outcome.logged for outcome in outcomes)
    print(f"{duplicates} duplicate identities, {orphans} orphans that can't be resumed, {logged} keys logged")
    return duplicates + orphans + logged + len(never)


def tray(folder: Path, replay: Path) -> int:
    """The tray; how much of it was not as it must be."""
    chain = Chain()
    folder.mkdir()
    line = make_line(folder, chain, development_order(_TRAY, limits=example().read_text()))
    with planted(pytest.MonkeyPatch(), _BAD), Tray(folder / "tray", replay, _TRAY) as hubs:
        settle(5)
        worked = work(line, hubs, patience_s=30.0)
    account = worked.account(folder, chain)
    counts = Counter(worked.causes.values())
    print(f"tray of {_TRAY}: {dict(counts)}; audit {'verifies' if account.sound else account.faults}")
    wanted = {"done": _TRAY - 3, "no_entropy": 1, "self_test": 1, "key_seen_before": 1}
    return int(counts != wanted) + int(not account.sound)


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="cuts at once")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="tasuki-kills-") as name:
        folder = Path(name)
        replay = recordings.prepare(recordings.load(None), 20, folder / "replay", loop=True).path.parent
        return int(bool(matrix(folder, replay, jobs) + tray(folder / "tray", replay)))


if __name__ == "__main__":
    sys.exit(main())
