"""From consent, registers and decisions to the log: everything once, in order, nothing personal."""

import json
import re
import sqlite3
from dataclasses import replace

import pytest

from host.audit_examples import SIGNER
from tasuki.audit.check import examine
from tasuki.audit.collecting import Collector
from tasuki.audit.explain import block as explained
from tasuki.audit.log import AuditLog
from tasuki.audit.names import STRANGER, block_id, hub_name, parse_block_id, subject_name
from tasuki.consent import library
from tasuki.consent.book import ConsentBook
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import GRANTED, REFUSED, WITHDRAWN, Event
from tasuki.consent.registers import DEMO_GARMENT, Destination, Garment, Source
from tasuki.errors import UsageError
from tasuki.pipeline.outbox import Outbox
from tasuki.pipeline.parcel import Routed
from tasuki.pipeline.route import Router
from worlds import ECG, SECOND, STATUS, World


class Audited(World):
    """The world with a consent book and an audit log."""

    def __init__(self, folder):
        super().__init__(folder)
        self.folder = folder
        self.book = ConsentBook(folder / "consent.db", self.clock)
        self.log = AuditLog(folder / "audit.db", SIGNER)
        self.collector = self.collecting()

    def collecting(self):
        """A collector as a new process has it."""
        return Collector(self.log, self.vault, self.engine.in_force, self.book, self.outbox, self.clock)

    def speak(self, decision, purpose, *items):
        """Let the wearer say something into the book."""
        at = self.clock()
        said = Event(at, at, self.subject, decision, purpose, frozenset(items), self.policy.version)
        return self.book.say(said)

    def entries(self, kind=""):
        """Entries of a type, collected."""
        self.collector.collect()
        read = [json.loads(self.log.entry(i)) for i in range(self.log.size)]
        return [fields for fields in read if fields["type"] == kind or not kind]

    def id_of(self, number, stream=0):
        """The id of a block of the world's hub."""
        return block_id(self.vault, self.subject, self.hub.key_id, 1, number, stream)


@pytest.fixture
def world(tmp_path):
    return Audited(tmp_path)


def test_the_first_entry_is_the_documents_that_decisions_rest_on(world):
    first = world.entries()[0]

    assert first["type"] == "policy"
    assert [(d["kind"], d["hash"]) for d in first["documents"]] == [
        (document.kind, document.hash.hex()) for document in world.policy.documents
    ]
    world.collecting().collect()
    assert len(world.entries("policy")) == 1


@pytest.mark.rule("G-01", "evidence")
def test_a_decision_has_one_entry_per_change_with_its_rules_and_the_policys_hash(world):
    for number in range(3):
        world.put(number, [ECG])
    world.say("withdrawn", "service_improvement", ["ecg"])
    world.put(3, [ECG])

    said = [e for e in world.entries("decision") if e["destination"] == "improvement"]

    assert [(e["outcome"], e["reason"], e["rules"][0]) for e in said] == [
        ("allow", "granted", "C3-04"),
        ("deny", "withdrawn", "C3-04"),
    ]
    assert {e["policy"] for e in said} == {world.policy.hash.hex()}
    assert len({e["subject"] for e in said}) == 1


@pytest.mark.rule("G-03", "evidence")
@pytest.mark.rule("G-05", "evidence")
def test_a_decision_names_its_action_and_all_documents_that_were_evaluated(world):
    world.put(0, [ECG])

    terms = world.entries("policy")[0]["products"]["demo-garment"]
    said = world.entries("decision")[0]

    assert said["action"] == "use"
    assert said["documents"] == terms["evaluated"]
    assert [d["version"] for d in terms["documents"]] == [
        document.version for document in world.policy.for_product("demo-garment").documents
    ]


@pytest.mark.rule("G-04", "evidence")
def test_a_decision_names_the_rule_that_lost_to_a_products_terms(world):
    """Subjective reports may serve statistics by the policy, by the demo garment's terms not."""
    now = world.clock()
    source = Source(world.registers.garments[world.hub.key_id], world.hub.device)
    decision = world.engine.decide(
        world.subject,
        "subjective",
        "statistics",
        "research-statistics",
        now,
        Context(Interval(now, now, 0), source),
    )
    routed = Routed()
    routed.count(world.subject, decision)
    world.outbox.put(routed)

    (said,) = world.entries("decision")

    assert (said["rules"][0], said["overrides"]) == ("DG-02", ["C3-06"])


@pytest.mark.rule("G-03", "evidence")
def test_another_version_of_a_products_terms_alone_begins_a_new_entry(world):
    world.put(0, [ECG])
    world.engine.policy = under_earlier_terms(world.policy)
    world.router = Router(world.engine)
    world.put(1, [ECG])

    first, second = (e for e in world.entries("decision") if e["destination"] == "store")

    assert {k for k in first if first[k] != second[k]} == {"n", "decision", "documents"}
    assert second["documents"] == world.entries("policy")[-1]["products"]["demo-garment"]["evaluated"]


@pytest.mark.rule("L-04", "evidence")
def test_documents_that_come_into_force_during_a_run_are_logged_then(world):
    world.collector.collect()
    world.engine.policy = under_earlier_terms(world.policy)
    world.clock.now_ns += SECOND
    world.collector.collect()
    world.collecting().collect()

    found = world.entries("policy")

    terms = [entry["products"]["demo-garment"]["documents"] for entry in found]
    assert [[d["version"] for d in each if d["kind"] == "individual"] for each in terms] == [
        ["demo-garment-2"],
        ["demo-garment-1"],
    ]
    assert found[1]["at"] - found[0]["at"] == 1000


def under_earlier_terms(now):
    """The policy of now, but with the demo garment's first terms."""
    then = library.shipped().effective(library.shipped().get("demo-garment-1").effective_ns)
    return replace(now, products={**now.products, "demo-garment": then.for_product("demo-garment")})


@pytest.mark.rule("A-04", "allow", "evidence")
def test_every_block_of_every_epoch_names_its_decisions(world):
    world.put(0, [ECG, STATUS])
    world.put(1, [ECG])

    epochs = world.entries("epoch")
    by_number = {e["decision"]: e for e in world.entries("decision")}

    assert [(e["session"], e["epoch"], sorted(e["blocks"])) for e in epochs] == [
        (1, 0, ["0", "5"]),
        (1, 1, ["0"]),
    ]
    assert epochs[0]["hub"] == hub_name(world.vault, world.subject, world.hub.key_id).hex()
    decided = [by_number[number] for number in epochs[0]["blocks"]["0"]]
    assert [d["destination"] for d in decided] == list(world.registers.destinations)
    assert {d["item"] for d in decided} == {"ecg"}


@pytest.mark.rule("A-04", "deny")
def test_what_cannot_be_logged_is_not_stored(world, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(world.outbox._log.spool, "add", full)

    with pytest.raises(Exception, match="outbox cannot be written"):
        world.put(0, [ECG])

    assert world.outbox.size() == (0, 0)
    assert world.outbox.decisions() == {}


def test_frames_that_were_dropped_before_are_counted_by_item_and_reason(world):
    routed = world.router.route(world.acquired(0, [ECG]), world.clock())
    routed.dropped = {("withdrawn", "ecg"): 12, ("not_in_token", "respiration"): 3}
    world.outbox.put(routed)
    after = world.router.route([], world.clock())
    after.dropped = {("withdrawn", "ecg"): 1}
    world.outbox.put(after)

    assert world.entries("epoch")[0]["dropped"] == {
        "respiration": {"not_in_token": 3},
        "ecg": {"withdrawn": 12},
    }
    assert world.entries("dropped")[0]["dropped"] == {"ecg": {"withdrawn": 1}}


def test_what_a_wearer_said_is_in_the_log_before_what_rests_on_it(world):
    world.speak(GRANTED, "service_information", "ecg")
    world.speak(WITHDRAWN, "service_information", "ecg")
    world.put(0, [ECG])

    of = world.entries()
    said = [e for e in of if e["type"] == "consent"]

    assert [(e["n"], e["said"], e["purpose"], e["items"]) for e in said] == [
        (1, "granted", "service_information", ["ecg"]),
        (2, "withdrawn", "service_information", ["ecg"]),
    ]
    assert said[0]["at"] == world.clock() // 10**6
    assert of.index(said[1]) < of.index(next(e for e in of if e["type"] == "decision"))


def test_register_entries_are_logged_when_they_are_new_changed_or_gone(world):
    names = {(e["register"], e["row"]) for e in world.entries("register")}
    assert {name for register, name in names if register == "destinations"} == {
        destination.name for destination in world.book.registers.destinations.values()
    }
    before = len(world.entries("register"))

    world.book.enrol(Garment(world.hub.key_id, world.hub.device, DEMO_GARMENT))
    world.book.bind(world.hub.device, world.subject, world.clock())
    world.collector.collect()
    world.book.unbind(world.hub.device, world.clock() + SECOND)

    new = world.entries("register")[before:]
    assert [e["register"] for e in new] == ["garments", "bindings", "bindings"]
    assert new[1]["row"] == new[2]["row"] and new[1]["state"] != new[2]["state"]
    assert new[1]["subject"] == subject_name(world.vault, world.subject).hex()
    assert len(world.entries("register")) == before + 3


def test_a_register_entry_that_is_taken_out_is_logged_as_gone(world):
    world.entries()
    registers = world.book.registers
    registers.destinations = {k: v for k, v in registers.destinations.items() if k != "development"}
    registers.version += 1

    gone = world.entries("register")[-1]

    assert (gone["register"], gone["row"], gone["state"]) == ("destinations", "development", "")


def test_a_new_process_logs_only_what_changed_while_nobody_looked(world):
    world.entries()
    registers = world.book.registers
    changed = replace(registers.destinations["store"], purpose="statistics")
    registers.destinations = {**registers.destinations, "store": changed}
    before = world.log.size

    world.collecting().collect()

    assert world.log.size == before + 1
    assert json.loads(world.log.entry(before))["row"] == "store"


# -- crashes ----------------------------------------------------------------------


def test_what_a_crash_kept_from_the_log_is_taken_by_the_next_run_once(world):
    """Killed after the outbox's commit, before anything was collected."""
    world.speak(REFUSED, "statistics", "ecg")
    world.put(0, [ECG])
    assert world.log.size == 0

    world.outbox.close()
    world.outbox = Outbox(world.folder / "outbox.db", world.vault, world.policy, clock_ns=world.clock)
    world.collecting().collect()
    world.collecting().collect()

    assert examine(world.log, SIGNER.public, {"outbox": world.outbox.audit_handed_over()}).types == {
        "policy": 1,
        "register": 4,
        "consent": 1,
        "decision": 4,
        "epoch": 1,
    }


def test_killed_between_append_and_forgetting_nothing_comes_twice(world, monkeypatch):
    world.put(0, [ECG])
    monkeypatch.setattr(
        world.outbox, "audit_collected", lambda upto: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        world.collector.collect()
    size = world.log.size
    monkeypatch.undo()
    assert world.outbox.audit_waiting(0, 100) != []  # still there, although the log has them

    world.put(1, [ECG])
    world.collecting().collect()

    assert world.log.size == size + 1
    assert examine(world.log, SIGNER.public).sound


def test_what_the_log_holds_leaves_the_outbox_with_its_next_transaction_or_its_end(world):
    world.put(0, [ECG])
    world.collector.collect()
    taken = world.log.collected("outbox")
    world.put(1, [ECG])
    assert [n for n, _, _ in world.outbox.audit_waiting(0, 100)] == [taken + 1]

    world.collector.collect()
    world.outbox.close()
    world.outbox = Outbox(world.folder / "outbox.db", world.vault, world.policy, clock_ns=world.clock)

    assert world.outbox.audit_waiting(0, 100) == []
    assert world.outbox.audit_handed_over() == taken + 1


def test_two_processes_that_collect_at_once_take_each_entry_once(world):
    other_log = AuditLog(world.folder / "audit.db", SIGNER)
    other = Collector(other_log, world.vault, world.engine.in_force, world.book, world.outbox, world.clock)
    world.collector.collect()
    world.put(0, [ECG])
    waiting = world.outbox.audit_waiting(0, 100)
    late = Waiting(world.outbox, waiting)
    slow = Collector(world.log, world.vault, world.engine.in_force, world.book, late, world.clock)

    late.meanwhile = other.collect  # between the other's reading and its appending
    slow.collect()

    assert len(world.entries("epoch")) == 1
    assert examine(world.log, SIGNER.public).sound


class Waiting:
    """An outbox in which something happens while it is read."""

    def __init__(self, outbox, waiting):
        self.outbox, self.waiting = outbox, waiting
        self.meanwhile = lambda: None

    def audit_waiting(self, after, limit):
        self.meanwhile()
        return self.waiting

    def audit_collected(self, upto):
        self.outbox.audit_collected(upto)


def test_a_checkpoint_is_signed_when_the_last_is_old_and_at_the_end(world):
    world.put(0, [ECG])
    world.collector.keep_up()
    assert len(world.log.checkpoints()) == 1

    world.put(1, [ECG])
    world.collector.keep_up()
    assert world.log.signed()[0] < world.log.size  # the newest is young

    world.collector.finish()
    assert world.log.signed()[0] == world.log.size


# -- names --------------------------------------------------------------------------


def test_the_file_holds_no_name_no_id_of_the_device_and_no_key(world):
    world.speak(GRANTED, "service_information", "ecg")
    world.book.enrol(Garment(world.hub.key_id, world.hub.device, DEMO_GARMENT))
    binding = world.book.bind(world.hub.device, world.subject, world.clock())
    world.put(0, [ECG, STATUS])
    world.collector.finish()
    world.log.close()

    written = b"".join(path.read_bytes() for path in world.folder.glob("audit.db*"))

    assert b'"type":"epoch"' in written
    for raw in (world.hub.device, world.hub.key_id, binding.id, world.hub.public):
        assert raw not in written and raw.hex().encode() not in written
    assert world.subject.encode() not in written


def test_the_spool_holds_no_name_either(world):
    world.put(0, [ECG])

    fields = json.dumps(world.outbox.audit_waiting(0, 100))

    assert world.subject not in fields
    assert world.hub.device.hex() not in fields and world.hub.key_id.hex() not in fields


def test_names_die_with_the_subjects_key_and_the_log_still_holds(world):
    world.speak(GRANTED, "service_information", "ecg")
    world.put(0, [ECG])
    world.collector.finish()
    name, hub = (
        subject_name(world.vault, world.subject),
        hub_name(world.vault, world.subject, world.hub.key_id),
    )
    root = world.log.root(world.log.size)

    world.vault.erase_subject(world.subject)
    world.vault.add_subject(world.subject)  # the same account, born anew

    assert subject_name(world.vault, world.subject) not in (name, STRANGER)
    assert hub_name(world.vault, world.subject, world.hub.key_id) != hub
    world.vault.erase_subject(world.subject)
    assert subject_name(world.vault, world.subject) == STRANGER
    found = examine(world.log, SIGNER.public)
    assert found.sound and found.root == root


# -- explained ------------------------------------------------------------------------


def test_a_block_is_explained_by_its_id(world):
    world.put(0, [ECG])
    world.say("withdrawn", "service_improvement", ["ecg"])
    world.put(1, [ECG])
    world.collector.collect()

    found = explained(world.log, parse_block_id(str(world.id_of(1)))).found

    assert [(one.decision.destination, one.decision.outcome, one.decision.reason) for one in found] == [
        ("store", "allow", "granted"),
        ("improvement", "deny", "withdrawn"),
        ("development", "deny", "refused"),
        ("research-statistics", "deny", "refused"),
    ]
    before = explained(world.log, world.id_of(0)).found
    assert before[1].decision.outcome == "allow"


def test_a_block_that_was_stopped_in_the_queue_says_so(world):
    world.put(0, [ECG])
    world.say("withdrawn", "service_improvement", ["ecg"])
    world.uploader.drain()
    world.collector.collect()

    found = explained(world.log, world.id_of(0)).found

    late = [one for one in found if one.at_sending]
    assert [(one.decision.destination, one.decision.reason) for one in late] == [("improvement", "withdrawn")]
    assert world.outbox.denied_late == {"withdrawn": 1}
    assert world.outbox.late_examples.by_reason == {"withdrawn": [str(world.id_of(0))]}


def test_a_block_that_was_held_and_released_says_both(world):
    bindings = world.registers.bindings.pop(world.hub.device)
    world.registers.version += 1
    world.put(0, [ECG])
    world.registers.bindings[world.hub.device] = bindings
    world.registers.version += 1
    world.uploader.drain()
    world.collector.collect()

    found = [one for one in explained(world.log, world.id_of(0)).found if one.decision.destination == "store"]

    assert [(one.at_sending, one.decision.outcome) for one in found] == [(False, "hold"), (True, "allow")]


def test_a_stranger_to_the_log_is_not_explained(world):
    world.put(0, [ECG])
    world.collector.collect()

    with pytest.raises(UsageError, match="knows no epoch"):
        explained(world.log, world.id_of(9))
    for text in ("", "x.1.2.3", "9c41d07a.1.2", "9c41d07a.1.2.3.4", "9c41d07a.1.-2.3"):
        with pytest.raises(UsageError, match="no block id"):
            parse_block_id(text)


def test_an_id_tells_nothing_of_the_hub_and_another_wearers_is_another(world):
    world.vault.add_subject("somebody else")
    ids = [
        block_id(world.vault, who, world.hub.key_id, 1, 2, 3) for who in (world.subject, "somebody else", "")
    ]

    assert len({str(one) for one in ids}) == 3
    assert all(re.fullmatch(r"[0-9a-f]{8}\.1\.2\.3", str(one)) for one in ids)
    assert not any(one.hub in world.hub.key_id.hex() for one in ids)


def test_a_destination_that_vanished_is_refused_and_logged(world):
    world.put(0, [ECG])
    del world.registers.destinations["improvement"]
    world.registers.version += 1
    world.uploader.drain()

    late = [e for e in world.entries("decision") if e["reason"] == "unknown_destination"]

    assert [(e["destination"], e["outcome"]) for e in late] == [("improvement", "deny")]


def test_an_outbox_of_an_older_version_gets_its_columns(tmp_path):
    world = World(tmp_path)
    world.outbox.close()
    db = sqlite3.connect(tmp_path / "outbox.db")
    for column in ("session", "epoch"):
        db.execute(f"ALTER TABLE envelope DROP COLUMN {column}")
    db.close()

    world.outbox = Outbox(tmp_path / "outbox.db", world.vault, world.policy, clock_ns=world.clock)
    world.put(7, [ECG])

    assert world.outbox.due("store", 1)[0].place[1:] == (1, 7, 0)


def test_every_destination_kind_is_routed_and_logged(world):
    """A new destination is logged as such, and its refusals with it."""
    world.registers.destinations["press"] = Destination(
        "press", "third_party", "service_information", "attested"
    )
    world.router = Router(Engine(world.policy, world.consents, world.registers))
    world.put(0, [ECG])

    (refused,) = [e for e in world.entries("decision") if e["destination"] == "press"]
    assert (refused["outcome"], refused["reason"]) == ("deny", "third_party")
