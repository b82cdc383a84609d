"""A locked hub on the Cortex-M image: what a tester with the line and the flash in his hands would try."""

import contextlib
import os
import random
import time

import pytest
import serial

from end_to_end.conftest import ROOT
from end_to_end.hub_care import (
    ORDER,
    VirtualHub,
    configure,
    copy_hub,
    enrolled,
    image_of,
    survives,
    talk,
)
from qemu_board import Board, needs_qemu
from tasuki.errors import LinkLost, Refused
from tasuki.fleet import qemu, virtual
from tasuki.session import care, greet
from tasuki.session.enrolment import enroll
from tasuki.session.state import State
from tasuki.vault.secret import Secret, Signer

pytestmark = [pytest.mark.hub, needs_qemu]

SPEED = 8
PROMPTS = (b">>>", b"raw REPL", b"MicroPython", b"Traceback", b"soft reboot", b"===")


@pytest.fixture(scope="module")
def locked(tmp_path_factory, replay_folder):
    """The folder of a hub that is locked, and what it said of itself then."""
    folder = tmp_path_factory.mktemp("locked")
    with VirtualHub("qemu", folder / "hub", replay_folder, SPEED) as hub:
        enrolled(hub, folder / "state")
        with talk(hub) as (connection, before):
            identity = care.lock(connection)
    assert (before.life, identity.life) == ("dev", "locked")
    assert (identity.public, identity.authority) == (before.public, before.authority)
    return folder / "hub", identity


@pytest.fixture
def hub(tmp_path, replay_folder, locked):
    """A copy of the locked hub."""
    copy_hub(locked[0], tmp_path / "hub")
    with VirtualHub("qemu", tmp_path / "hub", replay_folder, SPEED) as one:
        yield one


def assert_still_locked(hub, locked):
    """It answers as before, with its key; hellos of earlier lives may wait on the terminal."""
    with contextlib.suppress(LinkLost), talk(hub):
        pass
    with talk(hub) as (_, identity):
        assert (identity.life, identity.public) == ("locked", locked[1].public)


def heard(port, seconds, *parts):
    """All bytes that a terminal brings while parts are written to it, one after another."""
    out = b""
    with serial.Serial(port, timeout=0.02, write_timeout=5) as line:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for part in parts:
                with contextlib.suppress(serial.SerialTimeoutException):
                    line.write(part)
                out += line.read(4096)
    return out


def assert_no_prompt(out):
    assert not [text for text in PROMPTS if text in out], out[-300:]


def test_a_locked_hub_samples_for_its_host_and_for_nobody_else(hub, locked, tmp_path):
    with talk(hub) as (connection, identity):
        assert identity.life == "locked"
        refusals = {}
        for name, values in (
            ("maintenance", ()),
            ("lock", (identity.device,)),
            ("enroll", (bytes(32), bytes(32), 0)),
            ("enroll", (bytes(32), bytes(32), 1)),
        ):
            with pytest.raises(Refused) as refusal:
                connection.ask(name, *values)
            refusals[name] = refusal.value.reason
    with State(tmp_path / "stranger") as state, pytest.raises(Refused, match="not_allowed"):
        enroll(hub.port, state, repin=True)

    assert set(refusals.values()) == {"not_allowed"}
    assert_still_locked(hub, locked)


@pytest.mark.parametrize(
    "keys",
    [b"\x03", b"\x03\x03\x01", b"\x01print(1)\r\n\x04", b"\x02\x04", b"\x05A\x01", b"\r\nimport os\r\n"],
    ids=["ctrl-c", "ctrl-c-a", "raw", "ctrl-b-d", "raw-paste", "text"],
)
def test_no_key_at_any_moment_of_the_boot_brings_a_prompt(hub, locked, keys):
    """The line is full of it before the processor starts, and goes on for two seconds; three times."""
    out = b""
    for _ in range(3):
        hub.kill()
        with (
            serial.Serial(hub.port, write_timeout=5) as line,
            contextlib.suppress(serial.SerialTimeoutException),
        ):
            line.write(keys * 50)  # until the line takes no more
        hub._start()
        out += heard(hub.port, 1.0, keys * 50)

    assert_no_prompt(out)
    assert_still_locked(hub, locked)


def test_noise_of_every_kind_brings_no_prompt(hub, locked):
    random.seed(5)
    print("seed 5")
    parts = [random.randbytes(random.randrange(1, 600)) for _ in range(40)]
    out = heard(hub.port, 3.0, *parts, b"\x00" * 300, b"\xff" * 300)

    assert_no_prompt(out)
    assert_still_locked(hub, locked)


PLANTED = """
import os
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash(None)
code = "import _qemu; _qemu.open('planted', 'wb').write(b'ran')\\n"
for folder in ("", "/lib", "/tasuki_hub", "/tasuki_wire", "/slot", "/slot/tasuki_hub"):
    if folder:
        os.mkdir("/flash" + folder)
    for name in ("boot", "main", "os", "json", "time", "app", "hub", "anchors", "__init__", "_vault"):
        with open("/flash" + folder + "/" + name + ".py", "w") as f:
            f.write(code)
"""


def plant(folder, code):
    """Run code on a board that is not locked but has this flash."""
    with Board(folder.parent / "bench", patience_s=10) as board:
        pass
    target = folder.parent / "bench" / "flash.img"
    target.write_bytes((folder / "flash.img").read_bytes())
    with Board(folder.parent / "bench", patience_s=10) as board:
        board.run(code)
    (folder / "flash.img").write_bytes(target.read_bytes())


def test_files_that_somebody_planted_are_not_run(hub, locked):
    hub.kill()
    plant(hub.folder, PLANTED)
    hub._start()

    assert_still_locked(hub, locked)
    assert not (hub.folder / "planted").exists()


def test_test_code_of_the_host_is_not_run(hub, locked):
    """garment.json would bring simulated sensors in on a hub that is not locked."""
    hub.kill()
    (hub.folder / "qemu_garment.py").write_text("import _qemu\n_qemu.open('planted', 'wb').write(b'ran')\n")
    (hub.folder / "garment.json").write_text('{"path": ["' + str(hub.folder) + '"]}')
    hub._start()

    assert_still_locked(hub, locked)
    assert not (hub.folder / "planted").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "hub.json").unlink(),
        lambda folder: (folder / "hub.json").write_text("{"),
        lambda folder: (folder / "hub.json").write_text("{}"),
        lambda folder: (folder / "flash.img").write_bytes(b"\x00" * 4096 * 64),
        lambda folder: (folder / "flash.img").write_bytes(random.randbytes(4096 * 64)),
        lambda folder: (folder / "flash.img").write_bytes(b""),
    ],
    ids=["no configuration", "half of it", "an empty one", "flash of zeros", "flash of noise", "no flash"],
)
def test_what_the_program_needs_is_missing_and_still_no_prompt_comes(hub, damage, monkeypatch):
    """It starts again and again, or runs without what it had kept; the key region says that it is locked."""
    hub.kill()
    damage(hub.folder)
    monkeypatch.setitem(virtual._STARTS, "qemu", lambda folder: (qemu.command(), dict(os.environ)))
    hub._start()

    assert_no_prompt(heard(hub.port, 3.0, b"\x03\x03\r\n", b"\x01", b"\x04"))
    assert hub.alive()


def test_a_key_region_that_does_not_answer_brings_no_prompt(hub, locked):
    """Whether the hub is locked cannot be known then; once the region answers again all is as before."""
    hub.kill()
    region = (hub.folder / "vault.img").read_bytes()
    (hub.folder / "vault.img").unlink()
    (hub.folder / "vault.img").mkdir()
    hub._start()

    assert_no_prompt(heard(hub.port, 3.0, b"\x03\x03\r\n", b"\x01", b"\x04"))
    assert hub.alive()

    hub.kill()
    (hub.folder / "vault.img").rmdir()
    (hub.folder / "vault.img").write_bytes(region)
    hub._start()
    assert_still_locked(hub, locked)


def test_an_unsigned_version_does_not_come_in_and_a_signed_one_does(hub, locked):
    source = (ROOT / "firmware/tasuki_hub/anchors.py").read_text().replace("tasuki 0.1.0 dev", "signed one")
    files = {"tasuki_hub/anchors.py": source.encode()}
    with talk(hub) as (connection, _):
        with pytest.raises(Refused, match="bad_signature"):
            care.send_blob(connection, "bundle", image_of(files, 2, key=ORDER))
        after = care.update(connection, image_of(files, 2))

    assert (after.life, after.counter, after.firmware) == ("locked", 2, "signed one")


def test_a_bundle_planted_in_a_slot_is_started_only_when_it_is_signed_and_new(hub, locked):
    """What check_hub_update shows of older ones holds here, too: it is the same code."""
    stranger = Signer(Secret(bytes(range(32))))
    files = {"tasuki_hub/anchors.py": b"import _qemu\n_qemu.open('planted', 'wb')\n"}
    evil = image_of(files, 9, key=stranger)
    hub.kill()
    plant(
        hub.folder,
        f"""
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash(None)
from tasuki_hub.slots import Slots
with open("/flash/slot.a", "wb") as f:
    f.write({evil!r})
Slots("/flash")._keep(0, 2, 0)
""",
    )
    hub._start()

    assert_still_locked(hub, locked)
    assert not (hub.folder / "planted").exists()


def test_an_order_unlocks_and_the_key_is_gone(hub, locked):
    seed = region_seed(hub.folder)
    with talk(hub) as (connection, _):
        with pytest.raises(Refused, match="bad_signature"):
            care.unlock(connection, Signer(Secret(bytes(range(32)))))
        after = care.unlock(connection, ORDER)

    assert (after.life, after.enrolled, after.sequence) == ("blank", False, 0)
    assert seed not in (hub.folder / "vault.img").read_bytes()
    assert seed not in (hub.folder / "flash.img").read_bytes()


def region_seed(folder):
    """The seed as it lies in the region's newest record."""
    data = (folder / "vault.img").read_bytes()
    blocks = [data[at : at + 4096] for at in (0, 4096) if data[at] != 0xFF]
    return max((block[4:8][::-1], block[24:56]) for block in blocks)[1]


def test_a_cut_while_it_unlocks_never_leaves_it_open_with_a_key(tmp_path, replay_folder, locked):
    """Each operation of the key region is cut; then a second order finishes it."""
    lives = []
    number = 0
    while True:
        folder = tmp_path / str(number)
        copy_hub(locked[0], folder)
        configure(folder, vault_cut=[number, (0, 40, 4096)[number % 3]])
        with VirtualHub("qemu", folder, replay_folder, SPEED) as hub:
            was_cut = not survives(hub, lambda connection: care.unlock(connection, ORDER))
        configure(folder, vault_cut=[-1, 0])
        with VirtualHub("qemu", folder, replay_folder, SPEED) as hub, talk(hub) as (connection, identity):
            assert (identity.life, identity.enrolled) in (("locked", True), ("blank", False)), number
            lives.append(identity.life)
            if identity.life == "locked":
                assert care.unlock(connection, ORDER).life == "blank"
        if not was_cut:
            break
        number += 1
    assert number >= 3
    assert set(lives) == {"locked", "blank"}


def test_a_hub_that_was_unlocked_is_as_new(hub, tmp_path):
    with talk(hub) as (connection, _):
        care.unlock(connection, ORDER)
    row = enrolled(hub, tmp_path / "state")
    with talk(hub) as (connection, identity):
        assert identity.life == "dev"
        assert care.lock(connection).life == "locked"
        assert greet.meet(connection).public.hex() == row.public


def test_the_commands_update_lock_and_unlock_a_hub(tmp_path, replay_folder, tasuki):
    source = (ROOT / "firmware/tasuki_hub/anchors.py").read_text().replace("tasuki 0.1.0 dev", "by command")
    (tmp_path / "tasuki_hub").mkdir()
    (tmp_path / "tasuki_hub" / "anchors.py").write_text(source)
    build = (
        "hub",
        "bundle",
        "build",
        "b",
        "tasuki_hub/anchors.py",
        "--root",
        ".",
        "--counter",
        4,
        "--board",
        "qemu",
    )
    tasuki.json(*build)
    tasuki.json("hub", "bundle", "sign", "b", "--key", "development")
    with VirtualHub("qemu", tmp_path / "hub", replay_folder, SPEED) as hub:
        tasuki.json("hub", "enroll", "--port", hub.port)
        updated = tasuki.json("hub", "update", "b", "--port", hub.port)
        locked = tasuki.json("hub", "lock", "--port", hub.port, "--yes")
        unlocked = tasuki.json("hub", "unlock", "--port", hub.port, "--order-key", "development")

    assert (updated["counter"], updated["firmware"], updated["life"]) == (4, "by command", "dev")
    assert (locked["life"], unlocked["life"]) == ("locked", "blank")
