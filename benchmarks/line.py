"""The manufacturing line: units an hour, the station's own CPU, signatures of an HSM.

    python benchmarks/line.py [--hubs 32] [--write]

Virtual unix hubs, all at once, and the station share the cores. The whole way has the self-test of the
demo garment; `identity` is key, challenge, certificate and install alone. CPU is the station's process,
divided by units, from the first hello to the signed record; the hubs and what starts them again are another
process. PKCS#11 is SoftHSM: signatures through the line's queue beside the bare library's, in one run.
Exits 1 when a target is missed; --write puts the figures into RESULTS/factory.json.
"""

import argparse
import gc
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT / "tests")  # in the place of benchmarks, whose factory.py is this

import pkcs11  # noqa: E402

import softhsm  # noqa: E402
from factory.conftest import Chain, development_order, make_line  # noqa: E402
from factory.tray import CMODULE, Tray, settle  # noqa: E402
from tasuki import recordings  # noqa: E402
from tasuki.factory import record  # noqa: E402
from tasuki.factory.hsm import HsmKey, Place  # noqa: E402
from tasuki.factory.line import KeyQueue  # noqa: E402
from tasuki.factory.order import Order  # noqa: E402
from tasuki.factory.station import Station, chosen  # noqa: E402
from tasuki.fleet.ports import Port  # noqa: E402
from tasuki.fleet.selftest.product import example  # noqa: E402

RESULT = Path(__file__).parent / "RESULTS" / "factory.json"
TARGETS = {"whole_per_hour": 3_000, "identity_per_hour": 12_000, "pkcs11_share": 0.8}
MOST_CPU_MS = 30.0
_SIGNATURES, _ROUNDS, _SLOTS = 500, 20, 8
_TRAYS = 3
_SETTLE_S = 0.15  # a hub


@contextmanager
def _tray(folder: Path, replay: Path, count: int, cmodule: bool) -> Iterator[list[Port]]:
    """A tray of hubs in a process of its own; their ports."""
    ours, theirs = multiprocessing.Pipe()

    def hold() -> None:
        with Tray(folder, replay, count, cmodule=cmodule) as tray:
            theirs.send(tray.ports)
            theirs.recv()

    holder = multiprocessing.get_context("fork").Process(target=hold)
    holder.start()
    try:
        ports = ours.recv()
        settle(_SETTLE_S * count)
        yield ports
    finally:
        ours.send("over")
        holder.join()


def _together(ports: list[Port], folder: Path, chain: Chain, order: Order, until: str) -> tuple[float, float]:
    """Take all hubs so far at once and sign the record: seconds, and seconds of the station's CPU."""
    line = make_line(folder, chain, order)
    log = record.open_log(folder, chain.station_key)
    gc.freeze()  # as the command does
    began, cpu = time.monotonic(), time.process_time()
    ended = Station(line, chosen(ports), lambda told: None, log, until=until).work()
    log.sign()
    took = time.monotonic() - began, time.process_time() - cpu
    log.close()
    line.journal.close()
    if len(ended) != len(ports) or any(
        end.cause or not end.unit or not end.unit.reached(until) for end in ended
    ):
        raise SystemExit(f"not all hubs came to {until}: {[end for end in ended if end.cause]}")
    return took


def line_figures(folder: Path, replay: Path, count: int, cmodule: bool) -> dict[str, float]:
    """Units an hour and CPU of one kind of signer: the best of some trays each.

    What else runs on a shared machine, and the hubs on the other core, only ever add to both.
    """
    chain, order = Chain(), development_order(count)
    tested = replace(order, limits=example().read_text())
    ways = {"identity": (order, "installed"), "untested": (order, "done"), "whole": (tested, "done")}
    found = {}
    for name, (asked, until) in ways.items():
        taken = []
        for number in range(_TRAYS):
            place = folder / f"{name}{number}"
            with _tray(place, replay, count, cmodule) as ports:
                if name == "identity":
                    _together(ports, place, chain, asked, "keying")
                taken.append(_together(ports, place, chain, asked, until))
        seconds, cpu = (min(each) for each in zip(*taken, strict=True))
        found |= {f"{name}_per_hour": count / seconds * 3600, f"{name}_cpu_ms": 1000 * cpu / count}
    return found


def _rate(sign: Callable[[bytes], object], slots: int) -> float:
    """Signatures a second that so many slots get."""
    part = [b"%032d" % number for number in range(_SIGNATURES // slots)]

    def work() -> None:
        for data in part:
            sign(data)

    with ThreadPoolExecutor(slots) as pool:
        began = time.monotonic()
        for asked in [pool.submit(work) for _ in range(slots)]:
            asked.result()
        return slots * len(part) / (time.monotonic() - began)


def hsm_figures(folder: Path) -> dict[str, float]:
    """The queue of the line beside the bare library on the same token.

    For a slot that is alone a signature wakes the queue's thread and then the slot's: 7 us where a core is
    awake, and 77 where an idle virtual machine has halted it. A line at work has many that ask.
    """
    os.environ.update(softhsm.make(folder))
    library = softhsm.library()
    place = Place("line", "station", library)
    queue = KeyQueue(HsmKey(place, softhsm.PIN, create=True))
    session = pkcs11.lib(library).get_token(token_label="line").open()  # logged in already
    bare = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label="station")

    def bare_sign(data: bytes) -> object:
        return bare.sign(data, mechanism=pkcs11.Mechanism.EDDSA)

    ways = ((queue.sign, _SLOTS), (queue.sign, 1), (bare_sign, 1))
    # the best of rounds in which they take turns
    rounds = [[_rate(*way) for way in ways] for _ in range(_ROUNDS)]
    own, alone, theirs = (max(each) for each in zip(*rounds, strict=True))
    queue.close()
    return {
        "pkcs11_per_s": own,
        "pkcs11_alone_per_s": alone,
        "pkcs11_bare_per_s": theirs,
        "pkcs11_share": own / theirs,
    }


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hubs", type=int, default=32)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="tasuki-line-") as name:
        folder = Path(name)
        replay = recordings.prepare(recordings.load(None), 20, folder / "replay", loop=True).path.parent
        figures["hsm"] = hsm_figures(folder / "hsm")
        for signer, cmodule in (("c", True), ("viper", False)):
            if cmodule and not CMODULE.exists():
                print("the C module is not built: make cmodule", file=sys.stderr)
                continue
            figures[signer] = line_figures(folder / signer, replay, asked.hubs, cmodule)
    missed = []
    for part, values in figures.items():
        for key, value in values.items():
            print(f"{part:6} {key:22} {value:12,.2f}")
            if value < TARGETS.get(key, 0) or (key.endswith("_cpu_ms") and value > MOST_CPU_MS):
                missed.append(f"{part} {key}: {value:,.2f}")
    for sentence in missed:
        print("missed: " + sentence, file=sys.stderr)
    if asked.write:
        rounded = {p: {k: round(v, 2) for k, v in values.items()} for p, values in figures.items()}
        text = {"date": datetime.now(UTC).date().isoformat(), "hubs": asked.hubs, "cores": os.cpu_count()}
        RESULT.write_text(json.dumps({**text, "figures": rounded}, indent=2) + "\n")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
