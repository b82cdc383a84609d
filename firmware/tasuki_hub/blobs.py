"""What exceeds a frame on its way to the hub: received into a file, then handed on (SPEC section 8.2).

Who takes a blob is registered in hub.blobs under its name in layout.BLOBS. It
has max_size in bytes; refuses(hub), the name of an answer or None, asked
before anything is written; and accept(hub, path), a generator whose value is
the name of the answer. It runs as a job, because signatures take long, and
may keep the file by renaming it.
"""

import os
from hashlib import sha256

from tasuki_wire import layout

ENOSPC = 28  # MicroPython's errno has no name for it
_FILE = "/blob.new"


def remove(path):
    """Delete a file that is perhaps not there."""
    try:
        os.remove(path)
    except OSError:
        pass


def _shown_by(name):
    """The module of a blob that can be read; most lives of a hub never hear of them."""
    if name == "certificate":
        from tasuki_hub import certificate

        return certificate
    if name == "succession":
        from tasuki_hub import rotation

        return rotation


class Blobs:
    """The commands `blob_begin`, `blob_data` and `blob_end`: one blob at a time."""

    def __init__(self, hub):
        self._hub = hub
        self._path = hub.board.flash + _FILE
        self._file = None
        self._taking = False  # its handler works on the file
        self._shown = None  # the module whose blob is read
        remove(self._path)  # of a boot that was cut

    def _say(self, request, name, status):
        self._hub.commands.answer(request, name, status)

    def do_blob_begin(self, now, request, blob, size, digest):
        """Drop what was there and be ready for another."""
        if self._taking:
            return self._say(request, "blob_begin", "busy")
        self.drop()
        name = layout.BLOBS[blob] if blob < len(layout.BLOBS) else None
        self._shown = _shown_by(name)
        if self._shown and not size:
            from tasuki_hub import certificate

            return certificate.tell(self._hub, request, blob, self._shown.kept(self._hub))
        self._taker = self._shown or self._hub.blobs.get(name)
        if self._taker is None:
            return self._say(request, "blob_begin", "not_allowed")
        status = self._taker.refuses(self._hub)
        if status is None and not 0 < size <= self._taker.max_size:
            status = "full"
        if status is None:
            self._size, self._digest, self._hash, self._at = size, digest, sha256(), 0
            status = self._write(None)
        self._say(request, "blob_begin", status)

    def do_blob_data(self, now, request, offset, data):
        """The next part; without bytes, a question for that part of what the hub keeps."""
        if not data and self._file is None:
            from tasuki_hub import certificate

            kept = self._shown.kept(self._hub) if self._shown else b""
            return certificate.tell_part(self._hub, request, offset, kept)
        if self._file is None or offset != self._at or not data or len(data) > self._size - offset:
            return self._say(request, "blob_data", "mismatch")
        status = self._write(data)
        self._say(request, "blob_data", status)

    def _write(self, data):
        """Open the file (None) or append; the answer."""
        try:
            if data is None:
                self._file = open(self._path, "wb")  # noqa: SIM115
            else:
                self._file.write(data)
                self._hash.update(data)
                self._at += len(data)
        except OSError as e:
            self.drop()
            return "full" if e.errno == ENOSPC else "busy"
        return "ok"

    def do_blob_end(self, now, request):
        """The whole must be what was announced; then it is looked at."""
        if self._file is None or self._at != self._size or self._closed() != self._digest:
            self.drop()
            return self._say(request, "blob_end", "mismatch")
        self._taking = True
        self._hub.jobs.add(self._take(request, self._taker))

    def _closed(self):
        """Close the file; SHA-256 of what went in."""
        try:
            self._file.close()
        except OSError:
            return None  # the flash is full: the last bytes did not fit
        self._file = None
        return self._hash.digest()

    def _take(self, request, taker):
        try:
            status = yield from taker.accept(self._hub, self._path)
        except OSError as e:
            status = "full" if e.errno == ENOSPC else "mismatch"
        self._taking = False
        remove(self._path)
        self._say(request, "blob_end", status)

    def drop(self):
        """Forget a blob that is not whole."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None
        remove(self._path)
