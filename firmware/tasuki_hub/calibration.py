"""Constants of this one unit: which columns of which streams are corrected, and how (SPEC section 8.2).

A signed blob of the kind `calibration` brings them. It is kept as it came, in
one file that is replaced by rename, so a power cut leaves the old constants
or the new; at each boot its signature is checked again before it is used.
The packer applies them to the records of a frame, and their version goes
into each epoch that was sampled with them.
"""

import os
import struct

from tasuki_hub import anchors
from tasuki_hub.native import module
from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const

if module:
    calibrate = module.calibrate
else:
    from tasuki_hub.drivers.kernels import calibrate

_FILE = const("/calibration")
_HEAD = codec.struct_format(layout.CALIBRATION)
_HEAD_SIZE = struct.calcsize(_HEAD)
_ROW = codec.struct_format(layout.CALIBRATION_ROW)
_ROW_SIZE = struct.calcsize(_ROW)
_MAX_ROWS = const(64)
# kinds whose records are columns of i16 that a sensor measured
_KINDS = tuple([codec.number(name) for name in ("ecg", "respiration", "body_temperature", "imu", "strain")])


class Calibration:
    """Takes the blob `calibration`; `version` is that of the constants in use, 0 for none."""

    max_size = _HEAD_SIZE + _MAX_ROWS * _ROW_SIZE + layout.SIGNATURE_SIZE

    def __init__(self, hub, order=anchors.ORDER):
        self._order = order
        self._path = hub.board.flash + _FILE
        self.version = 0
        self._kept = 0  # of the file, which may wait for an epoch's border
        self._rows = b""
        self._places = {}  # stream -> (columns of its records, its first row, how many rows)
        hub.blobs["calibration"] = self
        if _FILE[1:] in os.listdir(hub.board.flash):
            hub.jobs.add(self._load(hub))

    def apply(self, stream, buf, at, n):
        """Correct the n records at buf[at:] of a stream, in place; allocates nothing."""
        place = self._places.get(stream)
        if place:
            calibrate(buf, at, n, place[0], self._rows, place[1], place[2])

    # -- a new blob ---------------------------------------------------------

    def refuses(self, hub):
        """Any hub takes one: it says for which unit it is."""

    def accept(self, hub, path):
        """Check and keep the blob in this file; its constants are used from the next epoch on."""
        with open(path, "rb") as f:
            blob = f.read()
        status = yield from self._check(hub, blob)
        if status == "ok":
            os.rename(path, self._path)
            self._kept = _version(blob)
            # no reason is worth a number of its own: a block tells its version
            hub.at_border("length", lambda now: self._use(blob, hub))
        return status

    def _load(self, hub):
        """At boot: use what is kept, unless it is not what was signed for this unit."""
        try:
            with open(self._path, "rb") as f:
                blob = f.read()
        except OSError:
            blob = b""
        status = yield from self._check(hub, blob)
        if status == "ok":
            self._kept = _version(blob)
            hub.at_border("length", lambda now: self._use(blob, hub))

    def _check(self, hub, blob):
        """Name of the answer; the cheap checks come first."""
        rows = blob[_HEAD_SIZE : -layout.SIGNATURE_SIZE]
        if len(blob) < _HEAD_SIZE + layout.SIGNATURE_SIZE or len(rows) % _ROW_SIZE:
            return "malformed"
        form, device, version = struct.unpack_from(_HEAD, blob)
        if form != layout.CALIBRATION_FORMAT or len(rows) > _MAX_ROWS * _ROW_SIZE:
            return "malformed"
        if device != hub.device:
            return "wrong_device"
        if version <= self._kept:
            return "stale_sequence"
        if _places(rows, hub.sampler.streams) is None:
            return "mismatch"
        message = epoch.signed("calibration", blob[: -layout.SIGNATURE_SIZE])
        holds = yield from hub.crypto.verify_steps(self._order, message, blob[-layout.SIGNATURE_SIZE :])
        return "ok" if holds else "bad_signature"

    def _use(self, blob, hub):
        self._rows = blob[_HEAD_SIZE : -layout.SIGNATURE_SIZE]
        self._places = _places(self._rows, hub.sampler.streams)
        self.version = hub.epochs.calibration = _version(blob)


def _version(blob):
    return struct.unpack_from(_HEAD, blob)[2]


def _places(rows, streams):
    """{stream: (columns, first row, rows)}, or None unless rows are in order and each names one column."""
    columns = {s.number: s.ring.size // 2 for s in streams if s.kind in _KINDS}
    found = {}
    last = (-1, -1)
    for i in range(len(rows) // _ROW_SIZE):
        place = (rows[i * _ROW_SIZE], rows[i * _ROW_SIZE + 1])
        if place <= last or place[1] >= columns.get(place[0], 0):
            return None
        last = place
        _, first, count = found.get(place[0], (0, i, 0))
        found[place[0]] = (columns[place[0]], first, count + 1)
    return found
