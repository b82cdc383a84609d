"""The blobs that a hub shows: its certificates, and how its key came after another."""

import random
import time
from hashlib import sha256

import pytest

from scripted_line import Scripted, said
from tasuki.errors import LinkLost, Untrusted
from tasuki.session import care, connection
from tasuki.session.connection import Connection
from tasuki_wire import codec, layout

PART = 200
CHAIN = random.Random(8).randbytes(7 * PART + 13)


def showing(data, part=lambda at: CHAIN[at : at + PART]):
    """A hub that shows a certificate; `part` is what it sends for an offset, None for no answer."""
    kind = layout.BLOBS.index("certificate")
    begun = kind, len(data), sha256(data).digest()

    def blob_data(request, at, _):
        shown = part(at)
        return b"" if shown is None else said("blob_data", request, at, shown)

    line = Scripted(blob_data=blob_data)
    line.answers["blob_begin"] = lambda request, *_: said("blob_begin", request, *begun)
    made = Connection(line)
    made.await_hello()
    return line, made


def test_a_chain_comes_whole_and_each_part_was_asked_for_once():
    line, made = showing(CHAIN)

    assert care.read_certificate(made) == CHAIN
    assert line.heard.count("blob_data") == 8


@pytest.mark.parametrize("part", [1, 57, 199, 201])
def test_parts_may_have_any_length(part):
    _, made = showing(CHAIN, lambda at: CHAIN[at : at + part])

    assert care.read_certificate(made) == CHAIN


def test_four_parts_are_under_way_and_never_more(monkeypatch):
    _, made = showing(CHAIN)
    posted, post_all = [], made.post_all
    monkeypatch.setattr(made, "post_all", lambda asked: posted.append(len(asked)) or post_all(asked))

    care.read_certificate(made)

    assert posted == [4, 4]


def test_a_hub_that_shows_a_byte_a_second_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(care, "_ALL_SHOWN_S", 0.1)
    _, made = showing(CHAIN, lambda at: time.sleep(0.05) or CHAIN[at : at + 1])

    with pytest.raises(LinkLost):
        care.read_certificate(made)


def test_a_part_that_is_lost_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(care, "_SHOWN_S", 0.05)
    monkeypatch.setattr(connection, "_ANSWER_S", 0.05)
    asked = []

    def part(at):
        asked.append(at)
        return None if at == 3 * PART and asked.count(at) == 1 else CHAIN[at : at + PART]

    _, made = showing(CHAIN, part)

    assert care.read_certificate(made) == CHAIN
    assert asked.count(3 * PART) == 2


@pytest.mark.parametrize(
    "part",
    [
        lambda at: b"",
        lambda at: CHAIN[at : at + PART] if at else b"",
        lambda at: CHAIN[at : at + PART].replace(CHAIN[-1:], b"!"),
        lambda at: CHAIN[at : at + PART] + b"more" * (at == 7 * PART),
    ],
    ids=["nothing", "nothing at first", "one is another", "too much"],
)
def test_parts_that_do_not_make_what_was_announced_are_malformed(part):
    _, made = showing(CHAIN, part)

    with pytest.raises(Untrusted) as refusal:
        care.read_certificate(made)
    assert refusal.value.reason == "malformed"


@pytest.mark.parametrize("size", [4097, 1 << 29])
def test_more_than_a_hub_keeps_is_not_even_begun(size):
    line, made = showing(bytes(1))
    line.answers["blob_begin"] = lambda request, *_: said("blob_begin", request, 2, size, bytes(32))

    with pytest.raises(Untrusted):
        care.read_certificate(made)
    assert "blob_data" not in line.heard


def test_an_answer_that_shows_nothing_is_malformed():
    line, made = showing(CHAIN)
    line.answers["blob_data"] = lambda request, *_: said("answer", request, codec.number("blob_data"), 0, 0)

    with pytest.raises(Untrusted):
        care.read_certificate(made)
