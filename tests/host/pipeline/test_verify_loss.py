"""What is lost on the way is asked for, then proved without, then named with its place."""

import random

import pytest

from receiving import Host, held
from signed_session import EVERY_KIND, Hub, message, stuff
from tasuki.native import epoch as native
from tasuki.trust import proof
from tasuki.trust.verdict import Gap, Missing, Omitted, Rejected, Run, Verified
from tasuki_wire import codec, epoch, layout

LEAF_HASHES = codec.number("leaf_hashes")


def without(sent, *gone):
    """An epoch's bytes without some (stream, seq)."""
    kept = [f for f in sent.frames if (f[2], int.from_bytes(f[4:8], "little")) not in gone]
    return (
        b"".join(map(stuff, kept)) + message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening)
    )


def frame_of(sent, stream, seq):
    return next(f for f in sent.frames if (f[2], int.from_bytes(f[4:8], "little")) == (stream, seq))


def leaves_of(sent, stream, first, count, number=0):
    """The hub's answer to a request for leaf hashes."""
    key = epoch.slot_key(sent.secret, stream)
    rows = b"".join(epoch.frame_leaf(key, body) for body in sent.bodies[stream][first : first + count])
    return codec.pack(LEAF_HASHES, 7, number, stream, first, rows=rows)


def test_missing_frames_are_asked_for_and_the_resend_completes_the_epoch():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)

    nothing_yet = host.feed(without(sent, (0, 1), (0, 2), (3, 0)))
    asked = host.verifier.poll(0)
    not_again = host.verifier.poll(0.1)
    [verified] = host.feed(
        stuff(frame_of(sent, 0, 1)) + stuff(frame_of(sent, 0, 2)) + stuff(frame_of(sent, 3, 0))
    )

    assert nothing_yet == [] and not_again == []
    assert asked == [Missing(1, 0, frames=(Run(0, 1, 1, 2), Run(3, 0, 0, 1)))]
    assert held(verified) == sent.bodies
    assert verified.gaps == ()


def test_leaf_hashes_prove_a_block_without_its_lost_frames():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(without(sent, (0, 1), (3, 0), (3, 2)))

    asked = [host.verifier.poll(now) for now in (0, 2)]
    early = host.verifier.message(LEAF_HASHES, leaves_of(sent, 0, 1, 1))
    [verified] = host.verifier.message(LEAF_HASHES, leaves_of(sent, 3, 0, 3))

    assert [m.leaves for [m] in asked] == [False, True]
    assert early == []
    blocks = {block.stream: block for block in verified.blocks()}
    assert [blocks[s].complete for s in (0, 3, 4)] == [False, False, True]
    assert blocks[3].bodies() == sent.bodies[3][1:2]
    for block in blocks.values():
        proof.check(block, hub.public)


def test_forged_leaf_hashes_prove_nothing_and_are_asked_for_again():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(without(sent, (0, 1)))
    host.verifier.poll(0)
    true = leaves_of(sent, 0, 1, 1)

    forged = host.verifier.message(LEAF_HASHES, true[:-1] + bytes([true[-1] ^ 1]))
    [again] = host.verifier.poll(0.2)
    [verified] = host.verifier.message(LEAF_HASHES, true)

    assert forged == []
    assert again.frames == (Run(0, 1, 1, 1),)
    assert isinstance(verified, Verified)


def test_leaves_that_nobody_lacks_are_not_kept():
    """A flood of leaf hashes cannot fill the memory."""
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(without(sent, (0, 1)))
    host.verifier.poll(0)

    for stream in range(15):
        for first in range(2, 60_000, 100):
            host.verifier.message(LEAF_HASHES, codec.pack(LEAF_HASHES, 7, 0, stream, first, rows=bytes(2400)))

    [pending] = host.verifier._pending.values()
    assert pending.leaves.get(0, {}) == {}
    assert sum(map(len, pending.leaves.values())) == 0


def test_a_forged_opening_takes_neither_the_frames_nor_a_proved_openings_place():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    entries = b"".join(sent.entries.values())
    host.feed(b"".join(map(stuff, sent.frames[1:])) + message(epoch.RECORD, sent.record))

    host.verdicts += host.verifier.message(epoch.OPENING, sent.opening[:40] + entries * 2)
    host.feed(message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening))
    host.verdicts += host.verifier.message(epoch.OPENING, sent.opening[:8] + bytes(32) + entries)
    host.feed(stuff(sent.frames[0]))

    assert host.reasons() == ["root_mismatch"]
    assert [held(v) for v in host.verified()] == [sent.bodies]


@pytest.mark.rule("S-03", "evidence")
def test_what_nothing_brings_back_is_a_gap_and_the_other_blocks_stand():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(without(sent, (0, 1), (4, 2)))

    host.verifier.poll(0)
    [verified] = host.verifier.poll(60)

    assert verified.gaps == (Run(0, 1, 1, 1), Run(4, 2, 2, 1))
    assert verified.lost == (0, 4)
    assert held(verified) == {s: b for s, b in sent.bodies.items() if s not in (0, 4)}


@pytest.mark.rule("S-05", "deny")
def test_an_altered_frame_is_never_taken_for_a_gap():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    kind, stream, flags, seq, hi, lo, payload = codec.split(frame_of(sent, 5, 0))
    altered = codec.frame(kind, stream, flags, seq, hi, lo, bytes(len(payload)))

    host.feed(stuff(altered) + without(sent, (0, 1), (5, 0)))
    host.verifier.poll(0)
    [verdict] = host.verifier.poll(60)

    assert (type(verdict), verdict.reason) == (Rejected, "root_mismatch")


def test_a_lost_opening_is_asked_for_and_then_a_gap():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(b"".join(map(stuff, sent.frames)) + message(epoch.RECORD, sent.record))

    polls = [host.verifier.poll(now) for now in (0, 0.6, 9)]

    assert polls == [[], [Missing(1, 0, opening=True)], [Gap(1, 0)]]


def test_a_lost_record_is_asked_for_and_completes_its_epoch():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(b"".join(map(stuff, sent.frames)) + message(epoch.OPENING, sent.opening))

    polls = [host.verifier.poll(now) for now in (0, 0.6)]
    answer = host.feed(message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening))

    assert polls == [[], [Missing(1, 0, record=True)]]
    assert [type(v) for v in answer] == [Verified]


def test_what_was_asked_for_may_come_twice():
    hub = Hub()
    sent = hub.signed_epoch()
    host = Host(hub)
    host.feed(b"".join(map(stuff, sent.frames)) + message(epoch.RECORD, sent.record))
    host.verifier.poll(0)
    host.verifier.poll(0.6)

    both = message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening)
    host.feed(both + both)

    assert [type(v) for v in host.verdicts] == [Verified]


def test_skipped_epochs_are_asked_for_and_named_after_the_window():
    hub = Hub()
    sent = [hub.signed_epoch() for _ in range(4)]
    host = Host(hub)
    host.feed(sent[0].wire() + sent[3].wire())

    polls = [host.verifier.poll(now) for now in (0, 0.6, 2, 9)]

    ask = [Missing(1, number, record=True, opening=True) for number in (1, 2)]
    assert polls == [[], ask, ask, [Omitted(1, 1, 2)]]


def test_a_skipped_epoch_that_comes_late_still_verifies():
    hub = Hub()
    sent = [hub.signed_epoch() for _ in range(3)]
    host = Host(hub)
    host.feed(sent[0].wire() + sent[2].wire())
    host.verifier.poll(0)
    host.verifier.poll(9)

    [verified] = host.feed(sent[1].wire())

    assert verified.epoch == 1


def test_a_forged_twin_of_a_frame_does_not_stop_the_true_one():
    """The doubtful frame is dropped and asked for again; the resend then proves the epoch."""
    hub = Hub()
    sent = hub.signed_epoch()
    true = frame_of(sent, 0, 1)
    kind, stream, flags, seq, hi, lo, payload = codec.split(true)
    forged = codec.frame(kind, stream, flags, seq, hi, lo, bytes(len(payload)))
    host = Host(hub)

    host.feed(b"".join(map(stuff, sent.frames)) + stuff(forged))
    host.feed(message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening))
    asked = host.verifier.poll(0)
    [verified] = host.feed(stuff(true))

    assert host.verifier.window.counts["conflicts"] == 1
    assert asked == [Missing(1, 0, frames=(Run(0, 1, 1, 1),))]
    assert held(verified) == sent.bodies


def test_a_forged_opening_without_record_is_forgotten_without_a_word_about_epochs():
    hub = Hub()
    host = Host(hub)
    for number in range(200):
        opening = codec.pack(epoch.OPENING, 1, number, bytes(16), 0, 0, 0, bytes(11))
        host.verifier.message(epoch.OPENING, opening)

    asked = [v for now in (0, 1) for v in host.verifier.poll(now)]
    ended = host.verifier.poll(60)

    assert len(asked) == 64
    assert ended == [] and host.verifier.end() == []


def test_at_five_percent_loss_resends_and_leaves_bring_back_every_epoch():
    rng = random.Random(7)
    hub = Hub()
    host = Host(hub)
    epochs = [hub.signed_epoch(EVERY_KIND) for _ in range(60)]
    now = 0.0
    for sent in epochs:
        host.feed(b"".join(stuff(f) for f in sent.frames if rng.random() > 0.05))
        if rng.random() > 0.05:
            host.feed(message(epoch.RECORD, sent.record))
        if rng.random() > 0.05:
            host.feed(message(epoch.OPENING, sent.opening))
        for _ in range(8):
            now += 0.5
            for ask in host.verifier.poll(now):
                answer(host, epochs, ask, rng)

    numbers = [v.epoch for v in host.verified()]
    assert sorted(numbers) == list(range(60))
    assert host.reasons() == []


def answer(host, epochs, ask, rng):
    """The hub's answers to one request, over a line that loses one frame in twenty."""
    sent = epochs[ask.epoch]
    if ask.record or ask.opening:
        host.feed(message(epoch.RECORD, sent.record) + message(epoch.OPENING, sent.opening))
    for run in ask.frames:
        if ask.leaves:
            leaves = leaves_of(sent, run.stream, run.index, run.count, ask.epoch)
            host.feed(message(LEAF_HASHES, leaves))
        else:
            resent = [frame_of(sent, run.stream, run.seq + i) for i in range(run.count)]
            host.feed(b"".join(stuff(f) for f in resent if rng.random() > 0.05))


def test_verified_epochs_make_room_for_the_next():
    """A window that holds little more than one epoch loses no frame of many."""
    hub = Hub()
    host = Host(hub, window=native.Window(1 << 12, 1024))

    host_feeds = [host.feed(hub.signed_epoch().wire()) for _ in range(30)]

    assert [type(v) for out in host_feeds for v in out] == [Verified] * 30
    assert host.verifier.window.counts["evicted"] == 0


def test_memory_stays_bounded_when_no_record_ever_comes():
    """Frames that no epoch claims go oldest first, and are counted."""
    hub = Hub()
    host = Host(hub, window=native.Window(ring_bytes=1 << 14))
    sent = [hub.signed_epoch() for _ in range(40)]

    for e in sent:
        host.feed(b"".join(map(stuff, e.frames)))
    late = host.feed(message(epoch.RECORD, sent[-1].record) + message(epoch.OPENING, sent[-1].opening))

    counts = host.verifier.window.counts
    assert 0 < counts["evicted"] < 40 * 24
    assert [v.epoch for v in late if isinstance(v, Verified)] == [39]
    assert sum(host.verifier.end()[-1].frames.values()) == 0 * layout.STREAMS
