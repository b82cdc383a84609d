"""The same vectors against the host: the C decoder, the epoch verifier, the proof of a block."""

import numpy as np
import pytest
from cobs import cobs
from nacl.signing import SigningKey

from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.native.wire import WireDecoder
from tasuki.pipeline.decode import Decoder
from tasuki.pipeline.verify import Verifier
from tasuki.trust import proof
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.verdict import Omitted, Rejected, UnknownTail, Verdict, Verified
from tasuki_wire import codec, epoch, layout
from vectors import Case, read

DEVICE = bytes.fromhex("7461737500000001")
PUBLIC = SigningKey(b"\x01" * 32).verify_key.encode()
EPOCHS = {case.name: case for case in read("epochs")}


def names(case: Case) -> str:
    """Test id."""
    return case.name


def decoded(data: bytes, announced: dict[int, int]) -> tuple[list[bytes], list[str]]:
    """Bodies of the good frames and names of the faults, in order."""
    decoder = WireDecoder()
    decoder.announce(announced)
    arena, rows = decoder.decode(data)
    good = [r for r in rows if r["status"] == 0]
    bodies = [arena[r["offset"] : r["offset"] + r["length"]].tobytes() for r in good]
    return bodies, [layout.FAULTS[r["status"]] for r in rows if r["status"]]


@pytest.mark.parametrize("case", read("frames"), ids=names)
def test_the_c_decoder_reads_a_valid_frame(case: Case) -> None:
    """Its body is the vector's, without the CRC."""
    assert decoded(case.bytes("stuffed"), {}) == ([case.bytes("raw")[:-4]], [])


@pytest.mark.parametrize("case", read("faults"), ids=names)
def test_the_c_decoder_calls_a_bad_frame_by_the_first_rule_that_it_breaks(case: Case) -> None:
    """The same name as in Python."""
    pairs = [pair.split(":") for pair in case.text("announced").split() if pair != "-"]
    announced = {int(kind): int(seed) for kind, seed in pairs}
    assert decoded(cobs.encode(case.bytes("raw")) + b"\0", announced) == ([], [case.text("fault")])


@pytest.mark.parametrize("case", read("cobs_faults"), ids=names)
def test_the_c_decoder_names_what_no_stuffing_yields(case: Case) -> None:
    """A zero among the bytes divides them, so only the last part is looked at."""
    _, faults = decoded(case.bytes("stuffed") + b"\0", {})
    assert set(faults) <= {"cobs", "short"}
    assert faults or 0 in case.bytes("stuffed")


@pytest.mark.parametrize("case", read("streams"), ids=names)
def test_the_c_decoder_finds_all_intact_frames_of_a_damaged_stream(case: Case) -> None:
    """However the bytes are cut into reads."""
    frames = [frame[:-4] for frame in case.each("frame")]
    assert decoded(case.bytes("stream"), {}) == (frames, case.texts("fault"))

    decoder = Decoder()
    batches = [decoder.feed(bytes([byte])) for byte in case.bytes("stream")]
    assert [body for batch in batches for body in batch.bodies(batch.good())] == frames


def line(bodies: list[bytes]) -> bytes:
    """Bodies as they come over the line, with a right CRC."""
    frames = [
        body + codec.struct.pack("<I", codec.binascii.crc32(body, codec.KINDS[body[1]].seed))
        for body in bodies
    ]
    return b"".join(cobs.encode(frame) + b"\0" for frame in frames)


def heard(verifier: Verifier, case: Case) -> list[Verdict]:
    """Verdicts on an epoch case: frames, record, opening, leaves."""
    out = verifier.frames(Decoder().feed(line(case.each("body"))))
    out += verifier.message(epoch.RECORD, case.bytes("record"))
    out += verifier.message(epoch.OPENING, case.bytes("opening"))
    number = codec.struct.unpack_from("<I", case.bytes("record"), 21)[0]
    for stream, index, leaf in (text.split() for text in case.texts("leaf")):
        out += verifier.message(
            35, codec.pack(35, 1, number, int(stream), int(index), rows=bytes.fromhex(leaf))
        )
    return out


def finished(verifier: Verifier) -> list[Verdict]:
    """Verdicts once the resend window is over and the session has ended."""
    return verifier.poll(0.0) + verifier.poll(100.0) + verifier.end()


def called(verdicts: list[Verdict]) -> str:
    """The vectors' word for the verdicts on one epoch."""
    if any(isinstance(v, Rejected) for v in verdicts):
        reasons = {v.reason for v in verdicts if isinstance(v, Rejected)}
        return "replayed" if reasons == {"replayed"} else "forged"
    whole = [v for v in verdicts if isinstance(v, Verified) and not v.gaps]
    return "verified" if whole else "gap"


@pytest.mark.parametrize("case", [c for c in EPOCHS.values() if not c.name.startswith("frame:")], ids=names)
def test_the_verifier_says_of_an_epoch_what_its_vector_says(case: Case) -> None:
    """Records, openings and leaves."""
    verifier = Verifier(PUBLIC, DEVICE, ForgetfulLedger())
    assert called(heard(verifier, case) + finished(verifier)) == case.text("verdict")


@pytest.mark.parametrize("case", [c for c in EPOCHS.values() if c.name.startswith("frame:")], ids=names)
def test_no_altered_frame_is_in_a_verified_block(case: Case) -> None:
    """The decoder or the verifier stops it, CRC made right or not."""
    verifier = Verifier(PUBLIC, DEVICE, ForgetfulLedger())
    intact = set(EPOCHS["epoch 0"].each("body"))
    verdicts = heard(verifier, case) + finished(verifier)
    blocks = [block for v in verdicts if isinstance(v, Verified) for block in v.blocks()]
    assert {body for block in blocks for body in block.bodies()} <= intact
    assert called(verdicts) != "verified"


@pytest.mark.parametrize("case", read("sessions"), ids=names)
def test_the_verifier_takes_each_epoch_once_and_says_what_never_came(case: Case) -> None:
    """In any order of arrival."""
    ledger = ForgetfulLedger()
    verifier = Verifier(PUBLIC, DEVICE, ledger)
    said, steps = [], [step.split(" ", 1) for step in case.texts("arrives")]
    for _, name in steps:
        said.append(called(heard(verifier, EPOCHS[name])))
    verifier.frames(Decoder().feed(line(case.each("body"))))

    assert said == [verdict for verdict, _ in steps]
    findings = [text for verdict in finished(verifier) for text in found(verdict)]
    assert findings == case.texts("finding")


def found(verdict: Verdict) -> list[str]:
    """The vectors' words for what is missing."""
    if isinstance(verdict, Omitted):
        numbers = range(verdict.first, verdict.first + verdict.count)
        return [f"omitted {verdict.session} {number}" for number in numbers]
    if isinstance(verdict, UnknownTail):
        counts = [f"{stream}:{count}" for stream, count in sorted(verdict.frames.items())]
        return [" ".join([f"unknown_tail {verdict.session} {verdict.after_epoch}", *counts])]
    return []


@pytest.mark.parametrize("case", read("blocks"), ids=names)
def test_the_proof_of_a_block_agrees_with_its_vector(case: Case) -> None:
    """A block that lacks frames is refused as it stands: its leaves are asked for first."""
    record, entry, key, path = (case.bytes(n) for n in ("record", "entry", "slot_key", "path"))
    bodies = case.each("body")
    sizes = np.array([len(body) for body in bodies], np.uint16)
    block = Block(record, entry, key, path, np.arange(len(bodies), dtype=np.uint16), sizes, b"".join(bodies))
    try:
        proof.check(Block.from_bytes(block.to_bytes()), PUBLIC)
        verdict = "verified"
    except (Untrusted, ValueError):
        verdict = "refused"
    assert (verdict == "verified") == (case.text("verdict") == "verified")
