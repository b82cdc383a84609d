"""The record proves what was built, and whatever is changed in it is named."""

import shutil
import sqlite3

import pytest
from cryptography import x509

from factory.conftest import NOW, PRODUCT, Chain, development_order, make_line, new_key
from tasuki.factory import examine, issuing, record
from tasuki.factory.journal import Journal
from tasuki.factory.labels import Label
from tasuki.factory.states import STATES
from tasuki.trust import certificates
from tasuki_wire import epoch

AT_MS = int(NOW.timestamp() * 1000) + 1000


def build(line, chain, number, until="done"):
    """A unit of the journal as the steps write it, without a hub."""
    journal, device, public = line.journal, f"{number:016x}", new_key().public
    journal.detect(device, line.order.id, f"slot {number}")
    for state in STATES[1 : STATES.index(until) + 1]:
        detail = {"slot": f"slot {number}", "took_ms": 5}
        if state == "identified":
            unit = journal.reserve(device, range(1000, 2000), 100)
        elif state == "keyed":
            journal.see_key(device, public.hex())
        elif state == "certified":
            unit = journal.plan(device, detail, journal.now_s())
        elif state == "issued":
            plan = issuing.Plan(PRODUCT, unit.serial, bytes.fromhex(device), public, False, unit.issued_s)
            own = issuing.hub(chain.station, chain.station_key, plan)
            journal.issue(device, certificates.packed([own]), certificates.digest(own).hex())
        elif state == "labelled":
            label = Label(PRODUCT, unit.serial, device, epoch.key_id(public).hex())
            journal.advance(device, state, {**detail, "label": label.text})
        else:
            journal.advance(device, state, detail)
    return journal.unit(device)


@pytest.fixture(scope="module")
def chain():
    return Chain()


@pytest.fixture(scope="module")
def built(tmp_path_factory, chain):
    """A folder with the record of three units."""
    folder = tmp_path_factory.mktemp("built")
    line = make_line(folder, chain, development_order(3), clock=lambda: AT_MS)
    for number in (1, 2, 3):
        build(line, chain, number)
    sign(line.journal, folder, chain)
    line.journal.close()
    for name in ("journal.db", "audit.db"):  # one file each, so that every byte is in it
        with sqlite3.connect(folder / name) as db:
            db.execute("PRAGMA journal_mode=DELETE")
        db.close()
    return folder


def sign(journal, folder, chain):
    log = record.open_log(folder, chain.station_key)
    record.collect(journal, log)
    log.sign()
    log.close()


@pytest.fixture
def folder(built, tmp_path):
    """A copy to change."""
    for name in ("journal.db", "audit.db"):
        shutil.copy(built / name, tmp_path / name)
    return tmp_path


def account_of(folder, chain, **how):
    journal, log = Journal(folder / "journal.db", lambda: AT_MS), record.open_log(folder, chain.station_key)
    try:
        return examine.examine(journal, log, [chain.station, chain.factory], [chain.root], **how)
    finally:
        log.close()
        journal.close()


def change(path, sql, *values):
    """As somebody with the file would: the triggers are no defence, so they go first."""
    with sqlite3.connect(path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        assert db.execute(sql, values).rowcount
    db.close()


def faults(folder, chain, **how):
    return "\n".join(account_of(folder, chain, **how).faults)


def test_a_record_that_nobody_touched_adds_up(folder, chain):
    account = account_of(folder, chain)

    assert account.sound, account.faults
    assert (account.built, account.issued, account.labelled) == (3, 3, 3)
    assert account.signed == account.entries == 48


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE event SET detail = replace(detail, 'took_ms\":5', 'took_ms\":6') WHERE n = 20", "event 20 "),
        ("UPDATE event SET at_ms = at_ms + 1 WHERE n = 33", "event 33 "),
        ("UPDATE event SET device = '0000000000000009' WHERE n = 7", "event 7 "),
        ("DELETE FROM event WHERE n = 16", "event 16"),
        ("DELETE FROM event WHERE n > 40", "the journal was cut"),
        ("UPDATE unit SET serial = 1999 WHERE serial = 1001", "hub 0000000000000002"),
        ("UPDATE unit SET state = 'labelled' WHERE serial = 1001", "hub 0000000000000002"),
        ("UPDATE unit SET cause = 'lost' WHERE serial = 1000", "hub 0000000000000001"),
        ("DELETE FROM unit WHERE serial = 1002", "hub 0000000000000003"),
        ("DELETE FROM key_seen WHERE device = '0000000000000002'", "hub 0000000000000002"),
    ],
)
def test_a_change_in_the_journal_is_named(folder, chain, sql, named):
    change(folder / "journal.db", sql)

    assert named in faults(folder, chain)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE entry SET data = replace(CAST(data AS TEXT), 'slot 2', 'slot 9') WHERE i = 20", "entry 20"),
        ("DELETE FROM entry WHERE i = 30", "entry 30"),
        ("DELETE FROM entry WHERE i > 40", "the log was cut"),
        ("UPDATE checkpoint SET note = replace(note, 'tasuki/audit', 'tasuki/other')", "checkpoint"),
    ],
)
def test_a_change_in_the_log_is_named(folder, chain, sql, named):
    change(folder / "audit.db", sql)

    assert named in faults(folder, chain)


@pytest.mark.parametrize("name", ["journal.db", "audit.db"])
def test_no_byte_of_the_files_can_be_changed_unseen(folder, built, chain, name):
    """A flipped bit is named, or SQLite refuses the file, or it holds nothing: all rows are as before."""
    whole = (built / name).read_bytes()
    rows = contents(built / name)
    unseen = []

    for at in range(37, len(whole), 397):
        data = bytearray(whole)
        data[at] ^= 0x04
        (folder / name).write_bytes(data)
        try:
            sound = account_of(folder, chain).sound
        except Exception as refused:
            assert "malformed" not in str(type(refused))
            continue
        if sound and contents(folder / name) != rows:
            unseen.append(at)

    assert unseen == []


def contents(path):
    """All rows of all tables that mean something."""
    tables = ("event", "unit", "key_seen") if path.name == "journal.db" else ("entry",)
    db = sqlite3.connect(path)
    try:
        return [db.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    finally:
        db.close()


def test_history_that_was_rewritten_with_the_stations_key_shows_against_a_kept_checkpoint(folder, chain):
    log = record.open_log(folder, chain.station_key)
    kept = log.sign()
    log.close()
    (folder / "audit.db").unlink()
    sql = "UPDATE event SET detail = replace(detail, '1001', '1007') WHERE kind = 'identified'"
    change(folder / "journal.db", sql)
    journal = Journal(folder / "journal.db", lambda: AT_MS)
    sign(journal, folder, chain)
    journal.close()

    assert "history was rewritten" in faults(folder, chain, since=[kept])


def test_a_unit_with_a_certificate_that_is_not_done_is_named(tmp_path, chain):
    line = make_line(tmp_path, chain, clock=lambda: AT_MS)
    build(line, chain, 1)
    build(line, chain, 2, until="installed")
    sign(line.journal, tmp_path, chain)
    line.journal.close()

    found = account_of(tmp_path, chain)

    assert found.faults == ["unit 00001001 has a certificate and is not done: finish it, or revoke it"]
    assert (found.built, found.issued, found.labelled) == (1, 2, 1)


def test_a_unit_in_rework_is_told_and_is_no_fault(tmp_path, chain):
    line = make_line(tmp_path, chain, clock=lambda: AT_MS)
    unit = build(line, chain, 1, until="labelled")
    line.journal.fail(unit.device, "label_mismatch", {})
    sign(line.journal, tmp_path, chain)
    line.journal.close()

    found = account_of(tmp_path, chain)

    assert found.sound and found.held == {"00001000": "label_mismatch"}


def test_a_certificate_behind_the_journals_back_is_found_offline(folder, chain):
    """A stolen station key signs a duplicate serial: its certificate turns up in the field."""
    plan = issuing.Plan(PRODUCT, 1001, b"\x09" * 8, new_key().public, False, int(NOW.timestamp()))
    rogue = issuing.hub(chain.station, chain.station_key, plan)

    found = faults(folder, chain, found=[certificates.pem([rogue])])

    assert "not in the journal" in found and "00001001" in found


def test_an_event_that_the_log_lacks_is_named(folder, chain):
    journal = Journal(folder / "journal.db", lambda: AT_MS)
    journal.note("shift_started", {"operator": "sato"})
    journal.close()

    assert "event 49" in faults(folder, chain)


def test_the_certificate_in_the_record_is_the_one_on_the_hub(folder):
    journal = Journal(folder / "journal.db", lambda: AT_MS)
    (unit, *_) = journal.units()
    _, _, issued = journal.last("issued", unit.device)
    journal.close()

    own = x509.load_der_x509_certificate(bytes.fromhex(unit.certificate))

    assert issued["certificate"] == certificates.digest(own).hex() and issued["der"] == unit.certificate
