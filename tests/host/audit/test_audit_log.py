"""The log's file: append-only, durable, its proofs those of the tree, whoever else appends."""

import base64
import sqlite3

import pytest

from host.audit_examples import OTHER, SIGNER, a_log, entry, hands_on, naive_consistency, naive_inclusion
from host.audit_examples import naive_root as root_of
from tasuki.audit import checkpoint, verifier
from tasuki.audit.log import AuditLog, Overtaken, Taken
from tasuki.audit.verifier import ProofError, open_checkpoint
from tasuki.errors import LinkLost


def test_roots_and_paths_are_those_of_the_entries_however_they_came(tmp_path):
    log = AuditLog(tmp_path / "a.db", SIGNER)
    of = [entry(n) for n in range(1, 40)]
    for first, size in ((0, 1), (1, 6), (7, 32)):
        log.append(of[first : first + size])

    assert [log.root(size) for size in range(40)] == [root_of(of[:size]) for size in range(40)]
    assert [log.inclusion(i, 39) for i in range(39)] == [naive_inclusion(i, of) for i in range(39)]
    assert [log.consistency(m, 39) for m in range(1, 40)] == [naive_consistency(m, of) for m in range(1, 40)]


def test_a_log_goes_on_after_it_was_closed(tmp_path):
    a_log(tmp_path / "a.db", 5).close()
    log = AuditLog(tmp_path / "a.db", SIGNER)

    assert log.append([b"next"]) == 5
    assert log.root(6) == root_of([*(entry(n, text=f"the {n}th") for n in range(1, 6)), b"next"])


def test_two_processes_append_to_one_tree(tmp_path):
    """Each has its own connection and its own memory of the right edge."""
    one, two = AuditLog(tmp_path / "a.db", SIGNER), AuditLog(tmp_path / "a.db", SIGNER)
    for n in range(0, 12, 3):
        one.append([b"%d" % n])
        two.append([b"%d" % (n + 1), b"%d" % (n + 2)])

    assert one.root(12) == two.root(12) == root_of([b"%d" % n for n in range(12)])


def test_what_fails_half_way_leaves_nothing(tmp_path):
    log = a_log(tmp_path / "a.db", 5)

    def breaking():
        yield b"one more"
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        log.append(breaking(), taken=Taken("outbox", 0, 1))

    assert (log.size, log.collected("outbox")) == (5, 0)
    assert log.append([b"six"]) == 5
    assert log.root(6) == root_of([*(entry(n, text=f"the {n}th") for n in range(1, 6)), b"six"])


def test_what_failed_is_not_remembered_when_another_process_fills_its_place(tmp_path):
    """The sizes agree by chance: only the edge that is read again has the other's entry."""
    log, other = a_log(tmp_path / "a.db", 5), AuditLog(tmp_path / "a.db", SIGNER)

    def breaking():
        yield b"never durable"
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        log.append(breaking())
    other.append([b"six"])
    log.append([b"seven", b"eight"])

    first = [entry(n, text=f"the {n}th") for n in range(1, 6)]
    assert log.root(8) == root_of([*first, b"six", b"seven", b"eight"])


def test_entries_of_a_source_come_once(tmp_path):
    log = AuditLog(tmp_path / "a.db", SIGNER)
    log.append([b"one"], taken=Taken("outbox", 0, 1))

    with pytest.raises(Overtaken):
        log.append([b"one again"], taken=Taken("outbox", 0, 1))

    assert (log.size, log.collected("outbox")) == (1, 1)


@pytest.mark.rule("S-05", "deny")
@pytest.mark.parametrize(
    "sql", ["DELETE FROM entry WHERE i = 2", "UPDATE entry SET data = x'00' WHERE i = 2"]
)
def test_the_file_itself_refuses_to_change_an_entry(tmp_path, sql):
    a_log(tmp_path / "a.db", 5)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sqlite3.connect(tmp_path / "a.db").execute(sql)


def test_a_file_that_cannot_be_written_says_so_and_loses_nothing(tmp_path):
    log = a_log(tmp_path / "a.db", 3)
    blocker = hands_on(tmp_path / "a.db")
    log._db.execute("PRAGMA busy_timeout = 0")
    blocker.execute("BEGIN IMMEDIATE")

    with pytest.raises(LinkLost, match="audit log cannot be written"):
        log.append([b"four"])

    blocker.execute("ROLLBACK")
    assert log.append([b"four"]) == 3


def test_names_find_their_entries_and_no_others(tmp_path):
    log = AuditLog(tmp_path / "a.db", SIGNER)
    log.append([b"a", b"b", b"c"], [("decision/1/", 0), ("decision/11/", 1), ("decision/1/", 2)])

    assert log.find("decision/1/") == [0, 2]
    assert log.find("decision/") == [0, 1, 2]
    assert log.find("decision/2/") == []
    assert log.entry(3) is None


# -- checkpoints ----------------------------------------------------------------


def test_a_checkpoint_says_size_and_root_and_is_signed_once_per_size(tmp_path):
    log = a_log(tmp_path / "a.db", 7)
    note = log.sign()

    head = open_checkpoint(note, SIGNER.public)
    assert (head.size, head.root) == (7, log.root(7))
    assert log.sign() == note
    assert log.signed()[0] == 7
    log.append([b"more"])
    assert open_checkpoint(log.sign(), SIGNER.public).size == 8
    assert [size for size, _, _ in log.checkpoints()] == [7, 8]


def test_a_checkpoint_reads_like_a_tlog_checkpoint():
    """C2SP tlog-checkpoint in a signed-note: three lines, an empty one, an em dash, name and signature."""
    note = checkpoint.sign(SIGNER, 20852163, bytes(32))

    name = f"tasuki/audit/{SIGNER.key_id.hex()}"
    text, signature = note.split("\n\n")
    assert text.split("\n") == [name, "20852163", "A" * 43 + "="]
    assert signature.startswith(f"\u2014 {name} ") and signature.endswith("\n")


def test_the_signature_covers_its_domain_first():
    """A checkpoint's text signed without the domain, or under another one, is no checkpoint."""
    note = checkpoint.sign(SIGNER, 3, bytes(32))
    text = note.split("\n\n")[0] + "\n"
    name = text.split("\n")[0]
    for domain in ("receipt", "ticket", "bundle"):
        other = verifier.key_id(name, SIGNER.public) + SIGNER.sign(domain, text.encode())
        forged = f"{text}\n\u2014 {name} {base64.b64encode(other).decode()}\n"
        with pytest.raises(ProofError, match="forged"):
            open_checkpoint(forged, SIGNER.public)


def test_another_keys_checkpoint_is_not_ours():
    with pytest.raises(ProofError, match="not signed by this audit key"):
        open_checkpoint(checkpoint.sign(OTHER, 3, bytes(32)), SIGNER.public)


def test_a_cosignature_beside_ours_does_no_harm():
    """Witnesses add lines of their own (signed-note: unknown keys are ignored)."""
    note = checkpoint.sign(SIGNER, 3, bytes(32)) + "\u2014 witness.example AAAAAEFB\n"

    assert open_checkpoint(note, SIGNER.public).size == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n3\n", "\n4\n"),
        ("\n3\n", "\n03\n"),
        ("\n3\n", "\n-3\n"),
        ("\n3\n", "\n\u0663\n"),
        ("\n3\n", "\n" + "9" * 5000 + "\n"),
        ("AAAA", "AAAB"),
        ("=\n\n", "=\nextension\n\n"),
        ("\n\n", "\n"),
        ("\u2014 ", "- "),
        ("tasuki/audit/", "tasuki/other/"),
        ("=\n\u2014", "!\n\u2014"),
    ],
)
def test_no_other_text_is_a_checkpoint(old, new):
    note = checkpoint.sign(SIGNER, 3, bytes(32))
    assert old in note or old == "=\n\u2014"

    with pytest.raises(ProofError):
        open_checkpoint(note.replace(old, new, 1) if old in note else note[:-40], SIGNER.public)


def test_a_flipped_character_of_the_text_is_noticed():
    note = checkpoint.sign(SIGNER, 123, bytes(range(32)))

    for place in range(note.index("\n\n")):
        flipped = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
        with pytest.raises(ProofError):
            open_checkpoint(flipped, SIGNER.public)
