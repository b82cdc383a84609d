"""Clauses on what the hub must make of bytes: what is no frame is dropped, and it is in step again."""

import struct
import zlib
from collections.abc import Iterator

from tasuki.fleet.conformance import vectors
from tasuki.fleet.conformance.clauses import Breach, checks, require
from tasuki.fleet.conformance.probe import Probe
from tasuki.framing import stuffed
from tasuki_wire import codec, layout

CHECKS, clause = checks()
_KIND = codec.number("identify")
_STATUS = codec.number("status_request")


def _raw(request: int, **changed: int | bytes) -> bytes:
    """An `identify` of this id, not stuffed, with something in it changed under a CRC that holds."""
    values: dict[str, int | bytes] = {
        "version": layout.VERSION,
        "kind": _KIND,
        "stream": layout.LINK_STREAM,
        "flags": 0,
        "seq": 0,
        "high": 0,
        "low": 0,
        "payload": request.to_bytes(2, "little"),
        "seed": codec.KINDS[_KIND].seed,
        **changed,
    }
    head = [values[name] for name in ("version", "kind", "stream", "flags", "seq", "high", "low")]
    body = struct.pack("<BBBBIII", *head) + bytes(values["payload"])
    return body + struct.pack("<I", zlib.crc32(body, int(values["seed"])))


def _bad(rule: str, request: int) -> Iterator[bytes]:
    """Pieces as they go over the line, each an `identify` that breaks a rule of section 3."""
    whole = _raw(request)
    yield from {
        "long": lambda: [whole + b"\x55" * 256, stuffed(_raw(request, payload=bytes(260)))],
        "cobs": lambda: [b"\xff" + stuffed(whole)[1:-1]],
        "short": lambda: [stuffed(whole[:n])[:-1] for n in (1, 16, 19)],
        "crc": lambda: [
            stuffed(whole[:-1] + bytes([whole[-1] ^ 1])),
            stuffed(whole[:16] + bytes([whole[16] ^ 1]) + whole[17:]),
            stuffed(_raw(request, seed=0)),
        ],
        "unknown_kind": lambda: [stuffed(_raw(request, kind=n)) for n in (31, 200, 255)],
        "version": lambda: [stuffed(_raw(request, version=n)) for n in (0, layout.VERSION + 16, 0xFF)],
        "flags": lambda: [stuffed(_raw(request, flags=n)) for n in (1, 2, 128)],
        "stream": lambda: [stuffed(_raw(request, stream=n)) for n in (0, 14, 15, 254)],
        "field": lambda: [
            stuffed(_raw(request, **{name: n}))
            for name in ("seq", "high", "low") for n in (layout.WORD, 0xFFFFFFFF)
        ],
        "length": lambda: [stuffed(_raw(request, payload=whole[16:18] + more)) for more in (b"x", bytes(99))]
        + [stuffed(_raw(request, payload=whole[16:17]))],
    }[rule]()  # fmt: skip


_RULES = (
    "long", "cobs", "short", "crc", "unknown_kind", "version", "flags", "stream", "field", "length",
)  # fmt: skip


def _refuses(rule: str) -> None:
    @clause(
        f"3 ({rule})", f"a frame with the fault `{rule}` is dropped, not answered, and the next one is read"
    )
    def _check(probe: Probe) -> None:
        request = probe.new_id()
        for piece in _bad(rule, request):
            came = probe.quiet(piece if piece.endswith(b"\0") else piece + b"\0")
            told = [frame for frame in came if frame.name in ("identity", "answer")]
            require(not told, f"{piece[:24].hex()} is answered by {told[0].name if told else ''}")


for _rule in _RULES:
    _refuses(_rule)


@clause("3", "the frames of the vectors that break a rule are dropped, and the frame behind is read")
def _fault_vectors(probe: Probe) -> None:
    for case in vectors.cases("faults"):
        sent = vectors.unhex(case["raw"])
        came = probe.quiet(stuffed(sent) if sent else b"\0")
        if came:
            raise Breach(f"{case['case']}: answered by {came[0].name}", f"3 ({case['fault']})")


@clause("1", "pieces that no stuffing yields are dropped, and the hub is in step at the next delimiter")
def _cobs_vectors(probe: Probe) -> None:
    for file, field in (("cobs_faults", "stuffed"), ("streams", "stream")):
        for case in vectors.cases(file):
            came = probe.quiet(vectors.unhex(case[field]) + b"\0")
            require(not came, f"{case['case']}: answered by {came[0].name if came else ''}")


@clause("1", "delimiters without bytes between them are idle line, and a frame may come in any pieces")
def _pieces(probe: Probe) -> None:
    require(not probe.quiet(bytes(64)), "an idle line is answered")
    request = probe.new_id()
    wire = bytes(3) + probe.wire("identify", request.to_bytes(2, "little")) + bytes(3)
    first = len(probe.frames)
    for at in range(len(wire)):
        probe.line.write(wire[at : at + 1])
    require(
        probe.until(lambda: probe.answer_to(request, first)), "a frame that came byte by byte is not read"
    )
