"""The emulator for hubs of kind `qemu`: where its image is and how it is started."""

import os
import shutil
from pathlib import Path

from tasuki.errors import UsageError

_EMULATOR = "qemu-system-arm"
_TREE = Path(__file__).resolve().parents[3]
_IMAGE = _TREE / "build" / "firmware" / "qemu.elf"


def image() -> Path:
    """Path of the hub's image; the environment variable TASUKI_IMAGE overrides it.

    Raises UsageError when there is none.
    """
    given = os.environ.get("TASUKI_IMAGE")
    found = Path(given) if given else _IMAGE
    if not found.is_file():
        raise UsageError(
            f"there is no firmware image at {found}",
            "Run `make firmware` in a checkout, or set TASUKI_IMAGE to the path of an image.",
        )
    return found.resolve()


def emulator() -> str:
    """Path of the emulator; raises UsageError when it is not installed."""
    found = shutil.which(_EMULATOR)
    if not found:
        raise UsageError(f"{_EMULATOR} is not installed", "Run `make services`, or install it.")
    return found


def command(icount: str | None = None) -> list[str]:
    """The emulator with our image, UART 0 on its standard input and output.

    An image whose name ends with -m4 gets the board with the Cortex-M4F.

    The image reads its files relative to the working directory. Without
    icount the hub's clock is the wall's; with it, it follows the instructions
    executed, "shift=4,sleep=off" being 62.5 million each second.
    """
    found = image()
    machine = "mps2-an386" if found.stem.endswith("-m4") else "mps2-an385"
    line = [emulator(), "-machine", machine, "-display", "none", "-monitor", "none"]
    line += ["-semihosting-config", "enable=on,target=native"]
    line += ["-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"]
    if icount:
        line += ["-icount", icount]
    return [*line, "-kernel", str(found)]
