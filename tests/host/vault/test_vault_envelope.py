"""Envelopes open with their key and their tags, or not at all."""

import dataclasses

import pytest

from tasuki.errors import Refused, Untrusted
from tasuki.vault import envelope

TAGS = envelope.Tags(b"p" * 16, "ecg", 0, 10, 20, 1, 7)
PLAIN = b"MARKER of the plain block" * 9


@pytest.fixture
def vault(vault_of, tmp_path):
    return vault_of("a", "b", folder=tmp_path)


@pytest.mark.rule("S-04", "allow")
@pytest.mark.rule("S-06", "allow")
def test_an_envelope_opens_to_what_went_in(vault):
    data = envelope.encrypt(vault, "a", TAGS, PLAIN)

    assert envelope.decrypt(vault, "a", TAGS, data) == PLAIN
    assert b"MARKER" not in data


def test_the_same_block_twice_gives_two_unlike_envelopes(vault):
    one, two = (envelope.encrypt(vault, "a", TAGS, PLAIN) for _ in range(2))

    assert one[5:] != two[5:]


@pytest.mark.parametrize(
    "change",
    [
        {"pseudonym": b"q" * 16},
        {"stream": 1},
        {"t0_ns": 11},
        {"t1_ns": 21},
        {"uncertainty_ns": 2},
        {"number": 8},
    ],
)
def test_an_envelope_does_not_open_under_other_tags(vault, change):
    data = envelope.encrypt(vault, "a", TAGS, PLAIN)

    with pytest.raises(Untrusted):
        envelope.decrypt(vault, "a", dataclasses.replace(TAGS, **change), data)


@pytest.mark.rule("S-06", "deny")
def test_an_envelope_does_not_open_as_another_item_or_for_another_wearer(vault):
    data = envelope.encrypt(vault, "a", TAGS, PLAIN)
    for subject, item in (("a", "respiration"), ("b", "ecg")):
        vault.item_key(subject, item)
        with pytest.raises((Untrusted, Refused)):
            envelope.decrypt(vault, subject, dataclasses.replace(TAGS, item=item), data)


@pytest.mark.rule("S-04", "deny")
def test_no_flipped_bit_and_no_cut_goes_unnoticed(vault):
    data = envelope.encrypt(vault, "a", TAGS, PLAIN)

    for at in range(len(data)):
        with pytest.raises((Untrusted, Refused)):
            envelope.decrypt(vault, "a", TAGS, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises((Untrusted, Refused)):
            envelope.decrypt(vault, "a", TAGS, data[:at])


def test_erasing_the_item_key_makes_its_envelopes_unreadable_for_good(vault):
    data = envelope.encrypt(vault, "a", TAGS, PLAIN)
    vault.erase_item("a", "ecg")

    with pytest.raises(Refused) as caught:
        envelope.decrypt(vault, "a", TAGS, data)
    assert caught.value.reason == "key_erased"

    envelope.encrypt(vault, "a", TAGS, PLAIN)  # a new key is made for new data
    with pytest.raises(Refused) as caught:
        envelope.decrypt(vault, "a", TAGS, data)
    assert caught.value.reason == "key_erased"


def test_tags_are_read_back_as_they_were_and_nothing_else_is():
    assert envelope.Tags.from_bytes(TAGS.to_bytes()) == TAGS
    for data in (
        b"",
        TAGS.to_bytes()[:-1],
        TAGS.to_bytes() + b"x",
        b"p" * 16 + b"\xff" + TAGS.to_bytes()[17:],
    ):
        with pytest.raises(ValueError, match="tags"):
            envelope.Tags.from_bytes(data)
