"""Runs every check_*.py as two tests: under CPython and under the real MicroPython.

What the hub's C module does is also run with it, as a native .mpy; check_cmodule_*.py
only so. check_flash_*.py need MicroPython's LittleFS and run there alone.

A check is a plain script of asserts that sees the hub's modules, the wire's,
this folder, and no installed package. Vectors made by other people's code
lie in the folder that the environment variable TASUKI_VECTORS names; see
device_vectors.py.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from device import device_vectors

ROOT = Path(__file__).resolve().parents[2]
HEAP = "256k"  # what a hub of 512 kB of RAM spares
# a check of the whole hub holds its host and all frames on the same heap, one of the drivers their parts
HEAP_WITH_HOST = "8m"
WITH_HOST = ("check_hub_", "check_loader", "check_drivers", "check_flash_")
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
COMMANDS = {
    "cpython": [sys.executable, "-B", "-S"],  # -S: no site-packages
    "micropython": [MICROPYTHON],
    "cmodule": [MICROPYTHON],
}
CMODULE = ROOT / "build" / "cmodule" / "x64"
WITH_CMODULE = (
    "check_calibrate",
    "check_cmodule_",
    "check_hub_",
    "check_cobs",
    "check_copy",
    "check_emitting",
    "check_link",
    "check_packer",
    "check_packing",
    "check_ring",
    "check_sha512",
)


class CheckFailedError(Exception):
    """A check ended with an error; holds what it printed."""


class CheckFile(pytest.File):
    """One check, for both interpreters."""

    def collect(self):
        """One item per interpreter."""
        names = ["cpython", "micropython"]
        if self.path.name.startswith("check_cmodule_"):
            names = ["cmodule"]
        elif self.path.name.startswith("check_many_"):
            names = ["micropython"]
        elif self.path.name.startswith("check_flash_"):
            names = ["micropython"]  # LittleFS is its own
        elif self.path.name.startswith(WITH_CMODULE):
            names.append("cmodule")
        for name in names:
            yield CheckItem.from_parent(self, name=name)


class CheckItem(pytest.Item):
    """One check under one interpreter."""

    def runtest(self):
        """Run the script; its traceback is the failure."""
        parts = ("firmware", "protocol", "tests/device", "tests/firmware")
        folders = [str(ROOT / part) for part in parts]
        if self.name == "cmodule":
            if not (CMODULE / "_tasuki.mpy").exists():
                pytest.skip("the C module is not built: make cmodule")
            folders.append(str(CMODULE))
            device_vectors.add_many(self.config)
        if self.path.name.startswith("check_many_"):
            device_vectors.add_many(self.config)
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join(folders),
            "MICROPYPATH": ":".join([".frozen", *folders]),
            "TASUKI_VECTORS": str(device_vectors.folder(self.config)),
        }
        heap = HEAP_WITH_HOST if self.path.name.startswith(WITH_HOST) else HEAP
        options = ["-X", f"heapsize={heap}"] if self.name != "cpython" else []
        command = [*COMMANDS[self.name], *options, str(self.path)]
        with tempfile.TemporaryDirectory() as scratch:  # its own, since others run beside it
            env["TASUKI_SCRATCH"] = scratch
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, cwd=ROOT)
        if done.returncode:
            raise CheckFailedError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    def repr_failure(self, excinfo, style=None):
        """The device's own traceback instead of ours."""
        if isinstance(excinfo.value, CheckFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        """Where the item is, and what it is called in reports."""
        return self.path, 0, f"{self.path.name} under {self.name}"


def pytest_collect_file(parent, file_path):
    """Collect the checks."""
    if file_path.name.startswith("check_") and file_path.suffix == ".py":
        return CheckFile.from_parent(parent, path=file_path)
    return None
