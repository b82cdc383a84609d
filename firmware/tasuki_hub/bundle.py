"""A firmware bundle as it lies in a slot: signed manifest, then the files (docs/formats.md).

Reading one costs little; believing it costs a signature and a hash of every file.
"""

import struct
from hashlib import sha256

from tasuki_hub import anchors
from tasuki_wire import epoch, layout
from tasuki_wire.constant import const

MAGIC = b"tasukiB1"
MAX_SIZE = 64 * 1024  # of the whole bundle: two slots of that fit beside what else is kept
_HEAD = const("<8sBHI16s16sH")
_HEAD_SIZE = struct.calcsize(_HEAD)
_ROW = const("<I32s")  # after the name: size, SHA-256
_MAX_FILES = const(96)
_MAX_NAME = const(48)
_MAX_MANIFEST = const(8192)
_PIECE = const(512)
_PACKAGES = const(("tasuki_hub/", "tasuki_wire/"))
_LETTERS = const(b"abcdefghijklmnopqrstuvwxyz0123456789_/")
_ENDS = const((".mpy", ".py"))


class Bundle:
    """The manifest of the bundle in a file; ValueError when it is none, OSError when it cannot be read.

    rows: {name: (place in the file, size, SHA-256)}.
    """

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            head = f.read(_HEAD_SIZE)
            if len(head) != _HEAD_SIZE:
                raise ValueError("head")
            magic, self.wire, self.image, self.counter, firmware, board, files = struct.unpack(_HEAD, head)
            if magic != MAGIC or not 0 < self.counter <= layout.MAX_SEQ or not 0 < files <= _MAX_FILES:
                raise ValueError("head")
            self.firmware = firmware.rstrip(b"\x00")
            self.board = board.rstrip(b"\x00").decode()
            sizes = self._read_rows(f, head, files)
            self.signature = f.read(layout.SIGNATURE_SIZE)
            end = f.seek(0, 2)
        self._place(sizes, end)

    def _read_rows(self, f, head, files):
        manifest = bytearray(head)
        found = []
        before = ""
        for _ in range(files):
            length = f.read(1)
            name = f.read(length[0]) if length else b""
            row = f.read(36)
            if len(row) != 36 or not _named_well(name) or name.decode() <= before:
                raise ValueError("row")
            before = name.decode()
            size, digest = struct.unpack(_ROW, row)
            found.append((before, size, digest))
            manifest += length + name + row
            if len(manifest) > _MAX_MANIFEST:
                raise ValueError("manifest")
        self.manifest = bytes(manifest)
        return found

    def _place(self, sizes, end):
        at = len(self.manifest) + layout.SIGNATURE_SIZE
        self.rows = {}
        for name, size, digest in sizes:
            self.rows[name] = (at, size, digest)
            at += size
        if at != end or end > MAX_SIZE:
            raise ValueError("size")

    def fits(self, board):
        """True when it was made for this kind of hub and for this image."""
        return (self.board, self.image, self.wire) == (board, anchors.IMAGE, layout.VERSION)

    def signed_steps(self, crypto):
        """True when the release key signed the manifest."""
        message = epoch.signed("firmware", self.manifest)
        return (yield from crypto.verify_steps(anchors.RELEASE, message, self.signature))

    def whole_steps(self):
        """True when every file is as the manifest says."""
        with open(self.path, "rb") as f:
            f.seek(len(self.manifest) + layout.SIGNATURE_SIZE)
            for name in sorted(self.rows):
                _, size, expected = self.rows[name]
                digest = sha256()
                while size:
                    piece = f.read(min(size, _PIECE))
                    if not piece:
                        return False
                    digest.update(piece)
                    size -= len(piece)
                    yield
                if digest.digest() != expected:
                    return False
        return True

    def read(self, name):
        """Bytes of a file, which are again what the manifest says; else OSError."""
        at, size, expected = self.rows[name]
        with open(self.path, "rb") as f:
            f.seek(at)
            data = f.read(size)
        if sha256(data).digest() != expected:
            raise OSError(5)
        return data


def _named_well(name):
    """True for a module of ours: a plain path below a package, no dots but that of its end."""
    if not 0 < len(name) <= _MAX_NAME or any([c not in _LETTERS + b"." for c in name]):
        return False
    text = name.decode()
    for end in _ENDS:
        if text.endswith(end):
            stem = text[: -len(end)]
            return "." not in stem and "//" not in stem and any([stem.startswith(p) for p in _PACKAGES])
    return False
