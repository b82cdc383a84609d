"""Erased means gone from every copy of the vault, nobody else is lost, and a crash is finished."""

import os
import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from kill_points import Steps, killed
from tasuki.errors import Refused, UsageError
from tasuki.vault import subjects
from tasuki.vault import vault as vaults
from tasuki.vault.vault import Vault

PLACE = ("service_information", "store", 2026)
GONE = "victim"


def keys_of(vault, subject):
    return {item: vault.item_key(subject, item, create=False)[1].reveal() for item in ("ecg", "respiration")}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A vault in which three others share the victim's bucket: its folder, and everybody's keys."""
    folder = tmp_path_factory.mktemp("full")
    vault = Vault(folder)
    mine, elsewhere = [GONE, "a", "b", "c"], ["d", "e"]
    with pytest.MonkeyPatch.context() as patch:
        for bucket, names in ((7, mine), (8, elsewhere)):
            handle = SimpleNamespace(urandom=lambda n, b=bucket: bytes([b]) + os.urandom(n - 1))
            patch.setattr(subjects, "os", handle)  # the handle's first byte is the bucket
            vault.add_subjects(names)
    for name in vault.subjects():
        for item in ("ecg", "respiration"):
            vault.item_key(name, item)
        vault.pseudonym(name, *PLACE)
    found = {name: (keys_of(vault, name), vault.pseudonym(name, *PLACE)) for name in vault.subjects()}
    vault.close()
    return folder, found, mine[1:]


@pytest.fixture
def folder(full, tmp_path):
    return Path(shutil.copytree(full[0], tmp_path / "state"))


def old_copy(before: Path, now: Path, to: Path) -> Vault:
    """A backup of vault.db with the keys that there are now."""
    to.mkdir()
    for path in before.glob("vault.db*"):
        shutil.copy(path, to)
    shutil.copytree(now / "keys", to / "keys")
    return Vault(to)


def opens(vault, subject):
    try:
        vault._buckets.forget()
        return bool(vault.item_key(subject, "ecg", create=False))
    except (Refused, UsageError):
        return False


def check_others(vault, found):
    for name in set(found) - {GONE}:
        assert keys_of(vault, name) == found[name][0]
        assert vault.subject_of(found[name][1], *PLACE) == name


@pytest.mark.rule("D-03", "allow", "deny")
def test_an_old_copy_of_the_vault_with_the_present_keys_opens_nothing_of_the_erased_one(
    full, folder, tmp_path
):
    assert opens(old_copy(full[0], folder, tmp_path / "before"), GONE)

    Vault(folder).erase_subject(GONE)

    old = old_copy(full[0], folder, tmp_path / "after")
    assert GONE in old.subjects()
    assert not opens(old, GONE)
    with pytest.raises((Refused, UsageError)):
        old.subject_of(full[1][GONE][1], *PLACE)
    check_others(Vault(folder), full[1])


def test_an_old_backup_of_the_keys_opens_nothing_in_the_present_vault(full, folder):
    vault = Vault(folder)
    vault.erase_subject(GONE)
    vault.close()
    shutil.rmtree(folder / "keys")
    shutil.copytree(full[0] / "keys", folder / "keys")

    again = Vault(folder)

    assert not opens(again, GONE)
    assert all(not opens(again, name) for name in full[2])  # their epoch's key is no part of the old backup


@pytest.mark.rule("D-03", "allow", "deny")
def test_one_item_is_erased_as_strongly_and_the_others_stay(full, folder, tmp_path):
    vault = Vault(folder)

    vault.erase_item(GONE, "ecg")

    assert not opens(old_copy(full[0], folder, tmp_path / "after"), GONE)
    again = Vault(folder)
    with pytest.raises(Refused):
        again.item_key(GONE, "ecg", create=False)
    assert again.item_key(GONE, "respiration")[1].reveal() == full[1][GONE][0]["respiration"]
    assert again.subject_of(full[1][GONE][1], *PLACE) == GONE
    check_others(again, full[1])


def test_what_a_subject_was_called_anywhere_is_known_until_it_is_erased(folder):
    vault = Vault(folder)
    name = vault.pseudonym(GONE, "statistics", "research-statistics", 2027)

    assert vault.pseudonyms(GONE)["statistics", "research-statistics", 2027] == name
    assert len(vault.pseudonyms(GONE)) == 2
    vault.erase_subject(GONE)
    assert vault._db.execute(
        "SELECT count(*) FROM alias WHERE subject NOT IN (SELECT id FROM subject)"
    ).fetchone() == (0,)


def test_the_index_of_pseudonyms_names_nobody_without_the_keys(full):
    content = b"".join(path.read_bytes() for path in full[0].glob("vault.db*"))

    for _, pseudonym in full[1].values():
        assert pseudonym not in content


def erase_subject(vault):
    vault.erase_subject(GONE)


def erase_item(vault):
    vault.erase_item(GONE, "ecg")


@pytest.mark.parametrize("erase", [erase_subject, erase_item])
def test_a_kill_at_any_step_loses_nobody_and_is_finished_at_the_next_opening(full, tmp_path, erase):
    def run(folder, kill_at):
        steps = Steps(kill_at)
        vault = Vault(folder)
        steps.watch(vault._db)
        with steps.key_files():
            erase(vault)
        return steps.count

    whole = run(shutil.copytree(full[0], tmp_path / "whole"), 0)
    assert whole > 30
    seen = Counter()
    for point in range(1, whole + 1):
        folder = Path(shutil.copytree(full[0], tmp_path / f"at-{point}"))
        assert killed(lambda folder=folder, point=point: run(folder, point) and None)

        vault = Vault(folder)

        check_others(vault, full[1])
        assert vault.unfinished() == 0
        erased = not opens(vault, GONE)
        seen[erased] += 1
        if erased:
            assert not opens(old_copy(full[0], folder, tmp_path / f"old-{point}"), GONE)
        else:
            erase(vault)
            check_others(vault, full[1])
            assert not opens(vault, GONE)
        vault.close()
    assert seen[True] and seen[False]  # kills fell on both sides of the commit


def test_a_running_process_drops_what_another_one_erased(full, folder):
    running, other = Vault(folder), Vault(folder)
    running.item_key(GONE, "ecg", create=False)
    running.pseudonym(GONE, *PLACE)
    assert not running.refresh()

    other.erase_subject(GONE)
    assert running.refresh()

    assert not running._item_keys and not running._subjects and not running._buckets._keys
    with pytest.raises(Refused):
        running.item_key(GONE, "ecg")
    check_others(running, full[1])


def test_it_notices_by_itself_within_a_moment_of_use(folder, monkeypatch):
    running = Vault(folder)
    running.item_key(GONE, "ecg", create=False)
    other = threading.Thread(target=lambda: Vault(folder).erase_subject(GONE))
    other.start()
    other.join()
    monkeypatch.setattr(vaults.time, "monotonic", lambda now=time.monotonic: now() + vaults._LOOK_S)

    with pytest.raises(Refused):
        running.item_key(GONE, "ecg")


def test_a_process_with_old_keys_in_memory_writes_under_the_present_ones(full, folder):
    """Everything that is wrapped is wrapped under what the file says at that moment."""
    running, other = Vault(folder), Vault(folder)
    for vault in (running, other):
        vault.item_key(full[2][0], "ecg")
        vault._next_look = float("inf")  # this one never looks by itself
    other.erase_subject(GONE)

    for name in ("new", full[2][0]):
        running.add_subject(name)
        running.item_key(name, "body_temperature")
        running.pseudonym(name, "statistics", "research-statistics", 2026)

    again = Vault(folder)
    for name in ("new", full[2][0]):
        assert again.item_key(name, "body_temperature", create=False)
        pseudonym = running.pseudonym(name, "statistics", "research-statistics", 2026)
        assert again.subject_of(pseudonym, "statistics", "research-statistics", 2026) == name


def test_rotation_changes_every_epoch_key_and_loses_nobody(full, folder, tmp_path):
    vault = Vault(folder)
    before = {path.name for path in (folder / "keys").glob("vault-*")}

    assert vault.rotate() == len(before)

    assert before.isdisjoint(path.name for path in (folder / "keys").glob("vault-*"))
    again = Vault(folder)
    check_others(again, full[1])
    assert opens(again, GONE)
    with pytest.raises(UsageError, match="is missing"):
        old_copy(full[0], folder, tmp_path / "old")
