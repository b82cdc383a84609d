"""Logs and trees for the tests of the audit log."""

import hashlib
import json
import sqlite3

from nacl.signing import SigningKey

from tasuki.audit import tree
from tasuki.audit.log import AuditLog
from tasuki.vault.secret import Secret, Signer

SIGNER = Signer(Secret(b"\x05" * 32))
OTHER = Signer(Secret(b"\x06" * 32))


def naive_root(entries):
    """MTH of RFC 9162, 2.1.1, as it is written there."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = naive_split(len(entries))
    return hashlib.sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_inclusion(m, entries):
    """PATH(m, D_n) of RFC 9162, 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = naive_split(len(entries))
    if m < k:
        return [*naive_inclusion(m, entries[:k]), naive_root(entries[k:])]
    return [*naive_inclusion(m - k, entries[k:]), naive_root(entries[:k])]


def naive_consistency(m, entries, whole=True):
    """SUBPROOF(m, D_n, b) of RFC 9162, 2.1.4.1."""
    if m == len(entries):
        return [] if whole else [naive_root(entries)]
    k = naive_split(len(entries))
    if m <= k:
        return [*naive_consistency(m, entries[:k], whole), naive_root(entries[k:])]
    return [*naive_consistency(m - k, entries[k:], False), naive_root(entries[:k])]


def naive_split(n):
    """The largest power of two below n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def nodes_of(entries):
    """All complete nodes of a tree, as `tree` asks for them."""
    edge = tree.Edge()
    rows = [edge.add(entry) for entry in entries]
    return lambda level, place: rows[((place + 1) << level) - 1][32 * level : 32 * level + 32]


def entry(n, source="outbox", **fields):
    """An entry that the examination takes for one."""
    return json.dumps({"v": 1, "source": source, "n": n, "type": "decision", **fields}).encode()


def a_log(path, size=0, signer=SIGNER):
    """A log with so many entries of one source."""
    log = AuditLog(path, signer)
    log.append(entry(n, text=f"the {n}th") for n in range(1, size + 1))
    return log


def hands_on(path):
    """The file as somebody has it who may write to the disk: without the triggers."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TRIGGER entry_stays")
    db.execute("DROP TRIGGER entry_is_final")
    return db


def rebuilt(path, entries, checkpoint=True, signer=SIGNER):
    """Write other entries over a log's file, with hashes that fit them."""
    db = hands_on(path)
    db.execute("DELETE FROM entry")
    db.execute("DELETE FROM checkpoint")
    db.close()
    log = AuditLog(path, signer)
    log.append(entries)
    if checkpoint:
        log.sign()
    return log


def signed_by(seed, text):
    """A raw Ed25519 signature."""
    return SigningKey(seed).sign(text).signature
