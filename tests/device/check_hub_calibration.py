"""Constants of a unit: only those signed for it, from an epoch's border on, and still after a power cut."""

import os
import struct
from hashlib import sha256

from scripted_board import Host, fresh_folder

from tasuki_hub import ed25519
from tasuki_hub.calibration import Calibration
from tasuki_hub.steps import run
from tasuki_wire import codec, epoch, layout

ORDER_SEED = b"order" + bytes(27)
ORDER = ed25519.public_key(ORDER_SEED)
ONE = 16384
PART = 200
ECG, STRAIN = 0, 4


class UnitHost(Host):
    """A host of a hub that obeys this check's order key."""

    def boot(self):
        Host.boot(self)
        self.hub.calibration = self.hub.packer.calibration = Calibration(self.hub, ORDER)


def blob(version, rows, device=None, seed=ORDER_SEED, form=1, domain="calibration"):
    """A signed blob; rows are (stream, column, offset, gain)."""
    body = struct.pack("<B8sH", form, device or host.hub.device, version)
    body += b"".join([struct.pack("<BBhH", *row) for row in rows])
    message = epoch.signed(domain, body)
    return body + run(ed25519.sign_steps(seed, ed25519.public_key(seed), message))


def send(data):
    """Name of the answer to the whole blob."""
    kind = layout.BLOBS.index("calibration")
    begin = host.status("blob_begin", kind, len(data), sha256(data).digest())
    if begin != "ok":
        return begin
    for at in range(0, len(data), PART):
        assert host.status("blob_data", at, data[at : at + PART]) == "ok"
    return host.status("blob_end")


def versions():
    """Calibration version of every epoch so far."""
    join = codec.Assembler()
    found = []
    for frame in host.of_kind("opening"):
        message = join.add(frame[0], frame[6])
        if message:
            session, number, _, _, _, version, _, _ = codec.unpack(epoch.OPENING, message)
            found.append((session, number, version))
    return found


def frames(stream, since_us):
    """(columns of int16 of each record, ...) of the frames of a stream that began since then."""
    row = "<%dh" % (codec.KINDS[host.board.parts[stream].kind].row_size // 2)
    found = []
    for kind, number, flags, _, hi, lo, payload in host.samples():
        if number == stream and codec.time_us(hi, lo) >= since_us:
            records = codec.records(kind, flags, payload)
            size = struct.calcsize(row)
            found += [struct.unpack_from(row, records, i) for i in range(0, len(records), size)]
    return found


def corrected(raw, offset, gain):
    """What a raw value becomes; gain in 1/ONE."""
    v = (raw - offset) * gain
    v = (abs(v) + ONE // 2) // ONE * (1 if v > 0 else -1)
    return max(-32768, min(32767, v))


flash = fresh_folder("calibration")
host = UnitHost(flash)
host.sampling()
host.pass_time(3_000_000)
good = [(ECG, 0, 100, ONE // 2), (STRAIN, 0, -7, ONE), (STRAIN, 13, 0, 2 * ONE)]

# what is not for this unit, not signed, not understood: refused, and nothing is kept
other = b"8 bytes!"
for data, answer in (
    (blob(3, good, device=other), "wrong_device"),
    (blob(3, good, seed=bytes(32)), "bad_signature"),
    (blob(3, good, domain="order"), "bad_signature"),
    (blob(3, good, form=2), "malformed"),
    (blob(0, good), "stale_sequence"),
    (blob(3, good)[:-1], "malformed"),
    (blob(3, [(ECG, 1, 0, ONE)]), "mismatch"),  # no such column
    (blob(3, [(5, 0, 0, ONE)]), "mismatch"),  # device_status is nothing measured
    (blob(3, [(9, 0, 0, ONE)]), "mismatch"),  # no such stream
    (blob(3, [(ECG, 0, 0, ONE)] * 2), "mismatch"),
    (blob(3, [(STRAIN, 0, 0, ONE), (ECG, 0, 0, ONE)]), "mismatch"),
    (bytes(Calibration.max_size + 1), "full"),
):
    assert send(data) == answer, (send(data), answer)
assert host.hub.calibration.version == 0 and "calibration" not in os.listdir(flash)

# a good one closes the open epoch; raw values before, corrected ones behind
closed = len(versions())
assert send(blob(3, good)) == "ok"
host.pass_time(100_000)
assert host.hub.calibration.version == 3
after_us = host.board.clock
host.pass_time(5_000_000)
assert [v for _, _, v in versions()][closed:][:2] == [0, 3], versions()


# the drivers of this board count records, so a corrected value tells the raw one
assert frames(ECG, 0)[:25] == [(n,) for n in range(25)]
late = [value for (value,) in frames(ECG, after_us)]
starts = [n for n in range(5000) if corrected(n, 100, ONE // 2) == late[0]]
runs = [[corrected(n + i, 100, ONE // 2) for i in range(len(late))] for n in starts]
assert late in runs and len(late) > 500
rows = frames(STRAIN, after_us)
assert len(rows) > 60
for values in rows:
    n = values[1]  # a column without a row stays as it is
    assert values == (n + 7,) + (n,) * 12 + (2 * n,), values

# no older and no same version; the next one is taken
assert send(blob(3, good)) == "stale_sequence"
assert send(blob(2, good)) == "stale_sequence"

# the next boot finds it, before anything is sampled
host.boot()
assert host.hub.calibration.version == 0
for _ in range(2000):
    host.turn(0)
assert host.hub.calibration.version == 3
assert send(blob(3, good)) == "stale_sequence"
assert send(blob(4, [])) == "ok"
host.turn()
assert host.hub.calibration.version == 4

# a damaged file is not used, and a new blob takes its place
with open(flash + "/calibration", "rb") as f:
    kept = bytearray(f.read())
kept[12] ^= 1
with open(flash + "/calibration", "wb") as f:
    f.write(kept)
host.boot()
for _ in range(2000):
    host.turn(0)
assert host.hub.calibration.version == 0
assert send(blob(1, good)) == "ok"
host.turn()
assert host.hub.calibration.version == 1
