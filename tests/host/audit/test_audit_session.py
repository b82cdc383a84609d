"""A whole session leaves a log that holds, from which every refusal is explained by its block's id."""

import json
from dataclasses import replace

from host.session_world import run_hub
from tasuki.audit.check import examine
from tasuki.audit.explain import block as explained
from tasuki.audit.names import parse_block_id
from tasuki.consent.events import WITHDRAWN
from tasuki.consent.registers import DEMO_GARMENT
from tasuki.errors import LinkLost
from tasuki.session import summary
from tasuki.session.monitor import Monitor
from tasuki.session.running import Uploading
from tasuki.view.snapshot import HUB

STRAIN = 4  # its stream in the default profile


def entries(log, kind):
    read = (json.loads(log.entry(i)) for i in range(log.size))
    return [fields for fields in read if fields["type"] == kind]


def say_of(made, purpose, item):
    """The wearer withdraws one purpose of one item, now."""
    (event,) = [
        event
        for event in made.state.book.log.events(made.subject)
        if event.purpose == purpose and item in event.items and event.decision == "granted"
    ]
    now = made.state.book.now_ns(made.subject)
    made.state.book.say(replace(event, items=frozenset({item}), decision=WITHDRAWN, at_ns=now))


def test_a_withdrawal_in_the_middle_of_a_run_is_explained_at_router_and_queue(made):
    monitor = Monitor(keep_all=True)
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        run_hub(session, 9)
        say_of(made, "service_improvement", "ecg")
        run_hub(session, 9)
        session.stop()
        Uploading(session).uploader.drain()
        found = summary.of_session(session, monitor, 0)
        ways = monitor.all_ways()
    made.state.collector.finish()

    log = made.state.audit
    assert examine(log, log.public).sound
    assert found["denied_late"]["withdrawn"] >= 1
    stages = set()
    for name in found["refused_blocks"]["withdrawn"]:
        for one in explained(log, parse_block_id(name)).found:
            if one.decision.reason == "withdrawn":
                assert (one.decision.item, one.decision.destination) == ("ecg", "improvement")
                stages.add(one.at_sending)
    assert stages == {False, True}
    ecg = [
        (way.outcome, way.reason, way.late)
        for way in ways
        if (way.stream, way.destination) == ("ecg", "improvement")
    ]
    assert ("deny", "withdrawn", False) in ecg and ("deny", "withdrawn", True) in ecg


def test_the_summary_names_a_block_to_ask_about_and_the_log_knows_it(made):
    monitor = Monitor()
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        run_hub(session, 5)
        session.stop()
        found = {**summary.of_session(session, monitor, 0), "beats_expected": None}

    line = summary.lines(found, "en")[-1]

    assert line.startswith("why a block was refused: tasuki policy explain ")
    name = line.rsplit(" ", 1)[1]
    assert any(not one.decision.allowed for one in explained(made.state.audit, parse_block_id(name)).found)
    assert summary.lines(found, "ja")[-1].endswith(name)


def test_frames_that_were_dropped_on_arrival_are_counted_in_the_log_each_once(made):
    """The garment's register does not have the strain sensors, which this hub sends all the same."""
    streams = {number: kinds for number, kinds in DEMO_GARMENT.streams.items() if number != STRAIN}
    with made.session(product=replace(DEMO_GARMENT, streams=streams)) as session:
        run_hub(session, 9)
        session.stop()
        dropped = session.counts.dropped["not_in_manifest", "body_motion"]
    made.state.collector.collect()

    logged = [
        fields["dropped"]["body_motion"]["not_in_manifest"]
        for kind in ("epoch", "dropped")
        for fields in entries(made.state.audit, kind)
        if "dropped" in fields
    ]
    assert dropped > 0
    assert sum(logged) == dropped


def test_every_stream_has_its_place_at_the_hub_and_the_rule(made):
    monitor = Monitor()
    with made.session(listeners=[monitor], withhold=["respiration"]) as session:
        monitor.watch(session)
        run_hub(session, 5)
        session.stop()
        at_hub = {
            way.stream: (way.outcome, way.reason, way.rule)
            for way in monitor.all_ways()
            if way.destination == HUB
        }

    assert at_hub["ecg"] == ("allow", "granted", "A-01")
    assert at_hub["respiration"] == ("deny", "not_in_token", "A-01")
    assert len(at_hub) == len(made.line.hub.sampler.streams)


def test_an_audit_log_that_cannot_be_written_stops_no_session_and_loses_nothing(made, monkeypatch):
    def full(*_, **__):
        raise LinkLost("the audit log cannot be written: disk full")

    monitor = Monitor()
    with made.session(listeners=[monitor]) as session:
        monitor.watch(session)
        run_hub(session, 1)
        before = made.state.audit.size
        monkeypatch.setattr(made.state.audit, "append", full)
        run_hub(session, 5)
        session.stop()
        verified = session.counts.epochs_verified
    assert verified >= 1 and made.state.audit.size == before
    assert any("audit log cannot be written" in note for note in monitor.notes)

    monkeypatch.undo()
    made.state.collector.collect()

    assert len(entries(made.state.audit, "epoch")) == verified
    assert examine(made.state.audit, made.state.audit.public).sound
