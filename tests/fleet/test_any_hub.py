"""What any hub of ours does, by the pytest plugin: virtual ones here, those on a bench with --tasuki-port."""

import subprocess
import sys

import pytest

from tasuki.fleet.hub_at_test import on_all

pytestmark = pytest.mark.hub

WIRE = ["tasuki_wire/*"]
LEFT = "[n for n in globals() if n[:4] == '_tk_' or n in ('memory', '_board', '_rate', 'sensors')]"


@pytest.mark.tasuki_kind("unix", "real")
def test_files_are_flashed_once_and_then_no_byte_is_sent(hub):
    hub.flash(WIRE)

    again = hub.flash(WIRE)

    assert (again.state, again.files, again.bytes) == ("unchanged", 0, 0)


@pytest.mark.tasuki_kind("unix")
def test_a_bare_board_that_was_flashed_runs_what_came(virtual_hub):
    hub = virtual_hub(bare=True)

    flashed = hub.flash()
    hub.restart()

    assert flashed.state == "flashed"
    with hub.session() as (_, identity):
        assert identity.life == "blank"


def test_a_hub_is_another_life_after_a_restart(hub):
    with hub.session() as (connection, _):
        before = connection.nonce

    hub.restart()

    with hub.session() as (connection, _):
        assert connection.nonce != before


def test_unmodified_mpremote_works_after_a_flash_and_finds_nothing_of_it(hub):
    hub.flash(WIRE)

    command = [sys.executable, "-m", "mpremote", "connect", hub.port, "resume", "exec", f"print({LEFT})"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_after_its_selftest_the_hub_runs_and_nothing_of_the_test_is_on_it(hub):
    outcomes = {result.outcome for result in hub.selftest().values()}

    assert "fail" not in outcomes and "pass" in outcomes
    with hub.session() as (_, identity):
        assert identity.life in ("blank", "dev")
    assert hub.run(f"print({LEFT})") == "[]\n"


def test_each_hub_answers_for_itself(hubs):
    codes = on_all(hubs, lambda hub: hub.run(f"print({hub.port!r})").strip())

    assert codes == [hub.port for hub in hubs]
