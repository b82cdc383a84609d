"""Signed updates on the Cortex-M image: tried, confirmed, rolled back, and never half of one."""

import os
import time

import pytest

from end_to_end.conftest import ROOT
from end_to_end.hub_care import (
    VirtualHub,
    configure,
    copy_hub,
    enrolled,
    image_of,
    talk,
    until_dead,
)
from qemu_board import needs_qemu
from tasuki.errors import LinkLost, Refused
from tasuki.fleet import bundle
from tasuki.session import care
from tasuki.session.greet import meet
from tasuki.vault.secret import Secret, Signer

pytestmark = [pytest.mark.hub, needs_qemu]

SPEED = 20  # ten seconds of trial are half a second


def source_of(name):
    """A device file's text."""
    return (ROOT / "firmware" / name).read_text("ascii")


def named(text, broken=""):
    """Files of a version that calls itself `text`, in place of the image's anchors."""
    changed = source_of("tasuki_hub/anchors.py").replace("tasuki 0.1.0 dev", text)
    return {"tasuki_hub/anchors.py": (changed + broken).encode()}


@pytest.fixture
def hub(tmp_path, replay_folder):
    with VirtualHub("qemu", tmp_path / "hub", replay_folder, SPEED) as one:
        enrolled(one, tmp_path / "state")
        yield one


def confirm(connection):
    """Wait until the version that runs has proved itself; a bundle is refused as busy before."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.3)
        try:
            connection.ask("blob_begin", 1, 10, bytes(32), tries=1)
            return
        except Refused as e:
            assert e.reason == "busy"
    raise AssertionError("never confirmed")


def test_an_update_runs_after_a_restart_and_stays_after_its_trial(hub):
    with talk(hub) as (connection, before):
        after = care.update(connection, image_of(named("second version"), 2))
        confirm(connection)
    hub.reset()
    with talk(hub) as (_, later):
        pass

    assert (before.counter, before.firmware) == (0, "tasuki 0.1.0 dev")
    assert (after.counter, after.firmware) == (2, "second version")
    assert (later.counter, later.firmware) == (2, "second version")


def test_only_a_newer_bundle_of_the_release_key_for_this_board_is_taken(hub):
    stranger = Signer(Secret(bytes(range(32))))
    unsigned = bundle.build(bundle.Release("qemu", 9, "nine"), named("unsigned"))
    with talk(hub) as (connection, _):
        care.update(connection, image_of(named("second version"), 2))
        confirm(connection)
        for data, reason in (
            (image_of(named("another key"), 3, key=stranger), "bad_signature"),
            (unsigned, "bad_signature"),
            (image_of(named("another board"), 3, board="rp2"), "wrong_device"),
            (image_of(named("the same"), 2), "stale_sequence"),
            (image_of(named("an older one"), 1), "stale_sequence"),
            (image_of(named("cut"), 3)[:-1], "malformed"),
        ):
            with pytest.raises(Refused, match=reason):
                care.send_blob(connection, "bundle", data)
        again = care.restart(connection)

    assert (again.counter, again.firmware) == (2, "second version")


@pytest.mark.parametrize(
    "broken",
    ["\nraise ValueError\n", "\nthis is no Python\n", "\nimport machine\nmachine.mem32[0xDFFFFFF0]\n"],
    ids=["exception", "syntax", "fault"],
)
def test_a_version_that_does_not_start_is_replaced_by_the_one_before(hub, broken):
    with talk(hub) as (connection, _):
        care.update(connection, image_of(named("second version"), 2))
        confirm(connection)
        care.send_blob(connection, "bundle", image_of(named("broken", broken), 3))
        back = care.restart(connection)
        connection.ask("blob_begin", 1, 10, bytes(32))

    assert (back.counter, back.firmware) == (2, "second version")


def test_a_version_that_crashes_when_it_runs_is_replaced(tmp_path, replay_folder):
    """It comes up, says hello, and dies at a command, before its trial ends: this hub's seconds are long."""
    files = named("crashes later")
    whole = source_of("tasuki_hub/orders.py")
    broken = whole.replace("do_reboot(self, now, request)", "do_reboot(self, now)")
    files["tasuki_hub/orders.py"] = broken.encode()
    slow = VirtualHub("qemu", tmp_path / "hub", replay_folder, 0.25)
    with slow as hub, talk(hub) as (connection, _):
        tried = care.update(connection, image_of(files, 2))
        old = connection.nonce
        connection.poke("reboot")
        back = care.await_restart(connection, old)

    assert (tried.counter, back.counter) == (2, 0)


def test_nobody_speaks_to_a_new_version_and_the_one_before_comes_back(hub):
    """Five minutes of the hub's time; whoever only listens hears the hellos of three lives."""
    with talk(hub) as (connection, _):
        care.send_blob(connection, "bundle", image_of(named("lonely"), 2))
        lives = [connection.nonce]
        connection.poke("reboot")
        deadline = time.monotonic() + 120
        while len(lives) < 3:
            assert time.monotonic() < deadline, "the trial never ended"
            connection.pump(0.1)
            if connection.nonce != lives[-1]:
                lives.append(connection.nonce)
        connection.skip_lives()
        back = meet(connection)

    assert (back.counter, back.firmware) == (0, "tasuki 0.1.0 dev")


# Of an update's operations CI cuts every so many; `make cuts` cuts all of them, each way. That
# is done anyway, on the unix port's LittleFS, by tests/device/check_flash_update.py.
ALL = os.environ.get("TASUKI_CUTS") == "all"
STEP = 1 if ALL else 5
TORN = (0, 300, 4096)


@pytest.mark.parametrize("turn", range(3 if ALL else 1))
def test_a_power_cut_during_an_update_leaves_a_hub_that_starts(tmp_path, replay_folder, turn):
    """The old version or the new one, whole and signed; afterwards the update goes through."""
    first = tmp_path / "first"
    with VirtualHub("qemu", first, replay_folder, SPEED) as hub:
        enrolled(hub, tmp_path / "state")
        with talk(hub) as (connection, _):
            care.update(connection, image_of(named("second version"), 2))
            confirm(connection)
    new = image_of(named("third version"), 3)
    number, cuts, seen = 0, 0, set()
    while True:
        folder = tmp_path / f"cut{number}"
        copy_hub(first, folder)
        configure(folder, power_cut=[number, TORN[(cuts + turn) % len(TORN)]])
        with VirtualHub("qemu", folder, replay_folder, SPEED) as hub:
            was_cut = brought(hub, new)
        configure(folder, power_cut=None)
        with VirtualHub("qemu", folder, replay_folder, SPEED) as hub, talk(hub) as (connection, back):
            assert (back.counter, back.firmware) in ((2, "second version"), (3, "third version")), number
            assert back.enrolled
            seen.add(back.counter)
            if back.counter == 2:
                confirm(connection)
                assert care.update(connection, new).counter == 3
        if not was_cut:
            break
        cuts += 1
        number += STEP
    assert seen == {2, 3}
    assert cuts >= 3


def brought(hub, data):
    """Bring a bundle, restart, let it prove itself; True when the power went on the way."""
    try:
        with talk(hub) as (connection, _):
            care.update(connection, data)
            confirm(connection)
    except LinkLost:
        until_dead(hub)
        return True
    return False
