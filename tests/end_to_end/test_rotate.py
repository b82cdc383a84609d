"""A hub changes its key: wherever that is cut, hub and host find together again by one command."""

import json
import shutil

import pytest

from end_to_end.conftest import WEARER, stored_blocks
from end_to_end.hub_care import VirtualHub, configure, copy_hub, enrolled, survives, talk
from end_to_end.test_store import SPEED as STORING
from end_to_end.test_store import run_and_kill, sessions, storing_hub, until_stored  # noqa: F401
from qemu_board import needs_qemu
from tasuki.errors import Refused, Untrusted
from tasuki.session import care, rotating
from tasuki.session.state import State
from tasuki.session.wipe_book import WIPE
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import epoch

pytestmark = pytest.mark.hub


def run(tasuki, hub, *more, seconds=16, speed=10):
    """A run with the sample wearer; its summary."""
    line = ("run", "--port", hub.port, "--consent", WEARER, "--speed", speed, "--seconds", seconds)
    return tasuki.json(*line, *more)


def register_of(folder):
    (row,) = json.loads((folder / "register.json").read_text())["hubs"]
    return row


@pytest.mark.rule("S-02", "allow")
def test_a_hub_that_changed_its_key_runs_on_and_all_it_signed_verifies(unix_hub, tasuki):
    """Before and after, by one register; consent is not asked again; the audit log holds."""
    tasuki("hub", "enroll", "--port", unix_hub.port)
    run(tasuki, unix_hub, "--capture", "before.tsk")
    first = tasuki.json("hub", "rotate", "--port", unix_hub.port)
    after = run(tasuki, unix_hub, "--capture", "after.tsk")
    second = tasuki.json("hub", "rotate", "--port", unix_hub.port)
    told = tasuki("hub", "rotate", "--port", unix_hub.port)
    verified = [tasuki.json("verify", f"{name}.tsk") for name in ("before", "after")]
    audit = tasuki("audit", "verify")

    assert first["before"]["last_session"] == 1 and second["before"]["last_session"] == 2
    assert second["before"]["public_key"] == first["public_key"] != second["public_key"]
    assert after["epochs_verified"] > 2 and after["epochs_rejected"] == 0 and after["ended_by"] is None
    assert [one["holds"] for one in verified] == [True, True]
    assert told.returncode == 0 and "counts up to session 2" in told.stdout
    assert audit.returncode == 0, audit.stderr
    row = register_of(tasuki.state)
    assert [one["session"] for one in row["before"]] == [1, 2, 2]


def test_a_host_that_never_heard_of_the_change_finds_it_by_the_same_command(unix_hub, tasuki):
    """It was killed when the hub had the order. A run says what to do and trusts nothing by itself."""
    row = enrolled(unix_hub, tasuki.state)
    with State(tasuki.state) as state, talk(unix_hub) as (connection, _):
        changed = care.change_key(connection, state.vault.signer("authority"))
    refused = tasuki("run", "--port", unix_hub.port, "--consent", WEARER, "--speed", 10, "--seconds", 8)
    untouched = register_of(tasuki.state)
    found = tasuki.json("hub", "rotate", "--port", unix_hub.port)
    blocks = stored_blocks(tasuki.state)

    assert refused.returncode == 1 and "tasuki hub rotate" in refused.stderr and blocks == 0
    assert untouched["public"] == row.public
    assert found["public_key"] == changed.public.hex() != row.public, "it was not changed a second time"
    assert run(tasuki, unix_hub)["epochs_verified"] > 2


def test_only_the_authority_that_the_hub_obeys_changes_its_key(unix_hub, tasuki, tmp_path):
    row = enrolled(unix_hub, tasuki.state)
    stranger = Signer(Secret(b"s" * 32))
    with talk(unix_hub) as (connection, _), pytest.raises(Refused) as refusal:
        care.change_key(connection, stranger)
    other = tasuki("hub", "rotate", "--port", unix_hub.port, "--state", tmp_path / "other")

    assert refusal.value.reason == "bad_signature"
    assert other.returncode == 1 and "not enrolled" in other.stderr
    with talk(unix_hub) as (connection, identity):
        assert identity.public.hex() == row.public
        assert care.read_succession(connection) == b""


def test_a_change_that_the_host_missed_twice_needs_an_order(unix_hub, tmp_path):
    """The hub keeps the last statement; a chain with a hole proves nothing."""
    enrolled(unix_hub, tmp_path / "state")
    with State(tmp_path / "state") as state:
        for _ in range(2):
            with talk(unix_hub) as (connection, _):
                care.change_key(connection, state.vault.signer("authority"))
        with talk(unix_hub) as (connection, _), pytest.raises(Untrusted, match="other keys"):
            rotating.rotate(connection, state)


def test_a_statement_that_ends_before_what_was_accepted_is_not_believed(unix_hub, tmp_path):
    """A hub that was set back, or a forged one: no accepted epoch becomes the wrong key's."""
    row = enrolled(unix_hub, tmp_path / "state")
    with State(tmp_path / "state") as state:
        state.ledger.record(epoch.key_id(bytes.fromhex(row.public)), 99, 0)
        with talk(unix_hub) as (connection, _), pytest.raises(Untrusted) as refusal:
            rotating.rotate(connection, state)
        assert refusal.value.reason == "stale_succession"
        assert state.register.public_key(bytes.fromhex(row.device)).hex() == row.public


def test_a_hub_that_an_erasure_waits_for_keeps_its_key_until_it_is_wiped(unix_hub, tmp_path):
    """Else the new key would be taken for that of a wiped hub."""
    row = enrolled(unix_hub, tmp_path / "state")
    with State(tmp_path / "state") as state:
        state.wipes.ask(bytes.fromhex(row.device), "case", WIPE, epoch.key_id(bytes.fromhex(row.public)))
        with talk(unix_hub) as (connection, _), pytest.raises(Refused) as refusal:
            rotating.rotate(connection, state)
    assert refusal.value.reason == "erasure_waits"


def test_epochs_that_were_stored_under_the_old_key_come_in_after_the_change(tasuki, storing_hub):  # noqa: F811
    """They were signed before, and the hub keeps what it stored."""
    assert tasuki("hub", "enroll", "--port", storing_hub.port).returncode == 0
    run_and_kill(tasuki, storing_hub)
    until_stored(storing_hub, 4)
    with State(tasuki.state) as state, talk(storing_hub) as (connection, _):
        connection.ask("stop")
        rotating.rotate(connection, state)

    found = run(tasuki, storing_hub, seconds=24, speed=STORING)

    assert found["epochs_recovered"] >= 3 and found["epochs_rejected"] == 0
    assert found["stored_refused"] == {}
    assert sorted(sessions(tasuki.state)) == [1, 2]


@needs_qemu
def test_a_locked_hub_that_is_cut_in_its_change_has_one_key_and_its_proof(tmp_path, replay_folder):
    """Each operation of the key region is cut; then the command ends it: one new key that the host trusts."""
    made = tmp_path / "made"
    with VirtualHub("qemu", made / "hub", replay_folder, 8) as hub:
        row = enrolled(hub, made / "state")
        with talk(hub) as (connection, _):
            care.lock(connection)
    changed = []
    for number in range(12):
        folder = tmp_path / str(number)
        copy_hub(made / "hub", folder / "hub")
        shutil.copytree(made / "state", folder / "state")
        configure(folder / "hub", vault_cut=[number, (0, 150, 4096)[number % 3]])
        with State(folder / "state") as state:
            with VirtualHub("qemu", folder / "hub", replay_folder, 8) as hub:
                was_cut = not survives(hub, lambda connection: rotating.rotate(connection, state))
            configure(folder / "hub", vault_cut=[-1, 0])
            with VirtualHub("qemu", folder / "hub", replay_folder, 8) as hub:
                with talk(hub) as (connection, identity):
                    statement = care.read_succession(connection)
                changed.append(identity.public.hex() != row.public)
                assert identity.life == "locked" and changed[-1] == (statement != b""), number
                with talk(hub) as (connection, _):
                    found = rotating.rotate(connection, state)
        assert [one.public for one in found.before] == [row.public] * 1 + [identity.public.hex()] * (
            not was_cut
        ), number
        if not was_cut:
            break
    assert number >= 3 and set(changed) == {True, False}
