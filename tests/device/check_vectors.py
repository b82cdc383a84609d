"""The vectors against tasuki_wire, under CPython and under MicroPython.

Plain asserts, one case in memory at a time, so that it runs in a hub's heap.
Signatures are not looked at here: see the firmware's own Ed25519.
"""

import struct

from vector_cases import cases, data, text, texts, unhex

from tasuki_wire import cobs, codec, epoch, errors, layout

codec.KINDS.values()  # all are made before the cases, or they would stand between their buffers


def values(line):
    """Values of a head or row line."""
    return tuple([unhex(w[1:] or "-") if w[0] == "h" else int(w) for w in line.split() if w != "-"])


def fault_of(call, *args):
    """Fault of the WireError that a call raises, or "none"."""
    try:
        call(*args)
    except errors.WireError as error:
        return error.fault
    return "none"


def unstuff(stuffed):
    """Plain bytes."""
    out = bytearray(len(stuffed) + 1)
    return bytes(out[: cobs.decode_into(out, stuffed, len(stuffed))])


def stuff(plain):
    """Stuffed bytes."""
    out = bytearray(len(plain) + len(plain) // 254 + 1)
    return bytes(out[: cobs.encode_into(out, plain, len(plain))])


def check_frames():
    """Every valid frame is read and written as its vector says."""
    count = 0
    for case in cases("frames"):
        raw, payload = data(case, "raw"), data(case, "payload")
        kind, stream, flags, seq = [int(text(case, n)) for n in ("number", "stream", "flags", "seq")]
        hi, lo = codec.time_words(int(text(case, "time")))
        assert codec.split(raw) == (kind, stream, flags, seq, hi, lo, payload), case[0]
        assert codec.frame(kind, stream, flags, seq, hi, lo, payload) == raw, case[0]
        assert stuff(raw) + b"\0" == data(case, "stuffed"), case[0]
        check_message(case, kind, payload)
        count += 1
    assert count > len(codec.KINDS)


def check_message(case, kind, payload):
    """Head and rows, both ways."""
    message = payload[layout.FRAGMENT_SIZE :] if texts(case, "fragment") else payload
    head = values(text(case, "head"))
    rows = [values(row) for row in texts(case, "row")]
    packed = b"".join([codec.pack_row(kind, *row) for row in rows])
    tail = b"".join([unhex(value) for value in texts(case, "tail")])
    assert codec.pack(kind, *head, rows=packed + tail) == message, case[0]
    assert codec.unpack(kind, message)[: len(head)] == head, case[0]
    assert not rows or codec.unpack_rows(kind, packed) == rows, case[0]
    assert kind or codec.read_hello(message) == (head[0], head[1], dict(rows)), case[0]


def check_schemas():
    """Every seed follows from its canonical text."""
    for case in cases("schemas"):
        kind = codec.KINDS[int(text(case, "number"))]
        assert kind.name == text(case, "case") and kind.seed == int(text(case, "seed")), case[0]


def check_faults():
    """Every bad frame and hello is called by its name."""
    for case in cases("faults"):
        pairs = [pair.split(":") for pair in text(case, "announced").split() if pair != "-"]
        announced = dict([(int(kind), int(seed)) for kind, seed in pairs])
        assert fault_of(codec.split, data(case, "raw"), announced) == text(case, "fault"), case[0]
    for case in cases("hellos"):
        assert fault_of(codec.read_hello, data(case, "payload")) == text(case, "fault"), case[0]


def check_stuffing():
    """Stuffing both ways, and what no stuffing yields."""
    for case in cases("cobs"):
        assert stuff(data(case, "plain")) == data(case, "stuffed"), case[0]
        assert unstuff(data(case, "stuffed")) == data(case, "plain"), case[0]
    for case in cases("cobs_faults"):
        assert fault_of(unstuff, data(case, "stuffed")) == text(case, "fault"), case[0]


def check_fragments():
    """Fragments give the messages of their vector, and what is given up is counted."""
    for case in cases("fragments"):
        assembler = codec.Assembler()
        got = [assembler.add(epoch.OPENING, unhex(payload)) for payload in texts(case, "payload")]
        assert [m for m in got if m is not None] == [unhex(m) for m in texts(case, "message")], case[0]
        assert assembler.abandoned == int(text(case, "abandoned")), case[0]


def check_epochs():
    """Keys, leaves and roots of the intact epochs."""
    count = 0
    for case in cases("epochs"):
        if not texts(case, "secret"):
            continue
        secret, opening = data(case, "secret"), data(case, "opening")
        entries = dict([(opening[i], opening[i : i + 48]) for i in range(40, len(opening), 48)])
        tops = epoch.slot_leaves(secret, entries, opening[24:40])
        assert tops == data(case, "slot_leaves"), case[0]
        assert epoch.root(tops) == data(case, "record")[73:97] == data(case, "root"), case[0]
        bodies = [unhex(body) for body in texts(case, "body")]
        for stream, entry in entries.items():
            key = epoch.slot_key(secret, stream)
            leaves = b"".join([epoch.frame_leaf(key, b) for b in bodies if b[2] == stream])
            assert epoch.root(leaves) == epoch.unpack_entry(entry)[6], case[0]
        count += 1
    assert count == 3


def check_blocks():
    """The path of every intact block leads from its frames to the signed root; an altered one does not."""
    for case in cases("blocks"):
        key, entry, path = data(case, "slot_key"), data(case, "entry"), data(case, "path")
        bodies = [unhex(body) for body in texts(case, "body")]
        leaves = b"".join([epoch.frame_leaf(key, body) for body in bodies])
        proved = (
            len(path) == 4 * layout.NODE_SIZE
            and epoch.root(leaves) == epoch.unpack_entry(entry)[6]
            and epoch.climb(entry[0], epoch.slot_leaf(key, entry), path) == data(case, "record")[73:97]
        )
        signature_alone = text(case, "case") == "record: signature altered"
        assert proved == (text(case, "verdict") == "verified" or signature_alone), case[0]


def check_tokens():
    """A token's fields stand where the vector put them."""
    for case in cases("tokens"):
        payload = data(case, "payload")
        if text(case, "answer") != "ok":
            continue
        token = codec.unpack(epoch.TOKEN, payload)
        assert token[3] == data(case, "device") and token[7] == data(case, "nonce"), case[0]
        assert token[6] > int(text(case, "accepted")), case[0]


def check_signed_bytes():
    """What is signed is the domain's prefix and the body."""
    for case in cases("signatures"):
        assert epoch.signed(text(case, "case"), data(case, "body")) == data(case, "signed"), case[0]


def check_words():
    """A time of 60 bits keeps its value."""
    for us in (0, 1, (1 << 30) - 1, 1 << 30, (1 << 60) - 1):
        hi, lo = codec.time_words(us)
        assert codec.time_us(hi, lo) == us and struct.pack("<II", hi, lo) and lo < layout.WORD


check_frames()
check_schemas()
check_faults()
check_stuffing()
check_fragments()
check_epochs()
check_blocks()
check_tokens()
check_signed_bytes()
check_words()
