"""Erasure: everywhere, provably, and never called done while something is waited for."""

import json
import sqlite3
from dataclasses import replace

import pytest

from erasing_world import GONE, STAYS, finished, states
from host.consent.test_consent_tickets import LAW
from tasuki.audit.names import STRANGER, subject_name
from tasuki.capture.parts import BlockPart, Unreadable
from tasuki.capture.reading import read
from tasuki.consent.events import ERASED, Event
from tasuki.errors import LinkLost, Refused, Untrusted, UsageError
from tasuki.sinks.embedded import open_row
from tasuki.wearer.erasure import DONE, OUT_OF_SCOPE, PENDING, Erasures, receipts
from tasuki.wearer.erasure.scan import scan

NAMES = ("wrapped keys", "envelopes", "stored blocks", "capture keys", "pseudonyms", "bindings", "name")


def readable(world, subject):
    """Blocks of a wearer in the store that open."""
    found = 0
    for row in world.state.store.rows("store"):
        try:
            block = open_row(row, world.state.vault)
        except Refused:
            continue
        found += block.device == world.hubs[subject].device
    return found


@pytest.mark.rule("D-03", "allow", "evidence")
@pytest.mark.rule("S-06", "allow", "evidence")
def test_the_scan_finds_every_marker_before_and_none_after(world):
    """The scan before is what makes the scan after worth something: it must miss nothing."""
    erasures = Erasures(world.state)
    world.state.collector.collect()
    before = scan([world.state.folder, world.folder / "out"], {"name": [GONE.encode()]})
    assert before.total == 1
    kept = world.folder / "copy"
    _copy(world.state.folder, kept)

    case = erasures.begin(GONE)
    markers = erasures._cases.markers(case)
    assert set(markers) == set(NAMES)
    found = scan([kept, world.folder / "out"], markers)
    assert found.missed == {}
    assert any("-wal" in place for place in found.places)  # logs are looked at, too
    progress = finished(world, erasures, case)

    assert progress.complete, progress.pending
    after = scan([world.state.folder, world.folder / "out"], markers)
    assert (after.total, dict(after.places)) == (0, {})
    assert after.files > 8


def _copy(folder, to):
    """The files as they are on the disk now."""
    for path in folder.rglob("*"):
        if path.is_file():
            target = to / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


@pytest.mark.rule("D-03", "deny")
def test_done_is_never_said_while_a_store_is_pending(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)

    progress = erasures.advance(case)

    device = world.hubs[GONE].device.hex()
    assert states(progress)[f"hub {device}"] == PENDING
    assert states(progress)["scan of the state folder"] == PENDING
    assert states(progress)["vault"] == states(progress)["outbox"] == DONE
    assert not progress.complete
    assert erasures.receipt(case) is None
    assert not erasures.advance(case).complete  # asking again does not make it so
    world.meet(GONE)
    assert erasures.advance(case).complete
    assert erasures.receipt(case)


@pytest.mark.rule("D-03", "evidence")
def test_the_receipt_is_signed_and_says_of_every_store_what_was_done_and_what_is_out_of_reach(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    finished(world, erasures, case)
    data = erasures.receipt(case)

    said = receipts.verify(data, world.state.vault.signer("authority").public)

    assert GONE.encode() not in data
    assert said["wearer"].startswith(ERASED)
    rows = {row["name"]: row for row in said["stores"]}
    assert {row["state"] for row in said["stores"]} == {DONE, OUT_OF_SCOPE}
    assert all(row["verified"] for row in said["stores"] if row["state"] == DONE)
    assert {"copies by people", "backups", "media"} <= rows.keys()
    assert "0 found" in rows["scan of the state folder"]["verified"]
    assert "same disk" in rows["place of the keys"]["done"]
    changed = json.loads(data)
    changed["stores"][0]["done"] = "everything"
    with pytest.raises(Untrusted):
        receipts.verify(json.dumps(changed).encode(), world.state.vault.signer("authority").public)
    with pytest.raises(Untrusted):
        receipts.verify(data, world.state.vault.signer("attestation").public)


@pytest.mark.rule("D-04", "allow", "deny")
def test_routing_stops_before_anything_is_erased_and_what_still_comes_is_refused(world):
    erasures = Erasures(world.state)

    case = erasures.begin(GONE)

    world.put(GONE, 7)
    world.put(STAYS, 7)
    waiting = world.state.outbox.size()[0]
    erasures.advance(case)
    world.upload()
    assert readable(world, GONE) == 0
    assert readable(world, STAYS) == 3 * 4  # 0, 1, 2 and 7, three streams each
    assert world.state.outbox.size() == (0, 0)
    assert waiting == 3 * 3  # epoch 2 of both, epoch 7 of the one who stays


def test_the_other_wearer_keeps_everything(world):
    erasures = Erasures(world.state)
    name = subject_name(world.state.vault, STAYS)
    finished(world, erasures, erasures.begin(GONE))
    world.reopen()

    world.upload()

    assert readable(world, STAYS) == 9
    assert subject_name(world.state.vault, STAYS) == name
    assert subject_name(world.state.vault, GONE) == STRANGER
    with read(world.captures[STAYS], world.state.vault) as capture:
        assert [part.item for part in capture if isinstance(part, BlockPart)]
    assert world.state.book.log.subjects() == [STAYS]


@pytest.mark.rule("D-03", "evidence")
def test_proof_of_consent_stays_without_the_wearer(world):
    erasures = Erasures(world.state)
    said = len(world.state.book.log.events(GONE))
    finished(world, erasures, erasures.begin(GONE))
    world.reopen()

    rows = world.state.book.recorded_after(0)
    kept = [event for event in rows if event.subject.startswith(ERASED)]
    assert len(kept) > said
    assert {event.decision for event in kept} == {"granted", "withdrawn"}
    assert all(GONE not in event.subject for event in rows)
    assert GONE not in world.state.vault.subjects()


def test_what_remains_in_the_audit_log_still_holds_together_and_names_nobody(world, tasuki):
    erasures = Erasures(world.state)
    finished(world, erasures, erasures.begin(GONE))
    world.state.collector.finish()

    code, out, err = tasuki("audit", "verify", "--state", world.state.folder)

    assert code == 0, err
    assert GONE not in out


@pytest.mark.rule("D-03", "allow")
def test_one_item_is_erased_alone(world):
    erasures = Erasures(world.state)
    plain = world.capture(GONE, plaintext=True)
    encrypted = world.folder / "out" / f"{GONE}.tsk"

    case = erasures.begin(GONE, frozenset({"ecg"}))
    progress = finished(world, erasures, case)

    assert progress.complete, progress.pending
    kinds = {block.item for block in _stored(world, GONE)}
    assert kinds == {"respiration", "device_status"}
    for path, gone in ((plain, 0), (encrypted, 1)):
        with read(path, world.state.vault) as capture:
            parts = list(capture)
            assert {part.item for part in parts if isinstance(part, BlockPart)} == kinds
            assert sum(isinstance(part, Unreadable) for part in parts) == gone
            assert capture.damage == []
    assert world.state.book.log.subjects() == [GONE, STAYS]
    world.put(GONE, 8)
    world.upload()
    assert {block.item for block in _stored(world, GONE)} == kinds


def _stored(world, subject):
    blocks = [open_row(row, world.state.vault) for row in world.state.store.rows("store")]
    return [block for block in blocks if block.device == world.hubs[subject].device]


@pytest.mark.parametrize("items", [None, frozenset({"ecg"})])
def test_while_the_key_store_is_away_the_keys_are_pending_and_then_destroyed(world, monkeypatch, items):
    store = world.state.vault._buckets.store("file")
    real = store.make

    def away(name):
        raise LinkLost("the HSM is away")

    monkeypatch.setattr(store, "make", away)
    erasures = Erasures(world.state)
    case = erasures.begin(GONE, items)
    progress = finished(world, erasures, case)
    assert (states(progress)["vault"], progress.complete) == (PENDING, False)
    monkeypatch.setattr(store, "make", real)

    assert erasures.advance(case).complete

    with pytest.raises(Refused):
        world.state.vault.item_key(GONE, "ecg", create=False)


def test_an_item_that_was_agreed_to_again_meanwhile_keeps_its_new_key(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE, frozenset({"ecg"}))
    _, key = world.state.vault.item_key(GONE, "ecg")
    erasures._cases.drop(case, "vault")  # as a crash right after the commit leaves it

    erasures.advance(case)

    assert world.state.vault.item_key(GONE, "ecg", create=False)[1].reveal() == key.reveal()


def test_a_file_of_the_state_folder_that_is_locked_delays_and_does_not_stop_it(world, monkeypatch):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    monkeypatch.setattr(world.state.wipes, "of", locked)
    assert states(erasures.advance(case))["hubs"] == PENDING
    monkeypatch.undo()

    progress = finished(world, erasures, case)

    assert progress.complete and "hubs" not in states(progress)


@pytest.mark.parametrize(
    ("file", "store"),
    [("store.db", "embedded store"), ("outbox.db", "outbox"), ("consent.db", "consent book")],
)
def test_while_somebody_reads_what_was_deleted_the_log_is_not_empty_and_it_is_not_done(world, file, store):
    """Deleted bytes stay in the write-ahead log as long as a reader needs the file as it was."""
    for part in (world.state.store, world.state.outbox, world.state.book):
        part._db.execute("PRAGMA busy_timeout = 20")
    reader = sqlite3.connect(world.state.folder / file)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM sqlite_master").fetchall()
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    assert states(finished(world, erasures, case))[store] == PENDING

    reader.close()

    assert erasures.advance(case).complete


def locked(*_):
    raise sqlite3.OperationalError("database is locked")


def test_begun_again_it_is_the_same_case_and_carried_on_by_another_run(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    assert erasures.begin(GONE) == case
    erasures.advance(case)
    assert erasures.begin(GONE) == case
    erasures.close()
    world.reopen()

    again = Erasures(world.state)

    assert [one.case for one in again.cases()] == [case]
    assert finished(world, again, case).complete


def test_somebody_who_comes_back_under_the_name_is_not_erased_by_the_old_case(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    erasures.advance(case)
    world.grant(GONE)
    world.state.vault.add_subject(GONE)
    world.state.collector.collect()
    world.state.vault.item_key(GONE, "ecg")

    world.meet(GONE)
    erasures.advance(case)

    assert world.state.vault.item_key(GONE, "ecg", create=False)
    assert len(world.state.book.log.events(GONE)) == 2
    assert erasures.progress(case).complete
    row = next(row for row in erasures.progress(case).stores if row.name == "the name in files")
    assert "again" in row.what
    assert erasures.begin(GONE) != case


def test_after_it_ended_nothing_of_the_case_but_its_receipt_is_left(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    key = world.state.folder / "keys" / f"erasure-{case}.key"
    assert key.exists()

    finished(world, erasures, case)

    assert not key.exists()
    db = sqlite3.connect(world.state.folder / "erasures.db")
    assert db.execute("SELECT length(facts), markers FROM erasure").fetchall() == [(0, None)]
    db.close()
    assert erasures.advance(case).complete


def test_a_crash_at_the_very_end_leaves_no_key_of_the_case(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    key = world.state.folder / "keys" / f"erasure-{case}.key"
    kept = key.read_bytes()
    finished(world, erasures, case)
    key.touch(mode=0o600)
    key.write_bytes(kept)

    assert Erasures(world.state).progress(case).complete

    assert not key.exists()


def test_a_file_that_was_moved_is_said_to_be_out_of_reach_and_cannot_be_read(world):
    path = world.captures[GONE]
    moved = path.rename(path.with_name("moved.tsk"))
    path.write_text("another file of the same name")
    erasures = Erasures(world.state)

    progress = finished(world, erasures, erasures.begin(GONE))

    row = next(row for row in progress.stores if row.name.startswith("file capture"))
    assert row.state == OUT_OF_SCOPE
    assert path.read_text() == "another file of the same name"
    with read(moved, world.state.vault) as capture:
        assert not [part for part in capture if isinstance(part, BlockPart)]


def test_a_signed_ticket_that_names_the_wearer_is_kept_and_said_so(world):
    world.state.parties.tickets.open(replace(LAW, subjects=frozenset({GONE})), "the data manager")
    erasures = Erasures(world.state)

    progress = finished(world, erasures, erasures.begin(GONE))

    assert progress.complete, progress.pending
    row = next(row for row in progress.stores if row.name == "exception tickets")
    assert (row.state, "unaltered" in row.what) == (OUT_OF_SCOPE, True)
    assert {path.split("/")[-1] for path in scan([world.state.folder], {"name": [GONE.encode()]}).places} <= {
        "tickets.db",
        "tickets.db-wal",
    }


def test_a_bundle_that_was_exported_here_is_removed(world, tasuki, tmp_path):
    bundle = tmp_path / "mine.tsb"
    code, _, err = tasuki("export", world.captures[GONE], "-o", bundle, "--state", world.state.folder)
    assert code == 0, err
    erasures = Erasures(world.state)

    progress = finished(world, erasures, erasures.begin(GONE))

    assert progress.complete
    assert not bundle.exists()
    assert any(row.name.startswith("file bundle") and row.state == DONE for row in progress.stores)


def test_a_child_keeps_its_consent_when_its_guardian_is_erased(world):
    book = world.state.book
    book.guard("child", GONE, "parent")
    at_ns = book.now_ns("child")
    policy = world.state.policy
    said = (policy.version, "ja", "", GONE, "parent")
    book.say(Event(at_ns, at_ns, "child", "granted", "service_information", frozenset({"ecg"}), *said))
    erasures = Erasures(world.state)

    assert finished(world, erasures, erasures.begin(GONE)).complete
    world.reopen()

    (event,) = world.state.book.log.events("child")
    assert event.by.startswith(ERASED) and event.relation == "parent"
    book = world.state.book
    assert not world.state.engine.consent("child", "ecg", "service_information", book.now_ns("child"))


def test_a_lost_hub_is_named_as_out_of_reach(world):
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    erasures.advance(case)

    erasures.give_up(case, f"hub {world.hubs[GONE].device.hex()}", "the privacy officer")

    progress = erasures.advance(case)
    assert progress.complete
    assert states(progress)[f"hub {world.hubs[GONE].device.hex()}"] == OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("subject", "items"), [("nobody", None), (GONE, frozenset({"eeg"})), (GONE, frozenset())]
)
def test_what_is_not_there_cannot_be_erased(world, subject, items):
    with pytest.raises(UsageError):
        Erasures(world.state).begin(subject, items)
    assert world.state.vault.identity(GONE)
    assert Erasures(world.state).cases() == []


def test_there_is_no_such_case(world):
    erasures = Erasures(world.state)

    for ask in (erasures.advance, erasures.progress, erasures.receipt, erasures.scan):
        with pytest.raises(UsageError, match="er-00000000"):
            ask("er-00000000")
