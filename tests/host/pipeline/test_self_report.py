"""Self-reports as bytes: what a wearer typed in, told apart from what a hub measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.self_report import SelfReport, read
from tasuki.vault import attested
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import codec, epoch, layout
from worlds import ECG, Hub

SIGNER = Signer(Secret(b"s" * 32))
LABEL = attested.Label(b"p" * 16, 5, 498_611, b"h" * 32, "service_improvement", "improvement")
U16, U32, I16 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF), st.integers(-0x8000, 0x7FFF)


@given(U32, U32, U16, I16)
def test_a_report_reads_back_as_it_was_written(said_s, number, question, rating):
    report = SelfReport.of(said_s, number, question, rating)

    assert read(report.to_bytes()) == report
    assert report.answers == [(question, rating)]
    (row,) = codec.unpack_rows(report.kind, report.rows)
    assert row == (question, rating)  # the wire's own record


@given(st.binary(max_size=400))
def test_any_bytes_are_a_report_or_a_block_or_a_value_error(data):
    try:
        found = read(data)
    except ValueError:
        return
    assert found.to_bytes() == data


def test_a_block_of_a_hub_is_never_taken_for_a_report_nor_a_report_for_a_block():
    (block,) = Hub().epoch(0, [ECG])
    report = SelfReport.of(1, 2, 3, 4)

    assert isinstance(read(block.to_bytes()), Block)
    with pytest.raises(ValueError, match="format 1"):
        SelfReport.from_bytes(block.to_bytes()[:14])
    with pytest.raises(ValueError, match="block of 14 bytes"):
        Block.from_bytes(report.to_bytes())
    assert report.stream >= layout.STREAMS and report.key_id != block.key_id


def test_an_answer_that_a_record_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="question 70000"):
        SelfReport.of(1, 2, 70_000, 4)


def test_the_attested_form_says_that_it_was_typed_in_and_tells_no_time_but_the_hour():
    early, late = (SelfReport.of(said, said, 1, 7) for said in (1_795_000_000, 1_795_000_999))

    found = attested.read(attested.typed_in(early, LABEL, SIGNER), SIGNER.public)

    assert (found.verified, found.period_us, found.runs) == (attested.TYPED_IN, 0, ((0, 1),))
    assert (found.stream, found.kind, found.rows) == (early.stream, early.kind, early.rows)
    assert attested.typed_in(early, LABEL, SIGNER) == attested.typed_in(late, LABEL, SIGNER)


@pytest.mark.parametrize("verified", [0, attested.TYPED_IN | attested.DEVICE_SIGNATURE])
def test_an_attestation_of_nobody_s_word_or_of_two_is_none(verified):
    """Signed as it should be, so that only what it says is wrong."""
    key = SigningKey(b"s" * 32)
    body = bytearray(attested.typed_in(SelfReport.of(1, 2, 1, 7), LABEL, SIGNER)[: -layout.SIGNATURE_SIZE])
    body[3] = verified
    signature = key.sign(epoch.signed("attestation", bytes(body))).signature

    with pytest.raises(Untrusted):
        attested.read(bytes(body) + signature, bytes(key.verify_key))
