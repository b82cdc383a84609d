"""Clauses on hello and on commands that change nothing."""

import os
from hashlib import sha256

from tasuki.fleet.conformance import vectors
from tasuki.fleet.conformance.clauses import checks, require
from tasuki.fleet.conformance.probe import Frame, Probe
from tasuki_wire import codec, layout

CHECKS, clause = checks()
_EACH_S = 2.5  # a hello each second, with room for a busy machine
_HARMLESS = ("identify", "describe", "time_request", "status_request", "resend", "leaves_request")


@clause("7", "without a token the hub says hello each second, unasked")
def _hello(probe: Probe) -> None:
    found = probe.until(lambda: probe.of("hello"), probe.patience_s + _EACH_S)
    require(found, "no hello came")
    first = len(probe.frames)
    require(probe.until(lambda: probe.of("hello", first), _EACH_S), "no second hello came")


@clause("7", "a hello has the nonce of the boot and all kinds that the hub speaks, with their seeds")
def _rows(probe: Probe) -> None:
    hellos = [codec.read_hello(frame.payload) for frame in probe.of("hello")]
    require(hellos, "no hello came")
    nonces = {nonce for nonce, _, _ in hellos}
    require(len(nonces) == 1 and any(hellos[0][0]), f"the nonces of one boot are {_hexes(nonces)}")
    seeds = hellos[0][2]
    wrong = [k.name for k in codec.KINDS.values() if seeds.get(k.number, k.seed) != k.seed]
    require(not wrong, f"other seeds than the wire's for {', '.join(wrong)}")
    needed = [k for k in ("identity", "answer", "status", "token_answer") if codec.number(k) not in seeds]
    require(not needed, f"no row for {', '.join(needed)}")


@clause("7", "hello_request brings a hello")
def _hello_request(probe: Probe) -> None:
    first = len(probe.frames)
    for _ in range(3):  # more than come unasked meanwhile
        probe.line.write(probe.wire("hello_request", b"\x01\x00"))
    found = probe.until(lambda: len(probe.of("hello", first)) >= 3, 1.5)
    require(found, f"{len(probe.of('hello', first))} hellos came for three requests in 1.5 s")


@clause("8", "identify is answered in any state, with ids that follow from the keys")
def _identity(probe: Probe) -> None:
    kind, fields = probe.ask("identify")
    require(kind == "identity", f"identify is answered by {kind}")
    device, key, public, _, life, _, _, firmware, board = fields
    require(any(device), "the device id is zeros")
    require(life < len(layout.LIFE_CYCLE), f"life cycle {life} is none")
    wanted = sha256(public).digest()[: layout.ID_SIZE] if any(public) else bytes(layout.ID_SIZE)
    require(key == wanted, f"the key id is {key.hex()}, that of the public key {wanted.hex()}")
    for text in (firmware, board):
        name = text.rstrip(b"\0")
        require(all(32 <= c < 127 for c in name), f"{text!r} is no padded ASCII")
    probe.notes["identity"] = fields
    require(probe.ask("identify")[1] == fields, "two answers to identify differ")


@clause("8", "describe names each stream once, with a sample kind, a period and frames that fit")
def _describe(probe: Probe) -> None:
    kind, fields = probe.ask("describe")
    require(kind == "streams", f"describe is answered by {kind}")
    number = codec.number("streams")
    rows = codec.unpack_rows(number, fields[-1]) if fields else []
    require(rows, "no stream is described")
    require(len({row[0] for row in rows}) == len(rows), "a stream is described twice")
    for stream, sample, site, per_frame, period in rows:
        require(stream < layout.STREAMS, f"stream {stream} is none")
        known = codec.KINDS.get(sample)
        require(known and known.item, f"stream {stream} is of kind {sample}, which is no kind of samples")
        require(site < len(layout.SITES), f"site {site} is none")
        require(per_frame and period, f"stream {stream} has {per_frame} records each {period} us")
    probe.notes["streams"] = {row[0]: row[1:] for row in rows}


@clause("4", "time_answer echoes t1, and its times are those of arrival and answer")
def _time(probe: Probe) -> None:
    latest = 0
    for words in ((0, 0), (layout.MAX_SEQ, layout.MAX_SEQ), (1, 2)):
        kind, fields = probe.ask("time_request", *words)
        require(kind == "time_answer", f"time_request is answered by {kind}")
        require(tuple(fields[:2]) == words, f"t1 {words} comes back as {tuple(fields[:2])}")
        require(max(fields[2:]) < layout.WORD, "a time word is 2^30 or more")
        rx, tx = codec.time_us(*fields[2:4]), codec.time_us(*fields[4:6])
        require(latest <= rx <= tx, f"rx {rx} and tx {tx} come behind {latest}")
        latest = tx


@clause("8", "an answer echoes the id that the host chose, whichever it is")
def _ids(probe: Probe) -> None:
    for request in (0, 1, 255, 256, 0x7FFF, 0xFFFF):
        probe.ask("status_request", request=request)


@clause("8", "each command is answered once")
def _once(probe: Probe) -> None:
    first = len(probe.frames)
    asked = [probe.new_id() for _ in range(8)]
    probe.line.write(b"".join(probe.wire("identify", n.to_bytes(2, "little")) for n in asked))
    probe.until(lambda: len(probe.of("identity", first)) >= len(asked))
    probe.listen(0.2)
    came = [frame.fields[0] for frame in probe.of("identity", first)]
    require(sorted(came) == sorted(asked), f"{len(asked)} commands brought {len(came)} answers")


@clause("8", "start, resend, leaves_request and epoch_request without a token are no_token")
def _no_token(probe: Probe) -> None:
    _, status = probe.ask("status_request")
    require(not status[1] and not status[4], "status tells of items or a time left without a token")
    for name, values in (
        ("start", ()), ("resend", (0, 0, 1)), ("leaves_request", (0, 0, 0, 1)), ("epoch_request", (0,)),
    ):  # fmt: skip
        found = probe.status(name, *values)
        require(found == "no_token", f"{name} is answered {found}")


@clause("13", "ack and stored_ack are never answered")
def _acks(probe: Probe) -> None:
    sent = b"".join(probe.wire(name, bytes(8)) for name in ("ack", "stored_ack"))
    came = probe.quiet(sent)
    require(not came, f"{came[0].name if came else ''} came for an ack")


@clause("5", "the frames of the vectors that ask are understood as they stand there")
def _vectors(probe: Probe) -> None:
    for case in vectors.cases("frames"):
        if case["kind"] not in _HARMLESS:
            continue
        payload = vectors.unhex(case["payload"])
        request = int.from_bytes(payload[:2], "little")
        first = len(probe.frames)
        probe.line.write(vectors.unhex(case["stuffed"]))
        require(_answer(probe, request, first), f"{case['case']}: no answer")


@clause("8.1", "a lock for another hub, and an order that nobody signed, do nothing")
def _lock(probe: Probe) -> None:
    for name, values in (
        ("lock", (os.urandom(layout.ID_SIZE),)),
        ("order", (layout.ORDER_FORMAT, 0, bytes(layout.ID_SIZE), bytes(16), bytes(layout.SIGNATURE_SIZE))),
    ):
        found = probe.status(name, *values)
        require(found != "ok", f"{name} is answered {found}")
    life = probe.ask("identify")[1][4]
    require(life == probe.notes["identity"][4], "the life cycle has changed")


@clause("8.2", "a part of no blob, one out of order and an end whose SHA-256 does not hold are mismatch")
def _blobs(probe: Probe) -> None:
    def expect(wanted: str, name: str, *values: object) -> None:
        found = probe.status(name, *values)
        require(found == wanted, f"{name} is answered {found}, not {wanted}")

    kind = layout.BLOBS.index("calibration")
    expect("mismatch", "blob_data", 0, b"nothing began")
    expect("mismatch", "blob_end")
    expect("ok", "blob_begin", kind, 8, bytes(32))
    expect("mismatch", "blob_data", 4, b"late")
    expect("ok", "blob_begin", kind, 8, bytes(32))
    expect("ok", "blob_data", 0, b"12345678")
    expect("mismatch", "blob_end")


@clause("8.2", "nothing of a blob takes effect whose signature does not hold")
def _blob_signature(probe: Probe) -> None:
    data = probe.notes["identity"][0]
    body = bytes([layout.CALIBRATION_FORMAT]) + data + b"\xff\x7f" + bytes(layout.SIGNATURE_SIZE)
    probe.status("blob_begin", layout.BLOBS.index("calibration"), len(body), sha256(body).digest())
    probe.status("blob_data", 0, body)
    found = probe.status("blob_end")
    require(found in ("bad_signature", "no_key"), f"an unsigned calibration is answered {found}")


@clause("8.1", "reboot starts the hub anew, with another nonce and seqs from 0")
def _reboot(probe: Probe) -> None:
    nonce = probe.boot
    first = len(probe.frames)
    found = probe.status("reboot")
    require(found == "ok", f"reboot is answered {found}")

    def fresh() -> list[Frame]:
        return [frame for frame in probe.of("hello", first) if frame.payload[:16] != nonce]

    born = probe.until(fresh, probe.slow_s)
    require(born, "no hello with another nonce came")
    require(born[0].seq == 0, f"its first link frame has seq {born[0].seq}")
    who = probe.ask("identify")[1]
    require(who[:5] == probe.notes["identity"][:5], "it is another hub afterwards")


def _answer(probe: Probe, request: int, first: int) -> Frame | None:
    """What answers an id, once it comes."""
    found: Frame | None = probe.until(lambda: probe.answer_to(request, first))
    return found


def _hexes(values: set[bytes]) -> str:
    return ", ".join(value.hex() for value in values)
