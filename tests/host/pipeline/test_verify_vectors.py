"""The verifier and the proof of a block against protocol/vectors, which were written without them."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from receiving import Host, held
from signed_session import stuff
from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.trust import proof
from tasuki.trust.verdict import Omitted, Rejected, Verified
from tasuki_wire import codec, epoch, layout
from vectors import Case, read

WHOLE = [case for case in read("epochs") if case.has("slot_keys")]
LEAF_HASHES = codec.number("leaf_hashes")


def names(case: Case) -> str:
    """Test id."""
    return case.name


def as_frame(body):
    """A body with its CRC, as it comes over the wire."""
    seed = codec.KINDS[body[1]].seed if body[1] in codec.KINDS else 0
    return stuff(body + codec.binascii.crc32(body, seed).to_bytes(4, "little"))


class Owner:
    """The key that a case names and the device that its records should name."""

    def __init__(self, case):
        self.public = case.bytes("public")
        self.device = WHOLE[0].bytes("record")[1:9]


def verdict_of(case):
    """What the host says of an epoch case, in the words of the vectors."""
    host = Host(Owner(case))
    opening = case.bytes("opening")
    host.feed(b"".join(map(as_frame, case.each("body"))))
    for kind, message in ((epoch.RECORD, case.bytes("record")), (epoch.OPENING, opening)):
        host.verdicts += host.verifier.message(kind, message) if message else []
    for line in case.texts("leaf"):
        stream, index, leaf = line.split()
        number = int.from_bytes(case.bytes("record")[21:25], "little")
        rows = bytes.fromhex(leaf)
        answer = codec.pack(LEAF_HASHES, 1, number, int(stream), int(index), rows=rows)
        host.verdicts += host.verifier.message(LEAF_HASHES, answer)
    host.verdicts += host.verifier.poll(0) + host.verifier.poll(60)
    if host.reasons() or host.decoder.bad:
        # The decoder refuses a frame that breaks the rules before the verifier sees it.
        return "forged"
    return "verified" if host.verified() and not host.verified()[0].gaps else "gap"


@pytest.mark.parametrize("case", read("epochs"), ids=names)
def test_an_epoch_verifies_only_unaltered(case):
    assert verdict_of(case) == case.text("verdict")


@pytest.mark.parametrize("case", WHOLE, ids=names)
def test_the_inner_values_of_an_epoch_are_those_of_its_vector(case):
    host = Host(Owner(case))
    host.feed(b"".join(map(as_frame, case.each("body"))))
    host.verifier.message(epoch.RECORD, case.bytes("record"))

    [verified] = [
        v for v in host.verifier.message(epoch.OPENING, case.bytes("opening")) if isinstance(v, Verified)
    ]

    assert verified.checked.keys == case.bytes("slot_keys")
    assert verified.checked.nodes[: 16 * layout.NODE_SIZE] == case.bytes("slot_leaves")
    assert verified.checked.nodes[-layout.NODE_SIZE :] == case.bytes("root")
    assert sorted(chain.from_iterable(held(verified).values())) == sorted(case.each("body"))


def said_of(host, case):
    """What the host says when an epoch case arrives."""
    before = len(host.verdicts)
    host.feed(b"".join(map(as_frame, case.each("body"))))
    for kind, name in ((epoch.RECORD, "record"), (epoch.OPENING, "opening")):
        host.verdicts += host.verifier.message(kind, case.bytes(name))
    new = host.verdicts[before:]
    if any(isinstance(verdict, Verified) for verdict in new):
        return "verified"
    return "replayed" if [v.reason for v in new if isinstance(v, Rejected)] == ["replayed"] else "forged"


def finding(verdict):
    """A verdict about a session, in the words of the vectors."""
    if isinstance(verdict, Omitted):
        return [f"omitted {verdict.session} {verdict.first + i}" for i in range(verdict.count)]
    tail = "".join(f" {stream}:{count}" for stream, count in verdict.frames.items())
    return [f"unknown_tail {verdict.session} {verdict.after_epoch}{tail}"]


@pytest.mark.parametrize("case", read("sessions"), ids=names)
def test_a_verifier_takes_each_epoch_once_and_says_what_never_came(case):
    arriving = [step.split(" ", 1) for step in case.texts("arrives")]
    epochs = {each.name: each for each in read("epochs")}
    host = Host(Owner(WHOLE[0]))

    said = [said_of(host, epochs[name]) for _, name in arriving]
    host.feed(b"".join(map(as_frame, case.each("body"))))
    host.verifier.poll(0)
    findings = host.verifier.poll(60) + host.verifier.end()

    assert said == [verdict for verdict, _ in arriving]
    assert list(chain.from_iterable(map(finding, findings))) == case.texts("finding")


def block_of(case):
    """The block of a case; its frames take the places that their seq tells."""
    bodies, entry = case.each("body"), case.bytes("entry")
    lengths = np.array([len(body) for body in bodies], np.uint16)
    return Block(
        case.bytes("record"),
        entry,
        case.bytes("slot_key"),
        case.bytes("path"),
        np.arange(len(bodies), dtype=np.uint16),
        lengths,
        b"".join(bodies),
    )


@pytest.mark.parametrize("case", read("blocks"), ids=names)
def test_a_block_proves_itself_only_unaltered(case):
    try:
        proof.check(block_of(case), case.bytes("public"))
        said = "verified"
    except Untrusted:
        said = "refused"

    assert said == ("verified" if case.text("verdict") == "verified" else "refused")


def test_a_block_with_a_leaf_too_many_is_refused():
    case = next(case for case in read("blocks") if case.text("verdict") == "verified")

    with pytest.raises(Untrusted, match="add up"):
        proof.check(replace(block_of(case), leaves=bytes(24)), case.bytes("public"))
