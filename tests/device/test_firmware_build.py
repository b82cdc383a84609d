"""packaging/firmware.sh goes on from an earlier build, but only from one that make can go on from."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "firmware.sh"
# what stands for make builds each folder's object once, as make does while nothing changes
_MAKE = """
for word; do case $word in BUILD=*) build=${word#BUILD=} ;; esac; done
mkdir -p "$build"
[ -f "$build/firmware.elf" ] || echo "built in $PWD" >"$build/firmware.elf"
"""


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """A repository's folder with what the script looks at, tools that only say their version, MicroPython."""
    root = tmp_path / "tree"
    for name in (
        "boards/qemu/hub.c",
        "boards/qemu/mpconfigboard.mk",
        "cmodule/core.c",
        "cmodule/micropython.mk",
    ):
        path = root / "firmware" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    program(root / "packaging" / "cmodule.sh", "")
    shutil.copy(SCRIPT, root / "packaging")
    for name, text in (("make", _MAKE), ("cc", "echo 1"), ("arm-none-eabi-gcc", "echo 1")):
        program(tmp_path / "bin" / name, text)
    program(tmp_path / "bin" / "arm-none-eabi-size", "")
    (tmp_path / "micropython" / "py").mkdir(parents=True)
    (tmp_path / "micropython" / "py" / "mpconfig.h").touch()
    return root


def goes_on(root):
    """Whether a build leaves what the one before it built; the object is marked to see it."""
    objects = [root / "build" / "firmware" / name / "firmware.elf" for name in ("qemu", "mpy-cross")]
    for path in objects:
        if path.exists():
            path.write_text("of the build before")
    tools = root.parent
    env = {
        **os.environ,
        "PATH": f"{tools / 'bin'}:{os.environ['PATH']}",
        "MICROPYTHON_SRC": str(tools / "micropython"),
        "DEBIAN_MIRROR": "unused:",
    }
    subprocess.run(["sh", "packaging/firmware.sh", "qemu"], cwd=root, env=env, check=True, timeout=60)
    kept = {path.read_text() == "of the build before" for path in objects}
    assert len(kept) == 1
    return kept.pop()


def test_a_second_build_goes_on_from_the_first(tree):
    """Also after a C file was changed: that is make's to see."""
    assert not goes_on(tree)
    (tree / "firmware" / "cmodule" / "core.c").write_text("changed")
    assert goes_on(tree)


def test_a_folder_that_was_copied_is_built_anew(tree):
    """Make's notes there name the headers of the other place, and would not see its own change."""
    goes_on(tree)
    copy = shutil.copytree(tree, tree.with_name("copy"))

    assert not goes_on(copy)
    assert goes_on(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "firmware" / "cmodule" / "new.c").touch(),
        lambda root: (root / "firmware" / "boards" / "qemu" / "hub.c").unlink(),
        lambda root: (root / "firmware" / "cmodule" / "micropython.mk").write_text("-O3"),
        lambda root: (root / "firmware" / "boards" / "qemu" / "mpconfigboard.mk").write_text("-O3"),
        lambda root: program(root.parent / "bin" / "arm-none-eabi-gcc", "echo 2"),
        lambda root: os.utime(root.parent / "micropython" / "py" / "mpconfig.h", (1, 1)),
    ],
    ids=["file added", "last file gone", "module's flags", "board's flags", "compiler", "MicroPython"],
)
def test_what_make_does_not_see_makes_a_build_anew(tree, change):
    goes_on(tree)
    change(tree)

    assert not goes_on(tree)
