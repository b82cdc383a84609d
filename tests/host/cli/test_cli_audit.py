"""`tasuki audit` and `tasuki policy explain`: what a person and a stranger can check and ask."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from host.audit_examples import entry, hands_on
from tasuki.audit import verifier
from tasuki.session.state import State, adopt
from worlds import ECG, STATUS, World


@pytest.fixture
def state(tmp_path):
    """A state folder in which the demo's wearer had two epochs decided."""
    folder = tmp_path / "state"
    world = World(tmp_path / "world")
    with State(folder, clock_ns=world.clock) as state:
        world.subject = adopt(state, None)
        state.vault.add_subject(world.subject)
        world.outbox = state.outbox
        for number in range(2):
            world.put(number, [ECG, STATUS])
    return folder


@pytest.fixture
def block(state, tasuki):
    """The id of a block of that folder."""
    with State(state) as opened:
        hub = json.loads(opened.audit.entry(opened.audit.find("epoch/")[0]))["hub"]
    return f"{hub[:8]}.1.0.0"


def test_verify_says_what_holds(state, tasuki):
    code, out, _ = tasuki("audit", "verify", "--state", state)

    assert code == 0
    assert re.match(r"\d+ entries \(policy 1, .*epoch 2\), root [0-9a-f]{16}\n", out)
    assert "are under the newest" in out


def test_verify_changes_nothing(state, tasuki):
    before = (state / "audit.db").read_bytes()

    tasuki("audit", "verify", "--state", state)

    assert (state / "audit.db").read_bytes() == before


@pytest.mark.rule("S-05", "deny", "evidence")
def test_verify_of_a_changed_log_names_the_entry_and_exits_1(state, tasuki):
    hands_on(state / "audit.db").execute("UPDATE entry SET data = ? WHERE i = 3", (entry(4, text="forged"),))

    code, out, err = tasuki("audit", "verify", "--state", state, "--json")

    assert code == 1
    assert json.loads(out)["faults"][0].startswith("entry 3 was changed")
    assert err.startswith("tasuki: the audit log does not hold: entry 3 was changed")
    assert "Traceback" not in err


def test_a_kept_checkpoint_shows_that_the_log_was_made_anew(state, tasuki, tmp_path):
    tasuki("audit", "checkpoint", "--state", state, "-o", tmp_path / "kept")
    for file in state.glob("audit.db*"):
        file.unlink()
    with State(state):
        pass  # a new log, signed by the same key

    assert tasuki("audit", "verify", "--state", state)[0] == 1  # what the outbox handed over is missing
    code, _, err = tasuki("audit", "verify", "--state", state, "--since", tmp_path / "kept")

    assert code == 1
    assert "a checkpoint of" in err or "rewritten" in err


def test_what_is_proved_is_verified_with_the_public_key_alone(state, block, tasuki, tmp_path):
    tasuki("audit", "key", "--state", state, "-o", tmp_path / "audit.pub")
    tasuki("audit", "checkpoint", "--state", state, "-o", tmp_path / "kept")
    words = ("--block", block, "--since", tmp_path / "kept", "-o", tmp_path / "why.json")
    assert tasuki("audit", "prove", "--state", state, *words)[0] == 0

    checked = (
        "--proof",
        tmp_path / "why.json",
        "--key",
        tmp_path / "audit.pub",
        "--since",
        tmp_path / "kept",
    )
    code, out, _ = tasuki("audit", "verify", *checked, "--json", "--state", tmp_path / "nowhere")

    assert code == 0
    kinds = [each["type"] for each in json.loads(out)["entries"].values()]
    assert kinds == ["decision"] * 4 + ["epoch"]
    assert not (tmp_path / "nowhere").exists()


def test_the_verifier_alone_needs_nothing_of_this_package(state, block, tasuki, tmp_path):
    """Its file copied elsewhere, in an interpreter that cannot find tasuki."""
    alone = tmp_path / "verifier.py"
    alone.write_text(Path(verifier.__file__).read_text("utf-8"), "utf-8")
    tasuki("audit", "key", "--state", state, "-o", tmp_path / "audit.pub")
    tasuki("audit", "prove", "--state", state, "--block", block, "-o", tmp_path / "why.json")
    command = [sys.executable, "-c", _ALONE, str(alone), str(tmp_path / "why.json"), "--key"]

    good = subprocess.run(
        [*command, str(tmp_path / "audit.pub")], capture_output=True, text=True, check=False
    )
    bad = subprocess.run([*command, "00" * 32], capture_output=True, text=True, check=False)
    usage = subprocess.run(command[:5], capture_output=True, text=True, check=False)

    assert (good.returncode, len(json.loads(good.stdout)["entries"])) == (0, 5)
    assert bad.returncode == 1 and bad.stderr.startswith("not proved: ")
    assert usage.returncode == 2


_ALONE = """
import sys, runpy
class No:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tasuki", "tasuki_wire"):
            raise ImportError(name)
sys.meta_path.insert(0, No())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["prove"], "nothing to prove"),
        (["prove", "9999"], "no entry 9999"),
        (["prove", "--block", "nonsense"], "is no block id"),
        (["prove", "--block", "00000000.1.2.3"], "knows no epoch"),
        (["prove", "--since", "missing"], "missing"),
        (["verify", "--proof", "missing"], "needs the audit key"),
        (["verify", "--proof", "missing", "--key", "00" * 32], "missing"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_with_a_way_out_and_exit_code_2(state, tasuki, words, what):
    code, out, err = tasuki("audit", *words, "--state", state)

    assert (code, out) == (2, "")
    assert what in err and len(err.splitlines()) == 2


@pytest.mark.parametrize("words", [["verify"], ["prove", "1"], ["checkpoint"], ["key"]])
def test_a_folder_without_a_log_stays_as_it_is(tmp_path, tasuki, words):
    code, _, err = tasuki("audit", *words, "--state", tmp_path / "none")

    assert code == 2 and "no audit log yet" in err
    assert not (tmp_path / "none").exists()


# -- explained ------------------------------------------------------------------------


def test_a_refused_block_is_explained_in_both_languages(state, block, tasuki):
    code, english, _ = tasuki("policy", "explain", block, "--state", state, "--lang", "en")
    assert code == 0
    japanese = tasuki("policy", "explain", block, "--state", state, "--lang", "ja")[1]

    assert "✓ ECG → store (Information in the service): allowed" in english
    assert "✗ ECG → research-statistics (Statistics): refused, refused by the wearer [refused]" in english
    assert "個人識別できない統計データ" in english  # the rule's own sentence
    assert "what would change it: The wearer refused" in english
    assert f"tasuki audit prove --block {block}" in english
    assert (
        "✗ 心電 → research-statistics (統計データの作成または分析): 拒否, 着用者が拒否 [refused]" in japanese
    )
    assert "変えるには: 着用者は" in japanese


def test_an_explained_block_as_json_has_rules_with_sentences_and_entries(state, block, tasuki):
    found = json.loads(tasuki("policy", "explain", block, "--state", state, "--json")[1])

    refused = next(d for d in found["decisions"] if d["destination"] == "development")
    assert (refused["outcome"], refused["reason"], refused["at_sending"]) == ("deny", "refused", False)
    assert refused["rules"][0]["id"] == "C3-05" and refused["rules"][0]["ja"] and refused["rules"][0]["en"]
    assert set(refused["remedy"]) == {"en", "ja"}
    assert set(refused["entries"]) <= set(found["entries"])


@pytest.mark.parametrize(
    ("item", "to", "outcome", "reason"),
    [
        ("ecg", "store", "allow", "granted"),
        ("ecg", "research-statistics", "deny", "refused"),
        ("respiration", "improvement", "deny", "no_consent"),
        ("device_status", "improvement", "deny", "purpose_not_in_policy"),
        ("email", "store", "allow", "granted"),
        ("soul", "store", "deny", "unknown_item"),
    ],
)
def test_what_would_be_decided_is_explained_before_anything_is_measured(
    tmp_path, tasuki, item, to, outcome, reason
):
    asked = ("--item", item, "--to", to, "--state", tmp_path / "none", "--json")

    code, out, _ = tasuki("policy", "explain", *asked)

    found = json.loads(out)
    assert (code, found["outcome"], found["reason"]) == (0, outcome, reason)
    assert all(rule["ja"] for rule in found["rules"])
    assert not (tmp_path / "none").exists()


def test_a_rule_of_a_products_terms_is_explained_by_its_sentence(tmp_path, tasuki):
    asked = ("--item", "subjective", "--to", "research-statistics", "--state", tmp_path / "none")

    code, out, _ = tasuki("policy", "explain", *asked, "--language", "en")

    assert code == 0
    assert "DG-02  主観データは統計に利用しない。 (Subjective reports serve no statistics.)" in out


def test_the_state_folders_wearer_is_meant_when_there_is_one(state, tasuki):
    with State(state) as opened:
        adopt(opened, None)
    asked = ("--item", "ecg", "--to", "improvement", "--state", state, "--json")
    assert json.loads(tasuki("policy", "explain", *asked)[1])["outcome"] == "allow"

    withdrawn = ("--item", "ecg", "--purpose", "service_improvement", "--state", state)
    assert tasuki("consent", "withdraw", *withdrawn)[0] == 0

    assert json.loads(tasuki("policy", "explain", *asked)[1])["reason"] == "withdrawn"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "nothing to explain"),
        (["--item", "ecg"], "nothing to explain"),
        (["9c41d07a.1.0.0", "--item", "ecg"], "a BLOCK and"),
        (["9c41d07a"], "is no block id"),
        (["9c41d07a.1.0.0"], "knows no epoch"),
        (["--item", "ecg", "--to", "store", "--product", "sock"], "unknown product"),
        (["--item", "ecg", "--to", "nowhere"], "unknown destination"),
        (["--item", "ecg", "--to", "store", "--consent", "missing.toml"], "missing.toml"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence_with_a_way_out(state, tasuki, words, what):
    code, out, err = tasuki("policy", "explain", *words, "--state", state)

    assert (code, out) == (2, "")
    assert what in err and len(err.splitlines()) == 2
