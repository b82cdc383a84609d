"""Blocks for destinations that may not see category 2 (rules X-01, C3-04 to C3-06).

No frames, salts, roots, device, session, epoch or sequence numbers: samples on their nominal grid,
a pseudonym of this destination, its own number, the hour, and the service's signature over what was
verified before stripping (DESIGN section 5, "Provenance against identity"). What a wearer typed in says that
nothing of a device was there to be verified.

    format u8, kind u8, stream u8, verified u8, pseudonym 16, number u64, hour u32,
    period u32 us, policy hash 32, runs u16, purpose and destination (u8 length + text),
    {start u32, rows u32} per run, the rows, signature 64 (domain `attestation`)

A run is rows without a gap; its start counts in periods from the block's first sample, or in
milliseconds where the kind has no period. Times between frames are not kept: their jitter would
link the blocks of two destinations.
"""

import os
import struct
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.frames import records_of
from tasuki.self_report import SelfReport
from tasuki.vault.secret import Signer
from tasuki_wire import codec, epoch, layout

FORMAT = 1
DEVICE_SIGNATURE = 1  # the epoch's Ed25519 signature held under a registered key
EVERY_FRAME = 2  # no frame of the block is missing
TYPED_IN = 4  # instead of both: the wearer typed it in, signed in on the account page; no device proves it
HOUR_NS = 3_600_000_000_000
_HEAD = struct.Struct("<BBBB16sQII32sH")
_RUN = struct.Struct("<II")
_PROFILE = layout.DEFAULT_PROFILE + layout.FULL_PROFILE


@dataclass(frozen=True)
class Label:
    """What stands beside the samples, the same for one destination's whole view of a wearer.

    Attributes:
        pseudonym: 16 bytes. number: rises by 1 per pseudonym and stream, from a random one. hour: Unix hours.
        policy: hash of the policy in force, 32 bytes.
    """

    pseudonym: bytes
    number: int
    hour: int
    policy: bytes
    purpose: str
    destination: str


@dataclass(frozen=True)
class AttestedBlock:
    """A stripped block.

    Attributes:
        label: who (as a pseudonym), where to, what for.
        kind, stream: which signal.
        verified: bits DEVICE_SIGNATURE and EVERY_FRAME, or TYPED_IN.
        period_us: nominal time between rows, 0 where there is none.
        runs: (start, rows) of each stretch without a gap.
        rows: the wire's rows of the kind, joined.
    """

    label: Label
    kind: int
    stream: int
    verified: int
    period_us: int
    runs: tuple[tuple[int, int], ...]
    rows: bytes


def first_number() -> int:
    """Where the numbers of a pseudonym's stream begin at a destination: anywhere below 2^32."""
    return int.from_bytes(os.urandom(4), "little")


def strip(block: Block, label: Label, signer: Signer) -> bytes:
    """A verified block re-encoded without anything of category 2, signed. The caller verified it."""
    kind = codec.KINDS[block.kind]
    if kind.item is None or kind.row_rest:
        raise ValueError(f"{kind.name} has no rows that could travel alone")
    frames = _frames(block)
    period = _period(block, frames)
    verified = DEVICE_SIGNATURE | (EVERY_FRAME if block.complete else 0)
    return _signed(block, label, verified, period, *_runs(block, frames, period), signer)


def typed_in(report: SelfReport, label: Label, signer: Signer) -> bytes:
    """A self-report in the same form, signed: it says that the wearer typed it in and no hub signed it."""
    return _signed(report, label, TYPED_IN, 0, [(0, len(report.answers))], report.rows, signer)


def _signed(
    block: Block | SelfReport,
    label: Label,
    verified: int,
    period: int,
    runs: list[tuple[int, int]],
    rows: bytes,
    signer: Signer,
) -> bytes:
    body = _HEAD.pack(
        FORMAT,
        block.kind,
        block.stream,
        verified,
        label.pseudonym,
        label.number,
        label.hour,
        period,
        label.policy,
        len(runs),
    )
    body += _text(label.purpose) + _text(label.destination)
    body += b"".join(_RUN.pack(*run) for run in runs) + rows
    return body + signer.sign("attestation", body)


def read(data: bytes, public: bytes) -> AttestedBlock:
    """Check the service's signature and read; Untrusted("attestation") when it is not ours or not whole."""
    body, signature = data[: -layout.SIGNATURE_SIZE], data[-layout.SIGNATURE_SIZE :]
    try:
        VerifyKey(public).verify(epoch.signed("attestation", body), signature)
        form, kind, stream, verified, pseudonym, number, hour, period, policy, count = _HEAD.unpack_from(body)
        purpose, at = _read_text(body, _HEAD.size)
        destination, at = _read_text(body, at)
        runs = tuple(_RUN.iter_unpack(body[at : at + count * _RUN.size]))
        rows = body[at + count * _RUN.size :]
        held = sum(n for _, n in runs) * codec.KINDS[kind].row_size
        if form != FORMAT or len(runs) != count or held != len(rows):
            raise ValueError("runs and rows do not add up")
        if bool(verified & DEVICE_SIGNATURE) == bool(verified & TYPED_IN):
            raise ValueError("neither a hub nor a wearer stands behind it, or both do")
    except (BadSignatureError, struct.error, ValueError, LookupError) as e:
        raise Untrusted("attestation", "no attested block of this service") from e
    label = Label(pseudonym, number, hour, policy, purpose, destination)
    return AttestedBlock(label, kind, stream, verified, period, runs, rows)


def _frames(block: Block) -> list[tuple[int, int, bytes]]:
    """(place, device time in us, rows) of each held frame."""
    out = []
    for place, body in zip(block.places.tolist(), block.bodies(), strict=True):
        hi, lo = struct.unpack_from("<II", body, layout.HEADER_SIZE - 8)
        out.append((place, codec.time_us(hi, lo), records_of(body)))
    return out


def _period(block: Block, frames: list[tuple[int, int, bytes]]) -> int:
    """Nominal time between rows: measured, then put on the kind's known grid."""
    size = codec.KINDS[block.kind].row_size
    steps = [
        (after[1] - before[1]) / (len(before[2]) // size)
        for before, after in pairwise(frames)
        if after[0] == before[0] + 1
    ]
    rows = sum(len(frame[2]) for frame in frames) // size
    if not steps and block.complete and rows > 1:
        steps = [(block.t1_us - block.t0_us) / (rows - 1)]
    measured = median(steps) if steps else 0.0
    known = [row[3] for row in _PROFILE if row[1] == block.kind]
    return next((period for period in known if abs(measured - period) <= period / 50), 0)


def _runs(
    block: Block, frames: list[tuple[int, int, bytes]], period: int
) -> tuple[list[tuple[int, int]], bytes]:
    size = codec.KINDS[block.kind].row_size
    runs: list[tuple[int, int]] = []
    expected = 0
    for _, time, rows in frames:
        n = len(rows) // size
        if runs and period and abs(time - expected) <= period:
            runs[-1] = (runs[-1][0], runs[-1][1] + n)
        else:
            runs.append((max(round((time - block.t0_us) / (period or 1000)), 0), n))
        expected = time + n * period
    return runs, b"".join(rows for _, _, rows in frames)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode(), end
