"""How the hub's C module is built: only from the reviewed sources, for every processor."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "cmodule.sh"
PROCESSORS = {"x64": 2, "armv6m": 4, "armv7m": 5, "armv7emsp": 7}  # py/persistentcode.h


def lay_out(folder):
    """What cmodule.sh says in another folder that holds whatever stands in its build/."""
    (folder / "packaging").mkdir()
    shutil.copy(SCRIPT, folder / "packaging")
    command = ["sh", "packaging/cmodule.sh", "sources"]
    env = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def packages():
    """PyNaCl's source packages that a build has fetched."""
    return sorted((ROOT / "build").glob("pynacl-*.tar.gz"))


@pytest.mark.skipif(not packages(), reason="PyNaCl's source package is not fetched: make cmodule")
def test_the_sources_are_laid_out_unchanged(tmp_path):
    """What is compiled is byte for byte what the package holds."""
    (tmp_path / "build").mkdir()
    shutil.copy(packages()[0], tmp_path / "build")

    assert lay_out(tmp_path).returncode == 0

    shutil.unpack_archive(packages()[0], tmp_path / "package", filter="data")
    originals = {}
    for path in (tmp_path / "package").rglob("*.[ch]"):
        originals.setdefault(path.name, []).append(path.read_bytes())
    files = [
        path for path in (tmp_path / "build" / "libsodium").rglob("*.[ch]") if "private" not in path.parts
    ]
    assert len(files) > 20
    for path in files:
        assert path.read_bytes() in originals[path.name], path.name


@pytest.mark.skipif(not packages(), reason="PyNaCl's source package is not fetched: make cmodule")
def test_an_altered_package_is_refused(tmp_path):
    """One byte more, and nothing is laid out."""
    (tmp_path / "build").mkdir()
    with (tmp_path / "build" / packages()[0].name).open("wb") as file:
        file.write(packages()[0].read_bytes() + b"\0")

    done = lay_out(tmp_path)

    assert done.returncode == 1
    assert "not the package that was reviewed" in done.stderr
    assert not (tmp_path / "build" / "libsodium").exists()


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_native_module_is_for_its_processor(processor):
    """The header of each .mpy names version 6.3 and the processor."""
    path = ROOT / "build" / "cmodule" / processor / "_tasuki.mpy"
    if not path.exists():
        pytest.skip("the C module is not built: make cmodule")

    magic, version, feature, _ = path.read_bytes()[:4]

    assert (magic, version) == (ord("M"), 6)
    assert (feature >> 2, feature & 3) == (PROCESSORS[processor], 3)


def test_the_readme_describes_every_function():
    """No function without its result and its refusals, none described that is not there."""
    folder = ROOT / "firmware" / "cmodule"
    functions = re.findall(r"MP_QSTR_(\w+)", (folder / "functions.h").read_text())
    described = re.findall(r"^\| `(\w+)\(", (folder / "README.md").read_text(), re.MULTILINE)

    assert described == functions
