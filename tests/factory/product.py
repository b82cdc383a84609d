"""The image of a product: of keys that stand in its folder."""

import fcntl
import os
import shutil
import subprocess

from end_to_end.conftest import ROOT

FIRMWARE = "example 1.0.0"
_BUILD = ROOT / "build" / "firmware"


def missing():
    """Why no image can be built here; empty when it can."""
    if not shutil.which("arm-none-eabi-gcc"):
        return "the ARM compiler is not installed: make services"
    if not (_BUILD / "micropython" / "py").exists():
        return "MicroPython's source is not here: make firmware"
    return ""


def build(folder):
    """What `make firmware` does with TASUKI_ANCHORS, for the one image that is run."""
    command = ["sh", "packaging/firmware.sh", "qemu"]
    env = {**os.environ, "TASUKI_ANCHORS": str(folder)}
    with (_BUILD / "product.lock").open("w") as lock:  # two builds at once would mix their keys
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
