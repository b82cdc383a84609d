"""A blob arrives in order, whole and unchanged, or not at all, and its taker sees only that."""

import os
from hashlib import sha256

from scripted_board import Host, fresh_folder

from tasuki_hub import blobs
from tasuki_wire import codec, layout

BUNDLE = layout.BLOBS.index("bundle")
PART = 200


class Taker:
    """Keeps what it gets; takes a few turns for it."""

    max_size = 5000

    def __init__(self):
        self.got = []
        self.answer = "ok"
        self.refusal = None

    def refuses(self, hub):
        return self.refusal

    def accept(self, hub, path):
        for _ in range(3):
            hub.board.spent += 10_000
            yield
        with open(path, "rb") as f:
            self.got.append(f.read())
        return self.answer


def statuses(host, requests):
    """Answers to requests that are under way."""
    host.pass_time(200_000)
    found = {}
    for frame in host.of_kind("answer"):
        fields = codec.unpack(frame[0], frame[6])
        found[fields[0]] = layout.ANSWERS[fields[2]]
    return [found.get(request) for request in requests]


def send(host, data, digest=None, size=None):
    """A whole blob, four parts under way at once; the answer to its end."""
    begin = host.status("blob_begin", BUNDLE, size or len(data), digest or sha256(data).digest())
    assert begin == "ok", begin
    for start in range(0, len(data), 4 * PART):
        places = range(start, min(len(data), start + 4 * PART), PART)
        requests = [host.tell("blob_data", at, data[at : at + PART]) for at in places]
        assert statuses(host, requests) == ["ok"] * len(requests)
    return host.status("blob_end")


folder = fresh_folder("blobs")
host = Host(folder)
begin = ("blob_begin", BUNDLE, 10, bytes(32))
host.hub.blobs.clear()
assert host.status(*begin) == "not_allowed", "nobody takes it"
assert host.status("blob_begin", 200, 10, bytes(32)) == "not_allowed"
taker = Taker()
host.hub.blobs["bundle"] = taker
assert host.status("blob_data", 0, b"x") == "mismatch", "of no blob"
assert host.status("blob_end") == "mismatch"

data = bytes([i * 7 & 255 for i in range(4321)])
assert send(host, data) == "ok" and taker.got == [data]
assert "blob.new" not in os.listdir(folder)
taker.answer = "bad_signature"
assert send(host, data) == "bad_signature" and len(taker.got) == 2

# sizes
assert host.status("blob_begin", BUNDLE, 0, bytes(32)) == "full"
assert host.status("blob_begin", BUNDLE, 5001, bytes(32)) == "full"
taker.refusal = "busy"
assert host.status(*begin) == "busy"
taker.refusal = None

# out of order, twice, empty, too long: refused, and the blob goes on where it was
taker.answer = "ok"
short = b"0123456789"
assert host.status("blob_begin", BUNDLE, 10, sha256(short).digest()) == "ok"
assert host.status("blob_data", 1, b"1") == "mismatch"
assert host.status("blob_data", 0, short[:4]) == "ok"
for at, part in ((0, short[:4]), (5, b"5"), (4, b""), (4, b"4567890")):
    assert host.status("blob_data", at, part) == "mismatch", (at, part)
assert host.status("blob_data", 4, short[4:]) == "ok"
assert host.status("blob_end") == "ok" and taker.got[-1] == short
assert host.status("blob_end") == "mismatch", "it ended before"

# a hole at the end, another hash, a changed byte
count = len(taker.got)
assert send(host, short, size=11, digest=sha256(short).digest()) == "mismatch"
assert send(host, short, digest=sha256(b"else").digest()) == "mismatch"
assert len(taker.got) == count

# a new begin drops the old one
assert host.status("blob_begin", BUNDLE, 20, bytes(32)) == "ok"
assert host.status("blob_data", 0, b"rest") == "ok"
assert send(host, short) == "ok" and taker.got[-1] == short

# while the taker works another begin waits
assert host.status("blob_begin", BUNDLE, 10, sha256(short).digest()) == "ok"
assert host.status("blob_data", 0, short) == "ok"
end = host.tell("blob_end")
again = host.tell("blob_begin", BUNDLE, 10, sha256(short).digest())
host.hub.step()
host.hub.step()
assert statuses(host, [end, again]) == ["ok", "busy"]


# a flash that is full says so, leaves nothing behind and the hub goes on
class Full:
    """A file on a flash that takes a few bytes more."""

    def __init__(self, path, room):
        self._file, self._room = open(path, "wb"), room  # noqa: SIM115

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            raise OSError(blobs.ENOSPC, "full")
        return self._file.write(data)

    def close(self):
        self._file.close()


blobs.open = lambda path, mode: Full(path, 300)
assert host.status("blob_begin", BUNDLE, 1000, bytes(32)) == "ok"
assert host.status("blob_data", 0, bytes(200)) == "ok"
assert host.status("blob_data", 200, bytes(200)) == "full"
assert host.status("blob_data", 200, bytes(200)) == "mismatch", "it is gone"
assert "blob.new" not in os.listdir(folder)
del blobs.open
assert send(host, short) == "ok"

# a hub that leaves while one is under way closes its file: the collector could not write the rest
assert host.status("blob_begin", BUNDLE, 10, sha256(short).digest()) == "ok"
assert host.status("blob_data", 0, short[:4]) == "ok"
host.hub.close()
assert "blob.new" not in os.listdir(folder)
assert host.status("blob_data", 4, short[4:]) == "mismatch"

# what a boot finds of a blob that was cut short goes
assert host.status("blob_begin", BUNDLE, 10, bytes(32)) == "ok"
assert "blob.new" in os.listdir(folder)
host.boot()
assert "blob.new" not in os.listdir(folder)
