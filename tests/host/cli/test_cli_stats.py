"""`tasuki stats`: what a person asks, pays and gets."""

import json
import re

import pytest
from click.testing import CliRunner

from host.stats_world import StatsWorld
from tasuki.cli import cli
from tasuki.cli import stats as command
from tasuki.consent.book import ConsentBook
from tasuki.errors import Refused, UsageError
from tasuki.session.state import State
from worlds import NOON, SECOND

WHEN = ("--since", "2026-11-01", "--until", "2026-12-01")


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder with forty wearers of 33 degC in the research store; it is long past."""
    world = StatsWorld(tmp_path)
    world.wearers(40, 33.0)
    book = ConsentBook(tmp_path / "consent.db", lambda: NOON)
    book.say_all(event for name in world.consents.subjects() for event in world.consents.events(name))
    for part in (book, world.store, world.vault, world.book):
        part.close()
    monkeypatch.setattr(command.time, "time_ns", lambda: NOON + 90 * 86_400 * SECOND)
    monkeypatch.setenv("TASUKI_STATE", str(tmp_path))
    return tmp_path


def run(*words):
    """What a command prints; its error is raised."""
    words = ["stats", *map(str, words)]
    return CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False).output


def data(*words):
    return json.loads(run(*words, "--json"))


@pytest.mark.rule("C3-06", "allow", "evidence")
def test_a_count_says_how_sure_it_is_and_costs_what_it_says(state):
    found = data("count", "--item", "body_temperature", *WHEN, "--epsilon", "4")

    assert abs(found["answer"]["count"] - 40) < 10  # wrong once in 10^15 runs
    assert (found["k"], found["epsilon"], found["answer"]["within"]) == (10, 4, 0)
    assert data("budget", "--item", "body_temperature", "--year", "2026")["left"] == 4
    assert "± 0 (95 %) wearers" in run("show")


def test_the_same_question_prints_the_same_answer(state):
    asked = ("count", "--item", "body_temperature", *WHEN, "--epsilon", "1")

    assert run(*asked) == run(*asked)
    assert data("budget", "--item", "body_temperature", "--year", "2026")["spent"] == 1


@pytest.mark.parametrize("more", [(), ("--opendp",)])
def test_a_mean_and_a_histogram_answer_in_units(state, more):
    mean = run("mean", "--measure", "skin_temperature", "--low", 28, "--high", 38, "--step", "0.1", *WHEN,
               "--epsilon", 4, *more)  # fmt: skip
    cells = run(
        "histogram", "--measure", "skin_temperature", "--edges", "28,32,36", *WHEN, "--epsilon", 4, *more
    )

    assert "degC, of about" in mean
    assert "28 to 32 degC: withheld" in cells and re.search(r"32 to 36 degC: [34]\d ± 0", cells)


@pytest.mark.rule("C3-06", "deny")
def test_nobody_s_signal_is_withheld_and_a_spent_budget_refuses(state):
    run("budget", "--item", "ecg", "--year", 2026, "--epsilon", "0.5")

    assert "withheld: too few" in run("count", "--item", "ecg", *WHEN, "--epsilon", "0.5")
    with pytest.raises(Refused, match="has 0 of its budget left"):
        run("count", "--item", "ecg", "--since", "2026-11-02", "--until", "2026-12-01", "--epsilon", "0.1")


@pytest.mark.rule("C3-06", "evidence")
def test_a_release_is_in_the_audit_log_of_the_state_folder(state):
    found = data("count", "--item", "body_temperature", *WHEN)

    with State(state) as opened:
        (index,) = opened.audit.find(f"release/{found['hash']}/")
        assert opened.audit.fields(index)["type"] == "release"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("histogram", "--measure", "heart_rate", "--edges", "a,b", *WHEN), "no numbers"),
        (("histogram", "--measure", "heart_rate", "--edges", "3,2", *WHEN), "do not rise"),
        (("mean", "--measure", "motion", "--low", 3, "--high", 1, "--step", 1, *WHEN), "no grid"),
        (("count", "--item", "ecg", "--since", "2026-11-02", "--until", "2027-02-01"), "year"),
        (("count", "--item", "ecg", *WHEN, "--store", "warehouse"), "no PostgreSQL sink"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence_and_costs_nothing(state, words, says):
    with pytest.raises(UsageError, match=says):
        run(*words)
    assert data("budget", "--item", "ecg", "--year", 2026)["spent"] == 0


def test_a_folder_that_is_none_is_not_made(tmp_path):
    with pytest.raises(UsageError, match="no state folder"):
        run("show", "--state", tmp_path / "none")
    with pytest.raises(UsageError, match="no store"):
        run("count", "--item", "ecg", *WHEN, "--state", tmp_path / "none")
    assert not (tmp_path / "none").exists()
