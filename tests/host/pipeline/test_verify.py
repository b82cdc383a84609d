"""The verifier accepts an epoch once, whole and as signed, and names what is wrong otherwise."""

import pytest
from nacl.bindings import crypto_sign_seed_keypair

from receiving import Host, held
from signed_session import DEFAULT_EPOCH, Hub, stuff
from tasuki.native import epoch as native
from tasuki.pipeline.verify import Verifier
from tasuki.trust import proof
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.verdict import Omitted, Rejected, SessionJump, UnknownTail, Verified
from tasuki_wire import codec, epoch, layout

BOTH = pytest.mark.parametrize("sha", sorted({native.PORTABLE, native.BEST}))


@pytest.mark.rule("S-02", "allow")
@pytest.mark.rule("S-05", "allow")
@BOTH
def test_an_epoch_of_every_kind_verifies_to_the_frames_that_were_sent(sha):
    hub = Hub()
    sent = [hub.signed_epoch(), hub.signed_epoch(), hub.signed_epoch(DEFAULT_EPOCH, reason="stop")]
    host = Host(hub, window=native.Window(sha=sha))

    verified = host.feed(b"".join(e.wire() for e in sent))

    assert [type(v) for v in verified] == [Verified] * 3
    assert [held(v) for v in verified] == [e.bodies for e in sent]
    assert [(v.session, v.epoch, v.close_reason) for v in verified] == [
        (1, 0, "length"),
        (1, 1, "length"),
        (1, 2, "stop"),
    ]
    assert host.verifier.end() == []


@BOTH
def test_every_block_of_a_verified_epoch_proves_itself(sha):
    hub = Hub()

    [verified] = Host(hub, window=native.Window(sha=sha)).feed(hub.signed_epoch().wire())

    blocks = list(verified.blocks())
    assert len(blocks) == 9
    for block in blocks:
        proof.check(block, hub.public)


def test_the_opening_may_come_before_the_record_and_the_frames_last():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    frames = [stuff(f) for f in sent.frames]

    host.verifier.message(epoch.OPENING, sent.opening)
    early = host.verifier.message(epoch.RECORD, sent.record)
    late = [host.feed(frame) for frame in frames]

    assert early == [] and late[:-1] == [[]] * (len(frames) - 1)
    assert held(late[-1][0]) == sent.bodies


def test_epochs_verify_in_any_order():
    hub = Hub()
    sent = [hub.signed_epoch() for _ in range(4)]
    host = Host(hub)

    for i in (2, 0, 3, 1):
        host.feed(sent[i].wire())

    assert sorted(v.epoch for v in host.verdicts if isinstance(v, Verified)) == [0, 1, 2, 3]
    assert host.reasons() == []


@pytest.mark.rule("S-02", "deny", "evidence")
def test_an_epoch_that_comes_again_is_replayed():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)

    host.feed(sent.wire() + sent.wire())

    assert [type(v) for v in host.verdicts] == [Verified, Rejected]
    assert host.reasons() == ["replayed"]


def test_an_epoch_that_the_ledger_knows_is_replayed_after_a_restart():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    [verified] = host.feed(sent.wire())
    host.ledger.record(verified.record.key, verified.session, verified.epoch)

    restarted = Host(hub, ledger=host.ledger)
    restarted.feed(sent.wire())

    assert restarted.reasons() == ["replayed"]


@pytest.mark.rule("S-02", "deny", "evidence")
def test_a_forged_record_is_a_bad_signature_and_its_epoch_can_still_verify():
    hub, forger = Hub(1), Hub(1)
    _, forger.secret_key = crypto_sign_seed_keypair(bytes(32))
    sent = hub.signed_epoch()
    host = Host(hub)

    host.feed(forger.signed_epoch().wire())
    host.feed(sent.wire())

    assert host.reasons() == ["bad_signature"]
    assert isinstance(host.verdicts[-1], Verified)


@pytest.mark.parametrize("domain", [d for d in layout.DOMAINS if d != "epoch"])
def test_the_signature_of_another_type_is_a_bad_signature(domain):
    hub = Hub()
    sent = hub.signed_epoch()
    body = sent.record[: -layout.SIGNATURE_SIZE]

    host = Host(hub)
    host.verdicts += host.verifier.message(epoch.RECORD, hub.sign(body, domain))

    assert host.reasons() == ["bad_signature"]


CHANGED = {
    "wrong_device": {"device": b"somebody"},
    "wrong_key": {"key": b"otherkey"},
    "broken_chain": {"prev": bytes(31) + b"\x01"},
    "root_mismatch": {"epoch_root": bytes(24)},
}


@pytest.mark.parametrize("reason", CHANGED)
def test_one_wrong_field_of_a_signed_record_is_named(reason):
    hub = Hub()
    first, sent = hub.signed_epoch(), hub.signed_epoch()
    host = Host(hub)
    host.feed(first.wire())
    hub.epoch = 1
    fields = {"prev": sent.record[25:57], "epoch_root": sent.record[73:97], **CHANGED[reason]}

    host.feed(sent.wire().split(stuff(codec.frame(32, 255, 0, 0, 0, 0, sent.record)))[0])
    host.verdicts += host.verifier.message(epoch.RECORD, hub.record(b"\0" * 24, **fields))
    host.verdicts += host.verifier.message(epoch.OPENING, sent.opening)

    assert host.reasons() == [reason]
    assert sum(isinstance(v, Verified) for v in host.verdicts) == 1


def test_a_record_of_another_wire_version_is_named():
    hub = Hub()
    body = hub.signed_epoch().record[: -layout.SIGNATURE_SIZE]

    [verdict] = Host(hub).verifier.message(epoch.RECORD, hub.sign(b"\x20" + body[1:]))

    assert verdict.reason == "wrong_version"


def test_a_record_under_a_token_that_we_never_gave_is_named():
    hub = Hub()
    sent = hub.signed_epoch()

    known = Host(hub, tokens=lambda token: token == hub.token).feed(sent.wire())
    unknown = Host(hub, tokens=lambda token: False).feed(sent.wire())

    assert isinstance(known[0], Verified)
    assert unknown[0].reason == "unknown_token"


def test_a_second_record_with_the_number_of_one_that_waits_is_refused():
    hub = Hub()
    sent = hub.signed_epoch()
    hub.epoch, hub.prev = 0, epoch.NO_PREV
    host = Host(hub)

    host.verifier.message(epoch.RECORD, sent.record)
    [verdict] = host.verifier.message(epoch.RECORD, hub.signed_epoch().record)

    assert verdict.reason == "broken_chain"


def test_a_first_record_must_have_no_prev_and_a_later_one_must_have_one():
    hub = Hub()
    sent = hub.signed_epoch()
    body = bytearray(sent.record[: -layout.SIGNATURE_SIZE])
    body[21] = 1

    [verdict] = Host(hub).verifier.message(epoch.RECORD, hub.sign(bytes(body)))

    assert verdict.reason == "broken_chain"


def test_the_opening_of_another_epoch_does_not_open_this_one():
    hub = Hub()
    first, second = hub.signed_epoch(), hub.signed_epoch()
    host = Host(hub)

    host.verifier.message(epoch.RECORD, first.record)
    [verdict] = host.verifier.message(epoch.OPENING, first.opening[:8] + second.opening[8:])

    assert verdict.reason == "root_mismatch"


@pytest.mark.rule("S-05", "deny")
def test_an_altered_frame_rejects_its_whole_epoch():
    hub = Hub()
    sent = hub.signed_epoch()
    kind, stream, flags, seq, hi, lo, payload = codec.split(sent.frames[5])
    altered = codec.frame(kind, stream, flags, seq, hi, lo, payload[:-1] + bytes([payload[-1] ^ 1]))

    host = Host(hub)
    host.feed(sent.wire().replace(stuff(sent.frames[5]), stuff(altered)))

    assert host.reasons() == ["root_mismatch"]
    assert not any(isinstance(v, Verified) for v in host.verdicts)


def entry_with(hub, **changes):
    """A properly signed epoch whose one entry breaks a bound."""
    secret, key = bytes(16), epoch.slot_key(bytes(16), 0)
    bodies = [codec.frame(1, 0, 0, i, 0, 10 * i, b"ab")[:-4] for i in range(2)]
    leaves = b"".join(epoch.frame_leaf(key, body) for body in bodies)
    values = {"stream": 0, "kind": 1, "first": 0, "count": 2, "t0": 0, "t1": 100, "root": epoch.root(leaves)}
    values.update(changes)
    t0, t1 = values.pop("t0"), values.pop("t1")
    words = [codec.time_words(t0), codec.time_words(t1)]
    entry = epoch.pack_entry(
        values["stream"], values["kind"], values["first"], values["count"], *words, values["root"]
    )
    meta = epoch.pack_meta(0, 1, 0)
    record = hub.record(epoch.slot_leaves(secret, {0: entry}, meta))
    frames = b"".join(stuff(codec.frame(1, 0, 0, i, 0, 10 * i, b"ab")) for i in range(2))
    return frames, record, hub.opening(secret, meta, {0: entry})


BOUNDS = {
    "none": {},
    "over eight seconds": {"t1": layout.MAX_BLOCK_US + 1},
    "ends before it starts": {"t0": 200},
    "no frames": {"count": 0},
    "more than 1,024 frames": {"count": 1025},
    "a link kind": {"kind": 32},
    "an unknown kind": {"kind": 200},
    "a kind that its frames are not": {"kind": 2},
    "first frame before t0": {"t0": 1},
    "last frame after t1": {"t1": 9},
    "past the last seq": {"first": layout.MAX_SEQ},
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_signed_entry_that_breaks_a_bound_is_rejected(name):
    hub = Hub()
    frames, record, opening = entry_with(hub, **BOUNDS[name])
    host = Host(hub)

    host.feed(frames)
    host.verifier.message(epoch.RECORD, record)
    [verdict] = host.verifier.message(epoch.OPENING, opening)

    assert getattr(verdict, "reason", "verified") == ("verified" if name == "none" else "bad_bounds")


def test_two_entries_of_one_stream_are_rejected():
    hub = Hub()
    _, record, opening = entry_with(hub)
    host = Host(hub)

    host.verifier.message(epoch.RECORD, record)
    [verdict] = host.verifier.message(epoch.OPENING, opening + opening[-48:])

    assert verdict.reason == "bad_bounds"


def test_frames_that_consent_refused_are_dropped_not_lost():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)

    [verified] = host.feed(sent.wire(), keep=lambda rows: rows["kind"] != 1)

    assert verified.dropped == (0,)
    assert verified.gaps == ()
    assert held(verified) == {stream: bodies for stream, bodies in sent.bodies.items() if stream != 0}


def test_one_refused_frame_withholds_its_block_even_when_it_comes_again():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    again = b"".join(map(stuff, sent.frames))

    host.feed(again, keep=lambda rows: (rows["kind"] != 1) | (rows["seq"] != 1))
    [verified] = host.feed(sent.wire())

    assert verified.dropped == (0,)
    assert 0 not in held(verified)


def test_skipped_sessions_and_the_tail_of_a_session_are_named():
    hub = Hub(session=4)
    host = Host(hub)
    host.feed(hub.signed_epoch().wire())
    tail = hub.signed_epoch()
    host.feed(b"".join(map(stuff, tail.frames)))

    ended = host.verifier.end()
    hub.session, hub.epoch, hub.prev = 7, 0, epoch.NO_PREV
    verdicts = host.feed(hub.signed_epoch().wire())

    assert ended == [UnknownTail(4, 0, dict.fromkeys(tail.bodies, 3))]
    assert verdicts[0] == SessionJump(4, 7)
    assert isinstance(verdicts[1], Verified)


def test_a_session_that_stopped_cleanly_has_no_unknown_tail():
    hub = Hub()
    host = Host(hub)

    host.feed(hub.signed_epoch().wire() + hub.signed_epoch(reason="stop").wire())

    assert host.verifier.end() == []


def test_joining_a_session_late_names_the_epochs_before():
    hub = Hub()
    epochs = [hub.signed_epoch() for _ in range(12)]
    host = Host(hub)

    verdicts = host.feed(epochs[11].wire())

    assert verdicts[0] == Omitted(1, 0, 7)
    assert isinstance(verdicts[1], Verified)
    host.verifier.poll(0)
    assert host.verifier.poll(100) == [Omitted(1, 7, 4)]


@pytest.mark.parametrize("kind", [epoch.RECORD, epoch.OPENING, 35])
def test_messages_of_any_other_length_are_malformed(kind):
    hub = Hub()

    verdicts = [Host(hub).verifier.message(kind, bytes(n)) for n in (0, 1, 8, 30, 41, 160, 162)]

    assert all(v and v[0].reason == "malformed" for v in verdicts)


def test_keys_and_ids_of_a_wrong_size_are_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Verifier(bytes(31), bytes(8), ForgetfulLedger())
