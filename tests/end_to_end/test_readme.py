"""Every command of the README works as it stands there, in its order."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from end_to_end.conftest import ROOT, Command, stored_blocks, wait_for_blocks
from tasuki.fleet import keeping
from tasuki.fleet.announce import announced
from tasuki.fleet.virtual import VirtualHub

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
BLOCK = "9c41d07a.3.118.0"  # stands in the README for the id that the reader's own run prints
QUEUE = "stopped in the queue"  # which command told of it
LINES = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]


@pytest.fixture(scope="module")
def walk(tmp_path_factory, replay_folder):
    """A newcomer's folder, with the hub that the README's first command spawns."""
    folder = tmp_path_factory.mktemp("walk")
    command = Command(folder)
    with (
        VirtualHub("unix", folder / "bench", replay_folder, 1) as hub,
        announced(command.state, hub.row()),
        keeping.kept([hub]),
    ):
        yield command, hub


def test_the_readme_has_the_commands_that_newcomers_look_for():
    words = [line.split()[:2] for line in LINES]

    assert words.index(["make", "setup"]) < words.index(["make", "demo"])
    assert len(LINES) == len(set(LINES)) > 10


def run_line(command, line, background, own):
    """One command, as a newcomer types it; what ends with & goes on until `wait`.

    own: what stands in the README to what this reader has instead.
    """
    for written, mine in own.items():
        line = line.replace(written, mine)
    words = shlex.split(line)
    if words[-1] == "&":
        assert words[0] == "tasuki"
        before = stored_blocks(command.state)
        background.append(command.start(*words[1:-1]))
        wait_for_blocks(command.state, before)
    elif words == ["wait"]:
        for process in background:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, f"{process.args}: {out}{err}"
            own[BLOCK] = re.search(r"tasuki policy explain (\S+)", out)[1]
        background.clear()
    elif words[:3] == ["tasuki", "hub", "spawn"]:
        process = command.start(*words[1:])
        assert process.stdout.readline().startswith("/dev/pts/")
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
    elif words[:2] == ["tasuki", "serve"]:
        process = command.start(*words[1:])
        assert process.stdout.readline().startswith("http://")
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
    elif words[0] == "tasuki":
        done = command(*words[1:])
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        own.update({QUEUE: line} if QUEUE in done.stdout else {})
    elif words[0] == "cp":
        shutil.copy(ROOT / words[1], command.folder / words[2])
    else:
        assert words[0] == "make"
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


@pytest.mark.hub
@pytest.mark.timeout(900)
def test_the_commands_of_the_readme_work_in_their_order_and_then_its_library_example(walk):
    """One test, because each command needs what the ones before it left."""
    command, hub = walk
    background, own = [], {"/dev/pts/5": hub.port}
    try:
        for line in LINES:
            run_line(command, line, background, own)
    finally:
        for process in background:
            process.kill()
            process.communicate()
    assert not background and BLOCK in own
    assert own[QUEUE].endswith("--seconds 4"), "what waited was sent after its withdrawal"
    (code,) = [text for language, text in BLOCKS if language == "python"]
    code = code.replace("/dev/ttyACM0", hub.port) + "    break\n"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=command.env,
        cwd=command.folder,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in (
        "ecg",
        "respiration",
        "body_temperature",
        "body_motion",
        "device_status",
    )


def test_every_link_of_the_documentation_leads_somewhere():
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*/*.md"),
    ]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_threat_model_names_tests_that_exist():
    text = (ROOT / "docs" / "threat-model.md").read_text()
    names = re.findall(r"`((?:tests/\w+/)?(?:test|check)_\w+|tests/\w+)`", text)

    assert names
    for name in names:
        found = list((ROOT / "tests").rglob(f"{name.split('/')[-1]}*"))
        assert found, name
