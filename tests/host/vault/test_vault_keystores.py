"""Epoch keys in the system's keyring and in an HSM: made, opened, destroyed there, never beside the data."""

import os
import shutil
from pathlib import Path

import pytest

from softhsm import PIN
from tasuki.errors import LinkLost, Refused, UsageError
from tasuki.vault import keystores
from tasuki.vault.vault import Vault


@pytest.fixture
def keyring_spec(monkeypatch):
    """A keyring in memory that can be locked."""
    keyring = pytest.importorskip("keyring", reason="the extra `keyring` is not installed")
    from keyring.backend import KeyringBackend
    from keyring.errors import KeyringLocked, PasswordDeleteError

    class Memory(KeyringBackend):
        priority = 5
        entries: dict[tuple[str, str], str]
        locked = False

        def __init__(self):
            super().__init__()
            self.entries = {}

        def get_password(self, service, username):
            if self.locked:
                raise KeyringLocked("locked")
            return self.entries.get((service, username))

        def set_password(self, service, username, password):
            self.entries[service, username] = password

        def delete_password(self, service, username):
            if (service, username) not in self.entries:
                raise PasswordDeleteError
            del self.entries[service, username]

    memory, before = Memory(), keyring.get_keyring()
    keyring.set_keyring(memory)
    yield "keyring:tasuki-test", memory
    keyring.set_keyring(before)


@pytest.fixture
def hsm(softhsm, monkeypatch):
    """A token of SoftHSM: its setting."""
    monkeypatch.setenv("TASUKI_VAULT_PIN", PIN)
    return f"pkcs11:{softhsm}?token=tasuki"


def works_like_any_store(spec, tmp_path):
    """Subjects are made, erased and found as with key files; no key is in the folder. Returns the folder."""
    folder = tmp_path / "state"
    vault = Vault(folder)
    vault.add_subjects(["a", "b"])
    key = vault.item_key("b", "ecg")[1].reveal()
    vault.item_key("a", "ecg")
    assert vault.key_store == spec and not vault.warning
    assert not list((folder / "keys").glob("vault-*"))
    backup = shutil.copytree(folder, tmp_path / "backup")

    vault.erase_subject("a")
    vault.close()

    again, old = Vault(folder), Vault(backup)
    assert again.item_key("b", "ecg", create=False)[1].reveal() == key
    with pytest.raises((Refused, UsageError)):
        old.item_key("a", "ecg", create=False)
    again.close()
    old.close()
    return folder


def test_the_keyring_holds_the_epoch_keys(keyring_spec, tmp_path, monkeypatch):
    spec, memory = keyring_spec
    monkeypatch.setenv(keystores.SETTING, spec)

    folder = works_like_any_store(spec, tmp_path)

    assert len(memory.entries) == len(Vault(folder)._buckets.numbers())
    monkeypatch.delenv(keystores.SETTING)
    assert Vault(folder).key_store == spec  # the vault knows where its keys are


def test_an_erasure_is_finished_when_the_keyring_is_open_again(keyring_spec, tmp_path, monkeypatch):
    spec, memory = keyring_spec
    monkeypatch.setenv(keystores.SETTING, spec)
    vault = Vault(tmp_path)
    vault.add_subject("a")
    before = dict(memory.entries)
    make = vault._buckets.store(spec).make
    monkeypatch.setattr(vault._buckets.store(spec), "make", lambda name: (make(name), lock(memory))[0])

    with pytest.raises(LinkLost, match="keyring"):
        vault.erase_subject("a")
    assert vault.unfinished() == 1 and before.items() <= memory.entries.items()
    vault.close()
    memory.locked = False
    Vault(tmp_path).close()

    assert not before.keys() & memory.entries.keys()


def lock(memory):
    memory.locked = True


def test_a_system_without_a_keyring_is_said_so(keyring_spec, monkeypatch):
    keyring_spec[1].__class__.priority = 0

    with pytest.raises(UsageError, match="no keyring"):
        keystores.opened(keyring_spec[0], Path())


def test_an_hsm_holds_the_keys_that_wrap_the_epoch_keys(hsm, tmp_path, monkeypatch):
    monkeypatch.setenv(keystores.SETTING, hsm)

    folder = works_like_any_store(hsm, tmp_path)

    vault = Vault(folder)
    store = vault._buckets.store(hsm)
    for n, epoch, blob in vault._db.execute("SELECT n, epoch, blob FROM bucket").fetchall():
        (key,) = store._objects(vault._buckets.name(n, epoch))
        assert vault._buckets.key(n).reveal() not in blob
        with pytest.raises(store._pkcs11.PKCS11Error):
            key[store._pkcs11.Attribute.VALUE]  # it never leaves the HSM
    vault.close()


def test_keys_move_from_files_into_an_hsm_and_nothing_of_before_opens(hsm, tmp_path):
    folder = tmp_path / "state"
    vault = Vault(folder)
    vault.add_subject("a")
    key = vault.item_key("a", "ecg")[1].reveal()
    backup = shutil.copytree(folder, tmp_path / "backup")

    vault.rotate(hsm)
    vault.close()

    again = Vault(folder)
    assert again.item_key("a", "ecg", create=False)[1].reveal() == key
    assert not list((folder / "keys").glob("vault-*"))
    again.close()
    shutil.rmtree(backup / "keys")
    shutil.copytree(folder / "keys", backup / "keys")
    with pytest.raises(UsageError, match="is missing"):
        Vault(backup)


@pytest.mark.parametrize(
    ("pin", "token", "error", "words"),
    [
        ("0000", "tasuki", UsageError, "refuses"),
        (PIN, "nothing", UsageError, "refuses"),
    ],
)
def test_a_wrong_pin_or_token_is_one_sentence(hsm, monkeypatch, pin, token, error, words):
    monkeypatch.setenv("TASUKI_VAULT_PIN", pin)

    with pytest.raises(error, match=words):
        keystores.opened(hsm.replace("token=tasuki", f"token={token}"), Path())


@pytest.mark.parametrize("spec", ["", "cloud", "pkcs11:", "keyring:", "pkcs11:/lib/x.so"])
def test_a_setting_that_names_no_store_is_refused(spec, monkeypatch):
    monkeypatch.delenv("TASUKI_VAULT_PIN", raising=False)

    with pytest.raises(UsageError):
        keystores.opened(spec, Path())


def test_another_setting_than_the_vaults_own_is_refused_and_told_how_to_move(tmp_path, monkeypatch):
    Vault(tmp_path).close()
    monkeypatch.setenv(keystores.SETTING, f"file:{tmp_path / 'other'}")

    with pytest.raises(UsageError, match="keys are in file") as caught:
        Vault(tmp_path)
    assert "rotate --to" in caught.value.hint
    assert os.environ[keystores.SETTING]
