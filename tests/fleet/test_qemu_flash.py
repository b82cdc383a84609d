"""The real image: a development hub takes files through its prompt, a locked one does not."""

import json
import subprocess
import sys

import pytest

from end_to_end.hub_care import configure, enrolled, talk
from qemu_board import needs_qemu
from tasuki.fleet import compiling, looking, using
from tasuki.fleet.payload import Sources, sources
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import care
from tasuki.session.hub_session import Session
from tasuki.session.state import State, adopt
from tasuki_wire import items as wire_items
from tasuki_wire import layout

pytestmark = [pytest.mark.hub, needs_qemu]

FEW = Sources(only=["tasuki_wire/*", "tasuki_hub/app.py"])


def mpremote(hub, *command, timeout=60):
    """What mpremote printed; it waits for ever for a prompt that does not come, so it is ended."""
    line = [sys.executable, "-m", "mpremote", "connect", hub.port, "resume", *command]
    try:
        return subprocess.run(line, capture_output=True, text=True, timeout=timeout).stdout.strip()
    except subprocess.TimeoutExpired as waited:
        return (waited.stdout or b"").decode()


def test_a_development_image_takes_files_for_its_processor_and_says_when_its_flash_is_full(bench):
    hub = bench.add(kind="qemu", bare=False)

    (few,) = bench.flash(sources=FEW)
    (again,) = bench.flash(sources=FEW)
    (all_,) = bench.flash(sources=Sources())
    with using.prompt_of(bench.ports[0]) as prompt:
        have = bytes(prompt.fs_readfile("/flash/lib/tasuki_wire/cobs.mpy", chunk_size=1024))
        left = using.listing(prompt, "/flash/lib/tasuki_hub")

    assert (few.state, again.state, all_.state) == ("flashed", "unchanged", "full")
    assert not few.values["imported"]
    assert have == compiling.compiled(sources("qemu"), "armv7m")["tasuki_wire/cobs.mpy"]
    assert not [line for line in left if line.endswith(".new")]
    assert mpremote(hub, "exec", "print(6*7)") == "42"


def test_a_locked_hub_is_refused_by_flash_and_gives_mpremote_no_prompt(bench, tasuki):
    hub = bench.add(kind="qemu", bare=False)
    enrolled(hub, bench.state)
    with talk(hub) as (connection, _):
        assert care.lock(connection).life == "locked"

    (turn,) = bench.flash(sources=FEW)
    command = tasuki("hub", "exec", "print(1)", "-p", hub.port)
    theirs = mpremote(hub, "exec", "print(6*7)", timeout=5)

    assert turn.state == "locked" and "tasuki hub update" in turn.way_out
    assert command.returncode == 1 and "locked" in command.stderr
    assert "42" not in theirs
    assert looking.look(bench.ports[0]).state == "locked"


@pytest.fixture
def powered(bench):
    """An enrolled hub whose cell has 3912 mV."""
    folder = bench.folder / "bench" / "powered"
    folder.mkdir(parents=True)
    configure(folder, battery_mv=3912)
    hub = bench.add("powered", kind="qemu", bare=False)
    enrolled(hub, bench.state)
    return hub


def test_list_shows_the_battery_of_a_hub_that_samples(bench, powered, wearer):
    with State(bench.state) as state:
        session = Session(SerialLine(powered.port), state, adopt(state, wearer))
        session.close()  # as a host does that is killed: the hub samples on

    seen = looking.look(bench.ports[0])

    assert (seen.state, seen.battery_mv) == ("dev", 3912)


def test_an_idle_hub_tells_its_battery_under_consent_alone_and_samples_nothing_else(
    bench, powered, tasuki, wearer
):
    unasked = json.loads(tasuki("hub", "list", "--json").stdout)
    asked = json.loads(tasuki("hub", "list", "--consent", wearer, "--json").stdout)

    assert [row["battery_mv"] for row in unasked + asked] == [None, 3912]
    with talk(powered) as (connection, _):
        state, allowed, *_ = connection.ask("status_request")
        assert layout.HUB_STATES[state] != "sampling"
        assert wire_items.names(allowed) == ["device_status"]


def test_without_consent_to_the_state_of_the_device_no_battery_is_asked_for(bench, powered, tasuki, wearer):
    only = wearer.read_text().replace('items = "all"', 'items = ["ecg"]', 1)
    (tasuki.folder / "ecg.toml").write_text(only)

    (row,) = json.loads(tasuki("hub", "list", "--consent", "ecg.toml", "--json").stdout)

    assert row["battery_mv"] is None
    assert (
        "does not consent to the state of the device" in row["reason"] and "device_status" in row["way_out"]
    )
