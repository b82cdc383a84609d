"""What is older than its category may be kept goes on time, and only that."""

import time
from dataclasses import replace

import pytest

from erasing_world import GONE, HOUR_NS, STAYS
from tasuki.capture.parts import BlockPart
from tasuki.capture.reading import read
from tasuki.session.file_register import REPORT
from tasuki.sinks.embedded import open_row
from tasuki.wearer import retention
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.retention import DAY_NS, purge

DEVICE_DAYS, BODY_DAYS = 180, 1825  # the internal rules' limit of category 2, the policy's of category 3


def in_days(days, hours=0):
    return time.time_ns() + days * DAY_NS + hours * HOUR_NS


def stored(world):
    return sorted({open_row(row, world.state.vault).item for row in world.state.store.rows("store")})


def gone(rows):
    return {(row.store, row.days): row.count for row in rows if row.count}


def test_the_limits_are_those_of_the_documents(world):
    found = retention.limits(world.state, time.time_ns())

    assert found["device_status"] == DEVICE_DAYS * DAY_NS
    assert {found[item] for item in found if item != "device_status"} == {BODY_DAYS * DAY_NS}


def test_before_its_limit_nothing_goes(world):
    before = world.state.store.count(), world.state.outbox.size()

    assert gone(purge(world.state, in_days(DEVICE_DAYS, -1))) == {}

    assert (world.state.store.count(), world.state.outbox.size()) == before


@pytest.mark.rule("D-03", "allow")
def test_each_category_goes_at_its_own_limit_from_outbox_store_and_captures(world):
    first = purge(world.state, in_days(DEVICE_DAYS, 2))
    middle = stored(world)
    with read(world.captures[GONE], world.state.vault) as capture:
        items = {part.item for part in capture if isinstance(part, BlockPart)}
    second = purge(world.state, in_days(BODY_DAYS, 2))

    assert gone(first) == {
        ("outbox", DEVICE_DAYS): 2,
        ("embedded store", DEVICE_DAYS): 4,
        ("files", DEVICE_DAYS): 2,
    }
    assert middle == ["ecg", "respiration"]
    assert items == {"ecg", "respiration"}
    assert {store for store, days in gone(second) if days == BODY_DAYS} == {
        "outbox",
        "embedded store",
        "files",
    }
    assert world.state.store.count() == 0 and world.state.outbox.size() == (0, 0)
    assert not world.captures[GONE].exists() and not world.captures[STAYS].exists()
    assert world.state.files.all() == []


def test_a_report_goes_with_the_first_of_its_items(world):
    path = world.folder / "report.html"
    path.write_text("heart rate")
    world.state.files.note(path, REPORT, GONE)

    purge(world.state, in_days(DEVICE_DAYS, 2))

    assert not path.exists()


def test_what_the_law_keeps_stays_without_payload_and_goes_after_three_years(world):
    case = Erasures(world.state).begin(GONE)
    erasures = Erasures(world.state)
    erasures.advance(case)
    world.reopen()
    words = len(world.state.book.recorded_after(0))
    decisions = sum(world.state.outbox.decisions().values())

    purge(world.state, in_days(3 * 365 - 2))
    kept = len(world.state.book.recorded_after(0)), sum(world.state.outbox.decisions().values())
    rows = purge(world.state, in_days(3 * 365 + 2))

    assert kept == (words, decisions) and decisions
    assert {row.store for row in rows if row.count} >= {"decisions", "erased wearers' words"}
    assert {event.subject for event in world.state.book.recorded_after(0)} == {STAYS}


def test_individual_terms_shorten_the_limit_where_their_product_is_in_use(world, monkeypatch):
    policy = world.state.engine.in_force(time.time_ns())
    terms = policy.for_product("demo-garment")
    row = replace(terms.category("ecg"), retention_ns=30 * DAY_NS)
    shorter = replace(terms, own={**terms.own, "ecg": row})
    stricter = replace(policy, products={**policy.products, "demo-garment": shorter})
    monkeypatch.setattr(world.state.engine, "in_force", lambda at_ns: stricter)

    purge(world.state, in_days(30, 2))

    assert stored(world) == ["device_status", "respiration"]


def test_without_a_policy_in_force_nothing_is_touched(world, monkeypatch):
    monkeypatch.setattr(world.state.engine, "in_force", lambda at_ns: None)
    before = world.state.store.count()

    purge(world.state, in_days(40 * 365))

    assert world.state.store.count() == before


def test_a_run_purges_at_its_start_and_hourly(world, monkeypatch):
    asked = []
    monkeypatch.setattr(retention, "purge_here", lambda state, now_ns: asked.append(state) or [])
    monkeypatch.setattr(retention, "purge_servers", lambda state, now_ns: asked.append(state))
    hourly = retention.Hourly(world.state)

    for _ in range(3):
        hourly()
    _until(lambda: asked == 2 * [world.state])
    monkeypatch.setattr(retention.time, "monotonic", lambda now=time.monotonic: now() + 3601)
    hourly()
    _until(lambda: len(asked) == 4)


def _until(there):
    for _ in range(1000):
        if there():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def test_a_store_of_version_0_1_is_dated_when_it_is_opened_again(tmp_path):
    import sqlite3

    from tasuki.sinks.embedded import EmbeddedStore

    db = sqlite3.connect(tmp_path / "store.db")
    db.executescript("""
        CREATE TABLE source (id INTEGER PRIMARY KEY, destination TEXT NOT NULL, purpose TEXT NOT NULL,
          pseudonym BLOB NOT NULL, UNIQUE (pseudonym));
        CREATE TABLE block (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, stream INTEGER NOT NULL,
          number INTEGER NOT NULL, item TEXT NOT NULL, form TEXT NOT NULL, tags BLOB NOT NULL,
          content BLOB NOT NULL, UNIQUE (source, stream, number));
        INSERT INTO source VALUES (1, 'store', 'service_information', x'00');
        INSERT INTO block VALUES (1, 1, 0, 0, 'ecg', 'envelope', x'', x'01');
    """)
    db.close()
    store = EmbeddedStore(tmp_path / "store.db")
    hour = time.time_ns() // HOUR_NS

    assert store.expire({"ecg"}, hour - 1) == 0
    assert store.expire({"ecg"}, hour + 2) == 1
    store.close()
