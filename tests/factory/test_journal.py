"""The journal: one step after the other, one key for one hub, and nothing lost on a full disk."""

import sqlite3

import pytest

from tasuki.errors import LinkLost, Refused
from tasuki.factory.journal import Journal


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
