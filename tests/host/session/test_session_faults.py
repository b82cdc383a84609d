"""Reboots, lost links, full disks, dying threads: nothing hangs, every loss is counted, acks stay right."""

import time

import pytest

from host.session_world import Watcher, run_hub
from tasuki.capture import check, reading
from tasuki.clock import ClockModel
from tasuki.errors import LinkLost, Refused, TasukiError, Untrusted, UsageError
from tasuki.fleet.sim import SodiumCrypto
from tasuki.framing import link_frame
from tasuki.pipeline.verify import Timing
from tasuki.session import connection, hub_session, running, summary
from tasuki.session.counts import Counts
from tasuki.session.monitor import Monitor
from tasuki.session.recorder import Recorder
from tasuki.trust.verdict import UnknownTail
from tasuki_wire import codec

LOG = codec.number("log")


def last_of(made, done_s, counts=None, monitor=None, recorder=None, on_step=None, mend=False, **options):
    """Run sessions until so much hub time passed: (summary, error)."""
    monitor = monitor or Monitor()
    counts = counts or Counts()
    found = {}

    def done(watching):
        if on_step:
            on_step(watching)
        return watching.elapsed_s >= done_s

    def connect():
        made.line.cut = made.line.cut and not mend
        return made.session(counts=counts)

    error = running.run(
        connect,
        monitor,
        show=lambda snapshot: None,
        done=done,
        recorder=recorder,
        finish=lambda *ended: found.update(summary.of_session(*ended)),
        **options,
    )
    return found, error


@pytest.fixture
def hasty(monkeypatch):
    """What is missing is given up soon: this hub's time is not the wall's."""
    monkeypatch.setattr(hub_session, "_timing", lambda speed: Timing(0.1, 0.2, 0.5))


@pytest.fixture
def no_store(monkeypatch):
    """The hub cannot store: its crypto makes no sealed boxes. Ask for it before `made`."""
    monkeypatch.delattr(SodiumCrypto, "sealed_box_into")


# -- reboots ---------------------------------------------------------------------


def test_what_was_verified_before_a_reboot_is_timed_by_the_clock_of_that_life(no_store, made):
    """Also when the outbox had no room until after the reboot."""
    with made.session() as session:
        clock = session.connection.clock
        limits, made.state.outbox._limits = made.state.outbox._limits, (0, 0)
        run_hub(session, 10)
        assert session.counts.epochs_verified >= 2 and not session.counts.blocks
        made.line.reboot()
        run_hub(session, 2)
        assert session.counts.reboots == 1
        made.state.outbox._limits = limits
        session._storing.hurry()
        stored = run_hub(session, 1)

    times = [one.t0_ns - clock.wall_ns(one.block.t0_us) for one in stored if one.block.session == 1]
    assert times and max(map(abs, times)) < 1_000_000_000


def test_a_reboot_right_after_an_unanswered_time_request_is_greeted(made):
    with made.session() as session:
        made.line.mute = {"time_answer"}
        session.connection.sync()
        run_hub(session, 1)
        made.line.mute = set()
        made.line.reboot()
        run_hub(session, 6)

        assert session.counts.reboots == 1 and session.counts.epochs_verified >= 1


def test_a_lost_time_answer_does_not_end_the_greeting(made):
    answer, lost = made.line.hub.link.answer, []

    def lose_one(kind, payload):
        if codec.KINDS[kind].name == "time_answer" and not lost:
            lost.append(kind)
        else:
            answer(kind, payload)

    made.line.hub.link.answer = lose_one
    with made.session() as session:
        assert lost and session.sampling


def test_a_hub_that_reboots_while_it_is_greeted_is_greeted_anew(made):
    with made.session() as session:
        run_hub(session, 1)
        made.line.reboot()
        handle = made.line.hub.commands.handle

        def power_cut(kind, payload, now):
            if codec.KINDS[kind].name == "token":
                made.line.reboot()
            else:
                handle(kind, payload, now)

        made.line.hub.commands.handle = power_cut
        began = time.monotonic()
        run_hub(session, 6)

        assert session.counts.reboots == 2 and session.sampling
        assert session.counts.epochs_verified >= 1
        assert time.monotonic() - began < 20


def test_a_hub_that_comes_back_with_another_key_is_untrusted_and_what_was_open_is_counted(made):
    with made.session() as session:
        run_hub(session, 6)
        made.line.reboot()
        made.line.hub.public = bytes([7]) * 32
        with pytest.raises(Untrusted):
            run_hub(session, 6)

        assert session.counts.unknown_tails == 1


def test_hub_time_goes_on_in_the_view_after_a_reboot(made):
    monitor = Monitor()
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        run_hub(session, 10)
        made.line.reboot()
        run_hub(session, 5)

        assert 13 < monitor.elapsed_s < 16
        assert monitor.snapshot().frames == session.counts.frames


def test_streams_that_change_with_a_reboot_are_shown_as_they_are_then(made):
    monitor = Monitor()
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        run_hub(session, 1)
        made.line.reboot()
        first = made.line.hub.sampler.streams[0]
        first.driver.period_us *= 2
        run_hub(session, 3)

        shown = {stream.name: stream.rate_hz for stream in monitor.snapshot().streams}
        assert shown["ecg"] == 125


# -- what a hub may send -----------------------------------------------------------


def test_a_hello_that_contradicts_itself_is_dropped(made):
    with made.session() as session:
        hello = codec.pack(0, bytes(16), 0, 255)
        made.line.extra = link_frame(0, hello, 0)
        run_hub(session, 1)

        assert session.connection.messages.malformed == 1 and session.counts.reboots == 0


def test_a_flood_of_hellos_with_new_nonces_ends_in_a_lost_link(made):
    seeds = codec.hello(bytes(16), 0)[16:]
    with made.session() as session:
        read, flooding = made.line.read, []

        def flood(timeout_s):
            flooding.append(len(flooding))
            return link_frame(0, len(flooding).to_bytes(16, "big") + seeds, 0) + read(timeout_s)

        made.line.read = flood
        with pytest.raises(LinkLost, match="again and again"):
            run_hub(session, 5)
        assert session.counts.reboots > 3


@pytest.mark.parametrize(("kind", "period_us"), [(200, 4000), (LOG, 4000), (0, 4000), (1, 0)])
def test_a_hub_that_describes_impossible_streams_is_refused_in_words(made, kind, period_us):
    stream = made.line.hub.sampler.streams[0]
    stream.driver.kind, stream.driver.period_us = kind, period_us
    with pytest.raises(Untrusted):
        made.session()


def test_a_silent_hub_is_a_lost_link(made, monkeypatch):
    monkeypatch.setattr(hub_session, "_SILENT_S", 0.2)
    with made.session() as session:
        made.line.read = lambda timeout_s: time.sleep(0.01) or b""
        with pytest.raises(LinkLost, match="silent"):
            run_hub(session, 30)


def test_a_flood_of_noise_is_a_lost_link_and_no_more_is_asked_than_every_quarter_second(made, monkeypatch):
    monkeypatch.setattr(hub_session, "_SILENT_S", 0.3)
    monkeypatch.setattr(connection, "_HELLO_S", 2.0)
    noise = bytes(range(1, 256)) * 200 + b"\0"
    with made.session() as session:
        made.line.read = lambda timeout_s: noise
        with pytest.raises(LinkLost, match="silent"):
            run_hub(session, 3000)
        assert sum(session.summary_counts().frames_bad.values()) > 0
    made.line.board.inbox = b""
    with pytest.raises(LinkLost, match="no hub says hello"):
        made.session()
    assert len(made.line.board.inbox) < 40 * 40


# -- lost links ----------------------------------------------------------------------


def test_counts_go_on_over_a_lost_link_and_its_open_epoch_is_said(no_store, made, hasty):
    counts, seen = Counts(), []

    def cut_once(monitor):
        if monitor.elapsed_s > 10 and not seen:
            seen.append((counts.frames, counts.epochs_verified))
            made.line.cut = True

    found, error = last_of(made, 20, counts, on_step=cut_once, mend=True)

    assert error is None and seen
    assert found["frames"] > seen[0][0] and found["epochs_verified"] >= seen[0][1] + 2
    assert found["blocks_uploaded"] == found["store_rows"] > 0
    assert found["unknown_tails"] == 1 and found["beats"] > 15


def test_a_link_that_never_comes_back_ends_with_the_summary_and_the_reason(made, tmp_path):
    recorder = Recorder(tmp_path / "walk.tsk")

    def cut(monitor):
        made.line.cut = monitor.elapsed_s > 10

    found, error = last_of(made, 1000, on_step=cut, recorder=recorder, patience_s=0.0)

    assert isinstance(error, LinkLost)
    assert found["epochs_verified"] >= 2 and found["unknown_tails"] == 1
    with reading.read(tmp_path / "walk.tsk", made.state.vault) as capture:
        report = check.verify(capture, lambda device: made.public)
    assert report.epochs_verified == found["epochs_verified"]


def test_a_link_lost_while_stopping_ends_with_the_summary_and_the_reason(made):
    def cut_at_the_end(monitor):
        made.line.cut = monitor.elapsed_s >= 10

    found, error = last_of(made, 10, on_step=cut_at_the_end)

    assert isinstance(error, LinkLost) and found["unknown_tails"] == 1


def test_a_port_that_is_gone_for_a_while_is_waited_for(made, hasty):
    """An unplugged adapter takes its device file with it."""
    tries = []

    def connect():
        tries.append(1)
        if len(tries) == 2:
            raise UsageError("there is no port")
        made.line.cut = False
        return made.session()

    def cut_once(monitor):
        made.line.cut = len(tries) == 1 and monitor.elapsed_s > 2
        return monitor.elapsed_s > 8

    error = running.run(
        connect, Monitor(), show=lambda s: None, done=cut_once, finish=lambda *ended: None, patience_s=5
    )

    assert error is None and len(tries) == 3


def test_ctrl_c_on_a_dead_line_ends_the_run(made):
    def interrupt(monitor):
        if monitor.elapsed_s > 2:
            made.line.cut = True
            raise KeyboardInterrupt

    found, error = last_of(made, 1000, on_step=interrupt)

    assert isinstance(error, LinkLost) and found["frames"] > 0


def test_an_unforeseen_error_leaves_a_capture_that_is_known_to_be_cut(made, tmp_path):
    def break_it(monitor):
        if monitor.elapsed_s > 6:
            raise ZeroDivisionError

    recorder = Recorder(tmp_path / "walk.tsk")
    with pytest.raises(ZeroDivisionError):
        last_of(made, 1000, on_step=break_it, recorder=recorder)

    assert recorder._writer is None


def test_a_capture_keeps_the_frames_that_no_record_covered(made, tmp_path):
    watcher, recorder = Watcher(), Recorder(tmp_path / "walk.tsk", plaintext=True)
    with made.session(listeners=[watcher, recorder]) as session:
        recorder.watch(session)
        run_hub(session, 6)
        made.line.cut = True
        session.decide()
        recorder.close(session)

    (tail,) = [verdict for verdict in watcher.verdicts if isinstance(verdict, UnknownTail)]
    assert len(tail.bodies) == sum(tail.frames.values()) > 20
    data = (tmp_path / "walk.tsk").read_bytes()
    assert all(body in data for body in tail.bodies)


def test_an_existing_file_is_not_recorded_over_and_said_before_the_hub_is_greeted(tmp_path):
    (tmp_path / "walk.tsk").write_bytes(b"")

    with pytest.raises(UsageError, match="exists"):
        Recorder(tmp_path / "walk.tsk")


# -- storing and uploading -------------------------------------------------------------


def test_an_uploader_that_breaks_is_reported_and_nothing_is_lost(made, monkeypatch):
    def broken(*args):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(made.state.store, "send", broken)
    monitor = Monitor()
    found, error = last_of(made, 10, monitor=monitor)

    assert isinstance(error, TasukiError) and "no such thing" in str(error)
    assert any("no such thing" in note for note in monitor.notes)
    assert found["outbox"] == found["blocks"] > 0


def test_epochs_that_found_no_room_in_the_outbox_until_the_end_are_gaps_and_not_acknowledged(made):
    with made.session() as session:
        made.state.outbox._limits = (0, 0)
        run_hub(session, 10)
        session.stop()
        counts = session.counts

    assert counts.epochs_verified == counts.gaps >= 3
    assert "ack" not in made.line.heard


# -- the clock ---------------------------------------------------------------------------


def exchange(clock, host_s, device_s):
    clock.add(*(int(t * 1e6) for t in (host_s, device_s, device_s, host_s + 0.001)))


def test_the_clock_model_begins_anew_after_the_host_slept():
    """Its monotonic clock stands still meanwhile; the hub's does not."""
    lead = [1_000_000_000]
    clock = ClockModel(wall_minus_host_ns=lambda: lead[0])
    for i in range(10):
        exchange(clock, 100 + 5 * i, 5 * i)
    lead[0] += 3600 * 10**9
    exchange(clock, 146, 3646)

    assert abs(clock.wall_ns(3646e6) - (146 + 1 + 3600) * 10**9) < 2_000_000
    assert clock.uncertainty_us(3646e6) < 2_000 and clock.drift == 0


def test_a_clock_at_another_pace_is_told_from_a_machine_that_slept():
    """A virtual hub at a speed that nobody named: each exchange would begin the model anew, unsaid."""
    fast, slept = ClockModel(), ClockModel()
    for i in range(4):
        exchange(fast, 100 + 15 * i, 60 * i)
        exchange(slept, 100 + 15 * i, 15 * i + 3600 * (i > 1))
        assert (fast.pace is None) == (i < 2) and slept.pace is None
    assert abs(fast.pace - 4) < 0.01

    fast.speed = 4
    for i in range(4, 6):
        exchange(fast, 100 + 15 * i, 60 * i)
    assert fast.pace is None


def test_a_session_at_the_wrong_speed_says_so(made):
    monitor = Monitor()
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        session.connection.clock._paces = [4.0, 4.0]
        session._upkeep._check_pace()
        session._upkeep._check_pace()

    assert [note for note in monitor.notes if "4.00 and not at 1" in note and "--speed" in note]


def test_a_wall_clock_that_is_set_widens_the_uncertainty():
    lead = [0]
    clock = ClockModel(wall_minus_host_ns=lambda: lead[0])
    exchange(clock, 100, 0)
    lead[0] = 30 * 10**9
    exchange(clock, 105, 5)

    assert abs(clock.wall_ns(5e6) - 135 * 10**9) < 2_000_000
    assert clock.uncertainty_us(1e6) >= 30e6


def test_a_renewal_that_the_hub_refuses_is_said_and_tried_again(made, monkeypatch):
    monitor = Monitor()
    with made.session(lifetime_s=20, listeners=[monitor]) as session:
        monitor.watch(session)
        monkeypatch.setattr(made.line.hub.keys, "sequence", 10_000)
        run_hub(session, 12)

        assert any("stale_sequence" in note for note in monitor.notes)
        assert session.sampling


def test_a_session_without_any_consent_ends_at_once_and_says_why(made):
    made.subject = None
    monitor = Monitor()
    found = {}
    running.run(
        lambda: hub_session.Session(made.line, made.state, None, public_key=made.public),
        monitor,
        show=lambda s: None,
        done=lambda m: False,
        finish=lambda *ended: found.update(summary.of_session(*ended)),
    )

    assert set(found["not_sampled"].values()) == {"no_wearer_binding"}


def test_questions_that_a_hub_leaves_open_do_not_pile_up(made, monkeypatch):
    """A line loses answers for as long as it is used."""
    monkeypatch.setattr(hub_session, "_SYNC_S", 0.0)
    with made.session() as session:
        made.line.mute = {"status", "time_answer"}
        run_hub(session, 10)
        assert made.line.heard.count("status_request") > 150
        assert len(session.connection._dialogue._wanted) < 100


def test_a_hub_of_another_schema_is_refused_with_the_kinds_named(made):
    from tasuki.session import greet
    from tasuki.session.connection import Connection

    connection = Connection(made.line)
    connection.await_hello()
    connection.seeds = {**connection.seeds, 1: 7}
    with pytest.raises(Refused, match="ecg") as refused:
        greet.meet(connection)
    assert refused.value.reason == "schema_mismatch"


def test_a_token_sequence_is_never_given_twice_and_a_full_disk_is_said(made):
    book, device = made.state.tokens, bytes(8)
    assert [book.reserve(device, n) for n in (1, 1, 7, 1)] == [1, 2, 7, 8]
    book.note(device, 7, b"id", b"life")
    assert book.knows(b"id") and not book.knows(b"other")
    assert book.nonce(b"id") == b"life" and book.nonce(b"other") is None

    book._db.execute("pragma query_only = on")
    with pytest.raises(LinkLost, match="token book"):
        book.reserve(device, 1)
