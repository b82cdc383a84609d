"""The vault: every wearer's keys, wrapped, and the service's own keys.

    keys/vault-*.key        epoch keys of the 256 buckets, each wraps the subject keys of one; in a key
                            file, the system's keyring or an HSM (tasuki.vault.keystores)
    keys/authority.key      Ed25519, signs consent tokens
    keys/attestation.key    Ed25519, signs stripped blocks; shared by all wearers
    keys/audit.key          Ed25519, signs checkpoints of the audit log
    keys/names.key          HMAC, names in the audit log of what is no wearer's
    keys/storage.key        X25519, opens what hubs stored while the link was down
    keys/destination-*.key  X25519, opens what was encrypted to our own research destinations
    vault.db                subject keys under their bucket's epoch key, item keys under the subject key

Who holds the epoch keys and vault.db opens everything; vault.db alone opens nothing. Erasing rolls a
bucket: its subjects but the erased one are wrapped under a new epoch key and the old one is destroyed,
so an older copy of vault.db opens nothing of the erased one. docs/keys.md has backup and rotation.
"""

import hmac
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from tasuki import database
from tasuki.errors import Refused, UsageError
from tasuki.vault import aliases, buckets, keyfiles, keystores, migrating, subjects
from tasuki.vault.buckets import Buckets
from tasuki.vault.secret import Secret
from tasuki.vault.service_keys import ServiceKeys
from tasuki.vault.subjects import PSEUDONYM_SIZE, Subject

__all__ = ["PSEUDONYM_SIZE", "Vault", "key_epoch"]

_SCHEMA = f"""
{subjects.SCHEMA}
{buckets.SCHEMA}
CREATE TABLE IF NOT EXISTS vault (
  one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, store TEXT NOT NULL,
  generation INTEGER NOT NULL);
"""
_NEVER_ASKED = "audit"  # purpose of names in the audit log: nobody asks the vault whose they are
_LOOK_S = 0.05  # how long a key that another process erased may be used from memory


class Vault(ServiceKeys):
    """Keys by subject and item. Safe to use from several threads and several processes."""

    def __init__(self, folder: Path, keys: Path | None = None, tenant: str = "tasuki") -> None:
        """Open a state folder, making what is missing, and finish an erasure that a crash cut short.

        folder: holds vault.db. keys: folder of the key files, `folder`/keys unless given; put it on
        another disk where you can. UsageError when a key is missing although data needs it.
        """
        super().__init__(keys or folder / "keys", tenant)
        self.path = folder / "vault.db"
        self._db = database.connect(self.path, _SCHEMA)
        self._lock = threading.RLock()
        self._subjects: dict[str, Subject] = {}
        self._item_keys: dict[tuple[str, str], tuple[int, Secret]] = {}
        self._pseudonyms: dict[tuple[str, str, str, int], bytes] = {}
        self._owners: dict[tuple[str, str, int, bytes], str] = {}
        self._buckets: Buckets
        self._store: str
        self._generation: int
        self._seen = -1
        self._next_look = 0.0
        try:
            self._open()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the files and the key stores."""
        self._buckets.close()
        self._db.close()

    # -- subjects ------------------------------------------------------------------

    def add_subject(self, name: str) -> None:
        """Make a subject's keys; nothing happens when they exist."""
        if name not in self._subjects:
            self.add_subjects([name])

    def add_subjects(self, names: Iterable[str]) -> None:
        """Make the keys of many in one transaction."""
        with self._lock:
            known = "SELECT 1 FROM subject WHERE name = ?"
            new = [name for name in names if not self._db.execute(known, (name,)).fetchone()]
            if new:
                with self._turn() as db:
                    for name in new:
                        subjects.add(db, self._buckets, name, self._store)

    def subjects(self) -> list[str]:
        """Names of all subjects that have keys."""
        with self._lock:
            return [name for (name,) in self._db.execute("SELECT name FROM subject ORDER BY id")]

    def knows(self, name: str) -> bool:
        """True when there are keys for this subject."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM subject WHERE name = ?", (name,)).fetchone() is not None

    def identity(self, name: str) -> bytes | None:
        """What tells a subject from another one of the same name, before or after it; None for none."""
        with self._lock:
            row = self._db.execute("SELECT handle FROM subject WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def indexed(self, name: str) -> bool:
        """True when every pseudonym of a subject is in the index; not so in vaults of version 0.1."""
        with self._lock:
            row = self._db.execute("SELECT indexed FROM subject WHERE name = ?", (name,)).fetchone()
        return row is None or bool(row[0])

    def item_key(self, subject: str, item: str, create: bool = True) -> tuple[int, Secret]:
        """(serial, key) of a subject's item; a new one has a new serial.

        Refused("key_erased") when there is none and `create` is False, or no such subject.
        """
        self._look()
        kept = self._item_keys.get((subject, item))
        if kept is not None:
            return kept
        with self._lock:
            with self._snapshot() as db:
                found = subjects.item_key(db, self._subject(subject, fresh=True), item)
            if found is None and create:
                with self._turn() as db:  # under the key that the subject has now, whoever renewed it
                    owner = self._subject(subject, fresh=True)
                    subjects.make_item_key(db, owner, item)
                    found = subjects.item_key(db, owner, item)
            if found is None:
                raise Refused("key_erased", f"no key for {item}", "What it encrypted cannot be read again.")
            self._item_keys[subject, item] = found
            return found

    def pseudonym(self, subject: str, purpose: str, destination: str, key_epoch: int) -> bytes:
        """Name of a subject at one destination for one purpose in one key epoch, 16 bytes.

        HMAC-SHA-256 under the subject's random secret: two destinations cannot compare notes, and
        nobody can compute it once the subject's keys are gone. It is durable in the vault's index
        before it is returned, unless it is a name in the audit log.
        """
        self._look()
        key = (subject, purpose, destination, key_epoch)
        kept = self._pseudonyms.get(key)
        if kept is None:
            text = aliases.context(self.tenant, purpose, destination, key_epoch)
            with self._lock:
                owner = self._subject(subject)
                if purpose != _NEVER_ASKED and not aliases.has(self._db, self._buckets, owner, text):
                    with self._turn() as db:
                        owner = self._subject(subject, fresh=True)
                        aliases.note(db, self._buckets, owner, text)
                kept = owner.pseudonym(text)
                self._pseudonyms[key] = kept
                self._owners[purpose, destination, key_epoch, kept] = subject
        return kept

    def pseudonyms(self, subject: str) -> dict[tuple[str, str, int], bytes]:
        """Every pseudonym that a subject was given here: by purpose, destination and key epoch.

        Refused("key_erased") when there is no such subject.
        """
        with self._lock, self._snapshot() as db:
            owner = self._subject(subject, fresh=True)
            texts = aliases.contexts(db, owner)
        out = {}
        for text in texts:
            tenant, purpose, destination, year = aliases.parts(text)
            if tenant == self.tenant:
                out[purpose, destination, int(year)] = owner.pseudonym(text)
        return out

    def subject_of(self, pseudonym: bytes, purpose: str, destination: str, key_epoch: int) -> str:
        """The subject behind a pseudonym of ours; Refused("key_erased") when no key makes it."""
        self._look()
        known = self._owners.get((purpose, destination, key_epoch, pseudonym))
        if known is not None:
            return known
        text = aliases.context(self.tenant, purpose, destination, key_epoch)
        with self._lock:
            tags = self._buckets.tags(text + pseudonym)
            name = aliases.by_tags(self._db, tags) if tags else None
            # of a vault of version 0.1: what was given before the index
            old = [] if name else self._db.execute("SELECT name FROM subject WHERE indexed = 0").fetchall()
            for (each,) in old:
                if hmac.compare_digest(self._subject(each).pseudonym(text), pseudonym):
                    name = str(each)
                    break
        if name is not None and hmac.compare_digest(
            self.pseudonym(name, purpose, destination, key_epoch), pseudonym
        ):
            return name
        raise Refused("key_erased", "no wearer has this pseudonym", "The wearer's keys may have been erased.")

    def serials(self, subject: str) -> dict[str, int]:
        """Item to the serial of its key, of every item of a subject that has one."""
        with self._lock:
            row = self._subject(subject, fresh=True).row
            return dict(self._db.execute("SELECT item, serial FROM item_key WHERE subject = ?", (row,)))

    def wrappings(self, subject: str, items: Collection[str] | None = None) -> list[bytes]:
        """The wrapped keys that stand in the file for a subject, or for some of its items alone."""
        with self._lock:
            row = self._subject(subject).row
            rows = self._db.execute("SELECT item, wrapped FROM item_key WHERE subject = ?", (row,)).fetchall()
            found = [wrapped for item, wrapped in rows if items is None or item in items]
            own = self._db.execute("SELECT wrapped FROM subject WHERE id = ?", (row,)).fetchone()[0]
        return [*found, own]

    # -- erasing ---------------------------------------------------------------------

    def erase_item(self, subject: str, item: str) -> None:
        """Destroy a subject's item key: what it encrypted stays unreadable for good."""
        self.erase_items(subject, [item])

    def erase_items(self, subject: str, items: Collection[str]) -> None:
        """Destroy some of a subject's item keys, as strongly as `erase_subject` does all.

        The subject's key wraps them in older copies of the file, so it is renewed, and its bucket rolled.
        """
        with self._lock:
            with self._turn() as db:
                owner = self._subject(subject, fresh=True)
                old, new = self._buckets.roll(owner.bucket, self._store)
                subjects.renew(db, owner, items, old)
                subjects.rewrap(db, self._buckets, owner.bucket, old, new)
                self._raise_generation(db)
            self._finish()

    def erase_subject(self, subject: str, identity: bytes = b"") -> None:
        """Destroy all of a subject's keys and the secret behind the pseudonyms.

        identity: what `identity` said; Refused("key_erased") when there is only another one of the name.

        When this returned, no copy of vault.db opens anything of it with the keys there are now. LinkLost
        when the key store is away: the old epoch key is destroyed at the next opening then.
        """
        with self._lock:
            with self._turn() as db:
                owner = self._subject(subject, fresh=True)
                if identity not in (b"", owner.handle):
                    raise Refused("key_erased", "this subject's keys are gone; there is another of the name")
                old, new = self._buckets.roll(owner.bucket, self._store)
                subjects.delete(db, owner)
                subjects.rewrap(db, self._buckets, owner.bucket, old, new)
                self._raise_generation(db)
            self._finish()

    def unfinished(self) -> int:
        """How many epoch keys still have to be destroyed; 0 once every erasure is effective."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM retired").fetchone()[0])

    def finish(self) -> None:
        """Destroy them now; nothing happens when there are none. LinkLost."""
        with self._lock:
            if self.unfinished():
                self._finish()

    # -- where the epoch keys are --------------------------------------------------------

    def empty_log(self) -> bool:
        """Empty the write-ahead log; False when somebody reads."""
        with self._lock:
            return database.truncate_log(self._db)

    @property
    def key_store(self) -> str:
        """The setting of the store in which new epoch keys are made."""
        return self._store

    def epoch_keys(self) -> int:
        """How many buckets have a key."""
        with self._lock:
            return len(self._buckets.numbers())

    @property
    def warning(self) -> str:
        """Why the place of the keys is a bad one; empty when it is not known to be."""
        if not self._store.startswith("file"):
            return ""
        spec_folder = self._store.partition(":")[2]
        folder = Path(spec_folder) if spec_folder else self.key_folder
        if folder.stat().st_dev != self.path.stat().st_dev:
            return ""
        return f"the epoch keys lie in {folder}, on the same disk as the data"

    def rotate(self, spec: str = "") -> int:
        """Wrap every subject under new epoch keys, made in another store when one is given; how many buckets.

        One bucket after the other, each durable; begin again after a crash. UsageError, LinkLost.
        """
        spec = spec or self._store
        with self._lock:
            self._buckets.store(spec)
            self._db.execute("UPDATE vault SET store = ?", (spec,))
            self._store = spec
            numbers = self._buckets.numbers()
            for n in numbers:
                with self._turn() as db:
                    old, new = self._buckets.roll(n, spec)
                    subjects.rewrap(db, self._buckets, n, old, new)
                    self._raise_generation(db)
                self._finish()
        return len(numbers)

    def refresh(self) -> bool:
        """Drop keys from memory when another process erased some; True when it did. A few microseconds."""
        with self._lock:
            seen = self._db.execute("PRAGMA data_version").fetchone()[0]
            if seen == self._seen:
                return False
            self._seen = seen
            generation, store = self._db.execute("SELECT generation, store FROM vault").fetchone()
            self._store = store
            if generation == self._generation:
                return False
            self._generation = generation
            self._forget()
            return True

    # -- the file ------------------------------------------------------------------------

    def _open(self) -> None:
        """Make the vault's row, migrate an older file, and finish what a crash left."""
        migrating.add_columns(self._db)
        wanted = os.environ.get(keystores.SETTING, "")
        row = (os.urandom(4).hex(), wanted or "file")
        self._db.execute("INSERT OR IGNORE INTO vault VALUES (1, ?, ?, 0)", row)
        sql = "SELECT id, store, generation FROM vault"
        vault_id, self._store, self._generation = self._db.execute(sql).fetchone()
        if wanted and wanted != self._store:
            hint = f"Unset {keystores.SETTING}; `tasuki keys rotate --to {wanted}` moves them."
            raise UsageError(f"this vault's keys are in {self._store}", hint)
        self._buckets = Buckets(self._db, vault_id, self.key_folder)
        if migrating.waiting(self._db):
            vault_key = keyfiles.read(self.key_folder / buckets.VAULT_KEY)
            with self._turn() as db:
                migrating.migrate(db, self._buckets, vault_key, self._store)
        self.finish()
        self._buckets.check()

    def _look(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_S
            self.refresh()

    def _finish(self) -> None:
        """After a durable roll: nothing of before is kept in memory, in a key store or in the log."""
        self._forget()
        self._buckets.finish()
        database.truncate_log(self._db)

    def _forget(self) -> None:
        self._subjects.clear()
        self._item_keys.clear()
        self._pseudonyms.clear()
        self._owners.clear()
        self._buckets.forget()

    def _raise_generation(self, db: sqlite3.Connection) -> None:
        (self._generation,) = db.execute(
            "UPDATE vault SET generation = generation + 1 RETURNING generation"
        ).fetchone()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Reads that belong together, whoever writes meanwhile."""
        if self._db.in_transaction:
            yield self._db
            return
        self._db.execute("BEGIN")
        try:
            yield self._db
        finally:
            self._db.execute("COMMIT")

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; in a running one, that one."""
        if self._db.in_transaction:
            yield self._db
            return
        try:
            with database.transaction(self._db) as db:
                yield db
        except BaseException:
            self._forget()
            raise

    def _subject(self, name: str, fresh: bool = False) -> Subject:
        kept = None if fresh else self._subjects.get(name)
        if kept is None:
            kept = subjects.find(self._db, self._buckets, name)
            if kept is None:
                raise Refused(
                    "key_erased", f"no keys for subject {name}", "Add the subject, or accept the erasure."
                )
            self._subjects[name] = kept
        return kept


def key_epoch(t0_ns: int) -> int:
    """Key epoch of data from a moment (Unix nanoseconds): its year in UTC."""
    return _year(t0_ns // 86_400_000_000_000)


@lru_cache(maxsize=64)
def _year(day: int) -> int:
    return datetime.fromtimestamp(day * 86_400, UTC).year
