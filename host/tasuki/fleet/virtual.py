"""Virtual hubs, each on a pseudo-terminal that any serial tool can open.

The spawning process holds both ends: while it lives the terminal stays, even
when no host has it open.
"""

import contextlib
import json
import os
import pty
import secrets
import shutil
import subprocess
import sysconfig
import termios
import tty
from importlib import resources
from pathlib import Path
from typing import Any

from tasuki.errors import UsageError
from tasuki.fleet import qemu
from tasuki.fleet.sim import SimBoard, SimHub
from tasuki_hub import manifest

KINDS = ("unix", "qemu", "sim")
_HEAP = "heapsize=1m"
# util-linux; without it a hub outlives a spawner that was killed by SIGKILL
_DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def interpreter() -> str:
    """Path of the MicroPython unix port; the environment variable MICROPYTHON overrides it.

    Raises UsageError when there is none.
    """
    given = os.environ.get("MICROPYTHON")
    beside = Path(sysconfig.get_path("scripts")) / "micropython"
    found = given or (str(beside) if beside.exists() else shutil.which("micropython"))
    if not found or not Path(found).exists():
        raise UsageError(
            "the MicroPython interpreter is not installed",
            "Run `make setup`, or set MICROPYTHON to the path of a unix port.",
        )
    return found


def install_files(folder: Path) -> None:
    """Copy the device files of the manifest to folder, unmodified."""
    for package, names in (
        ("tasuki_hub", manifest.COMMON + manifest.UNIX),
        ("tasuki_wire", manifest.WIRE),
    ):
        target = folder / package
        target.mkdir(parents=True, exist_ok=True)
        source = resources.files(package)
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((source / name).read_bytes())


def _unix(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Command and environment of the unix port on the device files in the folder.

    They are copied there, unless somebody flashed others. A bare board has what it was
    flashed with, and gives its prompt while that is nothing to start.
    """
    library = folder / "lib"
    bare = json.loads((folder / "hub.json").read_text()).get("bare", False)
    if not bare and not any((library / "tasuki_hub").glob("*.mpy")):
        install_files(library)
    library.mkdir(exist_ok=True)
    env = {
        "TASUKI_HUB": str(folder.resolve()),
        "MICROPYPATH": f".frozen:{library.resolve()}",
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
    }
    starts = any((library / "tasuki_hub").glob("main_unix.*py"))
    return [interpreter(), "-X", _HEAP, "-i", *(["-m", "tasuki_hub.main_unix"] if starts else [])], env


def _qemu(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Command and environment of the emulator, whose files are in the folder."""
    config = json.loads((folder / "hub.json").read_text())
    return qemu.command(config.get("icount")), {"PATH": os.environ.get("PATH", "")}


_STARTS = {"unix": _unix, "qemu": _qemu}


def _make_raw(terminal: int) -> None:
    """Every byte as it is, both ways.

    The emulator switches output processing on when it starts, whenever that
    is, and by default each line feed from the host would then become two
    bytes: so nothing is left that output processing could do.
    """
    tty.setraw(terminal)
    mode = termios.tcgetattr(terminal)
    mode[tty.OFLAG] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


class VirtualHub:
    """One running virtual hub.

    Attributes:
        kind: one of KINDS.
        port: path of its terminal.
        folder: its flash and configuration; a later hub given the same folder
            is the same hub after a reboot.
        packed: whether its frames go packed where that is shorter; unless said, as before, at first yes.
        location: what `ports` lists it under, the same for each hub of this folder.
        unique_id: its serial number.

    A bare one is a board without our files: MicroPython's prompt. Only `unix` can be.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        replay: Path,
        speed: float = 1.0,
        packed: bool | None = None,
        bare: bool = False,
    ) -> None:
        if kind not in KINDS:
            raise UsageError(f"no virtual hub of kind {kind!r}", f"Kinds are {', '.join(KINDS)}.")
        if bare and kind != "unix":
            raise UsageError(f"a hub of kind {kind} is never bare", "Spawn bare hubs of kind unix.")
        self._bare = bare
        self.kind = kind
        self.folder = folder
        self._master, self._slave = pty.openpty()
        _make_raw(self._slave)
        self.port = os.ttyname(self._slave)
        self._speed = speed
        self._replay = replay
        self.unique_id = self._configure(packed)
        self.location = f"virtual:{Path(*folder.resolve().parts[-2:])}"
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: SimHub | None = None
        self._start()

    def _start(self) -> None:
        if self.kind in _STARTS:
            self._process = self._start_process()
            return
        os.set_blocking(self._master, False)
        board = SimBoard(self._master, self.folder / "flash", self.unique_id, self._speed, self._replay)
        board.packed = self.packed
        self._thread = SimHub(board)
        self._thread.start()

    def _configure(self, packed: bool | None) -> bytes:
        speed = self._speed
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the hub's key is in its flash
        (self.folder / "flash").mkdir(exist_ok=True)
        path = self.folder / "hub.json"
        old = json.loads(path.read_text()) if path.exists() else {}
        config: dict[str, Any] = {
            **old,
            "unique_id": old.get("unique_id") or secrets.token_hex(8),
            "speed": int(speed) if float(speed).is_integer() else speed,
            "replay": str(self._replay.resolve()),
            "packed": old.get("packed", True) if packed is None else packed,
            "bare": self._bare or old.get("bare", False),
        }
        self.packed: bool = config["packed"]
        path.write_text(json.dumps(config, indent=2) + "\n")
        return bytes.fromhex(config["unique_id"])

    def _start_process(self) -> subprocess.Popen[bytes]:
        command, env = _STARTS[self.kind](self.folder)
        with (self.folder / "stderr.log").open("ab") as log:
            return subprocess.Popen(
                [*_DIES_WITH_US, *command],
                stdin=self._master,
                stdout=self._master,
                stderr=log,
                env=env,
                cwd=self.folder,
            )

    def alive(self) -> bool:
        """True while the hub runs."""
        if self._process:
            return self._process.poll() is None
        return self._thread is not None and self._thread.is_alive()

    @property
    def pid(self) -> int | None:
        """Process id of the hub; None where it has no process of its own."""
        return self._process.pid if self._process else None

    def left(self) -> bool:
        """True when the unix port ended by itself, as it does where a board restarts: a soft reset."""
        return self.kind == "unix" and self._process is not None and self._process.poll() == 0

    def reset(self) -> None:
        """Reboot: the hub is ended as a power cut would, and started anew."""
        self.kill()
        self._start()

    def row(self) -> dict[str, Any]:
        """What `announce` tells about it."""
        return {
            "port": self.port,
            "kind": self.kind,
            "location": self.location,
            "serial": self.unique_id.hex(),
            "speed": self._speed,
            "folder": str(self.folder),
        }

    def kill(self) -> None:
        """End the hub at once; the terminal stays."""
        if self._process:
            self._process.kill()
            self._process.wait()
        if self._thread:
            self._thread.close()

    def close(self) -> None:
        """End the hub and its terminal."""
        self.kill()
        for fd in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def __enter__(self) -> "VirtualHub":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
