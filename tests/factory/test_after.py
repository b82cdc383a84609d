"""After the line: revoked, rotated, exported, reported."""

from dataclasses import replace

import pytest

from factory.conftest import NOW, PRODUCT, development_order, make_line, new_key
from tasuki.errors import Refused
from tasuki.factory import after, manifest, report
from tasuki.factory.folder import Authority
from tasuki.session.state import State
from tasuki.trust import certificates


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
