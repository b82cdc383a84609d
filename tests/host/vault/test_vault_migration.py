"""State folders of version 0.1, with one vault key for all: opened, wrapped by epochs, nothing lost."""

import hashlib
import hmac
import os
import shutil
import sqlite3
import struct
from pathlib import Path

import pytest

from kill_points import Steps, killed
from tasuki.errors import UsageError
from tasuki.vault import aead, keyfiles, subjects
from tasuki.vault.vault import Vault

OLD = """
CREATE TABLE subject (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, handle BLOB NOT NULL, wrapped BLOB NOT NULL);
CREATE TABLE item_key (
  subject INTEGER NOT NULL REFERENCES subject(id), item TEXT NOT NULL, serial INTEGER NOT NULL,
  wrapped BLOB NOT NULL, PRIMARY KEY (subject, item));
"""
PLACE = ("service_information", "store", 2026)


@pytest.fixture
def old(tmp_path):
    """A folder as version 0.1 wrote it: path, and by subject its ecg key and its pseudonym."""
    folder = tmp_path / "old"
    keys = keyfiles.folder(folder / "keys")
    vault_key = keyfiles.create(keys / "vault.key")
    db = sqlite3.connect(folder / "vault.db")
    db.executescript(OLD)
    found = {}
    for name in ("hanako", "taro", "jiro"):
        handle, key, secret, item = os.urandom(16), os.urandom(32), os.urandom(32), os.urandom(32)
        wrapped = aead.encrypt(vault_key.reveal(), key + secret, subjects.tags(handle))
        row = db.execute("INSERT INTO subject VALUES (NULL, ?, ?, ?)", (name, handle, wrapped)).lastrowid
        inner = aead.encrypt(key, item, subjects.item_tags(handle, "ecg", 7))
        db.execute("INSERT INTO item_key VALUES (?, 'ecg', 7, ?)", (row, inner))
        words = [part.encode() for part in ("tasuki", *PLACE[:2], str(PLACE[2]))]
        text = b"".join(struct.pack("<H", len(word)) + word for word in words)
        found[name] = item, hmac.new(secret, text, hashlib.sha256).digest()[:16]
    db.commit()
    db.close()
    return folder, found


def check(vault, found):
    for name, (key, pseudonym) in found.items():
        assert vault.item_key(name, "ecg", create=False)[1].reveal() == key
        assert vault.subject_of(pseudonym, *PLACE) == name


def test_keys_and_pseudonyms_are_the_same_after_the_migration_and_the_old_key_is_gone(old):
    folder, found = old

    check(Vault(folder), found)

    assert not (folder / "keys" / "vault.key").exists()
    check(Vault(folder), found)


def test_what_was_migrated_is_erased_like_any_other(old, tmp_path):
    folder, found = old
    before = shutil.copytree(folder, tmp_path / "before")
    vault = Vault(folder)

    vault.erase_subject("hanako")

    pseudonym = found.pop("hanako")[1]
    check(Vault(folder), found)
    with pytest.raises(Exception, match="pseudonym"):
        Vault(folder).subject_of(pseudonym, *PLACE)
    shutil.rmtree(before / "keys")
    shutil.copytree(folder / "keys", before / "keys")
    with pytest.raises(UsageError, match=r"vault\.key is missing"):
        Vault(before)


def test_without_the_old_vault_key_nothing_is_touched(old):
    folder, _ = old
    (folder / "keys" / "vault.key").unlink()
    before = (folder / "vault.db").read_bytes()[:100]

    with pytest.raises(UsageError, match=r"vault\.key is missing"):
        Vault(folder)
    with pytest.raises(UsageError, match=r"vault\.key is missing"):
        Vault(folder)
    assert before[:16] == b"SQLite format 3\0"


def test_a_kill_in_the_migration_leaves_the_old_vault_or_the_new_one(old, tmp_path):
    folder, found = old

    def migrate(kill_at, where):
        steps = Steps(kill_at)
        with steps.key_files():
            Vault(where)
        return steps.count

    whole = migrate(0, shutil.copytree(folder, tmp_path / "whole"))
    assert whole > 5
    for point in range(1, whole + 1):
        where = Path(shutil.copytree(folder, tmp_path / f"at-{point}"))
        assert killed(lambda where=where, point=point: migrate(point, where) and None)

        check(Vault(where), found)
        assert not (where / "keys" / "vault.key").exists()
