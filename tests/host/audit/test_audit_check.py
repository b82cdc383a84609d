"""Whatever is done to the log's file is found, with a sentence that names the place."""

import json

import pytest

from host.audit_examples import OTHER, SIGNER, a_log, entry, hands_on, rebuilt
from tasuki.audit import proofs, verifier
from tasuki.audit.check import examine
from tasuki.audit.log import AuditLog, Taken
from tasuki.audit.tree import leaf_hash
from tasuki.errors import Untrusted, UsageError


@pytest.fixture
def log(tmp_path):
    """Twelve entries; checkpoints of 5 and of 12."""
    log = a_log(tmp_path / "a.db", 5)
    log.sign()
    log.append(entry(n, text=f"the {n}th") for n in range(6, 13))
    log.sign()
    return log


def faults(log, since=(), handed_over=None):
    return examine(log, SIGNER.public, handed_over, since).faults


def written(log):
    return [log.entry(i) for i in range(log.size)]


@pytest.mark.rule("S-05", "allow", "evidence")
def test_a_whole_log_holds_and_says_what_its_checkpoints_cover(log):
    log.append([entry(13)])

    found = examine(log, SIGNER.public, {"outbox": 13}, [log.checkpoints()[0][2]])

    assert found.sound
    assert (found.entries, found.signed, found.checkpoints) == (13, 12, 3)
    assert found.root == log.root(13)
    assert found.types == {"decision": 13}


@pytest.mark.rule("S-05", "deny")
def test_a_changed_entry_is_named(log, tmp_path):
    hands_on(tmp_path / "a.db").execute("UPDATE entry SET data = ? WHERE i = 7", (entry(8, text="forged"),))

    assert faults(log)[0] == "entry 7 was changed: it is not what its hash was made of"


@pytest.mark.parametrize("left", ["text", 5, b"\xff\x00"])
def test_whatever_is_left_in_place_of_an_entrys_bytes_is_named_and_not_read(log, tmp_path, left):
    hands_on(tmp_path / "a.db").execute("UPDATE entry SET data = ? WHERE i = 7", (left,))

    assert faults(log)[0] == "entry 7 was changed: it is not what its hash was made of"
    with pytest.raises(Untrusted, match="entry 7"):
        log.fields(7)


def test_an_entry_that_was_changed_is_not_told_for_what_was_decided(log, tmp_path):
    assert log.fields(7)["text"] == "the 8th"
    hands_on(tmp_path / "a.db").execute("UPDATE entry SET data = ? WHERE i = 7", (entry(8, text="forged"),))

    with pytest.raises(Untrusted, match="entry 7"):
        log.fields(7)


def test_a_source_whose_number_was_changed_is_not_taken_for_a_new_one(log, tmp_path):
    log.append([entry(13)], taken=Taken("outbox", 0, 13))
    hands_on(tmp_path / "a.db").execute("UPDATE collected SET n = 'zz'")

    with pytest.raises(Untrusted, match="outbox"):
        log.collected("outbox")


def test_a_changed_entry_with_a_fitting_hash_shows_in_the_nodes_over_it(log, tmp_path):
    forged = entry(7, text="forged")
    sql = "UPDATE entry SET data = ?, nodes = ? WHERE i = 6"
    hands_on(tmp_path / "a.db").execute(sql, (forged, leaf_hash(forged)))

    assert "the tree does not hold at entry 7: a node over it was changed" in faults(log)
    assert any("rewritten between entries 5 and 11" in fault for fault in faults(log))


def test_a_dropped_entry_is_named(log, tmp_path):
    hands_on(tmp_path / "a.db").execute("DELETE FROM entry WHERE i = 3")

    assert faults(log)[0] == "entry 3 is missing: the next in the file is 4"


def test_exchanged_entries_are_named(log, tmp_path):
    db = hands_on(tmp_path / "a.db")
    for i, place in ((7, 99), (8, 7), (99, 8)):
        db.execute("UPDATE entry SET i = ? WHERE i = ?", (place, i))

    assert "entry 7 is number 9 of source outbox, expected 8" in faults(log)


@pytest.mark.rule("S-05", "deny")
def test_history_written_anew_contradicts_the_checkpoints_and_says_between_which(log, tmp_path):
    """Somebody with the disk rebuilds the whole tree over a changed entry, and leaves the checkpoints."""
    notes = log.checkpoints()
    forged = written(log)
    forged[8] = entry(9, text="forged")
    db = hands_on(tmp_path / "a.db")
    db.execute("DELETE FROM entry")
    db.close()
    AuditLog(tmp_path / "a.db", SIGNER).append(forged)

    assert faults(log) == [
        "history was rewritten between entries 5 and 11: the checkpoint of 12 entries has another root"
    ]
    assert len(notes) == 2


@pytest.mark.rule("S-05", "deny")
def test_a_rewritten_log_with_a_new_checkpoint_is_forged_without_the_audit_key(log, tmp_path):
    forged = [entry(1, text="forged"), *written(log)[1:]]
    log.close()

    again = rebuilt(tmp_path / "a.db", forged, signer=OTHER)

    assert faults(again) == ["the checkpoint of size 12 is not signed by this audit key"]


@pytest.mark.rule("S-05", "deny")
def test_a_rewritten_log_signed_with_the_audit_key_contradicts_a_checkpoint_that_was_kept(log, tmp_path):
    kept = log.checkpoints()[0][2]
    forged = [entry(1, text="forged"), *written(log)[1:]]
    log.close()

    again = rebuilt(tmp_path / "a.db", forged)

    assert faults(again) == []  # whoever has the key can do that: therefore keep checkpoints elsewhere
    assert faults(again, since=[kept]) == [
        "history was rewritten between entries 0 and 4: the checkpoint of 5 entries has another root"
    ]


def test_a_log_cut_behind_its_checkpoints_is_named(log, tmp_path):
    hands_on(tmp_path / "a.db").execute("DELETE FROM entry WHERE i >= 9")

    assert faults(log) == ["the log was cut: a checkpoint of 12 entries is signed, 9 are there"]


def test_a_log_cut_with_its_checkpoints_misses_what_its_sources_handed_over(log, tmp_path):
    db = hands_on(tmp_path / "a.db")
    db.execute("DELETE FROM entry WHERE i >= 5")
    db.execute("DELETE FROM checkpoint WHERE size > 5")

    assert faults(log, handed_over={"outbox": 12}) == [
        "entries 6 to 12 of source outbox were taken into the log and are not in it"
    ]


def test_a_forged_checkpoint_is_named(log, tmp_path):
    note = log.checkpoints()[1][2]
    sql = "UPDATE checkpoint SET note = ? WHERE size = 12"
    hands_on(tmp_path / "a.db").execute(sql, (note.replace("\n12\n", "\n11\n"),))

    assert faults(log) == ["the checkpoint of size 11 is forged: its signature fails"]


def test_what_is_no_entry_is_named(log, tmp_path):
    log.append([b"\xff\x00", b"[]", b'{"source": "outbox"}'])

    assert [fault[:24] for fault in faults(log)] == [
        "entry 12 is no entry: b'",
        "entry 13 is no entry: b'",
        "entry 14 is no entry: b'",
    ]


def test_a_log_that_is_all_damage_says_only_the_first_faults(tmp_path):
    log = AuditLog(tmp_path / "a.db", SIGNER)
    log.append([b"damage"] * 1000)

    assert len(faults(log)) == 20


# -- proofs -----------------------------------------------------------------------


def test_a_proof_shows_its_entries_and_what_it_continues_and_nothing_else(log):
    first = log.checkpoints()[0][2]
    made = json.loads(json.dumps(proofs.prove(log, [2, 9], [first])))

    found = verifier.check_proof(made, SIGNER.public, first)

    assert {index: e["text"] for index, e in found["entries"].items()} == {2: "the 3th", 9: "the 10th"}
    assert (found["size"], found["continues"]) == (12, [5])
    assert "the 4th" not in json.dumps(made)


def test_an_empty_log_is_continued_by_every_log(tmp_path):
    log = AuditLog(tmp_path / "a.db", SIGNER)
    nothing = log.sign()
    log.append([entry(1)])

    made = proofs.prove(log, [], [nothing])

    assert verifier.check_proof(made, SIGNER.public, nothing)["continues"] == [0]


def test_what_the_log_does_not_have_cannot_be_proved(log, tmp_path):
    other = a_log(tmp_path / "b.db", 5)
    other.append([b"other"])

    with pytest.raises(UsageError, match="no entry 12"):
        proofs.prove(log, [12])
    with pytest.raises(UsageError, match="rewritten"):
        proofs.prove(log, [], [other.sign()])
    with pytest.raises(UsageError, match="does not continue"):
        proofs.prove(log, [], ["no checkpoint"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p: p["entries"][0].update(data=p["entries"][1]["data"]), "entry 2 is not what"),
        (lambda p: p["entries"][0].update(index=3), "entry 3 is not what"),
        (lambda p: p["entries"][0].update(index=12), "not in a log of 12"),
        (lambda p: p["entries"][0].update(path=["AAAA"]), "not made of hashes"),
        (lambda p: p["entries"][0].update(path=["?"]), "not base64"),
        (lambda p: p["entries"][0].update(path=p["entries"][0]["path"] * 100), "not made of hashes"),
        (lambda p: p["continues"][0].update(path=[]), "rewritten"),
        (lambda p: p.update(format="other"), "no tasuki-audit-proof-1"),
        (lambda p: p.update(entries=[7]), "no proof"),
        (lambda p: p.pop("checkpoint"), "no proof"),
        (lambda p: p.update(checkpoint=7), "no proof"),
    ],
)
def test_a_changed_proof_is_refused_with_a_reason(log, change, why):
    made = proofs.prove(log, [2, 9], [log.checkpoints()[0][2]])
    change(made)

    with pytest.raises(verifier.ProofError, match=why):
        verifier.check_proof(made, SIGNER.public)


def test_a_proof_of_a_log_that_forgot_a_kept_checkpoint_is_refused(log, tmp_path):
    kept = a_log(tmp_path / "b.db", 3).sign()
    made = proofs.prove(log, [2])

    with pytest.raises(
        verifier.ProofError, match="does not show that the log continues your checkpoint of 3"
    ):
        verifier.check_proof(made, SIGNER.public, kept)
