"""What a hub remembers: its key, the pinned consent authority, three counters.

One small file each, replaced by rename, so that a power cut leaves the old or
the new value and never half of one. The counters live and die with the key.
A board with a vault keeps all this there: vault.py has the same methods.
"""

import errno
import os

from tasuki_wire import epoch
from tasuki_wire.constant import const

_SEED = const("seed")
_AUTHORITY = const("authority")
_SESSION = const("session")
_SEQUENCE = const("sequence")
_FLOOR = const("floor")
_SUCCESSION = const(213)  # tasuki_wire.succession.SIZE, without its import


class KeyStore:
    """Files in one folder; absent means never set.

    floor is the highest version counter of firmware that was confirmed here.
    """

    can_lock = False  # whoever has the files has the key
    locked = False

    def __init__(self, folder):
        self._folder = folder
        self.damaged = False
        seed = self._read(_SEED, 32, _SUCCESSION)
        self.seed = seed and seed[:32]
        self.authority = self._read(_AUTHORITY, 32)
        self.session = self._number(_SESSION)
        self.sequence = self._number(_SEQUENCE)
        self.floor = self._number(_FLOOR)
        if self.damaged:
            # never sign with half a key, never start a counter again
            self.seed = None

    @property
    def keyed(self):
        """True when there is a key to sign with."""
        return self.seed is not None

    def public_key(self, crypto):
        """The public key; zeros without a key."""
        return crypto.public_key(self.seed) if self.seed else bytes(32)

    def create_steps(self, crypto, board, authority):
        """Make a key of the board's entropy, in place of all there was; its public key.

        Raises NotImplementedError when the board has no entropy; nothing is lost then.
        """
        self.pin(board.entropy(32), authority)
        return (yield from crypto.public_key_steps(self.seed))

    def sign_steps(self, crypto, public, message):
        """Signature of the device key."""
        return (yield from crypto.sign_steps(self.seed, public, message))

    def succeed_steps(self, crypto, board, public, domain, body):
        """Make the key that comes after `public`, certified by it, in its place; the rest stays.

        domain and body are tasuki_wire.succession's. The seed and its statement are one
        file, so that a cut leaves the old key, or the new one with its proof. Raises
        NotImplementedError when the board has no entropy, OSError when its flash fails.
        """
        seed = board.entropy(32)
        new = yield from crypto.public_key_steps(seed)
        body += new
        body += yield from crypto.sign_steps(self.seed, public, domain + body)
        body += yield from crypto.sign_steps(seed, new, domain + body)
        self._write(_SEED, seed + body)
        self.seed = seed

    def succession(self):
        """How the key before this one certified it; empty for a first key."""
        return (self._read(_SEED, 32, _SUCCESSION) or b"")[32:]

    def _path(self, name):
        return self._folder + "/" + name

    def _read(self, name, size, more=0):
        """What a file holds, `size` bytes or `more` behind them; None when it holds nothing."""
        try:
            with open(self._path(name), "rb") as f:
                data = f.read()
        except OSError as e:
            # what cannot be read now was perhaps set: that is not "never"
            self.damaged = self.damaged or e.errno != errno.ENOENT
            return None
        if len(data) == size + more + 4:
            size += more
        if len(data) != size + 4 or epoch.sha256(data[:size])[:4] != data[size:]:
            self.damaged = True
            return None
        return data[:size]

    def _number(self, name):
        data = self._read(name, 4)
        return int.from_bytes(data, "little") if data else 0

    def _write(self, name, data):
        temporary = self._path(name) + ".new"
        with open(temporary, "wb") as f:
            f.write(data + epoch.sha256(data)[:4])
        os.rename(temporary, self._path(name))

    def forget(self):
        """Destroy the key first, then all that hangs on it."""
        for name in (_SEED, _AUTHORITY, _SESSION, _SEQUENCE, _FLOOR):
            try:
                os.remove(self._path(name))
            except OSError:
                pass
        self.damaged = False
        self.seed = self.authority = None
        self.session = self.sequence = self.floor = 0

    def pin(self, seed, authority):
        """Keep a new device key and the consent authority that it obeys, in place of all there was.

        The key comes last: a cut before it leaves a hub without a key, which
        anyone may enrol, and never a new key with old counters.
        """
        self.forget()
        self._write(_AUTHORITY, authority)
        self._write(_SEED, seed)
        self.seed = seed
        self.authority = authority

    def next_session(self):
        """Raise the session counter durably and return it."""
        self._write(_SESSION, (self.session + 1).to_bytes(4, "little"))
        self.session += 1
        return self.session

    def raise_sequence(self, sequence):
        """Keep the highest token sequence accepted, before the token takes effect."""
        self._write(_SEQUENCE, sequence.to_bytes(4, "little"))
        self.sequence = sequence

    def raise_floor(self, counter):
        """Keep the counter of the firmware that was confirmed; older bundles are refused from now on."""
        if counter > self.floor:
            self._write(_FLOOR, counter.to_bytes(4, "little"))
            self.floor = counter


def of(board):
    """The key store of a board: its vault where it has one, else files in its flash."""
    make = getattr(board, "vault", None)
    return make() if make else KeyStore(board.flash)
