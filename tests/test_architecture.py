"""Rules of the layout that the import linter cannot see."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BOARDS = {"board_unix.py", "main_unix.py", "board_qemu.py", "main_qemu.py", "setup_qemu.py"}
PINS_AND_BUSES = {"machine", "termios", "select", "board_unix", "board_qemu", "_qemu"}


def imported(path):
    """Dotted names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def files(folder):
    """Python files below a folder of the project."""
    return sorted((ROOT / folder).rglob("*.py"))


def test_only_native_binds_the_c_core():
    users = {p.parent.name for p in files("host") if "tasuki._native" in imported(p)}

    assert users == {"native"}


def test_construct_is_imported_in_one_place():
    users = [p.name for p in files("host") if "construct" in imported(p)]

    assert users == ["reference.py"]


def test_the_wire_imports_only_what_both_interpreters_have():
    """What stands under TYPE_CHECKING is for the type checker; the hub never runs it."""
    names = {name.split(".")[0] for p in files("protocol") for name in imported(p)}

    assert names - {"typing", "collections"} == {
        "array",
        "binascii",
        "hashlib",
        "struct",
        "sys",
        "tasuki_wire",
    }


def test_only_boards_know_pins_buses_and_terminals():
    for path in files("firmware/tasuki_hub"):
        if path.name not in BOARDS:
            assert not PINS_AND_BUSES & {name.split(".")[-1] for name in imported(path)}, path.name


def test_only_the_app_and_its_starters_import_everything():
    """app.py joins hub and signer; nothing but a starter imports it, loader.py by its name."""
    users = [p.name for p in files("firmware/tasuki_hub") if "tasuki_hub.app" in imported(p)]

    assert users == ["main_unix.py"]


@pytest.mark.parametrize("package", ["tasuki_hub", "tasuki_wire"])
def test_the_manifest_lists_every_device_file(package):
    from tasuki_hub import manifest

    folder = ROOT / ("firmware" if package == "tasuki_hub" else "protocol") / package
    listed = manifest.WIRE if package == "tasuki_wire" else manifest.COMMON + manifest.QEMU + manifest.UNIX

    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*.py")}
    on_disk -= {"manifest.py", "_comb_large.py", "selftest.py"}  # the last is pasted, never flashed
    assert on_disk == set(listed)
