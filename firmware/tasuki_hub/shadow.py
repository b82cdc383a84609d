"""Modules of a bundle in place of those of the same name in the image.

Import looks into one folder per package, so for each module the hook points
the package at the slot or at the image. Nothing else is searched: no other
folder of the flash can bring a module in.
"""

import builtins
import io
import sys

from tasuki_wire.constant import const

_ROOT = const("/slot")
_FILE = const(0x8000)  # as os.stat has it
_FOLDER = const(0x4000)
_ENOENT = const(2)


class SlotFiles:
    """A bundle's files, to be mounted; each is hashed again as it is read."""

    def __init__(self, bundle):
        self._bundle = bundle

    def mount(self, readonly, mkfs):
        """Nothing to prepare."""

    def umount(self):
        """Nothing to close."""

    def stat(self, path):
        """What import asks for: a file, a folder, or OSError."""
        name = path.strip("/")
        if name in self._bundle.rows:
            return (_FILE,) + (0,) * 9
        for row in self._bundle.rows:
            if row.startswith(name + "/"):
                return (_FOLDER,) + (0,) * 9
        raise OSError(_ENOENT)

    def open(self, path, mode):
        """A file's bytes, in RAM while it is loaded."""
        name = path.strip("/")
        if name not in self._bundle.rows:
            raise OSError(_ENOENT)
        return io.BytesIO(self._bundle.read(name))


class Hook:
    """In place of __import__: names are the modules that `root` has, with dots."""

    def __init__(self, names, root):
        self._names = names
        self._root = root
        self._import = builtins.__import__
        self._homes = {}  # package -> where the image has it

    def __call__(self, name, *rest):
        """Import as always, each package of ours pointed to where the module is."""
        parts = name.split(".")
        for n in range(2, len(parts) + 1):
            self._load(".".join(parts[: n - 1]), ".".join(parts[:n]))
        return self._import(name, *rest)

    def _load(self, parent, name):
        if name in sys.modules:
            return
        package = sys.modules.get(parent) or self._import(parent, None, None, (), 0)
        home = getattr(package, "__path__", None)
        if not isinstance(home, str):
            return
        home = self._homes.setdefault(parent, home)
        package.__path__ = self._root + "/" + parent.replace(".", "/") if name in self._names else home
        # a package whose own file is the slot's has its other modules in the image
        self._homes[name] = home + "/" + name.split(".")[-1]
        self._import(name, None, None, ("*",), 0)


def modules(bundle):
    """Names of a bundle's modules, with dots; a package by its name."""
    names = set()
    for row in bundle.rows:
        stem = row[: row.rindex(".")]
        if stem.endswith("/__init__"):
            stem = stem[: -len("/__init__")]
        names.add(stem.replace("/", "."))
    return names


def install(bundle):
    """From now on imports find the bundle's modules first."""
    import vfs

    vfs.mount(SlotFiles(bundle), _ROOT)
    builtins.__import__ = Hook(modules(bundle), _ROOT)


def forget():
    """What was imported of our packages so far is imported anew when it is asked for."""
    for name in list(sys.modules):
        if name.startswith("tasuki_hub") or name.startswith("tasuki_wire"):  # noqa: PIE810 no tuple here
            del sys.modules[name]
