"""Clauses on every byte that the hub sends; looked at when all others have been."""

from tasuki.fleet.conformance.clauses import Breach, checks, require
from tasuki.fleet.conformance.probe import Frame, Probe
from tasuki_wire import codec, layout

CHECKS, clause = checks()
_BY_FAULT = {
    "1": ("long", "cobs"),
    "2": ("short", "crc", "flags", "stream", "field"),
    "5": ("length",),
    "7": ("schema_mismatch", "unknown_kind"),
    "16": ("version",),
}


@clause("1", "between two delimiters stands an intact frame or nothing")
def _pieces(probe: Probe) -> None:
    for number, faults in _BY_FAULT.items():
        for fault, piece in probe.damaged:
            if fault in faults:
                shown = piece[:24].hex() + ("..." if len(piece) > 24 else "")
                raise Breach(f"{len(probe.damaged)} pieces are no frames; {fault}: {shown}", number)
    require(probe.frames, "the hub sent no frame at all")


@clause("2", "the seq of a stream counts from 0 at each boot, by one for each new frame")
def _seqs(probe: Probe) -> None:
    for life in _lives(probe.frames):
        last: dict[int, int] = {}
        for frame in life:
            before = last.get(frame.stream)
            if before is not None and frame.seq > before + 1:
                raise Breach(f"stream {frame.stream} goes from seq {before} to {frame.seq}")
            if frame.stream == layout.LINK_STREAM and before is not None and frame.seq <= before:
                raise Breach(f"the link's seq {frame.seq} comes behind {before}")
            last[frame.stream] = max(frame.seq, before if before is not None else -1)


@clause("4", "device time never goes back")
def _times(probe: Probe) -> None:
    for life in _lives(probe.frames):
        latest = 0
        for frame in life:
            if frame.stream == layout.LINK_STREAM:
                require(frame.us >= latest, f"a link frame's time goes from {latest} back to {frame.us}")
                latest = frame.us


@clause("8", "nothing but hellos and answers comes without a token")
def _unasked(probe: Probe) -> None:
    until = probe.notes.get("first_token", len(probe.frames))
    for frame in probe.frames[:until]:
        item = codec.BY_NAME[frame.name].item
        require(item is None, f"a frame of {frame.name} came before any token")
        told = frame.name in ("epoch_record", "opening", "stored_epoch", "leaf_hashes")
        require(not told, f"{frame.name} came before any token")


def _lives(frames: list[Frame]) -> list[list[Frame]]:
    """Frames by boot; what stands before a hello with another nonce is of the boot before."""
    lives: list[list[Frame]] = [[]]
    nonce = b""
    for frame in frames:
        if frame.name == "hello":
            if nonce and frame.payload[:16] != nonce:
                lives.append([])
            nonce = frame.payload[:16]
        lives[-1].append(frame)
    return lives
