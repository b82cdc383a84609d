"""Writes protocol/vectors; `--check` compares instead and exits 1 when a file differs.

python packaging/make_vectors.py [--check]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import vectors_blocks as blocks
import vectors_epochs as epochs
import vectors_faults as faults
import vectors_frames as frames
import vectors_packed as packed
import vectors_stream as stream
import vectors_tokens as tokens

FOLDER = Path(__file__).resolve().parent.parent / "protocol" / "vectors"
Make = Callable[[], list[list[tuple[str, object]]]]

FILES: dict[str, tuple[Make, str]] = {
    "frames": (frames.frames, """
Valid frames of every kind, with what they hold.
kind: name; number, stream, flags, seq: decimal; time: microseconds.
head and row: values in the order of the tables of SPEC.md, a time as its two
words, numbers decimal, bytes as `h` and hex; `-` no values. Of a kind that
travels in fragments head and row are of the message, and fragment holds
message number, index and total.
payload, raw (frame with CRC), stuffed (raw by COBS, with delimiter), tail: hex."""),
    "schemas": (frames.schemas, """
Canonical text of every kind (hex of ASCII) and the CRC seed that follows, decimal."""),
    "faults": (faults.faults, """
Frames, not stuffed, that break a rule each, and the fault's name in SPEC.md.
announced: kind:seed pairs that the hub's hello gave, `-` none. raw: hex."""),
    "packed": (packed.packed, """
Records of frames that may be packed, and how they go.
records: as a raw payload holds them. payload: packed, `-` where they go raw.
raw (frame with CRC and flag 1), stuffed (raw by COBS, with delimiter): hex."""),
    "hellos": (faults.hello_faults, """
Payloads of intact hello frames that hold less than they announce."""),
    "cobs": (stream.stuffing, """
Plain bytes and their stuffing, without delimiter, hex."""),
    "cobs_faults": (stream.broken_stuffing, """
Bytes that no stuffing yields, hex, without delimiter."""),
    "streams": (stream.streams, """
Bytes as they come over a line, hex. frame: the intact frames in them, in order,
not stuffed. fault: names of what else is in them, in order."""),
    "fragments": (stream.fragments, """
Payloads of one kind's frames in order of arrival (hex), the messages that they
yield (hex), and how many fragments and half messages are given up (decimal)."""),
    "epochs": (epochs.epochs, """
Epochs, intact and altered, against one device key.
public, record (with signature), opening (message), body (header and payload of
a frame, as received, any order): hex. leaf: stream, index in the block, hash of
a frame that was asked for by its leaf. verdict: verified, gap (the opening, frames or
leaves are missing), forged. slot_keys and slot_leaves: the 16 of them, joined."""),
    "sessions": (blocks.sessions, """
Order of arrival of epochs that epochs.txt names, and what a verifier that saw
nothing before says of each, then what it says once the resend window is over.
finding: omitted SESSION EPOCH; unknown_tail SESSION LAST_EPOCH for a newest
session whose last record is no clean stop, with STREAM:COUNT of the frames
behind it, those of refused epochs and of body lines."""),
    "blocks": (blocks.blocks, """
Blocks as they are disclosed, intact and altered: record, entry, slot_key, path
(4 nodes), body in order of seq: hex. verdict: verified, gap or forged."""),
    "tokens": (tokens.tokens, """
Token messages (payload, hex) against one hub: device id, boot nonce and pinned
authority key (hex), highest sequence accepted before. answer: the status name."""),
    "signatures": (tokens.signatures, """
One signature a domain: body, signed (what Ed25519 covers), signature by the
public key: hex."""),
}  # fmt: skip

PROVENANCE = """
Written by packaging/make_vectors.py from SPEC.md with plain struct, zlib,
hashlib, PyPI cobs and PyNaCl (libsodium); of tasuki_wire only the tables of
layout.py were read. All keys are test keys: Ed25519 seeds 32 times 01 (device),
02 (consent authority), 03 (somebody else). Never trust them."""


def text(name: str) -> str:
    """The whole of one vector file."""
    make, about = FILES[name]
    head = "".join(f"# {line}\n" for line in (about + "\n" + PROVENANCE).strip().splitlines()).replace(
        "# \n", "#\n"
    )
    return head + "".join("\n" + "".join(f"{key}: {_value(v)}\n" for key, v in block) for block in make())


def _value(value: object) -> str:
    return (value.hex() or "-") if isinstance(value, bytes) else str(value)


def main() -> int:
    """Write the files, or tell which of them differ."""
    if "--check" in sys.argv[1:]:
        old = [name for name in FILES if _read(name) != text(name)]
        for name in old:
            print(f"protocol/vectors/{name}.txt differs: run packaging/make_vectors.py", file=sys.stderr)
        return 1 if old else 0
    for name in FILES:
        (FOLDER / f"{name}.txt").write_text(text(name), encoding="ascii")
    return 0


def _read(name: str) -> str:
    file = FOLDER / f"{name}.txt"
    return file.read_text(encoding="ascii") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
