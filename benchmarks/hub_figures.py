"""Figures of the hub's images, counted in the emulator with `-icount shift=0`, which no clock moves."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import stock  # noqa: E402

from qemu_board import Board  # noqa: E402

IMAGES = {"c": "qemu.elf", "viper": "qemu-viper.elf"}
_ON_HUB = Path(__file__).parent / "on_hub"
_PATIENCE_S = 300

# The emulator's folder by a name that is the same in each run: a name's bits and length move the counts.
_PREPARE = """
import gc, json, sys, vfs
gc.collect()
empty = gc.mem_alloc()
from tasuki_hub.setup_qemu import HostFiles, mount_flash
vfs.mount(HostFiles(), "/host")
sys.path.append("/host/proc/self/cwd")
nor = mount_flash(None)
from tasuki_hub import app, signer, status
from tasuki_hub.keystore import KeyStore
from tasuki_wire import layout
KeyStore("/flash").pin(bytes(range(32)), bytes(range(32)))
"""

# Frames first: they need the hub's modules anyway. Heap is what the running hub holds
# beyond this benchmark's own, from the image's first byte on.
_FRAMES = """
import frame
out = {}
for packed in (False, True):
    name = "frame_packed" if packed else "frame"
    pack, send, node = frame.of_one(packed)
    out[name] = pack + send
    out[name + "_nodes"] = node
out["sample_bytes"], out["frame_bytes"] = frame.heap(True)
print(json.dumps(out))
"""
_CLOSE = """
import frame
print(json.dumps(dict(zip(("close", "open"), frame.close(layout.DEFAULT_PROFILE)))))
"""
_SIGNING = """
import signing
print(json.dumps(dict(zip(("sign", "sign_step", "verify", "verify_step"), signing.figures(signer.engine())))))
"""
_WORN = """
gc.collect()
before = gc.mem_alloc()
import garment
gc.collect()
own = gc.mem_alloc() - before
found = garment.worn(layout.{profile}, 5, {seconds})
names = ("second", "frames", "turns", "line_bytes", "heap", "lost")
out = {{"{name}_" + key: value for key, value in zip(names, found)}}
out["{name}_heap"] -= own
print(json.dumps(out))
"""


def folder() -> Path:
    """Where the images are; the environment variable TASUKI_IMAGES overrides it."""
    return Path(os.environ.get("TASUKI_IMAGES", ROOT / "build" / "firmware"))


def missing() -> str:
    """What has to be built before; empty when all is there."""
    for command, files in (
        ("firmware", [folder() / name for name in IMAGES.values()]),
        ("cmodule", [stock.MODULE]),
    ):
        for file in files:
            if not file.exists():
                return f"{file.name} is not built: make {command}"
    return ""


def _run(image: Path, part: str) -> dict[str, int]:
    """What the part prints, one row of JSON, on a board of its own."""
    with _place() as place, _imaged(image), Board(place, "shift=0", _PATIENCE_S) as board:
        board.run(_PREPARE)
        found: dict[str, int] = json.loads(board.run(part))
    return found


def _stock(c_module: bool, seconds: int) -> dict[str, int]:
    """Heap that the default profile takes with the files on the flash, and what was lost."""
    name = "c_stock" if c_module else "stock"
    with _place() as place, _imaged(folder() / IMAGES["viper"]):
        names = stock.lay_out(place, c_module)
        with Board(place, "shift=0", _PATIENCE_S) as board:
            board.run(stock.copy(names))
        with Board(place, "shift=0", _PATIENCE_S) as board:
            board.run(stock.start(c_module))
            found = json.loads(board.run(_WORN.format(profile="DEFAULT_PROFILE", seconds=seconds, name=name)))
            found[f"{name}_heap"] -= int(board.run("print(len(ballast))"))
    return {key: found[key] for key in (f"{name}_heap", f"{name}_lost")}


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A board's folder with what feeds the hub there."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "board"
        place.mkdir()
        for script in _ON_HUB.glob("*.py"):
            (place / script.name).write_bytes(script.read_bytes())
        yield place


@contextlib.contextmanager
def _imaged(image: Path) -> Iterator[None]:
    """Boards run this image; what comes after runs its own again."""
    before = os.environ.get("TASUKI_IMAGE")
    os.environ["TASUKI_IMAGE"] = str(image)
    try:
        yield
    finally:
        del os.environ["TASUKI_IMAGE"]
        if before is not None:
            os.environ["TASUKI_IMAGE"] = before


def _sizes(image: Path) -> dict[str, int]:
    """Bytes of flash and of RAM, the heap's included."""
    out = subprocess.run(["arm-none-eabi-size", image], check=True, capture_output=True, text=True).stdout
    text, data, bss = map(int, out.splitlines()[1].split()[:3])
    return {"flash": text + data, "ram": data + bss}


def measure(seconds: int = 16) -> dict[str, int]:
    """All figures by name, those of each image with its name before them."""
    found = {}
    for name, file in IMAGES.items():
        image = folder() / file
        parts = _run(image, _FRAMES) | _run(image, _CLOSE) | _run(image, _SIGNING)
        worn = [("default", "DEFAULT_PROFILE")] + [("full", "FULL_PROFILE")] * (name == "c")
        for label, profile in worn:
            parts |= _run(image, _WORN.format(profile=profile, seconds=seconds, name=label))
        parts |= _sizes(image)
        found |= {f"{name}_{key}": int(value) for key, value in parts.items()}
    for c_module in (False, True):
        found |= _stock(c_module, seconds)
    return found
