"""The ledger remembers every accepted epoch, for ever, in few rows."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.errors import Untrusted
from tasuki.trust import ledger

KEY, OTHER = b"k" * 8, b"o" * 8


def memory():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(ledger.SCHEMA)
    return connection


@pytest.mark.rule("A-04", "allow")
@given(st.lists(st.tuples(st.sampled_from([KEY, OTHER]), st.integers(1, 2), st.integers(0, 12)), max_size=60))
def test_an_epoch_is_recorded_once_whatever_the_order(places):
    connection, model = memory(), set()

    for place in places:
        assert ledger.seen(connection, *place) == (place in model)
        try:
            ledger.record(connection, *place)
            assert place not in model
        except Untrusted as error:
            assert error.reason == "replayed" and place in model
        model.add(place)

    for key in (KEY, OTHER):
        for session in (1, 2):
            for epoch in range(14):
                assert ledger.seen(connection, key, session, epoch) == ((key, session, epoch) in model)
    connection.close()


def test_a_year_of_epochs_in_order_stays_one_row():
    connection = memory()

    for epoch in range(5000):
        ledger.record(connection, KEY, 1, epoch)

    assert connection.execute("select count(*) from accepted_epochs").fetchone() == (1,)
    connection.close()


def test_the_last_epoch_is_that_of_the_highest_session():
    connection = memory()
    for place in ((1, 7), (2, 0), (2, 1), (2, 5)):
        ledger.record(connection, KEY, *place)
    connection.close()

    book = ledger.ForgetfulLedger()
    assert book.last(KEY) is None
    for place in ((1, 7), (2, 0), (2, 5), (2, 1)):
        book.record(KEY, *place)
    assert book.last(KEY) == (2, 5)


@pytest.mark.rule("A-04", "evidence")
def test_the_ledger_survives_its_process(tmp_path):
    path = tmp_path / "ledger.db"
    first = ledger.SqliteLedger(path)
    first.record(KEY, 3, 9)
    first.close()

    second = ledger.SqliteLedger(path)

    assert (second.seen(KEY, 3, 9), second.seen(KEY, 3, 8), second.seen(OTHER, 3, 9)) == (True, False, False)
    assert second.last(KEY) == (3, 9)
    with pytest.raises(Untrusted, match="accepted before"):
        second.record(KEY, 3, 9)
    second.close()


def test_a_record_is_part_of_the_callers_transaction(tmp_path):
    book = ledger.SqliteLedger(tmp_path / "ledger.db")

    book.connection.execute("begin immediate")
    ledger.record(book.connection, KEY, 1, 0)
    book.connection.execute("rollback")

    assert not book.seen(KEY, 1, 0)
    book.close()


def test_what_was_acknowledged_is_synchronised_to_disk(tmp_path):
    book = ledger.SqliteLedger(tmp_path / "ledger.db")

    modes = [
        book.connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    ]

    assert modes == ["wal", 2]
    book.close()
