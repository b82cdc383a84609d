"""Ten thousand commands of every kind, honest and broken, leave a hub running, answering and silent
about what nobody may know. `make fuzz` sends a million, and ten thousand to the image without C as well.

A failing run says its seed; `tasuki fuzz --hub KIND --seed SEED` repeats it.
"""

import os
import secrets

import pytest

from fast_hub import FastLine
from qemu_board import needs_qemu
from tasuki.fleet import qemu
from tasuki.fleet.fuzzing import replay
from tasuki.fleet.fuzzing.asked import NEVER_ANSWERED
from tasuki.fleet.fuzzing.recipes import COMMANDS
from tasuki.fleet.fuzzing.runs import ENOUGH, Place, attempt
from tasuki_wire import layout

# no command can bring these about: a hub gets its authority together with its key, and entropy
# fails on no virtual hub
_UNREACHABLE = {"no_authority", "no_entropy"}
_ONLY_LOCKED = {"wrong_device"}
_IMAGES = ["qemu.elf", *(["qemu-viper.elf"] if os.environ.get("TASUKI_FUZZ") == "all" else [])]


def fuzz(kind, folder, speed=10):
    seed = secrets.randbits(32)
    print("seed", seed)
    found = attempt(replay.Run(kind, seed, [[0, ENOUGH]]), Place(folder, speed))
    assert not found.fault, (seed, found.fault)
    return found


def assert_all_was_reached(found):
    """Every command, each answered, and every answer that there is."""
    assert found.sent == ENOUGH and found.damaged > ENOUGH // 4 and found.lives > 10
    assert set(COMMANDS) <= set(found.reached)
    answered = {name for name, _ in found.answers}
    assert answered == set(COMMANDS) - {"hello_request", *NEVER_ANSWERED}
    assert {status for _, status in found.answers} == set(layout.ANSWERS) - _UNREACHABLE


def test_every_command_of_the_wire_is_handled(tmp_path, replay_folder):
    """The generator knows them from the wire's tables; a hub without a handler would count it as damage."""
    line = FastLine(tmp_path, replay_folder)

    for name in COMMANDS:
        assert line.hub.commands._handler(name)
    line.close()


def test_a_simulated_hub_stands_ten_thousand_commands(tmp_path):
    assert_all_was_reached(fuzz("sim", tmp_path))


@pytest.mark.hub
def test_the_real_interpreter_stands_ten_thousand_commands(tmp_path):
    found = fuzz("unix", tmp_path)

    assert_all_was_reached(found)
    assert found.heap[1] > found.heap[0] // 2  # few reports, made with garbage: only a large leak shows


@pytest.mark.hub
@needs_qemu
@pytest.mark.parametrize("image", _IMAGES)
def test_a_cortex_m_stands_ten_thousand_commands(tmp_path, monkeypatch, image):
    path = qemu.image().with_name(image)
    if not path.exists():
        pytest.skip(f"{image} is not built")
    monkeypatch.setenv("TASUKI_IMAGE", str(path))

    found = fuzz("qemu", tmp_path, speed=4)

    assert_all_was_reached(found)
    assert found.heap[1] > found.heap[0] // 2
