"""Shifts, and what the operator sees."""

import io
from datetime import date

import pytest
from rich.console import Console

from factory.conftest import development_order
from tasuki.errors import Refused
from tasuki.factory import setup, shift
from tasuki.factory.journal import Journal
from tasuki.factory.screen import Board, sentence
from tasuki.factory.states import CAUSES, STATES
from tasuki.factory.station import Told
from tasuki.factory.words import WORDS


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
