"""What goes on a hub: the files of the manifest for its board, or those of a bundle."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from importlib import resources
from threading import Lock

from tasuki.errors import UsageError
from tasuki.fleet import bundle, compiling
from tasuki.fleet.troubles import Trouble
from tasuki_hub import manifest

# sys.platform: (board, its row in the manifest)
_BOARDS = {"linux": ("unix", manifest.UNIX), "qemu": ("qemu", manifest.QEMU)}


@dataclass(frozen=True)
class Payload:
    """Files for one kind of hub: {path below the library folder: bytes}, read once and then unchanged."""

    files: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, hexadecimal."""
        return {name: sha256(data).hexdigest() for name, data in self.files.items()}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))


@dataclass
class Sources:
    """Where payloads come from; each kind of hub is compiled for once, by whichever comes first.

    Attributes:
        given: a bundle to take the files from instead of the manifest.
        only: globs of files, such as tasuki_hub/link.*; all when empty.
    """

    given: bundle.Bundle | None = None
    only: Sequence[str] = ()
    _made: dict[tuple[str, str], Payload] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def for_hub(self, platform: str, mpy: int | None) -> Payload:
        """The files for a hub by its `sys.platform` and `sys.implementation._mpy`.

        Trouble when they cannot run there, UsageError when nothing is left of them.
        """
        arch = compiling.architecture(mpy)
        with self._lock:
            key = (platform, arch)
            if key not in self._made:
                self._made[key] = self._make(platform, arch)
            return self._made[key]

    def _make(self, platform: str, arch: str) -> Payload:
        if self.given is None:
            files = compiling.compiled(self._chosen(sources(platform)), arch)
        else:
            board = _BOARDS.get(platform, (platform, ()))[0]
            if self.given.release.board != board:
                made_for = self.given.release.board
                raise Trouble(
                    "wrong_board", f"the bundle is made for the board {made_for}, the hub is {board}"
                )
            files = self._chosen(self.given.files)
            for name, data in files.items():
                compiling.check_fits(name, data, arch)
        return Payload(files)

    def _chosen(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        kept = {
            name: data
            for name, data in files.items()
            if not self.only or any(fnmatch.fnmatchcase(name, glob) for glob in self.only)
        }
        if not kept:
            raise UsageError("no file matches --only", "Names are like tasuki_hub/link.py.")
        return kept


def sources(platform: str) -> dict[str, bytes]:
    """{package/name.py: source} that a board of this `sys.platform` runs.

    For a platform that we have no board file for these are the files that all
    boards share; its board_NAME.py and main are the product's own.
    """
    own = _BOARDS.get(platform, ("", ()))[1]
    return _read("tasuki_hub", manifest.COMMON + own) | _read("tasuki_wire", manifest.WIRE)


def _read(package: str, names: Sequence[str]) -> dict[str, bytes]:
    folder = resources.files(package)
    return {f"{package}/{name}": (folder / name).read_bytes() for name in names}
