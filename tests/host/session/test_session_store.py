"""A host that was away: what the hub stored arrives, is proved, timed and decided like live epochs."""

import time

import pytest

from host.away_world import accepted, away, come_back, cut_off, left_alone
from host.session_world import run_hub
from tasuki.clock import Fit
from tasuki.consent.events import Event
from tasuki.fleet.sim import SodiumCrypto
from tasuki.session import clock_book
from tasuki.session.counts import Counts
from tasuki.trust.verdict import Verified
from tasuki_wire import codec

pytestmark = pytest.mark.usefixtures("hasty")


def test_a_host_that_was_away_for_20_s_gets_every_epoch(made):
    """None is missing in the ledger, each is stored once; what was said to be missing is taken back."""
    counts = Counts()
    left_alone(made, 20, counts=counts, ran_s=10)
    kept = made.line.hub.store.count
    assert kept >= 5

    session, watcher, blocks = come_back(made, counts)

    assert made.line.hub.store.count == 0
    assert counts.recovered >= kept - 1 and not counts.stored_refused and not counts.rejected
    assert (counts.gaps, counts.unknown_tails) == (0, 0)
    newest = max(v.epoch for v in watcher.verdicts if isinstance(v, Verified))
    assert accepted(made, newest + 1) == list(range(newest + 1))
    places = [(b.block.epoch, b.block.stream) for b in blocks]
    assert len(places) == len(set(places))
    assert all(block.block.complete for block in blocks)
    session.close()


def test_what_was_stored_is_timed_by_the_durable_fit_of_its_life(made):
    """The uncertainty grows with the time since the last exchange."""
    left_alone(made, 20, ran_s=10)
    session = made.session()
    fit = made.state.clocks.find(session.identity.device, session.connection.nonce)
    late = [b for b in run_hub(session, 12) if b.block.t1_us < 28_000_000]

    assert {b.block.epoch for b in late} >= {2, 3, 4, 5}
    for b in late:
        assert (b.t0_ns, b.t1_ns) == (fit.wall_ns(b.block.t0_us), fit.wall_ns(b.block.t1_us))
        assert b.uncertainty_ns == int(fit.uncertainty_us(b.block.t0_us) * 1000) + 1
    assert fit.uncertainty_us(fit.device_us + 1e9) > fit.uncertainty_us(fit.device_us) + 99_000
    session.close()


def test_what_was_stored_survives_the_hubs_reboot(made):
    """Timed by the clock of the life that sampled it; the session counter tells the lives apart."""
    counts = Counts()
    left_alone(made, 12.5, counts=counts, ran_s=10)
    kept = made.line.hub.store.count
    assert kept >= 2
    last_wall = time.time_ns()
    made.line.reboot()

    session, watcher, blocks = come_back(made, counts)

    assert counts.recovered >= kept and made.line.hub.store.count == 0
    old = [b for b in blocks if b.block.session == 1]
    new = [b for b in blocks if b.block.session == 2]
    assert {b.block.epoch for b in old} == set(range(2, 2 + kept)) and new
    assert max(b.t0_ns for b in old) < last_wall + 30_000_000_000
    assert counts.unknown_tails == 0
    assert not [v for v in watcher.verdicts if isinstance(v, Verified) and v.session == 1]
    session.close()


def test_a_session_that_only_the_store_knows_fills_its_gap(made):
    """The host died before anything of it arrived; a session is said to be missing, until it comes."""
    counts = Counts()
    run_hub(made.session(counts=counts), 6)
    made.line.reboot()
    made.session(counts=counts)  # starts the hub's second session, and dies
    made.line.hub.commands.handle = lambda kind, payload, now: None
    away(made.line, 14)
    made.line.reboot()
    feed = made.line.hub.store.forwarder.step
    made.line.hub.store.forwarder.step = lambda now: None
    session = made.session(counts=counts)
    run_hub(session, 8)
    assert counts.gaps == 1
    made.line.hub.store.forwarder.step = feed
    run_hub(session, 8)

    assert counts.recovered >= 2 and counts.gaps == 0
    assert accepted(made, 2, session=2) == [0, 1]
    session.close()


def test_what_was_withdrawn_meanwhile_is_not_kept(made):
    """Consent has to hold when it was sampled and now."""
    counts = Counts()
    left_alone(made, 12, counts=counts)
    engine = made.state.engine
    now = time.time_ns()
    purposes = engine.policy.category("ecg").allow
    for purpose in purposes:
        made.state.book.say(
            Event(now, now, made.subject, "withdrawn", purpose, frozenset({"ecg"}), engine.policy.version)
        )

    session, _, blocks = come_back(made, counts)

    assert counts.recovered >= 2
    assert {b.block.item for b in blocks} >= {"body_motion", "respiration"}
    assert "ecg" not in {b.block.item for b in blocks}
    assert counts.dropped["withdrawn", "ecg"] > 50
    assert made.line.hub.store.count == 0
    session.close()


def test_a_later_grant_does_not_release_what_was_sampled_without_consent(made):
    """Withdrawn while the host was away and granted again before it came back."""
    counts = Counts()
    session = left_alone(made, 20, counts=counts)
    engine = made.state.engine
    now = time.time_ns()  # by which the next session times what the hub sampled until now
    began = now - 19_000_000_000
    since, until = made.line.board.clock - 18_000_000, made.line.board.clock - 3_000_000
    for at, decision in ((began, "withdrawn"), (now, "granted")):
        for purpose in engine.policy.category("ecg").allow:
            made.state.book.say(
                Event(at, at, made.subject, decision, purpose, frozenset({"ecg"}), engine.policy.version)
            )

    session, _, blocks = come_back(made, counts)

    late = [b for b in blocks if since < b.block.t0_us and b.block.t1_us < until]
    assert {b.block.item for b in late} >= {"body_motion", "respiration"}
    assert "ecg" not in {b.block.item for b in late}
    assert counts.dropped["withdrawn", "ecg"] > 50
    session.close()


def test_another_hosts_boxes_stay_with_the_hub_and_are_said(made):
    """Nothing is deleted that this host cannot read; live epochs go on."""
    left_alone(made, 20)
    kept = made.line.hub.store.count
    (made.state.folder / "keys" / "storage.key").unlink()

    counts = Counts()
    session, watcher, _ = come_back(made, counts, 25)

    assert counts.recovered == 0 and made.line.hub.store.lost == 0
    # the newest may still have been in RAM, and came live
    assert counts.stored_refused["not_sealed_to_us"] >= made.line.hub.store.count >= kept - 1 >= 3
    assert counts.epochs_verified >= 4
    assert [what for what in watcher.troubles if "storage key" in what]
    session.close()


def test_an_epoch_of_a_life_that_this_host_never_met_is_held_at_the_hub(made):
    """No time is made up for it."""
    left_alone(made, 12)
    made.line.reboot()
    made.state.clocks._db.execute("delete from clock")
    kept = made.line.hub.store.count

    counts = Counts()
    session, _, _ = come_back(made, counts)

    assert counts.stored_refused["unknown_time"] >= kept >= 2
    assert made.line.hub.store.count == kept and counts.recovered == 0
    session.close()


def test_an_epoch_that_the_host_has_already_is_acknowledged_and_dropped(made):
    """Its acknowledgement was lost, so the hub stored it, and sends what is in the ledger."""
    counts = Counts()
    session = made.session(counts=counts)
    handle = made.line.hub.commands.handle
    made.line.hub.commands.handle = lambda kind, payload, now: (
        None if codec.KINDS[kind].name == "ack" else handle(kind, payload, now)
    )
    run_hub(session, 14)
    made.line.hub.commands.handle = handle
    run_hub(session, 10)

    assert counts.epochs_verified >= 4 and counts.recovered == 0
    assert "stored_ack" in made.line.heard
    assert made.line.hub.store.count == 0 and not counts.stored_refused and not counts.rejected
    session.close()


def test_no_hub_touches_what_is_known_of_another_hubs_clock(made, monkeypatch):
    """Neither by saying hello with its nonce nor by booting again and again."""
    monkeypatch.setattr(clock_book, "_KEPT", 3)
    book, one, other = made.state.clocks, b"1" * 8, b"2" * 8
    book.note(one, b"life", Fit(1, 2, 1, 3))
    book.note(other, b"life", Fit(9, 9, 1, 9))
    for n in range(10):
        book.note(other, bytes([n]), Fit(n, n, 1, n))

    assert book.find(one, b"life") == Fit(1, 2, 1, 3)
    assert book.find(other, b"life") is None and book.find(other, bytes([6])) is None
    assert [book.find(other, bytes([n])) for n in (7, 8, 9)] == [Fit(n, n, 1, n) for n in (7, 8, 9)]


def test_without_sealed_boxes_a_lost_link_stops_sampling(monkeypatch, request):
    """And hello says so."""
    monkeypatch.delattr(SodiumCrypto, "sealed_box_into")
    made = request.getfixturevalue("made")
    session = made.session()
    assert session.connection.flags & 8
    run_hub(session, 6)
    cut_off(session, made.line)

    away(made.line, 32)

    assert not made.line.hub.sampling and made.line.hub.store.count == 0


def test_the_hubs_ram_is_wiped_at_the_tokens_end_and_the_store_stays(made):
    """Epochs of the last hour of consent wait sealed; a later token sends them."""
    counts = Counts()
    left_alone(made, 30, counts=counts, lifetime_s=20)
    hub = made.line.hub
    assert not hub.sampling and not hub.consent.token and not any(hub.ring.buf)
    kept = hub.store.count
    assert kept >= 3 and hub.store.lost == 0

    session, _, _ = come_back(made, counts)

    assert counts.recovered >= kept and (counts.gaps, counts.unknown_tails) == (0, 0)
    session.close()
