"""The procedures of docs/keys.md, step by step as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from erasing_world import GONE, STAYS, ErasingWorld
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.sinks.embedded import EmbeddedStore, open_row
from tasuki.vault.secret import Secret, Signer
from tasuki.vault.vault import Vault
from tasuki.wearer.erasure import Erasures

DOC = (Path(__file__).resolve().parents[3] / "docs" / "keys.md").read_text("utf-8")
SECTIONS = {
    title: re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", DOC, re.DOTALL | re.MULTILINE)
}


class Host:
    """A filled state folder, and a shell in which the doc's variables are set."""

    def __init__(self, folder):
        self.folder = folder
        self.world = ErasingWorld(folder)
        self.world.fill()
        self.world.state.close()
        self.state = self.world.state.folder
        names = {"STATE": "state", "KEYS": "keys", "BACKUP": "backup", "KEYBACKUP": "keybackup"}
        self.env = {**os.environ, **{name: str(folder / path) for name, path in names.items()}}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"

    def do(self, title):
        """Run the blocks of a section; what they printed."""
        out = ""
        for block in SECTIONS[title]:
            done = subprocess.run(["bash", "-eu", "-c", block], env=self.env, capture_output=True, text=True)
            waits = done.returncode == 3 and "erasures" in block  # an erasure is pending, and that is said
            assert done.returncode == 0 or waits, done.stderr
            out += done.stdout + done.stderr
        return out

    def erase(self, subject):
        """Erase a wearer as far as it goes on this host."""
        self.world.state = self.world._open()
        erasures = Erasures(self.world.state)
        erasures.advance(erasures.begin(subject))
        erasures.close()
        self.world.state.close()

    def readable(self, state=None):
        """Blocks in a state folder's store that open, by wearer; nothing when the vault does not open."""
        self.world.state.store.close()
        found = dict.fromkeys((GONE, STAYS), 0)
        try:
            vault = Vault(state or self.state)
        except UsageError:
            return found
        store = EmbeddedStore((state or self.state) / "store.db")
        for row in store.rows("store"):
            try:
                block = open_row(row, vault)
            except (Refused, UsageError):
                continue
            for subject, hub in self.world.hubs.items():
                found[subject] += block.device == hub.device
        store.close()
        vault.close()
        return found


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    out = host.do("Where the epoch keys are")
    assert f"file:{tmp_path / 'keys'}" in out
    return host


def test_every_procedure_of_the_page_is_run_here():
    assert {title for title, blocks in SECTIONS.items() if blocks} == {
        "Where the epoch keys are",
        "Backup",
        "Restore",
        "After an erasure",
        "Rotation",
        "Compromise of the vault's keys",
        "The consent authority, which hubs obey",
    }


def test_keys_are_elsewhere_and_the_data_folder_alone_opens_nothing(host, tmp_path):
    assert not list((host.state / "keys").glob("vault-*"))
    assert host.readable() == {GONE: 6, STAYS: 6}

    shutil.move(tmp_path / "keys", tmp_path / "away")

    assert host.readable() == {GONE: 0, STAYS: 0}


def test_after_a_lost_disk_backup_and_restore_bring_everything_back(host, tmp_path):
    host.do("Backup")
    assert not (tmp_path / "backup" / "state" / "keys").exists()
    host.erase(STAYS)

    host.do("Restore")

    assert host.readable() == {GONE: 6, STAYS: 6}


@pytest.mark.rule("D-03", "deny")
def test_after_an_erasure_no_copy_that_is_left_opens_anything_of_the_wearer(host, tmp_path):
    host.do("Backup")
    attacker = tmp_path / "old-data"
    shutil.copytree(tmp_path / "backup" / "state", attacker)
    host.erase(GONE)
    shutil.copytree(host.state / "keys", attacker / "keys")
    assert host.readable(attacker)[GONE] == 0  # old data, present keys

    host.do("After an erasure")
    assert not (tmp_path / "keybackup").exists()
    host.do("Backup")
    host.do("Restore")

    assert host.readable() == {GONE: 0, STAYS: 6}


def test_rotation_makes_older_copies_of_the_vault_useless(host, tmp_path):
    old = shutil.copytree(host.state, tmp_path / "old")

    host.do("Rotation")

    assert host.readable() == {GONE: 6, STAYS: 6}
    assert host.readable(old) == {GONE: 0, STAYS: 0}


def test_stolen_epoch_keys_open_nothing_after_the_procedure(host, tmp_path):
    stolen = shutil.copytree(tmp_path / "keys", tmp_path / "stolen")

    host.do("Compromise of the vault's keys")

    assert host.readable() == {GONE: 6, STAYS: 6}
    shutil.rmtree(tmp_path / "keys-new")
    shutil.copytree(stolen, tmp_path / "keys-new")
    assert host.readable() == {GONE: 0, STAYS: 0}


def test_a_new_authority_is_obeyed_after_repinning_and_the_old_one_no_more(made):
    old = made.state.vault.signer("authority")
    path = made.state.folder / "keys" / "authority.key"
    (block,) = SECTIONS["The consent authority, which hubs obey"]
    env = {**os.environ, "STATE": str(made.state.folder)}
    subprocess.run(["bash", "-eu", "-c", block], env=env, check=True)
    assert not path.exists()

    new = made.state.vault.signer("authority")
    connection = Connection(made.line)
    greet.meet(connection)
    hub = greet.enroll(connection, new, repin=True)

    assert new.public != old.public
    assert hub.authority == new.key_id
    session = Session(made.line, made.state, made.subject, public_key=hub.public)
    assert session.sampling
    session.close()
    with pytest.raises((Refused, Untrusted)):
        greet.enroll(Connection(made.line), old)
    assert Signer(Secret(bytes(32))).public != old.public
