"""A receipt proves what the wearer said: whatever is changed in it, by whomever, it does not verify."""

import base64
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_world import NOON, POLICY, histories, said
from tasuki.consent import json_text, receipts
from tasuki.errors import Untrusted
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import layout

AUTHORITY = Signer(Secret(b"a" * 32))
OTHER = Signer(Secret(b"b" * 32))
LATER = NOON + 10**9
EVENTS = [said("granted", NOON, items=("ecg", "respiration")), said("withdrawn", NOON + 5)]
RECEIPT = receipts.issue(POLICY, "s", "6d1f", EVENTS, LATER, AUTHORITY)


def verify(value, key=AUTHORITY.public):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return receipts.verify(data, key, POLICY)


def reason(value, key=AUTHORITY.public):
    with pytest.raises(Untrusted) as caught:
        verify(value, key)
    return caught.value.reason


@given(histories())
def test_a_receipt_tells_what_was_said_and_what_held(events):
    found = verify(receipts.issue(POLICY, "s", "6d1f", events, LATER, AUTHORITY))

    assert found.issued_ns == LATER
    assert sorted(event.at_ns for event in found.events) == sorted(event.at_ns for event in events)


def test_a_receipt_says_what_held_when_it_was_issued():
    held = {item: span.state for (item, _), span in verify(RECEIPT).state().items()}

    assert (verify(RECEIPT).subject, held) == ("s", {"ecg": "withdrawn", "respiration": "granted"})


def test_a_receipt_written_with_other_spaces_and_order_is_the_same_receipt():
    shuffled = json.dumps(dict(reversed(RECEIPT.items())), indent=3, ensure_ascii=False).encode()

    assert verify(shuffled).subject == "s"


def leaves(value, path=()):
    """Every place of a document that holds a text, and every key."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path


@pytest.mark.parametrize("path", list(leaves(RECEIPT)), ids=lambda path: ".".join(map(str, path))[-60:])
def test_a_receipt_with_one_text_changed_does_not_verify(path):
    made = copy.deepcopy(RECEIPT)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = place[path[-1]] + " "

    assert reason(made) in ("bad_signature", "wrong_key", "malformed")


@given(st.data())
def test_a_receipt_with_one_bit_flipped_does_not_verify(data):
    raw = bytearray(json_text.canonical(RECEIPT))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(Untrusted):
        verify(bytes(raw))


def test_a_receipt_of_another_key_is_refused_also_when_it_claims_to_be_of_ours():
    forged = receipts.issue(POLICY, "s", "6d1f", EVENTS, LATER, OTHER)
    assert reason(forged) == "wrong_key"

    forged["garment:proof"]["garment:keyId"] = AUTHORITY.key_id.hex()

    assert reason(forged) == "bad_signature"


def test_a_receipt_without_its_proof_is_refused():
    body = {key: value for key, value in RECEIPT.items() if key != "garment:proof"}

    assert reason(body) == "unsigned"
    assert reason({**body, "garment:proof": "trust me"}) == "unsigned"


@pytest.mark.parametrize("domain", [domain for domain in layout.DOMAINS if domain != "receipt"])
def test_no_signature_of_another_type_serves_as_a_receipts(domain):
    body = {key: value for key, value in RECEIPT.items() if key != "garment:proof"}
    signature = base64.b64encode(AUTHORITY.sign(domain, json_text.canonical(body))).decode()
    proof = {**RECEIPT["garment:proof"], "garment:signature": signature}

    assert reason({**body, "garment:proof": proof}) == "bad_signature"


def test_what_the_authority_signed_as_a_receipt_and_is_none_is_refused():
    """The shape is checked also behind a good signature."""
    body = {**RECEIPT, "@type": "dpv:Notice"}
    del body["garment:proof"]
    signature = base64.b64encode(AUTHORITY.sign("receipt", json_text.canonical(body))).decode()

    assert reason(
        {**body, "garment:proof": {**RECEIPT["garment:proof"], "garment:signature": signature}}
    ) == ("malformed")


@pytest.mark.parametrize(
    "signature",
    ["", "AA==", "!", RECEIPT["garment:proof"]["garment:signature"] + "\n"],
    ids=["empty", "short", "no base64", "a line end more"],
)
def test_a_signature_that_is_no_64_bytes_is_refused(signature):
    proof = {**RECEIPT["garment:proof"], "garment:signature": signature}

    assert reason({**RECEIPT, "garment:proof": proof}) == "bad_signature"
