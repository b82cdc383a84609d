"""The commands verify, decode, export and replay, as a person meets them."""

import json
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from host import capture_examples as example
from tasuki.cli import cli, main
from tasuki.cli.captures import decode, export, verify
from tasuki.cli.replay import replay
from tasuki.consent import files, parties_file
from tasuki.consent.book import ConsentBook
from tasuki.consent.events import Event
from tasuki.consent.policy import builtin
from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.session.state import State
from tasuki.trust.register import Hub, HubRegister
from tasuki.vault.vault import Vault
from tasuki_wire import cobs, codec, epoch

KEY = example.PUBLIC.hex()
SUBJECT = files.demo_wearer(builtin()).subject
COMMANDS = {"verify": verify, "decode": decode, "export": export, "replay": replay}


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder with the wearer's keys, a consent file and the enrolled hub."""
    folder = tmp_path / "state"
    monkeypatch.setenv("TASUKI_STATE", str(folder))
    vault = Vault(folder)
    vault.add_subject(SUBJECT)
    HubRegister(folder / "register.json").add(Hub(example.DEVICE.hex(), KEY, "2026-11-22"))
    example.write(tmp_path / "session.tsk", keys=vault, subject=SUBJECT)
    example.write(tmp_path / "plain.tsk")
    vault.close()
    hour_ago = time.time_ns() - 3600 * 10**9  # consent comes before the capture
    book = ConsentBook(folder / "consent.db", lambda: hour_ago)
    book.adopt(files.demo_wearer(builtin()))
    book.enrol(Garment(epoch.key_id(example.PUBLIC), example.DEVICE, DEMO_GARMENT))
    book.bind(example.DEVICE, SUBJECT, 0)
    book.close()
    (tmp_path / "notes.txt").write_text("no key, no capture")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def run(capsys):
    """Runs the command as its entry point does: (exit code, stdout, stderr)."""

    def call(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def stuffed(body: bytes, kind: int) -> bytes:
    """A frame body as it stands on the line."""
    raw = bytearray(body) + bytes(4)
    codec.close_frame_into(raw, len(body))
    out = bytearray(len(raw) + 2)
    return bytes(out[: cobs.encode_into(out, raw, len(raw))]) + b"\0"


@pytest.fixture
def dump(tmp_path):
    """A raw dump: twelve frames, some noise in the middle."""
    bodies = [body for block in example.Hub().epoch().blocks for body in block.bodies()]
    runs = [stuffed(body, body[1]) for body in bodies]
    (tmp_path / "line.bin").write_bytes(b"".join([*runs[:6], b"\x06noise\0", *runs[6:]]))
    return tmp_path / "line.bin"


@pytest.mark.parametrize("file", ["session.tsk", "plain.tsk"])
def test_verify_holds_for_an_intact_capture(state, run, file):
    """Encrypted or not, by the register, by hex, by a file of hex or of 32 bytes."""
    (state.parent / "hex.txt").write_text(KEY + "\n")
    (state.parent / "raw.key").write_bytes(example.PUBLIC)
    for key in ([], ["--key", KEY], ["--key", "hex.txt"], ["--key", "raw.key"]):
        code, out, err = run("verify", file, *key)
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == "Everything holds: 3 epochs verified."


def test_verify_tells_programs_what_it_found(state, run):
    """The fields that others rely on."""
    code, out, _ = run("verify", "session.tsk", "--key", KEY, "--json")
    found = json.loads(out)
    assert code == 0
    assert [found[name] for name in ("epochs_verified", "epochs_rejected", "frames_bad", "gaps")] == [
        3,
        0,
        0,
        0,
    ]
    assert found["streams"][0] == {"stream": 0, "item": "ecg", "held": 6, "withheld": 0, "missing": 0}


def test_the_key_never_comes_from_the_file_that_it_verifies(state, run):
    """Not even where the file would pass for a key."""
    (state.parent / "raw.key").write_bytes(example.PUBLIC)
    code, _, err = run("verify", "raw.key", "--key", "../" + state.parent.name + "/raw.key")
    assert code == 2
    assert "the key cannot come from the file that it verifies" in err


def test_every_damaged_cut_or_trailing_byte_makes_verify_fail_and_is_named(state, run):
    """Exit code 1 and an offset, wherever it happens, and no traceback."""
    data = (state.parent / "plain.tsk").read_bytes()
    broken = [data[:n] for n in (0, 5, 10, 300, len(data) // 2, len(data) - 45, len(data) - 1)]
    broken += [data + b"\0", data[:-45]]
    broken += [data[:at] + bytes((data[at] ^ 8,)) + data[at + 1 :] for at in range(0, len(data), 997)]
    for altered in broken:
        (state.parent / "broken.tsk").write_bytes(altered)
        code, out, err = run("verify", "broken.tsk", "--key", KEY)
        assert (code, err) == (1, "")
        assert "damage at byte " in out
        assert out.splitlines()[-1].startswith("Does not hold: ")


def test_verify_with_another_key_fails(state, run):
    """Nothing is verified by a key that did not sign."""
    code, out, _ = run("verify", "plain.tsk", "--key", example.OTHER.hex())
    assert code == 1
    assert out.endswith("Does not hold: 3 epochs rejected; 0 blocks verified.\n")


def test_an_unknown_hub_is_named_with_a_way_out(state, run):
    """Without --key only the register counts."""
    (state / "register.json").unlink()
    code, _, err = run("verify", "plain.tsk")
    assert code == 1
    assert example.DEVICE.hex() in err
    assert "--key" in err


@pytest.mark.parametrize(
    "args",
    [
        ["verify", "nowhere.tsk"],
        ["verify", "state"],
        ["verify", "plain.tsk", "--key", "abc"],
        ["verify", "plain.tsk", "--key", "plain.tsk"],
        ["verify", "plain.tsk", "--key", "notes.txt"],
        ["verify", "session.tsk", "--state", "empty"],
        ["decode", "nowhere.bin"],
        ["decode", "session.tsk", "--state", "empty"],
        ["decode", "plain.tsk", "--kind", "eeg"],
        ["decode", "plain.tsk", "--limit", "0"],
        ["export", "plain.tsk"],
        ["export", "plain.tsk", "-o", "plain.tsk"],
        ["export", "plain.tsk", "-o", "no/such/folder/b.tsk"],
        ["export", "plain.tsk", "--without", "eeg", "-o", "b.tsk"],
        ["export", "plain.tsk", "--purpose", "statistics", "-o", "b.tsk"],
        ["export", "plain.tsk", "--to", "store", "-o", "b.tsk"],
        ["export", "session.tsk", "--purpose", "fun", "--to", "store", "-o", "b.tsk"],
        ["export", "session.tsk", "--purpose", "statistics", "--to", "nowhere", "-o", "b.tsk"],
        ["export", "session.tsk", "--purpose", "statistics", "--to", "store", "--state", "empty", "-o", "b"],
        ["export", "notes.txt", "-o", "b.tsk"],
        ["replay", "nowhere.tsk"],
        ["replay", "plain.tsk", "--speed", "-1"],
    ],
)  # fmt: skip
def test_wrong_usage_is_one_message_with_a_way_out(state, run, args):
    """Exit code 2, nothing on stdout, no traceback, no file written, no state made."""
    before = sorted(path.name for path in state.parent.iterdir())
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.strip()
    assert "Traceback" not in err
    assert sorted(path.name for path in state.parent.iterdir()) == before


def test_a_real_process_ends_with_a_sentence_and_no_traceback(state):
    """The installed entry point, with bytes that are no capture."""
    (state.parent / "noise.tsk").write_bytes(bytes(range(256)) * 9)
    code = "from tasuki.cli import main; main()"
    for args, expected in ((["verify", "noise.tsk", "--key", KEY], 1), (["verify", "gone.tsk"], 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False
        )
        assert done.returncode == expected
        assert "Traceback" not in done.stderr + done.stdout
        assert done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_an_example_that_names_real_options(name):
    """A newcomer copies the last line."""
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f"  tasuki {name} " in result.output
    example_line = next(
        line for line in result.output.splitlines() if line.strip().startswith(f"tasuki {name} ")
    )
    options = {
        opt for param in COMMANDS[name].params for opt in param.opts if isinstance(param, click.Option)
    }
    used = {word for word in example_line.split() if word.startswith("-")}
    assert used <= options


def test_decode_prints_every_frame_of_a_capture(state, run):
    """36 frames; as text with units, as one JSON object a line."""
    code, out, _ = run("decode", "session.tsk")
    assert code == 0
    assert len(out.splitlines()) == 36
    assert " degC" in out
    code, out, _ = run("decode", "session.tsk", "--kind", "body_temperature", "--limit", 2, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(row["kind"], row["seq"], row["time_us"]) for row in rows] == [
        ("body_temperature", 0, 0),
        ("body_temperature", 1, 1_000_000),
    ]


def test_decode_names_the_damage_of_a_raw_dump(dump, state, run):
    """Its fault and offset, between twelve good frames; exit code 1."""
    code, out, _ = run("decode", dump)
    lines = out.splitlines()
    at = dump.read_bytes().index(b"\x06noise")
    assert code == 1
    assert len(lines) == 13
    assert lines[6].strip() == f"damaged at byte {at}: short"
    code, out, _ = run("decode", dump, "--json", "--stream", 2)
    assert [json.loads(line).get("fault") for line in out.splitlines()] == ["ok", "ok", "short"]


def test_decode_says_that_a_key_was_erased(state, run):
    """And shows all else."""
    vault = Vault(state)
    vault.erase_item(SUBJECT, "ecg")
    vault.close()
    code, out, _ = run("decode", "session.tsk")
    assert code == 1
    assert out.count("without a key") == 3
    assert len(out.splitlines()) == 33


def test_an_export_without_ecg_is_accepted_by_verify(state, run):
    """The main job of the wearer."""
    code, out, _ = run("export", "session.tsk", "--without", "ecg", "-o", "mine.tsk")
    assert (code, out) == (0, "mine.tsk: 15 blocks, device-proved.\n")
    code, out, _ = run("verify", "mine.tsk", "--key", KEY, "--json")
    found = json.loads(out)
    assert (code, found["epochs_verified"], found["kind"]) == (0, 3, "device-proved")
    assert "ecg" not in out


def test_an_export_for_a_purpose_lists_what_was_refused_and_why(state, run):
    """Reasons on stderr and in JSON; the bundle verifies under the service's own key."""
    use = ["--purpose", "service_improvement", "--to", "improvement"]
    code, out, err = run("export", "session.tsk", *use, "-o", "theirs.tsk")
    assert (code, out) == (0, "theirs.tsk: 9 blocks, gateway-attested.\n")
    assert "3 device_status blocks refused: purpose_not_in_policy (C2-05)." in err
    code, out, _ = run("export", "session.tsk", *use, "-o", "again.tsk", "--json")
    assert {row["item"]: row["reason"] for row in json.loads(out)["refused"]} == {
        "respiration": "no_consent",
        "body_temperature": "no_consent",
        "device_status": "purpose_not_in_policy",
    }
    assert run("verify", "theirs.tsk")[0] == 0
    assert run("verify", "theirs.tsk", "--key", KEY)[0] == 1


def test_an_export_that_consent_refuses_altogether_fails(state, run):
    """Exit code 1, the reasons, and no file."""
    use = ["--purpose", "product_development", "--to", "development"]
    code, _, err = run("export", "session.tsk", *use, "-o", "theirs.tsk")
    assert code == 1
    assert "refused" in err
    assert not (state.parent / "theirs.tsk").exists()


def test_a_cut_capture_is_exported_as_far_as_it_goes_and_says_so(state, run):
    """After a crash the wearer still gets the data."""
    data = (state.parent / "plain.tsk").read_bytes()
    (state.parent / "cut.tsk").write_bytes(data[:-100])
    code, _, err = run("export", "cut.tsk", "-o", "mine.tsk")
    assert code == 1
    assert "damaged or cut" in err
    assert run("verify", "mine.tsk", "--key", KEY)[0] == 0


@pytest.mark.parametrize("file", ["session.tsk", "plain.tsk"])
def test_replay_gives_the_figures_of_the_session(state, run, file):
    """All frames of all verified epochs, through the decoder and the filters."""
    code, out, _ = run("replay", file, "--speed", 0, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["frames"], found["frames_bad"], found["epochs_verified"]) == (36, 0, 3)


def test_replay_leaves_out_what_does_not_verify(state, run):
    """A forged capture plays nothing and fails."""
    code, out, _ = run("replay", "plain.tsk", "--speed", 0, "--json", "--key", example.OTHER.hex())
    found = json.loads(out)
    assert (code, found["frames"], found["epochs_rejected"]) == (1, 0, 3)


def test_replay_of_a_raw_dump_counts_its_damage(dump, state, run):
    """Twelve good frames, one bad; no epoch record in it, so nothing is verified."""
    code, out, _ = run("replay", dump, "--speed", 0, "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["frames"], found["frames_bad_by_fault"], found["epochs_verified"]) == (12, {"short": 1}, 0)


def test_replay_shows_lines_where_there_is_no_terminal(state, run):
    """And the figures at the end."""
    code, out, _ = run("replay", "plain.tsk", "--speed", 1000)
    assert code == 0
    assert "epochs_verified        3" in out


@pytest.fixture
def processor(state, run):
    """The register with a processor whose private key is beside it, and the wearer's word on entrusting."""
    text = parties_file.example_text().replace("2027-01-01", "2099-01-01")
    known = parties_file.example(builtin()).processors[0].key.hex()
    _, out, _ = run("policy", "parties", "key", "-o", "kanto.key")
    (state / "parties.toml").write_text(text.replace(known, out.strip()), "utf-8")
    hour_ago = time.time_ns() - 3600 * 10**9
    book = ConsentBook(state / "consent.db", lambda: hour_ago + 1)
    at = book.now_ns(SUBJECT)
    book.say(Event(at, at, SUBJECT, "granted", "entrust", frozenset({"ecg"}), builtin().version))
    book.close()
    return state


TO_KANTO = ("--purpose", "service_improvement", "--to", "kanto-improvement", "-o", "theirs.tsb")


@pytest.mark.rule("P-02", "allow", "evidence")
def test_a_processor_decrypts_its_bundle_and_verifies_it_with_a_public_key_alone(processor, run, monkeypatch):
    code, out, err = run(
        "export", "session.tsk", *TO_KANTO, "--operator", "tanaka", "--key-file", "service.pub"
    )
    assert (code, "gateway-attested" in out) == (0, True), err
    assert "respiration blocks refused" in err

    monkeypatch.setenv("TASUKI_STATE", str(processor.parent / "elsewhere"))  # the processor's own machine
    assert run("verify", "theirs.tsb", "--key", "service.pub")[0] == 2
    assert run("decrypt", "theirs.tsb", "--key", "kanto.key", "-o", "plain.tsb")[0] == 0
    code, out, err = run("verify", "plain.tsb", "--key", "service.pub", "--json")

    found = json.loads(out)
    assert (code, found["holds"], found["destination"]) == (0, True, "kanto-improvement")
    assert {row["item"] for row in found["streams"]} == {"ecg"}


@pytest.mark.rule("A-04", "evidence")
def test_what_was_handed_out_and_what_was_not_is_in_the_log(processor, run):
    run("export", "session.tsk", *TO_KANTO, "--operator", "tanaka")

    _, out, _ = run("audit", "verify", "--json")
    assert json.loads(out)["entries_by_type"]["block"] == 18
    with State(processor) as state:
        counts = state.outbox.decisions()
    assert counts["ecg", "kanto-improvement", "allow", "granted"] == 3
    assert counts["respiration", "kanto-improvement", "deny", "field_not_listed"] == 3


@pytest.mark.rule("S-07", "deny")
@pytest.mark.parametrize(
    ("who", "exit_code", "says"), [((), 2, "--operator"), (("--operator", "x"), 1, "untrained")]
)
def test_nobody_in_particular_hands_nothing_out(processor, run, who, exit_code, says):
    code, _, err = run("export", "session.tsk", *TO_KANTO, *who)

    assert (code, says in err) == (exit_code, True)
    assert not (processor.parent / "theirs.tsb").exists()


@pytest.mark.rule("T-01", "deny")
def test_a_broken_register_hands_nothing_out(processor, run):
    (processor / "parties.toml").write_text("format = 1\n[processor.x]\n", "utf-8")

    code, _, err = run("export", "session.tsk", *TO_KANTO, "--operator", "tanaka")

    assert code == 2 and "parties.toml: processor.x" in err and err.count("\n") == 2
