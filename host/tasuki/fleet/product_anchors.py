"""The public keys of a product's image: the file that its build takes for tasuki_hub/anchors.py."""

from pathlib import Path

from tasuki.errors import UsageError
from tasuki.fleet import devkeys
from tasuki_hub import anchors

FILE = Path("tasuki_hub", "anchors.py")
MOST_NAME = 16  # bytes that a hub has for the name of its firmware
_DEV = "dev"  # what the name of the development image ends with
_TEXT = '''"""Public keys that this product's image obeys. Made by `tasuki hub anchors`."""

RELEASE = bytes.fromhex("{release}")
ORDER = bytes.fromhex("{order}")

FIRMWARE = {firmware!r}
IMAGE = {image}
'''


def text(release: bytes, order: bytes, firmware: str, image: int = anchors.IMAGE) -> str:
    """The file; UsageError for keys that protect nothing and for a name that no hub can give.

    Args:
        release: public key of firmware bundles. order: of unlock orders and calibrations; 32 bytes each.
        firmware: what such a hub calls its firmware. image: its number, which bundles name.
    """
    if {release, order} & {devkeys.signer(name).public for name in ("release", "order")}:
        raise UsageError("everybody has the secret of a development key", "Make keys with `tasuki hub key`.")
    if release == order:
        raise UsageError("release and order key are the same", "Make two, for two hands.")
    if not 0 < len(firmware) <= MOST_NAME or not (firmware.isascii() and firmware.isprintable()):
        raise UsageError(
            f"{firmware!r} cannot be a hub's firmware", f"Give 1 to {MOST_NAME} ASCII characters."
        )
    if firmware.split()[-1:] == [_DEV]:
        raise UsageError(f"{firmware!r} is what a development image calls itself", "Give another name.")
    return _TEXT.format(
        release=release.hex(), order=order.hex(), firmware=firmware.encode("ascii"), image=image
    )


def write(folder: Path, content: str) -> Path:
    """Put it where the build looks; UsageError when there is one, whose hubs would not obey the new keys."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(content)
    except FileExistsError as e:
        raise UsageError(f"{path} is there", "A product keeps its keys; give another folder.") from e
    return path
