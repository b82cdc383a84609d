"""The audit log: appends in batches, each batch one durable transaction, and proofs at a million entries.

Peers: pymerkle (GPL, only measured beside; it keeps leaves and makes proofs from them) and a plain Python
tree that keeps every level in lists. Both hash like RFC 9162; all three roots are held equal.
"""

import itertools
from hashlib import sha256

import pytest

from tasuki.audit import entries, tree
from tasuki.audit.log import AuditLog
from tasuki.vault.secret import Secret, Signer

BATCH = 50_000
MILLION = 1_000_000
MANY = 100_000  # what pymerkle's proofs are measured at: at a million a run of them takes minutes
SIGNER = Signer(Secret(bytes(32)))
FIELDS = {
    "type": "epoch",
    "at": 1_795_000_000_000,
    "hub": "9c41d07a55667788",
    "session": 3,
    "epoch": 118,
    "blocks": {"0": [1, 2, 3, 4], "1": [5, 6, 7, 8], "2": [9, 10, 11, 12], "3": [13, 14, 15, 16]},
}
BATCH_OF_ENTRIES = [entries.text("outbox", n, entries.body(FIELDS)) for n in range(1, BATCH + 1)]
APPENDS, PROOFS = "audit log, entries of 170 bytes", "audit log, inclusion proofs"


class PlainTree:
    """Every level as a list, in memory; the obvious way to do it."""

    def __init__(self):
        self.levels = [[]]

    def append(self, data):
        self.levels[0].append(sha256(b"\x00" + data).digest())
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            left, right = self.levels[level][-2:]
            self.levels[level + 1].append(sha256(b"\x01" + left + right).digest())
            level += 1

    def node(self, level, place):
        return self.levels[level][place]


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A log of a million entries."""
    log = AuditLog(tmp_path_factory.mktemp("million") / "audit.db", SIGNER)
    for _ in range(0, MILLION, BATCH):
        log.append(BATCH_OF_ENTRIES)
    return log


def test_appends(rate, tmp_path):
    log = AuditLog(tmp_path / "audit.db", SIGNER)

    rate(APPENDS, "ours, SQLite, durable, nodes kept", BATCH, "entries", lambda: log.append(BATCH_OF_ENTRIES))

    assert log.root(BATCH) == plain(BATCH_OF_ENTRIES)


def test_appends_with_their_json_and_names(rate, tmp_path):
    log = AuditLog(tmp_path / "audit.db", SIGNER)
    numbers = itertools.count(1)

    def made():
        texts = (entries.text("outbox", next(numbers), entries.body(FIELDS)) for _ in range(BATCH))
        log.append(texts, ((f"epoch/9c41d07a.3.{n}/", n) for n in range(BATCH)))

    rate(APPENDS, "ours, and each made from its fields and named", BATCH, "entries", made)

    assert log.size % BATCH == 0


def test_appends_of_what_waited_with_the_outbox(rate, tmp_path):
    """As the collector takes it: bodies are JSON since they were written with what they tell of."""
    log = AuditLog(tmp_path / "audit.db", SIGNER)
    body, numbers = entries.body(FIELDS), itertools.count(1)

    def taken():
        texts = (entries.text("outbox", next(numbers), body) for _ in range(BATCH))
        log.append(texts, ((f"epoch/9c41d07a.3.{n}/", n) for n in range(BATCH)))

    rate(APPENDS, "ours, each collected from the outbox and named", BATCH, "entries", taken)

    assert log.size % BATCH == 0


def test_appends_to_a_plain_tree(rate):
    trees = []

    def fill():
        trees.append(PlainTree())
        for data in BATCH_OF_ENTRIES:
            trees[-1].append(data)

    rate(APPENDS, "plain Python, in memory", BATCH, "entries", fill)

    assert tree.root(BATCH, trees[0].node) == plain(BATCH_OF_ENTRIES)


def test_appends_to_pymerkle(rate, tmp_path):
    pymerkle = pytest.importorskip("pymerkle", reason="pymerkle: extra `bench`")
    peer = pymerkle.SqliteTree(str(tmp_path / "peer.db"))

    rate(
        APPENDS,
        "pymerkle, SQLite, leaves only",
        BATCH,
        "entries",
        lambda: peer.append_entries(BATCH_OF_ENTRIES),
    )

    assert peer.get_root(BATCH) == plain(BATCH_OF_ENTRIES)


def test_proofs_at_a_million(rate, million):
    places = itertools.cycle(range(0, MILLION, 997))

    rate(
        PROOFS,
        "ours, at 1,000,000",
        100,
        "proofs",
        lambda: [million.inclusion(next(places), MILLION) for _ in range(100)],
    )

    assert len(million.inclusion(5, MILLION)) == 20


def test_consistency_at_a_million(rate, million):
    sizes = itertools.cycle(range(1, MILLION, 997))

    rate(
        PROOFS,
        "ours, consistency, at 1,000,000",
        100,
        "proofs",
        lambda: [million.consistency(next(sizes), MILLION) for _ in range(100)],
    )

    assert million.consistency(MILLION, MILLION) == []


@pytest.mark.parametrize("kind", ["SqliteTree", "InmemoryTree"])
def test_proofs_of_pymerkle(rate, tmp_path, kind):
    pymerkle = pytest.importorskip("pymerkle", reason="pymerkle: extra `bench`")
    if kind == "SqliteTree":
        peer = pymerkle.SqliteTree(str(tmp_path / "peer.db"))
        for _ in range(0, MANY, BATCH):
            peer.append_entries(BATCH_OF_ENTRIES)
    else:
        peer = pymerkle.InmemoryTree()
        for data in BATCH_OF_ENTRIES * (MANY // BATCH):
            peer.append_entry(data)
    places = itertools.cycle(range(1, MANY, 997))
    size = peer.get_size()

    rate(
        PROOFS,
        f"pymerkle {kind}, at 100,000",
        5,
        "proofs",
        lambda: [peer.prove_inclusion(next(places), size) for _ in range(5)],
    )

    assert size == MANY


def plain(data):
    """Root by the plain tree."""
    made = PlainTree()
    for each in data:
        made.append(each)
    return tree.root(len(data), made.node)
