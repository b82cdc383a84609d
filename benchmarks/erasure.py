"""Erasing one wearer of 100,000: how long until nothing of him can be read, and the rest, timed apart.

python benchmarks/erasure.py [--subjects 100000] [--erase 5]

A state folder with that many wearers, each with keys for three items, a consent, a stored and a waiting
block. Every figure is of a durable state folder on this disk. The scan before the erasures has to find
every marker, the one after them none, else it ends with 1.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tasuki.consent.events import GRANTED, Event
from tasuki.consent.registers import OWN_STORE
from tasuki.session.state import State
from tasuki.sinks import Delivery
from tasuki.vault.vault import Vault, key_epoch
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.erasure.scan import scan

ITEMS = ("ecg", "respiration", "body_temperature")
BLOCK = 1_500  # bytes of a stored block
YEAR = key_epoch(time.time_ns())
PLACE = (OWN_STORE.purpose, OWN_STORE.name, YEAR)


def _stored(pseudonym: bytes) -> Delivery:
    return Delivery("store", PLACE[0], pseudonym, 0, 0, "ecg", "envelope", b"", os.urandom(BLOCK))


def fill(folder: Path, count: int) -> None:
    """Make a folder with so many wearers."""
    names = [f"wearer-{n:06}" for n in range(count)]
    with State(folder) as state:
        vault = state.vault
        vault.add_subjects(names)
        with vault._turn():  # one transaction, as no single wearer would
            for name in names:
                for item in ITEMS:
                    vault.item_key(name, item)
                vault.pseudonym(name, *PLACE)
        at_ns, policy, items = time.time_ns(), state.policy.version, frozenset(ITEMS)
        said = (GRANTED, "service_information", items, policy)
        state.book.say_all(Event(at_ns, at_ns, name, *said) for name in names)
        state.store.send(_stored(vault.pseudonym(name, *PLACE)) for name in names)


def _stored(pseudonym: bytes) -> Delivery:
    return Delivery("store", PLACE[0], pseudonym, 0, 0, "ecg", "envelope", b"", os.urandom(BLOCK))


def timed(work):
    """(result, milliseconds)."""
    began = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - began) * 1000


def row(what: str, times: list[float]) -> None:
    """Print a figure."""
    print(f"{what:<62}{statistics.median(times):>10.2f} ms  worst {max(times):.2f} ms, n = {len(times)}")


def look_ups(folder: Path, count: int) -> None:
    """Opening the vault, and from a pseudonym to its wearer: first in a process, and one that nobody has."""
    opened, first, miss = [], [], []
    for n in range(5):
        vault, ms = timed(lambda: Vault(folder))
        opened.append(ms)
        name = f"wearer-{(n + 1) * count // 7:06}"
        pseudonym = vault.pseudonym(name, *PLACE)
        vault._forget()
        found, ms = timed(lambda v=vault, p=pseudonym: v.subject_of(p, *PLACE))
        assert found == name
        first.append(ms)
        for _ in range(20):
            vault._owners.clear()
            vault._pseudonyms.clear()
            miss.append(timed(lambda v=vault, p=pseudonym: v.subject_of(p, *PLACE))[1])
        vault.close()
    row("opening the vault", opened)
    row("the first look-up of a pseudonym in a process", first)
    row("a look-up that is not in memory", miss)


def erase(folder: Path, count: int, times: int) -> bool:
    """Erase some wearers; True when the scan found everything before and nothing after."""
    state, ms = timed(lambda: State(folder))
    row("opening the state folder", [ms])
    erasures = Erasures(state)
    begun, advanced, scanned = [], [], []
    good = True
    for n in range(times):
        name = f"wearer-{(2 * n + 1) * count // (2 * times + 1):06}"
        before = {"name": [name.encode()], "wrapped": state.vault.wrappings(name)}
        good &= not scan([folder], before).missed
        case, ms = timed(lambda name=name: erasures.begin(name))
        begun.append(ms)
        markers = erasures._cases.markers(case)
        _, ms = timed(lambda case=case: erasures.scan(case))
        scanned.append(ms)
        progress, ms = timed(lambda case=case: erasures.advance(case))
        advanced.append(ms)
        found = scan([folder], {**markers, **before})
        good &= progress.complete and found.total == 0
    row("erasing one wearer until it is effective (begin)", begun)
    row("the rest of the erasure with its scan (advance)", advanced)
    row(f"the scan of {found.files} files, {found.size / 1e6:.0f} MB", scanned)
    erasures.close()
    state.close()
    return good


def main() -> int:
    """Fill, measure, say."""
    options = argparse.ArgumentParser()
    options.add_argument("--subjects", type=int, default=100_000)
    options.add_argument("--erase", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        _, ms = timed(lambda: fill(path, given.subjects))
        print(f"{given.subjects} wearers made in {ms / 1000:.1f} s; load {os.getloadavg()[0]:.1f}")
        look_ups(path, given.subjects)
        good = erase(path, given.subjects, given.erase)
    print("before: every marker found; after: 0 found" if good else "FAILED: the scan does not say so")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
