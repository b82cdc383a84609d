"""`tasuki hub`: what it signs with, what it says, where it says it, and with which exit code."""

import json
import os
import stat

import pytest
from click.testing import CliRunner

from scripted_line import Scripted, ending, identity, said
from tasuki.cli import cli, frame, hub_care
from tasuki.errors import TasukiError
from tasuki.fleet import bundle, devkeys, virtual
from tasuki.fleet.virtual import VirtualHub
from tasuki.session import refusals
from tasuki_hub import anchors
from tasuki_wire import codec, layout


@pytest.fixture
def line(monkeypatch):
    """The line behind every port."""
    made = Scripted(identify=identity())
    monkeypatch.setattr(hub_care, "SerialLine", lambda port: made)
    return made


def run(*args, typed=None):
    return CliRunner().invoke(cli, [*map(str, args)], input=typed)


def exit_code(args, capsys):
    """What the process would end with, and what it said as an error."""
    with pytest.raises(SystemExit) as end:
        frame.guarded(cli, [*map(str, args)])
    return end.value.code, capsys.readouterr().err


def locking(line, firmware):
    line.answers["identify"] = identity(firmware=firmware)

    def lock(request, device):
        line.answers["identify"] = identity("locked", firmware=firmware)
        return ending("lock")(request)

    line.answers["lock"] = lock


def test_constants_are_signed_with_a_key_that_is_named(tmp_path):
    """Development keys are used by nobody who did not say so."""
    file = tmp_path / "unit.toml"
    file.write_text("version = 1\n")

    done = run("hub", "calibrate", file, "--port", "/dev/nothing")

    assert done.exit_code == 2 and "--order-key" in done.stderr


def test_a_hub_and_a_bundle_write_nothing_to_the_terminal_but_text(line, tmp_path):
    """Their names are theirs to choose, escape sequences included."""
    locking(line, b"\x1b[2Jgone\x07")
    file = tmp_path / "b"
    file.write_bytes(bundle.build(bundle.Release("\x1b[2J", 7, "\x1b[1A"), {"tasuki_hub/link.py": b"#"}))

    locked = run("hub", "lock", "--port", "x", "--yes")
    signed = run("hub", "bundle", "sign", file, "--key", "development")

    assert "?[2Jgone?" in locked.stdout and "?[1A" in signed.stdout
    assert not {c for c in locked.stdout + signed.stdout if not c.isprintable() and c != "\n"}


@pytest.mark.parametrize("key_file", ["nothing", "open"])
def test_a_key_that_is_missing_or_open_to_others_signs_nothing(tmp_path, line, key_file):
    path = tmp_path / key_file
    if key_file == "open":
        path.write_text("00" * 32)
        path.chmod(0o644)

    done = run("hub", "unlock", "--port", "x", "--order-key", path)

    assert isinstance(done.exception, TasukiError) and done.exception.hint
    assert "order" not in line.heard


def test_a_question_does_not_get_between_the_json(line):
    locking(line, b"ours 1.0")

    done = run("hub", "lock", "--port", "x", "--json", typed="y\n")

    assert json.loads(done.stdout)["life"] == "locked"
    assert "for good?" in done.stderr and "anybody" not in done.stderr


def test_locking_a_development_image_says_what_it_is_worth(line):
    locking(line, anchors.FIRMWARE)

    done = run("hub", "lock", "--port", "x", "--json", "--yes")

    assert "anybody can unlock it" in done.stderr and json.loads(done.stdout)["life"] == "locked"


def test_a_version_that_did_not_start_failed_and_is_no_wrong_usage(line, tmp_path, capsys):
    data = bundle.build(bundle.Release("sim", 7, "seven"), {"tasuki_hub/link.py": b"#"})
    file = tmp_path / "b"
    file.write_bytes(bundle.sign(data, devkeys.signer("release")))
    for name in ("blob_begin", "blob_data", "blob_end"):
        number = codec.number(name)
        line.answers[name] = lambda request, *_, number=number: said("answer", request, number, 0, 0)
    line.answers["reboot"] = ending("reboot")

    code, words = exit_code(["hub", "update", file, "--port", "x"], capsys)

    assert code == 1 and "did not start version 7" in words and "development hub" in words


def test_a_virtual_hubs_folder_which_holds_its_key_is_its_owners_only(tmp_path, replay_folder):
    with VirtualHub("sim", tmp_path / "bench" / "hub0", replay_folder):
        mode = stat.S_IMODE((tmp_path / "bench" / "hub0").stat().st_mode)

    assert mode == 0o700


def refusing(name, reason):
    """An answer that says no."""
    return lambda request, *_: said("answer", request, codec.number(name), layout.ANSWERS.index(reason), 0)


@pytest.mark.parametrize(
    ("command", "asked", "reason", "way_out"),
    [
        (("lock", "--yes"), "lock", "not_allowed", "locked already"),
        (("lock", "--yes"), "lock", "no_key", "hub enroll"),
        (("unlock", "--order-key", "development"), "order", "not_allowed", "not locked"),
        (("unlock", "--order-key", "development"), "order", "bad_signature", "another order key"),
    ],
)
def test_what_a_hub_refuses_has_a_way_out(line, capsys, command, asked, reason, way_out):
    line.answers[asked] = refusing(asked, reason)

    code, said_then = exit_code(("hub", command[0], "--port", "p", *command[1:]), capsys)

    assert code == 1 and f"refuses {asked}: {reason}.\n  " in said_then and way_out in said_then


def test_every_way_out_is_of_a_command_and_an_answer_that_exist():
    names = {kind.name for kind in codec.KINDS.values()}

    assert set(refusals._WAYS_OUT) <= names
    for ways in (refusals._ALWAYS, *refusals._WAYS_OUT.values()):
        assert set(ways) <= set(layout.ANSWERS)
        assert all(way.endswith(".") for way in ways.values())


def test_a_bundle_that_nobody_signed_is_not_even_brought_to_a_hub(line, tmp_path, capsys):
    file = tmp_path / "b"
    file.write_bytes(bundle.build(bundle.Release("qemu", 1, "v"), {"tasuki_hub/link.py": b"x"}))

    code, said_then = exit_code(("hub", "update", file, "--port", "p"), capsys)

    assert code == 2 and "hub bundle sign" in said_then and line.heard == []


def test_hubs_that_end_by_themselves_are_said_and_end_the_command(tmp_path, monkeypatch, capsys):
    """An image that does not start, for one: nobody waits for a terminal that nothing is behind."""
    monkeypatch.setitem(virtual._STARTS, "unix", lambda folder: (["false"], dict(os.environ)))

    code, said_then = exit_code(("hub", "spawn", "--count", 2, "--folder", tmp_path / "bench"), capsys)

    assert code == 1 and "no hub is left" in said_then
    for name in ("hub0", "hub1"):
        assert f"its last words are in {tmp_path / 'bench' / name / 'stderr.log'}" in said_then
