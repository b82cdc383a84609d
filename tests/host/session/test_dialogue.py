"""Questions to hubs that are slow, that start anew meanwhile, or that answer something else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripted_line import DEVICE, Scripted, ending, hello, identity, said
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.framing import link_frame, stuffed
from tasuki.session import care, connection, greet
from tasuki.session.connection import Connection, HubRebooted
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import cobs, codec, epoch, layout


def met(line):
    """A connection that has had its first hello."""
    made = Connection(line)
    made.await_hello()
    return made


def test_a_reboot_whose_answer_comes_with_the_next_hello_is_done():
    line = Scripted(reboot=ending("reboot"), identify=identity())
    made = met(line)

    assert care.restart(made).device == DEVICE
    assert made.nonce == bytes([2]) * 16


def test_a_lock_whose_answer_comes_with_the_next_hello_is_done():
    line = Scripted(identify=identity())

    def lock(request, device):
        line.answers["identify"] = identity("locked")
        return ending("lock")(request)

    line.answers["lock"] = lock
    assert care.lock(met(line)).life == "locked"


def test_an_order_whose_answer_comes_with_the_next_hello_is_done():
    line = Scripted(identify=identity("locked", b"k" * 32))

    def order(request, *_):
        line.answers["identify"] = identity("blank")
        return ending("order")(request)

    line.answers["order"] = order
    assert care.unlock(met(line), Signer(Secret(bytes(32)))).life == "blank"


def possessing(key):
    """An answer to enroll that proves the key; whoever repins starts anew at once."""

    def answer(request, authority, challenge, repin):
        body = epoch.possession_body(challenge, authority, DEVICE, key.public)
        proof = said("enrolled", request, DEVICE, key.public, key.sign("possession", body))
        return proof + (hello(2) if repin else b"")

    return answer


def test_a_hub_that_starts_anew_after_its_enrolment_is_enrolled():
    """As each does whose key was replaced."""
    key = Signer(Secret(b"k" * 32))
    line = Scripted(identify=identity(), enroll=possessing(key))

    enrolled = greet.enroll(Connection(line), Signer(Secret(b"a" * 32)), repin=True)
    assert (enrolled.device, enrolled.public, enrolled.life) == (DEVICE, key.public, "dev")


def test_the_key_that_is_enrolled_is_the_one_that_was_proved():
    """Whatever the hub says of itself before and after."""
    key = Signer(Secret(b"k" * 32))
    line = Scripted(identify=identity("dev", b"another key".ljust(32)), enroll=possessing(key))

    enrolled = greet.enroll(Connection(line), Signer(Secret(b"a" * 32)))
    assert (enrolled.public, enrolled.key_id) == (key.public, epoch.key_id(key.public))


def test_a_hub_that_comes_back_locked_is_not_called_unlocked():
    """It failed between the order and what the order does."""
    line = Scripted(identify=identity("locked", b"k" * 32), order=ending("order"))

    with pytest.raises(Refused) as refusal:
        care.unlock(met(line), Signer(Secret(bytes(32))))
    assert refusal.value.reason == "not_unlocked"


def test_other_commands_are_not_taken_as_done_by_a_hub_that_started_anew():
    line = Scripted(stop=lambda request: hello(2))

    with pytest.raises(HubRebooted):
        met(line).ask("stop")


def test_a_hub_that_is_frozen_for_longer_than_three_tries_is_waited_for():
    """An emulator on a machine that is busy elsewhere; each try waits twice as long as the one before."""
    line = Scripted(identify=identity())
    made = met(line)
    line.frozen_until = time.monotonic() + 1.0

    assert made.ask("identify", timeout_s=0.3)[0] == DEVICE
    assert line.heard.count("identify") >= 2


def test_a_hub_that_talks_without_answering_is_asked_on_for_a_while():
    line = Scripted(identify=lambda request: hello(1))

    def answer_the_sixth(request):
        return identity()(request) if line.heard.count("identify") >= 6 else hello(1)

    line.answers["identify"] = answer_the_sixth
    assert met(line).ask("identify", timeout_s=0.02)[0] == DEVICE


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.3)
    for answer in (lambda request: hello(1), lambda request: b""):
        line = Scripted(identify=answer)
        with pytest.raises(LinkLost, match="does not answer identify"):
            met(line).ask("identify", timeout_s=0.02)
        assert line.heard.count("identify") >= 3


@pytest.mark.parametrize("name", ["identify", "describe", "narrow", "start"])
@pytest.mark.parametrize("answer", ["answer", "status", "identity", "streams", "token_answer", "time_answer"])
def test_an_answer_to_another_command_is_untrusted_and_no_traceback(name, answer):
    """A hub may answer any id with any message."""
    kind = codec.number(answer)
    head = codec.KINDS[kind].head_size

    def wrong(request, *_):
        return link_frame(kind, request.to_bytes(2, "little") + bytes(head - 2), 0)

    line = Scripted(**{name: wrong})
    values = (0,) if name == "narrow" else ()
    if (name, answer) in (("identify", "identity"), ("describe", "streams")):
        met(line).ask(name, *values)
        return
    with pytest.raises((Untrusted, LinkLost)) as error:
        met(line).ask(name, *values, timeout_s=0.02, tries=1)
    # the answer to a time request is looked at by nobody else
    assert isinstance(error.value, Untrusted) or answer == "time_answer"


@given(st.binary(max_size=layout.MAX_FRAME))
def test_what_the_host_stuffs_is_what_the_hub_stuffs(raw):
    out = bytearray(len(raw) + 2)

    assert stuffed(raw) == bytes(out[: cobs.encode_into(out, raw, len(raw))]) + b"\0"


def test_an_answer_that_came_with_another_one_is_not_waited_for():
    """Of two commands that were sent at once; nothing comes after their answers."""
    line = Scripted()
    answers = [
        link_frame(
            codec.number("answer"), codec.pack(codec.number("answer"), n, codec.number("stop"), 0, 0), n
        )
        for n in (1, 2)
    ]
    waits = []
    line.read = lambda timeout_s: waits.append(timeout_s) or (b"".join(answers) if len(waits) == 1 else b"")
    made = Connection(line)

    requests = made.post_all([("stop",), ("stop",)])
    found = [made.await_answer("stop", request, 5.0) for request in requests]

    assert len(waits) == 1 and None not in found
