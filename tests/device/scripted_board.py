"""A board whose clock and line are moved by the check, and a host that talks to its hub."""

import os

from tasuki_hub import ed25519, fast
from tasuki_hub.commands import REBOOT
from tasuki_hub.hub import Hub
from tasuki_hub.steps import run
from tasuki_wire import codec, epoch, items, layout

AUTHORITY_SEED = bytes(range(32))
AUTHORITY = ed25519.public_key(AUTHORITY_SEED)
TURN_US = 20_000


class CountingDriver:
    """Records that count up, so that a lost or doubled one shows."""

    def __init__(self, row):
        _, self.kind, self.site, self.period_us, self.per_frame = row
        self.size = codec.KINDS[self.kind].row_size
        self.powered = False
        self.broken = False  # poll fails
        self.dead = False  # start fails
        self.stuck = False  # stop fails
        self.silent = False  # no records come
        self.starts = 0
        self.taken = 0

    def start(self, ring, now_us):
        self.starts += 1
        if self.dead:
            raise OSError("bus")
        self.powered = True
        self._due = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        if self.broken:
            raise OSError("bus")
        if self.silent:
            self._due = now_us
            return
        while now_us >= self._due:
            ring.push(((self.taken & 0xFFFF).to_bytes(2, "little") * self.size)[: self.size], 1)
            self.taken += 1
            self._due += self.period_us

    def stop(self):
        if self.stuck:
            raise OSError("bus")
        self.powered = False


class ScriptedBoard:
    """The board interface with time that stands still until the check moves it."""

    name = "scripted"
    packed = True

    def __init__(self, flash):
        self.flash = flash
        self.clock = 0
        self.spent = 0  # ticks that work took, while the clock stood
        self.to_hub = b""
        self.from_hub = bytearray()
        self.listening = True
        self.millivolts = 0  # of the battery; 0 is not measured
        self.cause = 1  # why it started: power_on
        self.parts = [CountingDriver(row) for row in layout.DEFAULT_PROFILE]

    def unique_id(self):
        return b"scripted"

    def entropy(self, n):
        return os.urandom(n)

    def ticks_us(self):
        return (self.clock + self.spent) & layout.MAX_SEQ

    def now_us(self):
        return self.clock

    def drivers(self, hub):
        return list(enumerate(self.parts))

    def read_into(self, buf):
        n = min(len(buf), len(self.to_hub))
        buf[:n] = self.to_hub[:n]
        self.to_hub = self.to_hub[n:]
        return n

    def battery_mv(self):
        return self.millivolts

    def reset_cause(self):
        return self.cause

    def heap_free(self):
        return 0

    def write(self, data):
        if not self.listening:
            return 0
        self.from_hub.extend(data)
        return len(data)


class SlowSigner:
    """ed25519 that signs nothing while it is held; each try takes a slice of the board's time."""

    public_key = staticmethod(ed25519.public_key)
    public_key_steps = staticmethod(ed25519.public_key_steps)

    def __init__(self, board):
        self.board = board
        self.held = False

    def _wait(self):
        while self.held:
            self.board.spent += 10_000
            yield

    def sign_steps(self, *args):
        yield from self._wait()
        return (yield from ed25519.sign_steps(*args))

    def verify_steps(self, *args):
        return (yield from ed25519.verify_steps(*args))


class Host:
    """The other end of the line: asks, and keeps what came."""

    def __init__(self, flash):
        self.board = ScriptedBoard(flash)
        self.boot()

    def boot(self):
        """Power the hub up (again)."""
        self.board.from_hub[:] = b""
        self.signer = SlowSigner(self.board)
        self.hub = Hub(self.board, self.signer)
        self.request = 0
        self.frames = []

    def turn(self, us=TURN_US):
        """One step of the hub, then time passes."""
        self.hub.step()
        self.board.clock += us
        self._collect()
        if self.hub.leaving == REBOOT:
            self.hub = Hub(self.board, self.signer)

    def pass_time(self, us):
        """Many turns."""
        for _ in range(us // TURN_US):
            self.turn()

    def _collect(self):
        parts = bytes(self.board.from_hub).split(b"\x00")
        self.board.from_hub[:] = parts.pop()
        out = bytearray(300)
        for part in parts:
            n = fast.decode_into(out, part, len(part))
            self.frames.append(codec.split(bytes(out[:n])))

    def send(self, kind, payload):
        """One frame to the hub."""
        raw = codec.frame(kind, layout.LINK_STREAM, 0, 0, 0, 0, payload)
        out = bytearray(len(raw) + 2)
        n = fast.encode_into(out, raw, len(raw))
        self.board.to_hub += bytes(out[:n]) + b"\x00"

    def tell(self, name, *values):
        """Send a command and do not wait; its request id."""
        self.request += 1
        kind = codec.number(name)
        self.send(kind, codec.pack(kind, self.request, *values))
        return self.request

    def ask(self, name, *values):
        """(name, fields) of the answer to a command."""
        self.tell(name, *values)
        for _ in range(2000):
            self.turn(0)
            for frame in self.frames:
                if frame[0] >= 48 and codec.unpack(frame[0], frame[6])[0] == self.request:
                    return codec.KINDS[frame[0]].name, codec.unpack(frame[0], frame[6])[1:]
        raise AssertionError("no answer to " + name)

    def status(self, name, *values):
        """Name of the status that a command is answered with."""
        answer, fields = self.ask(name, *values)
        return layout.ANSWERS[fields[0] if answer == "token_answer" else fields[1]]

    def of_kind(self, *names):
        """Frames of some kinds, in order."""
        kinds = [codec.number(name) for name in names]
        return [frame for frame in self.frames if frame[0] in kinds]

    def answered(self, request):
        """True when a token was answered."""
        return any([codec.unpack(f[0], f[6])[0] == request for f in self.of_kind("token_answer")])

    def samples(self):
        """Frames that are no link messages."""
        return [frame for frame in self.frames if frame[1] != layout.LINK_STREAM]

    def enroll(self, authority=AUTHORITY, repin=0):
        """Enrol; the answer's name and fields."""
        return self.ask("enroll", authority, b"c" * 32, repin)

    def token(self, sequence, mask=items.ALL_ITEMS, seed=AUTHORITY_SEED, **changed):
        """Fields of a signed token; `changed` replaces single fields before it is signed."""
        public = ed25519.public_key(seed)
        fields = {
            "format": layout.TOKEN_FORMAT,
            "authority": epoch.key_id(public),
            "device": self.hub.device,
            "binding": b"b" * 16,
            "items": mask,
            "sequence": sequence,
            "nonce": self.hub.nonce,
            "lifetime": 3600,
            "policy": b"p" * 32,
            "storage": bytes(32),
        }
        fields.update(changed)
        values = [fields[row[0]] for row in layout.TOKEN[:-1]]
        body = codec.pack(epoch.TOKEN, 0, *(values + [b""]))[2 : -layout.SIGNATURE_SIZE]
        signature = run(ed25519.sign_steps(seed, public, epoch.signed("token", body)))
        return values + [signature]

    def give(self, *args, **kwargs):
        """Status of the answer to a token."""
        return self.status("token", *self.token(*args, **kwargs))

    def sampling(self, mask=items.ALL_ITEMS):
        """Enrol, give a token and start."""
        self.enroll()
        assert self.give(1, mask) == "ok"
        assert self.status("start") == "ok"


def fresh_folder(name):
    """An empty flash folder below the working directory's /tmp place."""
    folder = (os.getenv("TASUKI_SCRATCH") or "/tmp") + "/" + name
    try:
        os.mkdir(folder)
    except OSError:
        for entry in os.listdir(folder):
            os.remove(folder + "/" + entry)
    return folder
