"""The register of outside parties in the state folder: nobody by default, and changed while a host runs."""

import dataclasses
import os

import pytest

from host.consent.test_consent_tickets import COUNSEL, LAW, MANAGER, NOW, signatures
from tasuki.consent import parties_file, policy
from tasuki.consent.party_book import PartyBook
from tasuki.consent.registers import DESTINATIONS, Destination, Registers
from tasuki.errors import UsageError
from tasuki.session.state import State
from worlds import ECG, World

POLICY = policy.builtin()
EXAMPLE = parties_file.example_text()


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def opened(folder, clock_ns=lambda: NOW):
    registers = Registers()
    return PartyBook(folder, registers, POLICY, clock_ns), registers


def write(folder, text, step=[0]):  # noqa: B006 (a counter, so that two writes in one tick differ)
    path = folder / "parties.toml"
    path.write_text(text, "utf-8")
    step[0] += 1
    os.utime(path, ns=(step[0], step[0]))


@pytest.mark.rule("T-01", "deny")
def test_without_a_file_nobody_outside_is_registered(folder):
    book, registers = opened(folder)

    assert registers.destinations == DESTINATIONS
    assert not registers.processors and not registers.modules and not registers.operators
    assert not book.refresh()


@pytest.mark.rule("P-02", "evidence")
def test_a_state_folder_has_the_parties_of_its_file_and_logs_them(folder):
    write(folder, EXAMPLE)

    with State(folder) as state:
        state.collector.collect()
        logged = {entry["row"] for entry in logged_rows(state) if entry["register"] == "processors"}

        assert state.engine.registers.processors.keys() == {"kanto-analysis", "nordic-cloud"}
        assert logged == {"kanto-analysis", "nordic-cloud"}


def logged_rows(state):
    fields = [state.audit.fields(index) for index in range(state.audit.size)]
    return [entry for entry in fields if entry["type"] == "register"]


def test_a_broken_file_is_refused_at_the_start_with_its_place(folder):
    write(folder, EXAMPLE.replace('country = "FI"', 'country = "Finland"'))

    with pytest.raises(UsageError, match=r"parties.toml: processor.nordic-cloud.country"):
        State(folder)


def test_what_changes_in_the_file_counts_while_the_host_runs(folder):
    book, registers = opened(folder)
    write(folder, EXAMPLE)
    assert book.refresh()
    before = registers.version

    write(folder, EXAMPLE.replace("[destination.kanto-improvement]", "[destination.other]"))
    assert book.refresh()

    assert "other" in registers.destinations and "kanto-improvement" not in registers.destinations
    assert registers.version > before
    (folder / "parties.toml").unlink()
    assert book.refresh()
    assert registers.destinations == DESTINATIONS and not registers.processors


def test_a_file_that_says_the_same_as_before_forgets_no_decision(folder):
    write(folder, EXAMPLE)
    book, registers = opened(folder)
    before = registers.version

    write(folder, EXAMPLE + "\n# a remark\n")

    assert book.refresh()
    assert registers.version == before


@pytest.mark.rule("T-01", "deny")
def test_while_the_file_is_broken_nothing_leaves_and_nothing_is_thrown_away(folder):
    """A slip of the editor: what waits goes when the file is whole again."""
    world = World(folder / "world", GRANTS)
    book = PartyBook(folder, world.registers, POLICY)
    write(folder, EXAMPLE)
    book.refresh()
    world.uploader = world.uploader_to(world.store)
    world.put(0, [ECG])
    write(folder, EXAMPLE.replace("format = 1", "format = "))
    book.refresh()

    step = world.uploader.step("kanto-improvement")
    assert "outside parties get nothing" in step.lost
    assert world.uploader.step("improvement").confirmed == 1
    assert world.store.count("kanto-improvement") == 0
    write(folder, EXAMPLE)
    book.refresh()

    assert world.uploader.step("kanto-improvement").confirmed == 1
    assert world.registers.trouble == ""


GRANTS = """
format = 1
subject = "hanako"
notice = "2026-1"
[[consent]]
decision = "granted"
purpose = "service_improvement"
items = ["ecg"]
at = 2026-01-01T09:00:00+09:00
[[consent]]
decision = "granted"
purpose = "service_information"
items = ["ecg"]
at = 2026-01-01T09:00:00+09:00
[[consent]]
decision = "granted"
purpose = "entrust"
items = "all"
at = 2026-01-01T09:00:00+09:00
"""


def test_a_destination_without_a_sink_gets_no_block_into_the_outbox(folder):
    """What it gets is made by hand, as a bundle; nothing piles up that nobody will ever fetch."""
    world = World(folder / "world", GRANTS)
    parties_file.parse(EXAMPLE, POLICY).register(world.registers)
    world.put(0, [ECG])
    world.registers.serve(DESTINATIONS)
    world.put(1, [ECG])

    waiting = [len(world.outbox.due(name, 9)) for name in ("store", "improvement", "kanto-improvement")]
    assert waiting == [2, 2, 1]


@pytest.mark.rule("S-06", "deny")
def test_what_has_no_key_is_not_sent_and_waits(folder):
    world = World(folder / "world", GRANTS)
    parties_file.parse(EXAMPLE, POLICY).register(world.registers)
    world.uploader = world.uploader_to(world.store)
    world.put(0, [ECG])
    processor = world.registers.processors["kanto-analysis"]
    world.registers.add_processor(dataclasses.replace(processor, key=b""))

    step = world.uploader.step("kanto-improvement")

    assert "no key" in step.lost
    assert len(world.outbox.due("kanto-improvement", 9)) == 1


def test_a_ticket_that_is_filed_meanwhile_does_not_make_a_broken_file_whole(folder):
    book, registers = opened(folder)
    write(folder, "format = ")
    book.refresh()

    book.tickets.open(LAW, "tanaka")
    book.refresh()

    assert "parties.toml" in registers.trouble


@pytest.mark.rule("P-02", "deny")
def test_a_destination_that_got_another_purpose_does_not_get_what_waited_for_the_old_one(folder):
    """Not even where the wearer agrees to both: its name for the wearer is that of one purpose."""
    world = World(folder / "world", GRANTS)
    world.put(0, [ECG])
    place = world.registers.destinations["improvement"]
    world.registers.add_destination(dataclasses.replace(place, purpose="service_information"))

    world.uploader.step("improvement")

    assert world.outbox.ended() == {("improvement", "denied_late", "destination_not_for_purpose"): 1}
    assert world.store.count() == 0


@pytest.mark.rule("R-01", "evidence")
@pytest.mark.rule("T-03", "evidence")
def test_a_ticket_counts_after_two_signatures_and_no_longer_when_it_is_revoked(folder):
    book, registers = opened(folder)
    book.parties = dataclasses.replace(book.parties, approvers=(MANAGER, COUNSEL))
    book.tickets.open(LAW, "tanaka")
    signed = signatures(LAW, "manager", "counsel")
    seen = []
    for approver in (MANAGER, COUNSEL):
        book.tickets.sign(LAW.id, approver, signed[approver.public])
        book.refresh()
        seen.append(registers.tickets)

    assert seen == [{}, {"court": (LAW,)}]
    assert registers.destinations["court"] == Destination("court", "third_party", "exception", "attested")
    book.tickets.revoke(LAW.id, "tanaka")
    book.refresh()
    assert registers.tickets == {} and "court" not in registers.destinations


@pytest.mark.rule("P-07", "deny", "evidence")
def test_a_suspension_holds_for_every_process_until_the_processor_is_registered_anew(folder, tasuki):
    write(folder, EXAMPLE)
    book, registers = opened(folder)
    other, of_a_run = opened(folder)
    assert book.suspend("kanto-analysis")
    assert registers.processors["kanto-analysis"].suspended

    assert other.refresh()
    assert of_a_run.processors["kanto-analysis"].suspended
    assert not of_a_run.processors["nordic-cloud"].suspended
    assert "processor_suspended" in tasuki("policy", "parties", "show", "--json", "--state", folder)[1]
    write(folder, "# reviewed\n" + EXAMPLE)
    assert other.refresh()
    assert of_a_run.processors["kanto-analysis"].suspended  # nothing of its entry is another

    write(folder, EXAMPLE.replace("supervision = { since = 2026-01-01", "supervision = { since = 2026-02-01"))
    assert other.refresh()
    assert not of_a_run.processors["kanto-analysis"].suspended


@pytest.mark.rule("P-07", "deny")
@pytest.mark.parametrize("text", ["rubbish", '{"kanto-analysis": 1}'])
def test_while_nobody_can_tell_who_is_suspended_nothing_leaves(folder, text):
    write(folder, EXAMPLE)
    book, registers = opened(folder)

    (folder / "suspended.json").write_text(text)
    assert book.refresh()

    assert "suspended.json" in registers.trouble
    with pytest.raises(UsageError, match=r"suspended\.json"):
        opened(folder)
    (folder / "suspended.json").unlink()
    assert book.refresh()
    assert registers.trouble == ""


def test_nobody_is_suspended_whom_the_register_does_not_name(folder):
    book, _ = opened(folder)

    assert not book.suspend("kanto-analysis")
    assert not (folder / "suspended.json").exists()
