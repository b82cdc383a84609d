"""A production order from a blank hub to the host that refuses it, by the commands of docs/factory.md."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from hashlib import sha256

import pytest

from barcodes import needs_zbar, read
from end_to_end.conftest import ROOT, Command
from end_to_end.hub_care import image_of, talk
from end_to_end.test_qemu_update import confirm, named
from factory import product
from factory.conftest import development_order, make_line, work
from factory.tray import Tray
from qemu_board import needs_qemu
from tasuki.fleet.selftest.product import example
from tasuki.fleet.virtual import VirtualHub
from tasuki.session import care

pytestmark = [pytest.mark.hub, needs_qemu]

PAGE = (ROOT / "docs" / "factory.md").read_text()


def commands(heading):
    """The commands of a section of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Operator:
    """Gives the page's commands, one after the other; `done` is what became of each, by its first words."""

    def __init__(self, folder, stack):
        self.folder, self._stack = folder, stack
        self.tasuki = Command(folder)
        self.tasuki.env["TASUKI_SECRET"] = "correct horse battery"
        self.port = ""
        self.events = []
        for name in ("firmware", "host"):
            (folder / name).symlink_to(ROOT / name)

    def give(self, line):
        """One command, which must work."""
        words = shlex.split(line)
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            self.tasuki.env[name] = str(self.folder / value)
        if words == ["make", "firmware"]:
            product.build(self.folder / "product")
        elif words[0] == "cp":
            shutil.copy(self.folder / words[1], self.folder / words[2])
        elif words[1:3] == ["hub", "spawn"]:
            hubs = self._stack.enter_context(self.tasuki.start(*words[1:]))
            self._stack.callback(hubs.terminate)
            self.port = hubs.stdout.readline().split()[0]
        elif "--scan" in words:
            self.line(words[1:])
        else:
            return self.result(words)
        return None

    def result(self, words):
        """What a command that ends by itself printed."""
        words = [self.port if word == "/dev/ttyACM0" else word for word in words[1:]]
        done = self.tasuki(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def line(self, words):
        """The line, with a scanner that reads the label which was printed."""
        command = [sys.executable, "-m", "tasuki.cli", *words, "--json"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=self.tasuki.env, cwd=self.folder, **pipes) as process:
            for text in process.stdout:
                self.events.append(json.loads(text))
                if self.events[-1]["event"] == "scan":
                    process.stdin.write(read(self.folder / "line1/labels/00001100.png") + "\n")
                    process.stdin.flush()
        assert process.returncode == 0, self.events


@needs_zbar
def test_a_production_order_ends_in_a_locked_hub_that_runs_until_it_is_revoked(tmp_path):
    if why := product.missing():
        pytest.skip(why)
    with ExitStack() as stack:
        operator = Operator(tmp_path, stack)
        for line in [*commands("Set up")[:6], "tasuki factory operator add sato --station line1"]:
            operator.give(line)
        lines = commands("A production order")
        audit = run = ""
        for line in lines:
            said = operator.give(line)
            audit = said if "audit verify" in line else audit
        tasuki = operator.tasuki
        (unit,) = tasuki.json("factory", "units", "--station", "line1")
        (run,) = [shlex.split(line)[1:] for line in lines if line.startswith("tasuki run")]
        run[run.index("--port") + 1] = operator.port
        refused = tasuki(*run)
        seen = tasuki.json("hub", "list", "--port", operator.port)
        prompt = mpremote(operator.port)

    assert operator.events[-1]["state"] == "done"
    assert (unit["state"], unit["serial"]) == ("done", 1100)
    assert audit.startswith("1 units built, 1 certificates issued, 1 labels printed")
    assert refused.returncode == 1 and "was revoked: stolen" in refused.stderr
    assert [hub["state"] for hub in seen] == ["locked"]
    assert (seen[0]["firmware"], seen[0]["counter"]) == (product.FIRMWARE, 1)
    assert "7 times 6 is 42" not in prompt


def mpremote(port):
    """What MicroPython's own tool gets out of a hub; it waits for a prompt until it is ended."""
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "exec"]
    code = "print('7 times 6 is', 7 * 6)"
    with subprocess.Popen([*command, code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            out, _ = process.communicate(timeout=8)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
    return out.decode(errors="replace")


def test_a_development_hub_under_another_name_is_refused_too(tmp_path, replay, chain):
    """Everybody can sign an update for it, and that says what it is called."""
    data = image_of(named("example 1.0.0"), 1)
    order = development_order(
        kind="production", bundle=sha256(data).hexdigest(), lock=True, limits=example().read_text()
    )
    with VirtualHub("qemu", tmp_path / "tray" / "slot0", replay, 20) as hub, talk(hub) as (connection, _):
        renamed = care.update(connection, data)
        confirm(connection)

    with Tray(tmp_path / "tray", replay, 1, kind="qemu") as tray:
        worked = work(make_line(tmp_path, chain, order, bundle=data), tray)

    assert (renamed.firmware, renamed.counter) == ("example 1.0.0", 1)
    assert worked.causes == {"slot0": "development_hub"}
    assert worked.line.journal.units()[0].serial is None
