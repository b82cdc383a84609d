"""The vectors of epochs, sessions, blocks, tokens and signatures against tasuki_wire and PyNaCl."""

import pytest

from tasuki_wire import codec, epoch, layout, succession
from vectors import Case, read
from wire import reference

EPOCHS = read("epochs")
WHOLE = [case for case in EPOCHS if case.has("slot_keys")]


def names(case: Case) -> str:
    """Test id."""
    return case.name


def leaves(case: Case) -> list[tuple[int, int, bytes]]:
    """Leaves that were asked for: stream, index, hash."""
    parts = [line.split() for line in case.texts("leaf")]
    return [(int(stream), int(index), bytes.fromhex(leaf)) for stream, index, leaf in parts]


def epoch_verdict(case: Case) -> str:
    """What the plain verifier says of an epoch case."""
    public, record, opening = (case.bytes(name) for name in ("public", "record", "opening"))
    try:
        return reference.verify_epoch(public, record, opening, case.each("body"), leaves(case))
    except reference.ForgedError:
        return "forged"


@pytest.mark.parametrize("case", EPOCHS, ids=names)
def test_an_epoch_verifies_only_unaltered(case: Case) -> None:
    """Any altered record, opening, frame or leaf is forged; what is missing is a gap."""
    assert epoch_verdict(case) == case.text("verdict")


@pytest.mark.parametrize("case", WHOLE, ids=names)
def test_slot_keys_leaves_and_root_follow_from_the_secret(case: Case) -> None:
    """Every inner value of the intact epochs."""
    secret, opening = case.bytes("secret"), case.bytes("opening")
    entries = {opening[i]: opening[i : i + 48] for i in range(40, len(opening), 48)}
    tops = epoch.slot_leaves(secret, entries, opening[24:40])
    assert b"".join(epoch.slot_key(secret, s) for s in range(layout.SLOTS)) == case.bytes("slot_keys")
    assert tops == case.bytes("slot_leaves")
    assert epoch.root(tops) == case.bytes("root")


@pytest.mark.parametrize("case", WHOLE, ids=names)
def test_entries_meta_and_record_are_packed_as_their_vector_says(case: Case) -> None:
    """What the hub writes is what the vector holds, up to the signature."""
    record, opening = case.bytes("record"), case.bytes("opening")
    _, device, key, session, number, prev, token, root, _ = codec.unpack(epoch.RECORD, record)
    _, _, secret, reason, items, calibration, _, rows = codec.unpack(epoch.OPENING, opening)
    entries = [epoch.unpack_entry(rows[i : i + 48]) for i in range(0, len(rows), 48)]
    packed = [
        epoch.pack_entry(s, k, first, n, codec.time_words(t0), codec.time_words(t1), top)
        for s, k, first, n, t0, t1, top in entries
    ]

    assert epoch.record_body(device, key, session, number, prev, token, root) == record[:97]
    head = codec.struct.pack("<II", session, number) + secret
    assert head + epoch.pack_meta(reason, items, calibration) + b"".join(packed) == opening


@pytest.mark.parametrize("case", read("sessions"), ids=names)
def test_a_verifier_takes_each_epoch_once_and_says_what_never_came(case: Case) -> None:
    """In any order of arrival; frames after the last record are an unknown tail."""
    ledger = reference.Ledger()
    bodies = case.each("body")

    for step in case.texts("arrives"):
        verdict, name = step.split(" ", 1)
        arrived = next(each for each in EPOCHS if each.name == name)
        bodies += arrived.each("body")
        try:
            said = ledger.take(*[arrived.bytes(part) for part in ("public", "record", "opening")])
        except reference.ForgedError:
            said = "forged"
        assert said == verdict

    assert ledger.findings(bodies) == case.texts("finding")


@pytest.mark.parametrize("case", read("blocks"), ids=names)
def test_a_disclosed_block_proves_itself_only_unaltered(case: Case) -> None:
    """From its record, entry, slot key, path and frames, and nothing else."""
    parts = [case.bytes(name) for name in ("public", "record", "entry", "slot_key", "path")]
    try:
        verdict = reference.verify_block(*parts, case.each("body"))
    except reference.ForgedError:
        verdict = "forged"
    assert verdict == case.text("verdict")


@pytest.mark.parametrize("case", read("tokens"), ids=names)
def test_a_hub_takes_a_token_only_by_the_rules_and_in_their_order(case: Case) -> None:
    """Length, format, hub, authority, nonce, sequence, signature, lifetime."""
    hub = [case.bytes(name) for name in ("device", "nonce", "authority")]
    assert reference.answer_to_token(*hub, case.number("accepted"), case.bytes("payload")) == case.text(
        "answer"
    )


@pytest.mark.parametrize("case", read("signatures"), ids=names)
def test_a_signature_covers_its_domain_and_body(case: Case) -> None:
    """Prefix, body and an RFC 8032 signature."""
    assert epoch.signed(case.name, case.bytes("body")) == case.bytes("signed")
    parts = case.bytes("public"), case.name, case.bytes("body"), case.bytes("signature")
    assert reference.signature_holds(*parts)


@pytest.mark.parametrize("other", layout.DOMAINS)
@pytest.mark.parametrize("case", read("signatures"), ids=names)
def test_a_signature_serves_as_no_other_type(case: Case, other: str) -> None:
    """Each domain's signature submitted as each type, its own among them."""
    parts = case.bytes("public"), other, case.bytes("body"), case.bytes("signature")
    assert reference.signature_holds(*parts) == (other == case.name)


def test_there_is_a_signature_of_every_domain() -> None:
    """No domain can be added without a vector."""
    assert [case.name for case in read("signatures")] == list(layout.DOMAINS)


def test_possession_covers_challenge_authority_device_and_key() -> None:
    """In this order, nothing between."""
    body = next(case for case in read("signatures") if case.name == "possession").bytes("body")
    assert epoch.possession_body(body[:32], body[32:64], body[64:72], body[72:]) == body


def test_a_succession_covers_who_certifies_whom_from_when() -> None:
    """The old key signs the head and the new key, nothing between."""
    body = next(case for case in read("signatures") if case.name == "succession").bytes("body")
    form, device, authority, old, session, public, _, _ = succession.fields(body + bytes(128))
    assert form == succession.FORMAT
    assert succession.head(device, authority, old, session) + public == body
    assert succession.signed_parts(body + bytes(128))[0] == epoch.signed("succession", body)


def test_an_unknown_domain_is_not_signed() -> None:
    """A misspelt type fails where it is made."""
    with pytest.raises(ValueError, match="no signature domain"):
        epoch.signed("epochs", b"")
