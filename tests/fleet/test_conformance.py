"""A hub that breaks one clause of SPEC.md is caught by that clause; ours breaks none, whoever asks."""

import json
import re
import shlex
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from end_to_end.conftest import ROOT
from fleet.conftest import Bench
from qemu_board import needs_qemu
from tasuki.fleet import conformance, virtual
from tasuki.fleet.conformance import running
from tasuki.pipeline.acquire import SerialLine

pytestmark = pytest.mark.hub

SPEED = 10  # of the hubs' clocks: their epochs are so much shorter
HUB, WIRE = "tasuki_hub/", "tasuki_wire/"


class Fault(NamedTuple):
    """A hub of ours with one thing changed, and the clause that it breaks then."""

    file: str
    old: str
    new: str
    clause: str


FAULTS = {
    "prints": Fault(
        HUB + "commands.py", "    def do_describe(self, now, request):\n",
        "    def do_describe(self, now, request):\n        print('debug')\n", "1",
    ),
    "CRC without the seed": Fault(
        WIRE + "codec.py", "crc32(memoryview(buf)[:n], SEEDS[buf[1]])", "crc32(memoryview(buf)[:n])", "2"
    ),
    "seq stands still": Fault(HUB + "link.py", "self.seq += 1", "self.seq += self.seq != 9", "2"),
    "takes any CRC": Fault(WIRE + "codec.py", "binascii.crc32(body, k.seed) != crc", "False", "3 (crc)"),
    "takes any version": Fault(
        WIRE + "codec.py", "if not layout.OLDEST_VERSION <= version <= layout.VERSION:", "if False:",
        "3 (version)",
    ),
    "takes any flag": Fault(
        WIRE + "codec.py", "if flags & ~layout.KNOWN_FLAGS or", "if", "3 (flags)"
    ),
    "takes any stream": Fault(
        WIRE + "codec.py", "if stream != layout.LINK_STREAM if k.item is None", "if False if k.item is None",
        "3 (stream)",
    ),
    "takes any word": Fault(WIRE + "codec.py", "if seq >= layout.WORD or hi", "if hi", "3 (field)"),
    "takes longer commands": Fault(
        WIRE + "codec.py", "    def message_holds(self, n: int) -> bool:\n",
        "    def message_holds(self, n: int) -> bool:\n        if n > self.head_size:\n"
        "            return True\n", "3 (length)",
    ),
    "time goes back": Fault(
        HUB + "commands.py", "rx = codec.time_words(now)", "rx = codec.time_words(now + 9999999)", "4"
    ),
    "forgets t1": Fault(HUB + "commands.py", "request, hi, lo, rx[0]", "request, 0, 0, rx[0]", "4"),
    "opening from 1": Fault(WIRE + "codec.py", "message_id, i, total)", "message_id, i + 1, total)", "6"),
    "another seed told": Fault(
        WIRE + "codec.py", "def hello(nonce: bytes, flags: int) -> bytes:",
        "def hello(nonce: bytes, flags: int) -> bytes:\n"
        "    return _hello(nonce, flags)[:-1] + b'!'\ndef _hello(nonce: bytes, flags: int) -> bytes:", "7",
    ),
    "one nonce for ever": Fault(HUB + "hub.py", "self.nonce = board.entropy(16)", "self.nonce = b'n' * 16",
                                "8.1"),
    "another id": Fault(
        HUB + "commands.py", "kind,\n                request,\n                layout.HUB_STATES",
        "kind,\n                request & 255,\n                layout.HUB_STATES", "8",
    ),
    "a life cycle that is none": Fault(
        HUB + "commands.py", 'else "dev" if keyed else "blank"),',
        'else "dev" if keyed else "blank") + 9,', "8",
    ),
    "shows what it is brought": Fault(
        HUB + "blobs.py", "    def do_blob_data(self, now, request, offset, data):\n",
        "    def do_blob_data(self, now, request, offset, data):\n"
        "        from tasuki_wire import codec\n"
        "        kind = codec.number('blob_data')\n"
        "        return self._hub.link.answer(kind, codec.pack(kind, request, offset, data))\n", "8.2",
    ),
    "answers twice": Fault(
        HUB + "commands.py", "            handler(now, *fields)\n",
        "            handler(now, *fields)\n            name == 'identify' and handler(now, *fields)\n", "8",
    ),
    "starts without a token": Fault(HUB + "commands.py", 'const(("start", ', "const((", "8"),
    "pins whoever comes": Fault(HUB + "commands.py", "and not repin:", "and False:", "8"),
    "narrows nothing": Fault(
        HUB + "hub.py", "        self.consent.narrow(mask)\n", "        self.consent.narrow(mask | 1)\n", "8"
    ),
    "obeys any order": Fault(
        HUB + "orders.py", "        if status:\n            return self._say(request",
        "        if status:\n            return self._say(request, 'order', 'ok')\n        if status:\n"
        "            return self._say(request", "8.1",
    ),
    "parts out of order": Fault(HUB + "blobs.py", "offset != ", "False and offset != ", "8.2"),
    "any key order": Fault(
        HUB + "orders.py", "        if not holds:\n", "        if not holds and body[1] != _ROTATE:\n", "8.3"
    ),
    "takes a statement": Fault(
        HUB + "rotation.py", "max_size = 0\n\n\ndef refuses(hub):\n",
        "max_size = 9\n\n\ndef refuses(hub):\n    return\n", "8.3",
    ),
    "a statement about another hub": Fault(
        HUB + "rotation.py", "succession.head(hub.device,", "succession.head(bytes(8),", "8.3"
    ),
    "a statement of session 0": Fault(
        HUB + "rotation.py", "hub.public, keys.session)", "hub.public, 0)", "8.3"
    ),
    "any token nonce": Fault(HUB + "consent.py", "if for_nonce != nonce:", "if False:", "9"),
    "any token sequence": Fault(HUB + "consent.py", "if sequence <= keys.sequence:", "if False:", "9"),
    "any token lifetime": Fault(
        HUB + "consent.py", "return 0 < fields_of(token)[7] <= layout.MAX_LIFETIME_S", "return True", "9"
    ),
    "any token signature": Fault(HUB + "commands.py", "if not holds or not", "if not", "9"),
    "no chain of records": Fault(
        HUB + "hub.py", "self._prev = epoch.sha256(closed.record)", "self._prev = epoch.NO_PREV", "10"
    ),
    "another token in the record": Fault(
        HUB + "consent.py", "self.token_id = epoch.token_id(token)", "self.token_id = bytes(16)", "10"
    ),
    "frames sent again are new": Fault(
        HUB + "link.py", "self._queue(self._answers, (0, None, bytes(body)))",
        "self._queue(self._answers, (0, None, bytes(body[:8]) + b'    ' + bytes(body[12:])))", "13",
    ),
    "answers an ack": Fault(
        HUB + "commands.py", "    def do_ack(self, now, session, number):\n",
        "    def do_ack(self, now, session, number):\n        self.answer(0, 'stop', 'ok')\n", "13",
    ),
    "no domain": Fault(
        HUB + "hub.py", 'message = epoch.signed("epoch", body)', "message = body", "10"
    ),
}  # fmt: skip
ONLY_IN_A_SESSION = {
    "opening from 1", "pins whoever comes", "narrows nothing", "any token nonce", "any token sequence",
    "any token lifetime", "any token signature", "no chain of records", "another token in the record",
    "frames sent again are new", "no domain", "any key order", "takes a statement",
    "a statement about another hub", "a statement of session 0",
}  # fmt: skip


def found(hub, session=True, patience_s=4):
    line = SerialLine(hub.port)
    try:
        return conformance.run(line, session, patience_s=patience_s)
    finally:
        line.close()


def broken(findings):
    return {finding.clause for finding in findings if finding.outcome == "broken"}


@pytest.fixture(scope="module")
def caught(tmp_path_factory, replay_folder):
    """What was found of each spoiled hub, a few at a time."""
    with Bench(tmp_path_factory.mktemp("spoiled"), replay_folder) as bench:

        def run(fault):
            hub = bench.add(bare=False, speed=SPEED, name=re.sub(r"\W", "_", fault))
            bench.spoil(hub, *FAULTS[fault][:3])
            findings = found(hub, fault in ONLY_IN_A_SESSION, patience_s=1.0)
            bench.unplug(hub)
            return findings

        with ThreadPoolExecutor(4) as pool:
            return dict(zip(FAULTS, pool.map(run, FAULTS), strict=True))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_hub_is_caught_by_the_clause_that_it_breaks(caught, fault):
    findings = caught[fault]
    why = [(f.clause, f.reason) for f in findings if f.outcome == "broken"]

    assert FAULTS[fault].clause in broken(findings), why


def test_most_faults_break_nothing_else(caught):
    alone = [fault for fault, findings in caught.items() if broken(findings) == {FAULTS[fault].clause}]

    assert len(alone) > len(FAULTS) * 2 // 3, set(FAULTS) - set(alone)


@pytest.mark.parametrize(("kind", "speed"), [("unix", SPEED), pytest.param("qemu", 4, marks=needs_qemu)])
def test_our_hub_keeps_every_clause(bench, kind, speed):
    hub = bench.add(kind=kind, bare=False, speed=speed)

    findings = found(hub)

    assert [(f.clause, f.reason) for f in findings if f.outcome != "held"] == []


def test_without_leave_nothing_of_the_hub_changes_and_the_rest_is_said_not_to_have_run(bench, tasuki):
    hub = bench.add(bare=False)

    done = tasuki("conformance", "-p", hub.port)

    assert done.returncode == 0, done.stdout
    assert "needs --enroll" in done.stdout and "0 broken" in done.stdout
    assert not (hub.folder / "flash" / "seed").exists()
    assert json.loads(tasuki("hub", "list", "--json").stdout)[0]["state"] == "blank"


def test_a_hub_under_a_live_token_starts_anew_and_keeps_every_clause(bench, tasuki, wearer):
    hub = bench.add(bare=False, kept=True)
    tasuki("hub", "enroll", "-p", hub.port)
    log = tasuki("hub", "log", "-p", hub.port, "--consent", wearer, "--seconds", "1")

    done = tasuki("conformance", "-p", hub.port)

    assert log.returncode == 0, log.stderr
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_ctrl_c_ends_with_3_and_what_was_found_and_the_same_command_holds(bench, tasuki):
    hub = bench.add(bare=False, kept=True)
    process = tasuki.start("conformance", "-p", hub.port)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=120)
    again = tasuki("conformance", "-p", hub.port)

    assert process.returncode == 3 and first.startswith("held"), (rest, errors)
    assert "Run the command again" in errors and "Traceback" not in errors
    assert again.returncode == 0, again.stdout


def test_a_program_is_a_hub_on_its_input_and_output_and_its_breach_is_exit_code_1(bench, tasuki):
    hub = bench.add(bare=False, speed=SPEED)
    bench.spoil(hub, *FAULTS["forgets t1"][:3])
    hub.kill()
    command, env = virtual._unix(hub.folder)
    words = ["env", *[f"{name}={value}" for name, value in env.items()], *command]

    done = tasuki("conformance", "--exec", shlex.join(words), "--json")

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["broken"] == ["4"]


@pytest.mark.parametrize("program", ["/no/such/program", "'"])
def test_a_program_that_cannot_be_started_is_wrong_usage(tasuki, program):
    done = tasuki("conformance", "--exec", program)

    assert done.returncode == 2 and "cannot be started" in done.stderr


def test_a_program_that_ends_at_once_breaks_what_was_looked_at_and_the_rest_is_not_run(tasuki):
    done = tasuki("conformance", "--exec", "true", "--json")
    outcomes = [row["outcome"] for row in json.loads(done.stdout)["checks"]]

    assert done.returncode == 1
    assert outcomes[0] == "broken" and "not_run" in outcomes


def test_every_clause_is_a_section_of_the_specification():
    text = (ROOT / "protocol" / "SPEC.md").read_text()
    sections = set(re.findall(r"^#+ ([\d.]+?)\.? ", text, re.MULTILINE))
    checks = running.CHECKS

    assert {check.clause.split()[0] for check in checks} <= sections
    assert len({check.promise for check in checks}) == len(checks)
