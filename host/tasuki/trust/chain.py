"""Epoch records of one key: what each must hold by itself, and next to its neighbours."""

import hashlib
from collections.abc import Callable, Sequence
from struct import Struct

from tasuki.errors import Untrusted
from tasuki.trust.ledger import Ledger
from tasuki.trust.proof import signature_holds
from tasuki.trust.verdict import Record
from tasuki_wire import codec, epoch, layout

_RECORD = Struct(codec.KINDS[epoch.RECORD].head)
_REMEMBERED = 1024


def read_record(raw: bytes) -> Record:
    """Fields of a record; raises Untrusted("malformed")."""
    if len(raw) != _RECORD.size:
        raise Untrusted("malformed", f"record of {len(raw)} bytes")
    return Record._make(_RECORD.unpack(raw))


class Chain:
    """Which records are acceptable, for one hub and its key.

    tokens: tells whether this host handed out the consent token whose id
    (tasuki_wire.epoch.token_id) a record names; None accepts every token, for
    captures and bundles whose tokens are long gone.

    before: keys that certified their successor, oldest first, each with the last session that it
    signed. Sessions go on over a change of key, so a session has one key: what an old key signs of
    a later one is refused, and what a new one signs of an earlier one.
    """

    def __init__(
        self,
        public_key: bytes,
        device: bytes,
        ledger: Ledger,
        tokens: Callable[[bytes], bool] | None = None,
        before: Sequence[tuple[bytes, int]] = (),
    ) -> None:
        if len(public_key) != 32 or len(device) != layout.ID_SIZE:
            raise ValueError("a public key of 32 bytes and a device id of 8")
        self.key_id: bytes = epoch.key_id(public_key)
        self._public = public_key
        self._before = [(epoch.key_id(public), public, last) for public, last in before]
        self._device = device
        self._ledger = ledger
        self._tokens = tokens
        self._links: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._accepted: dict[tuple[int, int], None] = {}

    def check(self, raw: bytes) -> Record:
        """The record, or Untrusted with one of verdict.REASONS; cheap checks come first."""
        record = read_record(raw)
        self._check_names(record)
        if not signature_holds(raw, self._key_of(record.session)[1]):
            raise Untrusted("bad_signature", "the record was not signed by this hub's key")
        if self.accepted(record.session, record.epoch):
            raise Untrusted("replayed", "accepted before")
        if self._tokens is not None and not self._tokens(record.token):
            raise Untrusted("unknown_token", "this host never gave the consent token")
        self._check_neighbours(raw, record)
        return record

    def _check_names(self, record: Record) -> None:
        if not layout.OLDEST_VERSION <= record.wire <= layout.VERSION:
            raise Untrusted("wrong_version", f"wire version {record.wire:#x}")
        if record.device != self._device:
            raise Untrusted("wrong_device", "the record names another hub")
        if record.key != self._key_of(record.session)[0]:
            if record.key in [key for key, _, _ in self._before]:
                raise Untrusted("superseded_key", "signed by a key after the session in which it ended")
            raise Untrusted("wrong_key", "the record names another key")
        if record.session >= layout.WORD or record.epoch >= layout.WORD:
            raise Untrusted("malformed", "session or epoch at or above 2**30")

    def _key_of(self, session: int) -> tuple[bytes, bytes]:
        """Key id and public key of the key that signs this session."""
        for key, public, last in self._before:
            if session <= last:
                return key, public
        return self.key_id, self._public

    def _check_neighbours(self, raw: bytes, record: Record) -> None:
        if (record.prev == epoch.NO_PREV) != (record.epoch == 0):
            raise Untrusted("broken_chain", "prev is zeros, or the session's first record names one")
        digest = hashlib.sha256(raw).digest()
        place = (record.session, record.epoch)
        before = self._links.get((record.session, record.epoch - 1))
        after = self._links.get((record.session, record.epoch + 1))
        if (before and before[0] != record.prev) or (after and after[1] != digest):
            raise Untrusted("broken_chain", "prev is not the hash of the record before")
        if place in self._links and self._links[place][0] != digest:
            raise Untrusted("broken_chain", "a second record with this number")
        self._links[place] = (digest, record.prev)
        if len(self._links) > _REMEMBERED:
            del self._links[next(iter(self._links))]

    def accepted(self, session: int, number: int) -> bool:
        """True when the epoch was accepted, in this run or durably before."""
        return (session, number) in self._accepted or self._ledger.seen(
            self._key_of(session)[0], session, number
        )

    def accept(self, record: Record) -> None:
        """Refuse this epoch from now on, until the caller's commit makes the ledger refuse it."""
        self._accepted[(record.session, record.epoch)] = None
        if len(self._accepted) > _REMEMBERED:
            del self._accepted[next(iter(self._accepted))]

    def last(self) -> tuple[int, int] | None:
        """Highest (session, epoch) that the ledger knows."""
        keys = (self.key_id, *(key for key, _, _ in reversed(self._before)))
        return next((last for key in keys if (last := self._ledger.last(key))), None)
