"""What goes wrong on a bench: each hub ends in a state with a name and a way out, and the others go on."""

import os
import signal
import threading
import time

import pytest

from end_to_end.conftest import ROOT
from tasuki.fleet import bundle, compiling, looking, troubles
from tasuki.fleet.payload import Sources
from tasuki.pipeline.acquire import LineFull, SerialLine

pytestmark = pytest.mark.hub


def type_in(hub, data):
    """Bytes as somebody else's program left them on the line."""
    fd = os.open(hub.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(fd, data)
        time.sleep(0.1)
    finally:
        os.close(fd)


def ends(turns):
    return [(turn.state, bool(turn.way_out)) for turn in turns]


def test_each_fault_is_told_of_exactly_the_hub_that_has_it(bench):
    stuck, flooding, fine, gone, held = [bench.add() for _ in range(5)]
    type_in(stuck, b"while 1: pass\r\n\r\n\r\n")
    type_in(flooding, b"while 1: print('x' * 200)\r\n\r\n\r\n")
    chosen = bench.ports
    bench.unplug(gone)
    line = SerialLine(held.port)

    turns = bench.flash(chosen, patience_s=0.1)
    line.close()

    assert ends(turns) == [
        ("silent", True),
        ("flooding", True),
        ("flashed", False),
        ("unusable", True),
        ("in_use", True),
    ]
    assert f"process {os.getpid()}" in turns[4].reason
    assert (fine.folder / "lib" / "tasuki_wire" / "cobs.mpy").exists()


def test_a_hub_that_takes_no_bytes_is_stuck_and_not_gone(bench):
    hub = bench.add()
    os.kill(hub.pid, signal.SIGSTOP)
    line = SerialLine(hub.port)

    with pytest.raises(LineFull) as error:
        line.write(bytes(1 << 20))
    line.close()

    assert troubles.trouble_of(error.value).state == "stuck"


@pytest.mark.parametrize(
    "left",
    [
        b"\r\x01",
        b"\r\x01\x05A\x01print('half a pas",
        b"\r\x01print('half a program'",
        b"\r\x05half a paste",
        b"x = (1,\r\n",
    ],
    ids=["raw prompt", "raw paste", "raw program", "paste", "open bracket"],
)
def test_whatever_another_program_left_half_typed_the_hub_comes_to_its_prompt(bench, left):
    hub = bench.add()
    type_in(hub, left)

    seen = looking.look(bench.ports[0])
    (turn,) = bench.flash(patience_s=0)

    assert (seen.state, turn.state) == (looking.REPL, "flashed")
    assert hub.alive()


def test_a_hub_that_is_unplugged_and_comes_back_elsewhere_goes_on_where_it_stopped(bench):
    hub = bench.add("walker")
    chosen = bench.ports
    sent = []

    def told(event):
        if event.name == "file":
            sent.append(event.values["file"])
            if len(sent) == 30:
                bench.unplug(hub)
                bench.add("walker")
                bench.add("neighbour")

    (turn,) = bench.flash(chosen, told, sources=Sources())

    assert turn.state == "flashed"
    assert bench.hubs[1].folder == hub.folder
    assert 0 < turn.values["files"] <= len(set(sent)) - 30


def test_a_hub_that_stays_away_is_gone_and_the_other_is_flashed(bench):
    goes, _ = bench.add(), bench.add()

    def told(event):
        if event.name == "copy" and event.port.path == goes.port:
            bench.unplug(goes)

    turns = bench.flash(told=told, patience_s=0.2)

    assert ends(turns) == [("gone", True), ("flashed", False)]


@pytest.mark.parametrize(
    ("board", "arch", "state"), [("unix", "armv7m", "wrong_architecture"), ("qemu", "x64", "wrong_board")]
)
def test_a_bundle_for_another_processor_or_board_does_not_get_on_the_hub(bench, board, arch, state):
    hub = bench.add()
    viper = b"@micropython.viper\ndef f(x: int) -> int:\n    return x\n"
    files = compiling.compiled({"tasuki_hub/_viper.py": viper}, arch)
    made = bundle.read(bundle.build(bundle.Release(board, 1, "x"), files))

    (turn,) = bench.flash(sources=Sources(made))

    assert ends([turn]) == [(state, True)]
    assert not (hub.folder / "lib" / "tasuki_hub").exists()


@pytest.mark.parametrize("moment", ["prompt", "compare", "copy", "file"])
def test_an_interrupt_at_any_moment_leaves_whole_files_and_the_next_run_goes_on(bench, moment):
    hub = bench.add()
    stopped = []

    def told(event):
        if event.name == moment and not stopped:
            stopped.append(event)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as Ctrl-C would

    (turn,) = bench.flash(told=told, sources=Sources())
    halves = list((hub.folder / "lib").rglob("*.new"))
    (after,) = bench.flash(sources=Sources())

    assert ends([turn]) == [("interrupted", True)]
    assert not halves
    assert after.state == "flashed"


def test_every_state_has_a_way_out_that_reads_as_a_sentence_and_stands_in_the_documentation():
    page = (ROOT / "docs" / "bench.md").read_text()

    for state, way_out in troubles.WAYS_OUT.items():
        assert way_out[0].isupper() and way_out.endswith(".")
        assert f"`{state}`" in page
