"""Orders, keys, labels, scanners, shifts and screens, each alone."""

import io
import json
import sqlite3
import subprocess
import threading
from dataclasses import replace
from datetime import date

import pytest
import zxingcpp
from PIL import Image
from rich.console import Console

from factory.conftest import NOW, PRODUCT, development_order, make_line, new_key
from tasuki.errors import LinkLost, Refused, Untrusted, UsageError
from tasuki.factory import after, keys, labels, manifest, order, report, setup, shift
from tasuki.factory.folder import Authority
from tasuki.factory.hsm import HsmKey, Place
from tasuki.factory.journal import Journal
from tasuki.factory.labels import Label
from tasuki.factory.line import KeyQueue, Stop
from tasuki.factory.scanner import Scanner
from tasuki.factory.screen import Board, sentence
from tasuki.factory.states import CAUSES, STATES
from tasuki.factory.station import Told
from tasuki.factory.words import WORDS
from tasuki.fleet import devkeys
from tasuki.session.state import State
from tasuki.trust import certificates

PASSPHRASE = "correct horse battery"
LABEL = Label(PRODUCT, 1234, "00112233aabbccdd", "deadbeef00000001")


# -- orders ---------------------------------------------------------------------


def test_an_order_is_read_as_it_was_signed(chain):
    wanted = development_order(5, calibrated=True, limits="x = 1")

    text = order.sign(wanted, chain.orders_key, [chain.orders, chain.factory])

    assert order.read(text, [chain.root])[0] == wanted


@pytest.mark.parametrize(
    ("old", "new"), [("1000", "1001"), ("development", "production"), ("A1", "A2"), (":1,", ":9,")]
)
def test_an_order_that_was_tampered_with_is_refused(chain, old, new):
    text = order.sign(development_order(), chain.orders_key, [chain.orders, chain.factory])
    whole = json.loads(text)
    whole["body"] = whole["body"].replace(old, new, 1)

    with pytest.raises(Untrusted) as refusal:
        order.read(json.dumps(whole), [chain.root])
    assert refusal.value.reason == "bad_signature"


def test_an_order_of_a_station_or_another_maker_is_refused(chain):
    by_station = order.sign(development_order(), chain.station_key, [chain.station, chain.factory])
    own = order.sign(development_order(), chain.orders_key, [chain.orders, chain.factory])

    for text, roots in ((by_station, [chain.root]), (own, []), ("{}", [chain.root]), ("", [chain.root])):
        with pytest.raises(Untrusted):
            order.read(text, roots)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "a b"},
        {"kind": "other"},
        {"first": 0},
        {"first": 5, "last": 4},
        {"quantity": 1001},
        {"bundle": "x"},
        {"kind": "production"},
        {"product": ""},
    ],
)
def test_an_order_that_cannot_be_is_refused(changed):
    with pytest.raises(UsageError):
        development_order(**changed)


def test_the_development_key_signs_no_production_order(chain):
    wanted = development_order(kind="production", bundle="0" * 64, lock=True, limits="x")
    key = new_key()
    key._public = devkeys.signer("order").public

    with pytest.raises(UsageError, match="signs no production order"):
        order.sign(wanted, key, [])


# -- keys -----------------------------------------------------------------------


def test_a_key_file_opens_with_its_passphrase_only_and_openssl_reads_it(tmp_path):
    path = tmp_path / "keys" / "key"
    made = keys.create(path, PASSPHRASE)

    assert keys.open_file(path, PASSPHRASE).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    for wrong in ("", "wrong horse battery"):
        with pytest.raises(UsageError, match="does not open"):
            keys.open_file(path, wrong)
    command = ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSPHRASE}", "-noout", "-text_pub"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert made.public.hex() in "".join(c for c in shown if c in "0123456789abcdef")


def test_a_key_is_never_replaced_and_needs_a_passphrase(tmp_path):
    keys.create(tmp_path / "keys" / "key", PASSPHRASE)

    with pytest.raises(UsageError, match="is there"):
        keys.create(tmp_path / "keys" / "key", PASSPHRASE)
    with pytest.raises(UsageError, match="too short"):
        keys.create(tmp_path / "keys" / "other", "short")


def test_a_key_in_an_hsm_signs_for_the_chain(hsm_key, chain):
    chain.station_key = HsmKey(Place.of(hsm_key.format("station")), "1234", create=True)

    identity = certificates.verify_hub(chain.packed(chain.hub(1000, new_key().public)), [chain.root])

    assert identity.serial == 1000
    again = HsmKey(Place.of(hsm_key.format("station")), "1234")
    assert again.public == chain.station_key.public
    with pytest.raises(UsageError, match="has an object"):
        HsmKey(Place.of(hsm_key.format("station")), "1234", create=True)
    with pytest.raises(UsageError, match="has no key"):
        HsmKey(Place.of(hsm_key.format("other")), "1234")
    again.close()
    chain.station_key.close()


def test_an_hsm_whose_session_was_lost_signs_in_a_new_one(hsm_key):
    key = HsmKey(Place.of(hsm_key.format("lost")), "1234", create=True)
    before = key.sign(b"x")
    key._session.close()

    assert key.sign(b"x") == before
    key.close()


@pytest.mark.parametrize(
    "uri", ["pkcs11:", "pkcs11:token=a", "pkcs11:token=a;object=b", "pkcs11:object=b?module-path=c"]
)
def test_a_uri_that_names_no_key_is_refused(uri):
    with pytest.raises(UsageError, match="does not name a key"):
        Place.of(uri)


def test_the_queue_serves_many_and_survives_a_failure():
    class Breaking:
        public = bytes(32)

        def sign(self, data):
            if data == b"3":
                raise LinkLost("away")
            return data * 2

        def close(self):
            pass

    line, got = KeyQueue(Breaking(), 5.0), {}

    def ask(n):
        try:
            got[n] = line.sign(b"%d" % n)
        except LinkLost as e:
            got[n] = str(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.close()

    assert got == {n: b"%d" % n * 2 if n != 3 else "away" for n in range(8)}


# -- journal --------------------------------------------------------------------


def test_a_state_is_reached_once_and_in_order(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    journal.detect("ab", "A1", "1")

    for wrong in ("flashed", "done", "detected"):
        with pytest.raises(Refused, match="not before"):
            journal.advance("ab", wrong, {})
    assert journal.reserve("ab", range(5, 7), 10).serial == 5
    assert journal.reserve("ab", range(5, 7), 10).serial == 5
    journal.close()


def test_two_processes_may_write_in_turn(tmp_path):
    """The line runs, and somebody enters a retest."""
    line, other = Journal(tmp_path / "journal.db"), Journal(tmp_path / "journal.db")

    for n in range(3):
        line.note("line", {"n": n})
        other.note("other", {"n": n})

    assert [n for n, *_ in line.events()] == list(range(1, 7)) and line.size == other.size == 6
    line.close()
    other.close()


def test_a_key_belongs_to_one_hub_for_ever(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    for device in ("aa", "bb"):
        journal.detect(device, "A1", "1")
        journal.reserve(device, range(1, 9), 10)
        for state in ("flashed", "self_tested", "keying"):
            journal.advance(device, state, {})
    journal.see_key("aa", "11" * 32)

    with pytest.raises(Refused) as refusal:
        journal.see_key("bb", "11" * 32)
    assert refusal.value.reason == "key_seen_before"
    journal.close()


def test_a_disk_that_is_really_full_loses_nothing(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    journal.detect("aa", "A1", "1")
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(LinkLost, match="full"):
        for n in range(500):
            journal.note("note", {"text": "x" * 500, "n": n})
    size = journal.size
    journal._db.execute("PRAGMA max_page_count=100000")
    journal.note("note", {})

    assert journal.size == size + 1
    assert [n for n, *_ in journal.events()] == list(range(1, size + 2))
    journal.close()


def test_events_cannot_be_changed_through_the_journals_own_connection(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    journal.note("note", {})

    for sql in ("DELETE FROM event", "UPDATE event SET kind = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            journal._db.execute(sql)
    journal.close()


# -- labels and scanners ----------------------------------------------------------


def test_a_label_is_read_back_by_another_makers_decoder():
    files = LABEL.files()

    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(files["png"])).convert("L"))

    assert found.text == LABEL.text and Label.read(found.text) == LABEL
    assert LABEL.text.encode() in files["zpl"] and files["zpl"].startswith(b"^XA")
    assert files["svg"].lstrip().startswith(b"<?xml")


@pytest.mark.parametrize(
    "changed", [{"serial": 1235}, {"device": "0" * 16}, {"key": "0" * 16}, {"product": "x"}]
)
def test_another_label_is_noticed(changed):
    with pytest.raises(Refused) as refusal:
        LABEL.compare(replace(LABEL, **changed).text)
    assert refusal.value.reason == "label_mismatch"


@pytest.mark.parametrize("text", ["", "4006381333931", "TASUKI1/x/1/2/3", "tasuki1" + LABEL.text[7:]])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(Refused):
        LABEL.compare(text)


def test_labels_are_written_and_sent_to_the_printer(tmp_path):
    printer = tmp_path / "lp0"
    printer.touch()

    labels.write(LABEL, tmp_path / "labels", printer)

    assert sorted(p.name for p in (tmp_path / "labels").iterdir()) == [
        f"00001234.{k}" for k in ("png", "svg", "zpl")
    ]
    assert printer.read_bytes() == LABEL.files()["zpl"]


def test_a_scanned_label_goes_to_the_hub_that_waits_and_the_rest_to_the_operator():
    typed = []
    other = replace(LABEL, serial=1235)
    gate = threading.Event()

    def lines():
        gate.wait(5)
        yield from ("retry slot3\n", "\n", other.text + "\n")

    scanner = Scanner(lines(), typed.append, patience_s=5)
    threading.Timer(0.2, gate.set).start()

    got = scanner.scan(None, LABEL, Stop())

    assert typed == ["retry slot3"]
    assert got == other.text  # the only one that waits gets it, so that a wrong label is noticed


def test_a_scanner_that_says_nothing_ends_the_wait():
    scanner = Scanner([], lambda text: None)

    with pytest.raises(Refused) as refusal:
        scanner.scan(None, LABEL, Stop())
    assert refusal.value.reason == "no_scan"


# -- shifts -----------------------------------------------------------------------


def settings(**changed):
    return setup.Setup(**{"name": "line 1", "authority": bytes(32), **changed})


def test_a_shift_needs_its_operator_and_its_golden_unit(tmp_path):
    shift.add_operator(tmp_path, "sato", "1234")
    journal = Journal(tmp_path / "journal.db")

    for name, pin in (("sato", "4321"), ("suzuki", "1234")):
        with pytest.raises(Refused, match="do not fit"):
            shift.log_in(tmp_path, name, pin)
    shift.log_in(tmp_path, "sato", "1234")
    assert "1234" not in (tmp_path / "operators.json").read_text()
    with pytest.raises(Refused, match="no shift"):
        shift.current(journal, 12)
    for golden in (None, lambda: ("other", {})):
        with pytest.raises(Refused) as refusal:
            shift.start(journal, settings(golden="aa"), "sato", golden)
        assert refusal.value.reason == "golden"
    shift.start(journal, settings(golden="aa"), "sato", lambda: ("aa", {"memory.free": 1}))
    assert shift.current(journal, 12).operator == "sato"
    shift.end(journal)
    with pytest.raises(Refused, match="no shift"):
        shift.current(journal, 12)
    journal.close()


def test_an_instrument_whose_calibration_has_ended_stops_the_line():
    ours = settings(instruments={"fixture 3": date(2026, 3, 1)})

    ours.refuse_overdue(date(2026, 3, 1))
    with pytest.raises(Refused, match="fixture 3"):
        ours.refuse_overdue(date(2026, 3, 2))


# -- what people see ----------------------------------------------------------------


def test_every_state_and_cause_has_words_in_both_languages():
    assert set(STATES) | set(CAUSES) <= set(WORDS)
    assert all(english and japanese for english, japanese in WORDS.values())


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ["PASS", "FAIL", "Hold back"]), ("ja", ["合格", "不合格", "隔離"])]
)
def test_the_board_says_in_words_and_shapes_what_each_slot_is(lang, words):
    board = Board(development_order(2), lang)
    end = {"device": "aa", "serial": 1000, "message": "", "hint": ""}
    board.take(Told("1", "p", "end", {**end, "state": "done", "cause": "", "action": "remove"}))
    board.take(Told("2", "p", "end", {**end, "state": "failed", "cause": "key_changed", "action": "hold"}))
    board.take(Told("3", "p", "keyed", {"serial": 1002}))
    console = Console(file=io.StringIO(), width=120, no_color=True)

    console.print(board.render())

    shown = console.file.getvalue()
    assert all(word in shown for word in (*words, "✔", "✖", "▶", "00001000"))


def test_a_plain_line_names_the_cause_and_what_to_do():
    values = {
        "state": "failed",
        "serial": 1000,
        "cause": "no_entropy",
        "message": "no source",
        "action": "remove",
    }

    told = sentence(Told("1", "p", "end", values), "en")

    assert told == "00001000 ✖ FAIL: no randomness (no source) → Remove"


# -- after the line -----------------------------------------------------------------


@pytest.fixture
def line(tmp_path, chain):
    from factory.test_audit import AT_MS, build

    made = make_line(tmp_path, chain, development_order(3), clock=lambda: AT_MS)
    for number in (1, 2, 3):
        build(made, chain, number)
    yield made
    made.journal.close()


def orders_of(chain, tmp_path):
    return Authority(tmp_path, chain.orders_key, [chain.orders, chain.factory], chain.root)


def test_revoking_is_signed_and_once(tmp_path, chain, line):
    unit, path = line.journal.by_serial(1001), tmp_path / "list.json"

    first = after.revoke(line.journal, unit, "stolen", orders_of(chain, tmp_path), path)
    again = after.revoke(line.journal, unit, "lost", orders_of(chain, tmp_path), path)

    assert first == again == after.read_list(path, chain.root)
    assert first.of_key(bytes.fromhex(unit.public)).reason == "stolen"
    assert [kind for *_, kind, _, _ in line.journal.events()].count("revoked") == 1


def test_a_rotated_unit_keeps_its_serial_and_never_its_key(tmp_path, chain, line):
    unit = line.journal.by_serial(1001)

    after.rotate(line.journal, unit, "lost", orders_of(chain, tmp_path), tmp_path / "list.json")

    now = line.journal.by_serial(1001)
    assert (now.state, now.public, now.certificate) == ("flashed", None, None)
    for state in ("self_tested", "keying"):
        line.journal.advance(unit.device, state, {})
    with pytest.raises(Refused) as refusal:
        line.journal.see_key(unit.device, unit.public)
    assert refusal.value.reason == "key_seen_before"
    assert line.journal.see_key(unit.device, "22" * 32).public == "22" * 32


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_manifest_brings_hubs_to_a_host_that_trusts_the_root(tmp_path, chain, line, form):
    after.bind(line.journal, line.journal.by_serial(1000), "G-451")
    after.revoke(
        line.journal, line.journal.by_serial(1002), "lost", orders_of(chain, tmp_path), tmp_path / "l"
    )
    made = manifest.of_journal(line.journal, [chain.station, chain.factory], chain.root)
    text = made.json() if form == "json" else made.csv()
    with State(tmp_path / "state") as state:
        stranger = manifest.import_(manifest.read(text, made.authorities()), state)
        state.anchors.trust(certificates.pem([chain.root]), development=True)
        done = manifest.import_(manifest.read(text, made.authorities()), state)
        hubs = {hub.serial: hub for hub in state.register.hubs()}

    assert stranger["entered"] == [] and "untrusted_root" in stranger["refused"]["00001000"]
    assert done == {"entered": ["00001000", "00001001"], "refused": {}}
    assert hubs[1000].garment == "G-451" and hubs[1001].product == PRODUCT


def test_a_manifest_whose_rows_were_exchanged_is_refused_row_by_row(tmp_path, chain, line):
    made = manifest.of_journal(line.journal, [chain.station, chain.factory], chain.root)
    one, two, three = made.rows
    mixed = replace(
        made, rows=[replace(one, certificate=two.certificate), three, replace(two, key="00" * 32)]
    )
    with State(tmp_path / "state") as state:
        state.anchors.trust(certificates.pem([chain.root]), development=True)
        done = manifest.import_(mixed, state)

    assert done["entered"] == ["00001002"] and set(done["refused"]) == {"00001000", "00001001"}


def test_the_report_counts_and_has_its_plots(line):
    line.journal.detect("ff" * 8, "A1", "slot 9")
    line.journal.fail("ff" * 8, "no_entropy", {"slot": "slot 9"})

    found = report.figures(line.journal, "A1")

    row = found.row()
    assert (row["done"], row["failed"], row["yield"], row["failures"]) == (3, 1, 0.75, {"no_entropy": 1})
    assert row["step_ms"]["installed"] == {"count": 3, "median": 5, "most": 5}
    assert report.table(found).count("\n") == 5
    for lang, word in (("en", "no randomness"), ("ja", "乱数源なし")):
        page = report.page(found, lang)
        assert word in page and page.count("<svg") == 2 and "http" not in page


def test_the_certificates_say_when_they_were_issued(chain):
    identity = certificates.verify_hub(chain.packed(chain.hub(1000, new_key().public)), [chain.root])

    assert identity.issued_at == NOW
