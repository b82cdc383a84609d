"""Run, withdraw and erase as processes on one state folder, with a database that sinks.toml names."""

import json
import time

import pytest

from end_to_end.conftest import WEARER
from servers import Postgres, need_servers
from tasuki.consent import policy
from tasuki.sinks import tables

pytestmark = pytest.mark.hub
SUBJECT = "demo-wearer"
SINKS = """
format = 1
[sink.warehouse]
kind = "postgres"
connection = "{}"
[route]
improvement = "warehouse"
"""
ROWS = "SELECT count(*) FROM tasuki.block WHERE item = %s"
MOST_S = 60


@pytest.fixture
def database():
    """A PostgreSQL whose login `gateway` may write and erase."""
    need_servers()
    made = Postgres(tables.schema(policy.builtin()))
    made.query("CREATE ROLE gateway LOGIN IN ROLE tasuki_ingest, tasuki_keeper")
    yield made
    made.close()


def until(there, process):
    """Until something is so, while a process runs; a bounded time."""
    end = time.monotonic() + MOST_S
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def erase(tasuki):
    done = tasuki("wearer", "erase", SUBJECT, "--yes", "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.rule("A-02", "deny")
@pytest.mark.rule("D-03", "allow", "deny")
def test_a_withdrawal_and_an_erasure_reach_the_database_while_the_hub_runs(tasuki, unix_hub, database):
    def rows(item):
        return database.query(ROWS, item)[0][0]

    tasuki("hub", "enroll", "--port", unix_hub.port)
    (tasuki.state / "sinks.toml").write_text(SINKS.format(database.conninfo("gateway")))
    process = tasuki.start("run", "--port", unix_hub.port, "--consent", WEARER, "--speed", 10, "--json")
    until(lambda: rows("ecg") and rows("body_motion"), process)

    withdrawn = tasuki("consent", "withdraw", "--subject", SUBJECT, "--item", "ecg")
    assert withdrawn.returncode == 0, withdrawn.stderr
    recalled = "SELECT 1 FROM tasuki.tombstone WHERE item = 'ecg'"
    until(lambda: database.query(recalled), process)  # from here on nothing of it is stored
    ecg, motion = rows("ecg"), rows("body_motion")
    until(lambda: rows("body_motion") > motion, process)
    assert rows("ecg") == ecg

    database.stop()
    code, away = erase(tasuki)
    _, err = process.communicate(timeout=60)  # it ends by itself: nothing may be sampled any more
    assert process.returncode == 0, err
    waits = {row["name"] for row in away["stores"] if row["state"] == "pending"}
    assert (code, away["complete"], "sink improvement" in waits) == (3, False, True), away

    database.start()
    assert rows("ecg") == ecg  # nothing was deleted, and nothing was said to be
    tasuki("hub", "enroll", "--port", unix_hub.port)  # its next contact: the hub is wiped
    code, done = erase(tasuki)

    assert (code, done["complete"]) == (0, True), done
    assert database.query("SELECT count(*) FROM tasuki.block") == [(0,)]
