"""What lies in PostgreSQL beyond its retention goes: by the collectors, or by a host that writes itself."""

import time
from dataclasses import replace

import psycopg
import pytest

from remote_world import COLLECTOR, Collecting, deliveries
from tasuki.consent import lifetimes, policy
from tasuki.session.state import State
from tasuki.sinks import DAY_NS, tables
from tasuki.wearer import retention

DEVICE_DAYS, BODY_DAYS = 180, 1825  # the internal rules' limit of category 2, the policy's of category 3
LIMITS = {"ecg": BODY_DAYS, "device_status": DEVICE_DAYS}
TODAY = time.time_ns() // DAY_NS


@pytest.fixture
def keeper(database):
    """A login that may delete; and days in the database on both sides of both limits."""
    with psycopg.connect(database.conninfo("owner"), autocommit=True) as db:
        made = tables.Tables(db)
        made.store(
            [
                replace(one, item=item, stream=stream, day=TODAY - days)
                for stream, item in enumerate(LIMITS)
                for days in (0, DEVICE_DAYS, DEVICE_DAYS + 1, BODY_DAYS, BODY_DAYS + 1)
                for one in deliveries(2)
            ]
        )
    with database.keeper("retiring") as login:
        yield login


def ages(database):
    """Item to how many days ago what is there was acquired."""
    found = database.query("SELECT DISTINCT item, %s - day FROM tasuki.block ORDER BY 1, 2", TODAY)
    return {item: [age for of, age in found if of == item] for item in LIMITS}


def days(database):
    """How many days ago the partitions are."""
    sql = """
        SELECT %s - (to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') - date '1970-01-01')
        FROM pg_inherits WHERE inhparent = 'tasuki.block'::regclass
    """
    return {age for (age,) in database.query(sql, TODAY)}


KEPT = {"ecg": [0, DEVICE_DAYS, DEVICE_DAYS + 1, BODY_DAYS], "device_status": [0, DEVICE_DAYS]}


@pytest.mark.rule("D-03", "allow")
def test_a_collector_deletes_each_item_at_its_own_limit_and_drops_days_that_are_past_all(
    broker, database, keeper
):
    assert BODY_DAYS + 1 in days(database)

    where = broker.broker, keeper, [COLLECTOR.public]
    with Collecting(*where, retention=lambda: LIMITS) as collecting:
        end = time.monotonic() + 20
        while not collecting.done.expired and time.monotonic() < end:
            time.sleep(0.02)

    assert ages(database) == KEPT
    assert BODY_DAYS in days(database)
    assert BODY_DAYS + 1 not in days(database)


def test_a_collector_that_may_not_delete_says_what_to_grant_and_goes_on_collecting(broker, database, keeper):
    before = ages(database)
    with Collecting(
        broker.broker, database.conninfo(), [COLLECTOR.public], retention=lambda: LIMITS
    ) as collecting:
        end = time.monotonic() + 20
        while not collecting.done.alarms["keeper"] and time.monotonic() < end:
            time.sleep(0.02)

    assert [text for text in collecting.alarms if text.endswith("Grant tasuki_keeper.")]
    assert ages(database) == before


@pytest.mark.rule("D-03", "allow")
def test_a_host_that_writes_into_a_database_purges_it_as_its_own_store(tmp_path, database, keeper):
    (tmp_path / "sinks.toml").write_text(
        f'format = 1\n[sink.there]\nkind = "postgres"\nconnection = "{keeper}"\n'
        '[route]\nimprovement = "there"\ndevelopment = "there"\n'
    )
    with State(tmp_path) as state:
        rows = {row.store: row for row in retention.purge(state)}
        again = {row.store: row for row in retention.purge(state)}

    assert ages(database) == KEPT
    assert (rows["sink development"].days, rows["sink development"].waits) == (DEVICE_DAYS, "")
    assert rows["sink development"].count > 0
    assert again["sink development"].count == 0
    assert "sink improvement" not in rows  # the same server, asked once


def test_a_server_that_is_away_or_does_not_let_us_waits_and_the_rest_is_purged(tmp_path, database, keeper):
    (tmp_path / "sinks.toml").write_text(
        f'format = 1\n[sink.there]\nkind = "postgres"\nconnection = "{database.conninfo()}"\n'
        '[route]\nimprovement = "there"\n'
    )
    before = ages(database)
    with State(tmp_path) as state:
        rows = {row.store: row for row in retention.purge(state)}

    assert "does not let us" in rows["sink improvement"].waits
    assert "decisions" in rows
    assert ages(database) == before


def test_a_clock_that_runs_ahead_deletes_nothing(database, keeper):
    before = ages(database)
    with psycopg.connect(keeper, autocommit=True) as db:
        gone = tables.Tables(db).expire({"ecg": 2 * BODY_DAYS, "device_status": BODY_DAYS + 1}, 2 * TODAY)

    assert gone == 0
    assert ages(database) == before


def test_what_comes_late_for_a_day_that_was_dropped_is_stored_and_goes_with_the_next_purge(database, keeper):
    late = deliveries(2, day=TODAY - BODY_DAYS - 1)
    with (
        psycopg.connect(keeper, autocommit=True) as db,
        psycopg.connect(database.conninfo(), autocommit=True) as other,
    ):
        collector, keeping = tables.Tables(other), tables.Tables(db)
        collector.store(late)  # it has made the day
        keeping.expire(LIMITS, TODAY)
        with pytest.raises(psycopg.errors.CheckViolation):
            collector.store(late)  # its caller connects anew
        assert len(tables.Tables(other).store(late)[0]) == 2
        assert keeping.expire(LIMITS, TODAY) == 1

    assert ages(database) == KEPT


def test_what_goes_before_the_rest_of_its_day_is_found_by_an_index(database, keeper):
    """Without it each purge would read every day that is kept."""
    sql = f"DELETE FROM tasuki.block WHERE day < {TODAY - DEVICE_DAYS} AND item IN ('device_status')"
    with psycopg.connect(database.conninfo("owner")) as db:
        db.execute("SET enable_seqscan = off")
        plan = "\n".join(line for (line,) in db.execute(f"EXPLAIN {sql}"))

    assert "Seq Scan" not in plan
    assert "item_day" in plan


def test_any_product_s_terms_shorten_what_a_collector_keeps():
    known = policy.builtin()
    terms = known.for_product("demo-garment")
    row = replace(terms.category("ecg"), retention_ns=30 * retention.DAY_NS)
    shorter = replace(terms, own={**terms.own, "ecg": row})

    assert lifetimes.days(known)["ecg"] == BODY_DAYS
    assert lifetimes.days(replace(known, products={**known.products, "demo-garment": shorter}))["ecg"] == 30
    assert lifetimes.days(replace(known, own={}, products={}))["ecg"] == 0
