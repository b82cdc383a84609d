"""`tasuki policy parties` and `tasuki policy ticket`: who outside may get what, and by whose signatures."""

import contextlib
import json

import pytest
from click.testing import CliRunner

from tasuki.cli import cli
from tasuki.consent import parties_file, ticket_file
from tasuki.consent.book import ConsentBook
from tasuki.consent.events import Event
from tasuki.errors import Refused, UsageError
from tasuki.session.state import State

TICKET = ticket_file.EXAMPLE


@pytest.fixture
def state(tmp_path):
    """A state folder with two approvers whose private keys are beside it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    text = parties_file.example_text().replace("2027-01-01", "2099-01-01")  # whenever this runs
    for name in ("amimori", "sato"):
        public = run("ticket", "key", "-o", tmp_path / f"{name}.key").strip()
        head, tail = text.split(f"[operator.{name}]")
        lines = tail.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("key"))
        lines[at] = f'key = "{public}"'
        text = f"{head}[operator.{name}]" + "\n".join(lines) + "\n"
    (folder / "parties.toml").write_text(text, "utf-8")
    (tmp_path / "ticket.toml").write_text(TICKET, "utf-8")
    return folder


def run(*words):
    """What `tasuki policy` prints; its error is raised."""
    words = ["policy", *map(str, words)]
    return CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False).output


def filed(state):
    return json.loads(run("ticket", "show", "2026-0001", "--json", "--state", state))["tickets"][0]


def opened(state):
    run("ticket", "open", state.parent / "ticket.toml", "--operator", "tanaka", "--state", state)


def approved(state, *names):
    return [run("ticket", "approve", "2026-0001", "--key", state.parent / f"{name}.key", "--state", state)
            for name in names]  # fmt: skip


def test_the_example_is_a_register_that_can_be_used(tmp_path):
    run("parties", "example", "-o", tmp_path / "draft.toml")

    assert "2 processors, 1 modules, 3 operators, 4 destinations" in run(
        "parties", "check", tmp_path / "draft.toml"
    )
    with pytest.raises(UsageError, match="exists"):
        run("parties", "example", "-o", tmp_path / "draft.toml")


def test_check_names_the_place_that_is_wrong(tmp_path):
    (tmp_path / "draft.toml").write_text(run("parties", "example").replace('"JP"', '"Japan"', 1), "utf-8")

    with pytest.raises(UsageError, match=r"kanto-analysis\.country"):
        run("parties", "check", tmp_path / "draft.toml")


def test_a_folder_without_a_register_says_so_and_how_to_begin(tmp_path):
    with pytest.raises(UsageError, match=r"has no parties\.toml") as caught:
        run("parties", "show", "--state", tmp_path)
    assert "example" in caught.value.hint


@pytest.mark.rule("P-05", "evidence")
@pytest.mark.rule("S-07", "evidence")
def test_show_says_what_speaks_against_each_party_today(state):
    path = state / "parties.toml"
    path.write_text(path.read_text("utf-8").replace("2099-01-01", "2026-01-02"), "utf-8")

    found = json.loads(run("parties", "show", "--json", "--state", state))

    assert {one["against"] for one in found["processors"]} == {"processor_not_vetted"}
    assert {one["against"] for one in found["operators"]} == {"operator_untrained"}
    assert "processor_not_vetted" in run("parties", "show", "--state", state)


@pytest.mark.rule("R-01", "allow", "evidence")
@pytest.mark.rule("T-03", "allow", "evidence")
def test_a_ticket_is_filed_signed_by_two_and_counts_for_the_engine(state):
    opened(state)
    one, two = approved(state, "amimori", "sato")

    assert "second signature is missing" in one and "counts now" in two
    found = filed(state)
    assert (found["against"], found["rule"]) == ("", "T-03")
    assert [(each["what"], each["by"], each["role"]) for each in found["events"]] == [
        ("opened", "tanaka", ""),
        ("signed", "amimori", "data_manager"),
        ("signed", "sato", "legal"),
    ]
    with State(state) as all_of_it:
        all_of_it.collector.collect()
        log = all_of_it.audit
        entries = [log.fields(index) for index in range(log.size)]
        assert [e["what"] for e in entries if e["type"] == "ticket"] == ["opened", "signed", "signed"]
        assert "tokyo-district-court" in all_of_it.engine.registers.tickets
        assert "hanako" not in json.dumps(entries)


@pytest.mark.rule("R-01", "deny")
def test_one_person_s_second_signature_is_none(state):
    opened(state)
    approved(state, "amimori", "amimori")

    assert filed(state)["against"] == "ticket_not_approved"


@pytest.mark.rule("R-01", "deny")
def test_a_key_that_nobody_registered_signs_nothing(state):
    opened(state)
    run("ticket", "key", "-o", state.parent / "stranger.key")

    with pytest.raises(Refused, match="nobody in the register"):
        approved(state, "stranger")


@pytest.mark.rule("S-07", "deny")
@pytest.mark.parametrize("operator", ["nobody", "tanaka"])
def test_only_a_trained_operator_files_a_ticket(state, operator):
    path = state / "parties.toml"
    text = path.read_text("utf-8")
    head, tail = text.split("[operator.tanaka]")
    tail = tail.replace("2099-01-01", "2026-01-02", 1)
    path.write_text(f"{head}[operator.tanaka]{tail}", "utf-8")

    with pytest.raises(Refused, match="current training"):
        run("ticket", "open", state.parent / "ticket.toml", "--operator", operator, "--state", state)


@pytest.mark.rule("T-03", "deny")
def test_a_ticket_that_leaves_a_condition_open_is_not_even_filed(state):
    (state.parent / "ticket.toml").write_text(TICKET.replace('order = "2026 (o) 12"\n', ""), "utf-8")

    with pytest.raises(Refused, match="ticket_condition"):
        opened(state)
    assert "no ticket is filed" in run("ticket", "show", "--state", state)


def test_a_processor_of_the_register_is_no_third_party(state):
    text = TICKET.replace("tokyo-district-court", "kanto-improvement")
    (state.parent / "ticket.toml").write_text(text, "utf-8")

    with pytest.raises(UsageError, match="no third party"):
        opened(state)


@pytest.mark.rule("T-04", "evidence")
def test_an_overdue_notice_to_the_wearer_shows_until_it_was_given(state):
    opened(state)
    approved(state, "amimori", "sato")
    before = filed(state)["notice_overdue"]

    run("ticket", "told", "2026-0001", "--operator", "tanaka", "--state", state)

    assert before and not filed(state)["notice_overdue"]


@pytest.mark.rule("T-02", "deny")
def test_a_revoked_ticket_can_neither_count_nor_be_signed(state):
    opened(state)
    approved(state, "amimori")
    run("ticket", "revoke", "2026-0001", "--operator", "tanaka", "--state", state)

    assert filed(state)["against"] == "ticket_revoked"
    with pytest.raises(Refused, match="was revoked"):
        approved(state, "sato")


def test_explain_knows_the_parties_of_the_state_folder(state):
    with contextlib.closing(ConsentBook(state / "consent.db")) as book:
        book.say(Event(1, 1, "hanako", "granted", "service_information", frozenset({"ecg"}), "2026-1"))

    found = json.loads(
        run("explain", "--item", "ecg", "--to", "kanto-improvement", "--json", "--state", state)
    )

    assert found["reason"] == "no_consent"
