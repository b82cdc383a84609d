"""What the qemu hub has before any of its firmware is chosen: files of the host, flash, the vault.

loader.py decides on this; board_qemu.py builds on it.
"""

import json

import _qemu
import machine
import vfs

from tasuki_hub.nor_flash import NorFlash
from tasuki_wire.constant import const

try:
    import _vault
except ImportError:  # an image without the C module signs in viper and keeps the key in files
    _vault = None

_BLOCKS = const(64)  # 256 KiB
_FOLDER = const(0x4000)  # as os.stat has it
_FILE = const(0x8000)


def configured():
    """True when this emulator is to be a hub."""
    try:
        _qemu.open("hub.json").close()
    except OSError:
        return False
    return True


class HostFiles:
    """The host's files, to read; mounted, so that open() finds them."""

    def mount(self, readonly, mkfs):
        """Nothing to prepare."""

    def umount(self):
        """Nothing to close."""

    def open(self, path, mode):
        """A file; OSError when there is none."""
        return _qemu.open(path, mode)

    def stat(self, path):
        """The kind alone, which is what import asks for: a folder opens, has a size, and reads as empty."""
        with _qemu.open(path, "rb") as f:
            kind = _FILE if f.read(1) or not f.seek(0, 2) else _FOLDER
        return (kind,) + (0,) * 9


def mount_flash(cut):
    """Mount the filesystem at /flash; one that was never made is made.

    A filesystem that cannot be mounted is left alone, because it may hold a
    key and the session counter that goes with it.
    """
    try:
        file = _qemu.open("flash.img", "r+b")
    except OSError:
        _qemu.open("flash.img", "wb").close()
        file = _qemu.open("flash.img", "r+b")
    flash = NorFlash(file, _BLOCKS, cut, _qemu.power_off)
    if flash.blank():
        vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash, mtime=False), "/flash")
    return flash


class Setup:
    """hub.json, the flash and what outlives a start; made once per start.

    locked: whether this hub was locked when it started.
    """

    name = "qemu"
    flash = "/flash"

    def __init__(self):
        vfs.mount(HostFiles(), "/host")
        with _qemu.open("hub.json") as f:
            self.config = json.load(f)
        self.locked = False
        if _vault:
            from tasuki_hub.vault import Vault  # a bare board keeps its heap

            _vault.cut(*self.config.get("vault_cut", (-1, 0)))
            self.vault = lambda: Vault(_vault)
            self.locked = self.vault().locked
        self.nor = mount_flash(self.config.get("power_cut"))

    def reset_cause(self):
        """Index of layout.RESET_CAUSES."""
        return machine.reset_cause()
