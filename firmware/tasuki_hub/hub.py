"""The hub: samples what consent allows, packs it, has it signed, sends it.

One step() does a bounded piece of everything; the board calls it again and
again. Long work (signatures) is a generator that is advanced between samples.
"""

from tasuki_hub import packing
from tasuki_hub.commands import Commands
from tasuki_hub.consent import Consent
from tasuki_hub.epochs import Epochs
from tasuki_hub.jobs import Jobs
from tasuki_hub.keystore import KeyStore
from tasuki_hub.link import Link
from tasuki_hub.packer import LOG_SHAPE, Packer
from tasuki_hub.ring import FrameRing
from tasuki_hub.sampler import Sampler
from tasuki_wire import codec, epoch, layout

_HELLO = codec.number("hello")
_HELLO_US = 1_000_000
_LINK_TIMEOUT_US = 30_000_000  # acks come every epoch; their absence means nobody listens
_RING_SIZE = 16 * 1024
_WRITE_BUDGET = 4096


class Hub:
    """All parts of one hub; `board` is the machine, `crypto` signs and verifies."""

    def __init__(self, board, crypto):
        self.board = board
        self.crypto = crypto
        self.device = epoch.sha256(b"tasuki/device" + board.unique_id())[: layout.ID_SIZE]
        self.keys = KeyStore(board.flash)
        self.public = crypto.public_key(self.keys.seed) if self.keys.seed else bytes(32)
        self.nonce = board.entropy(16)
        self.ring = FrameRing(_RING_SIZE)
        self.link = Link(self.ring)
        self.consent = Consent()
        self.sampler = Sampler(board.drivers(self))
        self.epochs = Epochs(self.sampler.streams, (LOG_SHAPE,))
        self.packer = Packer(self.ring, getattr(board, "packed", packing.FAST))
        self.sampler.log = self.log
        self.jobs = Jobs(board)
        self.commands = Commands(self)
        self.sampling = False
        self.session = 0
        self.leaving = False  # the app ends and the REPL takes over
        self.heard_us = 0
        self._prev = epoch.NO_PREV
        self._changes = []  # (close reason, what to do then); done in order
        self._hello_us = 0
        self._rx = bytearray(256)

    # -- one turn ---------------------------------------------------------

    def step(self):
        """One bounded turn: receive, sample, pack, work, send."""
        now = self.board.now_us()
        self._receive(now)
        if self.sampling:
            if not self.consent.live(now):
                self.end("token", now)
            elif now - self.heard_us > _LINK_TIMEOUT_US:
                self.end("link", now)
        if not self.consent.live(now):
            self._announce(now)
        self._sample(now)
        self.jobs.advance()
        self.link.pump(self.board.write, self.board.now_us(), _WRITE_BUDGET)

    def _receive(self, now):
        n = self.board.read_into(self._rx)
        if not n:
            return
        for kind, payload in self.link.feed(self._rx, n):
            self.heard_us = now
            self.commands.handle(kind, payload, now)

    def _announce(self, now):
        """Without a live token nothing leaves unasked but this, and it names nobody."""
        if now >= self._hello_us:
            self._hello_us = now + _HELLO_US
            self.hello()

    def hello(self):
        """Queue a hello."""
        flags = bool(self.keys.seed) | bool(self.keys.authority) << 1
        flags |= self.consent.live(self.board.now_us()) << 2 | 1 << 3
        self.link.answer(_HELLO, codec.hello(self.nonce, flags))

    # -- sampling and epochs ----------------------------------------------

    def _sample(self, now):
        if self._changes:
            self._change(now)
        if not self.sampling:
            return
        if self.epochs.open is None:
            self._begin(now)
        self.sampler.poll(now)
        end = self.epochs.open.start_us + layout.DEFAULT_EPOCH_US
        self.packer.pack(self.sampler.streams, self.epochs.open, min(now, end), False)
        if now >= end:
            self._close_at(end)
        elif self.packer.full:
            self._close_now("full", now)

    def _begin(self, now):
        if not self.session:
            self.session = self.keys.next_session()
        secret = self.board.entropy(layout.SECRET_SIZE)
        self.epochs.begin(secret, self.consent.token_id, self.consent.items(now), now)

    def _close_at(self, end):
        """The regular close, on the grid of the epoch's length."""
        if self.epochs.can_close():
            self._close("length", end)
            self._begin(end)
        else:
            # the signer is behind: what cannot be proved in time is not sent as if it could
            self.packer.pack(self.sampler.streams, self.epochs.open, end, True)
            self.epochs.give_up()
            self._begin(end)

    def _close_now(self, reason, now):
        if self.epochs.can_close():
            self._close(reason, now)
        else:
            self.epochs.give_up()

    def _close(self, reason, until):
        self.packer.pack(self.sampler.streams, self.epochs.open, until, True)
        self.packer.full = False
        if self.epochs.open.empty():
            self.epochs.give_up()
            return
        self.jobs.add(self._sign(self.epochs.close(self.session, reason)))

    def _sign(self, closed):
        body = epoch.record_body(
            self.device,
            epoch.key_id(self.public),
            self.session,
            closed.number,
            self._prev,
            closed.token,
            closed.root,
        )
        message = epoch.signed("epoch", body)
        signature = yield from self.crypto.sign_steps(self.keys.seed, self.public, message)
        closed.record = body + signature
        self._prev = epoch.sha256(closed.record)
        self.send_epoch(closed)

    def send_epoch(self, closed):
        """Queue record and opening of a signed epoch."""
        self.link.bulk(epoch.RECORD, closed.record)
        self.link.bulk(epoch.OPENING, closed.opening)

    # -- changes of consent, each at an epoch's border ----------------------

    def at_border(self, reason, action):
        """Close the open epoch and then do action(now); at once unless the signer is behind."""
        self._changes.append((reason, action))

    def _change(self, now):
        while self._changes:
            reason, action = self._changes[0]
            if self.epochs.open is not None:
                if not self.epochs.can_close():
                    return
                if self.sampling:
                    self.sampler.poll(now)
                self._close(reason, now)
            self._changes.pop(0)
            action(now)

    def narrow(self, mask, now):
        """Remove items at once; the epoch closes as soon as it can."""
        self.consent.narrow(mask)
        self.sampler.apply(self.consent.items(now) if self.sampling else 0, now)
        self.at_border("narrow", lambda now: None)

    def start(self, now):
        """Sample what the token allows."""
        self.sampling = True
        self.heard_us = now
        self._begin(now)
        self.sampler.apply(self.consent.items(now), now)

    def stop(self, now):
        """Stop sampling at an epoch's border; the token stays."""
        self.sampling = False
        self.sampler.apply(0, now)

    def end(self, reason, now):
        """Stop because the token or the link is gone: close what can be closed, wipe the rest."""
        if self.epochs.open is not None:
            self._close_now(reason, now)
        self.stop(now)
        if reason == "token":
            self.consent.drop()

    def new_key(self):
        """The key is gone; session, chain and consent went with it."""
        self.consent.drop()
        self.session = 0
        self.public = bytes(32)
        self._prev = epoch.NO_PREV
        self.epochs.forget()

    def log(self, level, text):
        """Send a line to the host, if device_status may be sent; a print would corrupt the link."""
        if self.sampling and self.epochs.open is not None:
            allowed = self.epochs.open.items
            self.packer.log(self.epochs.open, self.board.now_us(), level, text, allowed)
