"""Power is cut at every file operation: no key is ever half, no counter ever goes back under its key."""

import errno

from tasuki_hub import keystore
from tasuki_hub.steps import run
from tasuki_wire import succession

SEEDS = (b"s" * 32, b"t" * 32)
AUTHORITIES = (b"a" * 32, b"b" * 32)


class PowerCut(Exception):
    """The hub is without power from here on."""


class Flash:
    """Files in memory; the power goes before operation number `cut`, a write stops half way."""

    def __init__(self):
        self.files = {}
        self.cut = None
        self.unreadable = ""

    def operation(self):
        """Count one."""
        if self.cut is not None:
            self.cut -= 1
            if self.cut < 0:
                raise PowerCut

    def open(self, path, mode):
        """Stands for the built-in."""
        if path.endswith("/" + self.unreadable) and self.unreadable:
            raise OSError(errno.EIO, path)
        if mode == "rb" and path not in self.files:
            raise OSError(errno.ENOENT, path)
        if mode == "wb":
            self.operation()
            self.files[path] = b""
        return File(self, path)

    def remove(self, path):
        """Stands for os.remove."""
        if path not in self.files:
            raise OSError(errno.ENOENT, path)
        self.operation()
        del self.files[path]

    def rename(self, old, new):
        """Stands for os.rename, which LittleFS and POSIX make atomic."""
        self.operation()
        self.files[new] = self.files.pop(old)


class File:
    """An open file."""

    def __init__(self, flash, path):
        self.flash = flash
        self.path = path

    def read(self):
        """All of it."""
        return self.flash.files[self.path]

    def write(self, data):
        """Half of it first."""
        self.flash.files[self.path] = data[: len(data) // 2]
        self.flash.operation()
        self.flash.files[self.path] = data

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


flash = Flash()
keystore.os = flash
keystore.open = flash.open


def booted():
    """The store after a boot with power."""
    flash.cut = None
    return keystore.KeyStore("f")


def cuts(prepare, act, judge):
    """Run act() with the power cut before its first operation, its second and so on; judge each."""
    cut = 0
    while True:
        flash.files = {}
        prepare(booted())
        store = booted()
        flash.cut = cut
        try:
            act(store)
            done = True
        except PowerCut:
            done = False
        store = booted()
        assert not store.damaged
        judge(store, done)
        if done:
            return cut
        cut += 1


def nothing(store):
    """A blank hub."""


def lived(store):
    """A hub with a key that was used."""
    store.pin(SEEDS[0], AUTHORITIES[0])
    for _ in range(5):
        store.next_session()
    store.raise_sequence(40)


def first_pin_judged(store, done):
    """No key, or all of it."""
    assert store.seed == (SEEDS[1] if done else None)
    assert not done or store.authority == AUTHORITIES[1]
    assert (store.session, store.sequence) == (0, 0)


def second_pin_judged(store, done):
    """The old key with all that is its, no key, or the new one with counters of its own."""
    if store.seed == SEEDS[0]:
        assert not done and (store.authority, store.session, store.sequence) == (AUTHORITIES[0], 5, 40)
    elif store.seed is None:
        assert not done
        # what the cut left behind does not become the next key's
        store.pin(SEEDS[1], AUTHORITIES[1])
        store = booted()
        first_pin_judged(store, True)
    else:
        first_pin_judged(store, done)


def session_judged(store, done):
    """Raised or not, never back."""
    assert store.seed == SEEDS[0] and store.session == (6 if done else 5) and store.sequence == 40


def sequence_judged(store, done):
    """Raised or not, never back."""
    assert store.seed == SEEDS[0] and store.session == 5 and store.sequence == (41 if done else 40)


class Crypto:
    """Stands for a signer: what is signed and by whom can be read off."""

    @staticmethod
    def public_key_steps(seed):
        """The seed backwards."""
        yield
        return bytes(reversed(seed))

    @staticmethod
    def sign_steps(seed, public, message):
        """Seed and the end of the message."""
        yield
        return seed + message[-32:]


class Entropy:
    """A board that draws the second seed."""

    @staticmethod
    def entropy(n):
        """Always the same."""
        return SEEDS[1]


HEAD = b"h" * (succession.SIZE - 160)


def succeed(store):
    """The next key."""
    run(store.succeed_steps(Crypto, Entropy, b"p" * 32, b"domain", HEAD))


def succession_judged(store, done):
    """The old key, or the new one with its proof; counters and authority go on in both."""
    assert store.seed == SEEDS[done] and store.authority == AUTHORITIES[0]
    assert (store.session, store.sequence) == (5, 40)
    proof = store.succession()
    assert len(proof) == (succession.SIZE if done else 0)
    assert proof[: len(HEAD)] == (HEAD if done else b"")
    assert proof[-128:-96] == (SEEDS[0] if done else b"") and proof[-64:-32] == (SEEDS[1] if done else b"")


def pin_again(store):
    """What an enrolment with repin does."""
    store.pin(SEEDS[1], AUTHORITIES[1])


assert cuts(nothing, pin_again, first_pin_judged) == 6
assert cuts(lived, pin_again, second_pin_judged) == 10
assert cuts(lived, lambda store: store.next_session(), session_judged) == 3
assert cuts(lived, lambda store: store.raise_sequence(41), sequence_judged) == 3

assert cuts(lived, succeed, succession_judged) == 3

# a half statement is no key, and a second succession leaves only its own
flash.files = {}
lived(booted())
succeed(booted())
whole = flash.files["f/seed"]
for n in (len(whole) - 1, len(whole) // 2, 40, 36, 35):
    flash.files["f/seed"] = whole[:n]
    assert booted().damaged and booted().seed is None
flash.files["f/seed"] = whole
succeed(booted())
assert len(booted().succession()) == succession.SIZE

# a counter that was persisted is the one in RAM
store = booted()
assert store.next_session() == booted().session == 6

# a file that cannot be read, or is half, is not one that was never written: no key, and a new pin heals it
for name in ("seed", "authority", "session", "sequence"):
    for broken in ("unreadable", "half"):
        flash.files = {}
        lived(booted())
        if broken == "half":
            flash.files["f/" + name] = flash.files["f/" + name][:3]
        else:
            flash.unreadable = name
        store = booted()
        flash.unreadable = ""
        assert store.damaged and store.seed is None, (name, broken)
        store.pin(SEEDS[1], AUTHORITIES[1])
        store = booted()
        assert not store.damaged
        first_pin_judged(store, True)
