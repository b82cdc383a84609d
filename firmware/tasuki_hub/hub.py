"""The hub: samples what consent allows, packs it, has it signed, sends it.

One step() does a bounded piece of everything; the board calls it again and
again. Long work (signatures) is a generator that is advanced between samples.
"""

from tasuki_hub import keystore, packing, status
from tasuki_hub.alarms import Alarms
from tasuki_hub.blobs import Blobs
from tasuki_hub.calibration import Calibration
from tasuki_hub.commands import REBOOT, Commands
from tasuki_hub.consent import Consent
from tasuki_hub.crash import Crashes
from tasuki_hub.epochs import Epochs
from tasuki_hub.jobs import Jobs
from tasuki_hub.link import Link
from tasuki_hub.orders import Orders
from tasuki_hub.packer import LOG_SHAPE, LOG_STREAM, Packer
from tasuki_hub.power import OFF as OFF_STATE
from tasuki_hub.power import Power
from tasuki_hub.ring import FrameRing
from tasuki_hub.sampler import Sampler
from tasuki_hub.store import Store
from tasuki_hub.update import Updates
from tasuki_wire import codec, epoch, items, layout
from tasuki_wire.constant import const

OFF = "off"  # why a hub leaves: the battery is empty

_HELLO = codec.number("hello")
_HELLO_US = const(1_000_000)
_LINK_TIMEOUT_US = const(30_000_000)  # acks come every epoch; their absence means nobody listens
_RING_SIZE = const(16 * 1024)
_STORING_RAW_RING_SIZE = const(20 * 1024)  # an epoch stays until it is in flash, 10 kB packed, 17 raw
_WRITE_BUDGET = const(4096)
_ERROR = const(40)  # of layout's log
_UNSAID = const(4)  # lines kept for a first epoch
_LAST_SEQ = layout.MAX_SEQ - (1 << 16)  # leaves room for the epoch that is open and its resends


class Hub:
    """All parts of one hub; `board` is the machine, `crypto` signs and verifies.

    A careful one has crashed before and leaves the board's sensors alone: it only reports.
    """

    def __init__(self, board, crypto, careful=False):
        self.board = board
        self.crypto = crypto
        self.device = epoch.sha256(b"tasuki/device" + board.unique_id())[: layout.ID_SIZE]
        self.keys = keystore.of(board)
        self.public = self.keys.public_key(crypto)
        self.nonce = board.entropy(16)
        packed = getattr(board, "packed", packing.FAST)
        raw = getattr(crypto, "sealed_box_into", None) is not None and not packed
        self.ring = FrameRing(getattr(board, "ring_bytes", _STORING_RAW_RING_SIZE if raw else _RING_SIZE))
        self.link = Link(self.ring)
        self.consent = Consent()
        self.power = Power(self)
        self.alarms = Alarms()
        self.alarm = self.alarms.call  # for drivers
        self.crashes = Crashes(board.flash)
        self.sampler = Sampler(status.drivers(self) if careful else board.drivers(self))
        self.epochs = Epochs(self.sampler.streams, (LOG_SHAPE,))
        self.packer = Packer(self.ring, packed)
        self.sampler.log = self.log
        self.jobs = Jobs(board)
        self.blobs = {}  # by name of layout.BLOBS, who takes them: see blobs.py
        self.updates = Updates(self)
        self._uploads = Blobs(self)
        self.commands = Commands(self, (Orders(self), self._uploads))
        self.calibration = self.packer.calibration = Calibration(self)
        self.sampling = False
        self.session = 0
        self.leaving = ""  # MAINTENANCE, REBOOT or OFF: why the app is to end this hub
        self.born_us = board.now_us()
        self._departs = False  # it leaves as soon as all is signed and sent
        self._unsaid = []  # lines that wait for an epoch
        self._hear(0)
        self.store = Store(self)
        if not (self.keys.keyed or self.keys.damaged):
            self._wipe_store()  # of a key that is gone: an unlock may have been cut short
        self._prev = epoch.NO_PREV
        self._changes = []  # (close reason, what to do then); done in order
        self._paused = False  # a change waits for the signer, and nothing is sampled
        self._hello_us = 0
        self._rx = bytearray(256)

    # -- one turn ---------------------------------------------------------

    def step(self):
        """One bounded turn: receive, sample, pack, work, send."""
        now = self.board.now_us()
        self._receive(now)
        self._watch(now)
        self._sample(now)
        self.jobs.advance()
        now = self.board.now_us()
        if self.consent.token and not self.consent.live(now):
            self.wipe()  # it ended while this turn worked
        self.link.pump(self.board.write, now, _WRITE_BUDGET)
        self.store.step(now)

    def _receive(self, now):
        n = self.board.read_into(self._rx)
        if not n:
            return
        for kind, payload in self.link.feed(self._rx, n):
            self._hear(now)
            self.commands.handle(kind, payload, now)

    def _hear(self, now):
        self.heard_us = now
        self._deaf_us = now + _LINK_TIMEOUT_US

    def _watch(self, now):
        """What time brings by itself: the end of token, link or numbers."""
        if self.sampling:
            if self.consent.ending(now):
                self.end("token", now)
            elif now > self._deaf_us and not self.store.active:
                self.end("link", now)
        elif (self._departs or self._worn()) and self.jobs.idle() and self.link.idle() and self.store.settled:
            self.leaving = REBOOT
        if not self._paused and self.power.watch(now):
            self.leaving = OFF
        self.updates.watch(self, now)
        if not self.consent.live(now):
            if self.consent.token:
                self.wipe()
            self._announce(now)

    def _worn(self):
        """True when a seq comes near its end; none ever wraps."""
        seqs = [stream.seq for stream in self.sampler.streams]
        return max(seqs + [self.packer.log_seq, self.link.seq]) >= _LAST_SEQ

    def _announce(self, now):
        """Without a live token nothing leaves unasked but this, and it names nobody."""
        if now >= self._hello_us and self.link.quiet():
            self._hello_us = now + _HELLO_US
            self.hello()

    def hello(self):
        """Queue a hello."""
        flags = self.keys.keyed | bool(self.keys.authority) << 1
        flags |= self.consent.live(self.board.now_us()) << 2 | (not self.store.able) << 3
        self.link.answer(_HELLO, codec.hello(self.nonce, flags))

    # -- sampling and epochs ----------------------------------------------

    def _sample(self, now):
        if self.sampling and not self._paused:
            if self.epochs.open is None:
                self._begin(now)
            end = self._end_of_open()
            full = False
            if self.sampler.poll(now):
                self.packer.pack(self.sampler.streams, self.epochs.open, min(now, end), False)
                full = self.packer.full
            if now >= end:
                self._close_at(end)
                return  # after a stall changes wait until the grid has caught up
            if full:
                self._close_now("full", now)
            elif self.alarms.due(now, self.epochs):
                self._close_now("alarm", now)
        if self._changes:
            self._change(now)

    def _end_of_open(self):
        return self.epochs.open.end_us

    def _begin(self, now):
        secret = self.board.entropy(layout.SECRET_SIZE)
        self.epochs.begin(secret, self.consent.token_id, self.consent.items(now), now)
        self.epochs.open.storage = self.store.key()
        if self._unsaid and self.epochs.open.items & items.bit("device_status"):
            for text in self._unsaid:
                self.log(_ERROR, text)
            self._unsaid = []

    def _close_at(self, end):
        """The regular close, on the grid of the epoch's length."""
        worn = self._worn()
        self._close_now("stop" if worn else "alarm" if self.alarms.waits else "length", end)
        if worn:
            self.stop(end)
        else:
            self._begin(end)

    def _close_now(self, reason, now):
        """Close, or when the signer is too far behind, give the epoch up."""
        until = min(now, self._end_of_open())
        if self.epochs.can_close():
            self._close(reason, until)
        else:
            self.packer.pack(self.sampler.streams, self.epochs.open, until, True)
            self.epochs.give_up()

    def _close(self, reason, until):
        self.packer.pack(self.sampler.streams, self.epochs.open, until, True)
        if self.epochs.open.empty() and reason != "stop":
            self.epochs.give_up()
            return
        if self.alarms.waits:
            self.alarms.closed(until)
        # a stop is signed even without frames: it tells a clean end from a lost tail
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
        signature = yield from self.keys.sign_steps(self.crypto, self.public, message)
        closed.record = body + signature
        self._prev = epoch.sha256(closed.record)
        now = self.board.now_us()
        self.store.signed(closed, now)
        if self.consent.live(now):
            self.send_epoch(closed)

    def send_epoch(self, closed):
        """Queue record and opening of a signed epoch."""
        self.link.bulk(epoch.RECORD, closed.record)
        self.link.bulk(epoch.OPENING, closed.opening)

    # -- changes of consent, each at an epoch's border ----------------------

    def at_border(self, reason, action):
        """Close the open epoch and then do action(now); sampling pauses while the signer is behind."""
        self._changes.append((reason, action))

    def waits_for(self, reason):
        """True when such a change waits for its border."""
        return reason in [change[0] for change in self._changes]

    def _change(self, now):
        if self.epochs.open is not None and not self.epochs.can_close():
            self._pause(now)
            return
        self._paused = False
        while self._changes:
            reason, action = self._changes.pop(0)
            self.power.because(reason)
            if self.epochs.open is not None:
                self._close(reason, now)
            action(now)
        if self.sampling and self.epochs.open is None:
            self._begin(now)
        self._obey(now)

    def _pause(self, now):
        if not self._paused:
            self._paused = True
            self.packer.pack(self.sampler.streams, self.epochs.open, now, True)
            self._obey(now)

    def _obey(self, now):
        """Power exactly what may be sampled; what may not be sent any more leaves the RAM."""
        mask = self.consent.items(now)
        self.sampler.apply(mask if self.sampling and not self._paused else 0, now)
        gone = [stream.number for stream in self.sampler.streams if not stream.item & mask]
        if not mask & items.bit("device_status"):
            gone.append(LOG_STREAM)
        self.ring.forget(gone)
        self.link.forget(gone)
        if gone:
            self.store.recall()

    def narrow(self, mask, now):
        """Remove items at once; the epoch closes as soon as it can."""
        self.consent.narrow(mask)
        self.power.because("narrow")
        self._obey(now)
        if not self.waits_for("narrow"):
            self.at_border("narrow", lambda now: None)

    def start(self, now):
        """Sample what the token allows; return how that went, one of layout.ANSWERS."""
        if self.power.state == OFF_STATE:
            return "busy"
        try:
            if not self.session:
                self.session = self.keys.next_session()
        except OSError as e:  # a counter that was not kept must not be used
            self.complain("flash", e)
            self.power.fault()
            return "full"
        self.power.because("start")
        self.sampling = True
        self._hear(now)
        self._begin(now)
        if self.consent.items(now) & items.bit("device_status"):
            self.crashes.tell(self.log, self.epochs.open.number)
        self.sampler.apply(self.consent.items(now), now)
        return "ok"

    def stop(self, now):
        """Stop sampling at an epoch's border; the token stays."""
        self.sampling = False
        self.alarms.drop()
        self.sampler.apply(0, now)
        self.power.update()

    def reboot(self, now):
        """Stop, and leave when all is signed and sent."""
        self.stop(now)
        self._departs = True

    def end(self, reason, now):
        """Stop because the token or the link goes: close what can be closed."""
        if self.epochs.open is not None:
            self._close_now(reason, now)
        self.power.because(reason)
        self.stop(now)

    def wipe(self):
        """The token is over: nothing that was sampled under it outlives it, sent or not."""
        self.consent.drop()
        self.store.forget()
        if self.sampling:  # a turn lasted from before the last second to behind the end
            if self.epochs.open is not None:
                self.epochs.give_up()
            self.power.because("token")
            self.stop(self.board.now_us())
        self.ring.wipe()
        self.link.wipe()

    def close(self):
        """Before the hub is dropped: no file stays open, since what the collector closes cannot write."""
        self._uploads.drop()

    def destroy(self):
        """An order came: the key first, with all that lives and dies with it, then what it protected."""
        self.keys.forget()
        self.public = bytes(32)
        self.jobs.drop()
        self.wipe()
        self._wipe_store()

    def _wipe_store(self):
        """Delete what is stored; what cannot be deleted is sealed, and holds the next enrolment up."""
        try:
            self.store.wipe()
        except OSError as e:
            self.complain("store", e)

    def acknowledged(self, number, now):
        """The host has an epoch of this session, durably."""
        self.epochs.trim(number)
        if self.consent.live(now):
            self.store.acknowledged(self.session, number)
        self.crashes.acknowledged(number, now - self.born_us)

    def complain(self, what, error):
        """Log that a part of the hub itself failed, in the next epoch if none is open."""
        text = "%s failed: %s" % (what, error)
        if self.epochs.open is not None:
            self.log(_ERROR, text)
        elif len(self._unsaid) < _UNSAID:
            self._unsaid.append(text)

    def log(self, level, text):
        """Send a line to the host, if device_status may be sent; a print would corrupt the link."""
        if self.sampling and self.epochs.open is not None:
            now = self.board.now_us()
            allowed = self.epochs.open.items & self.consent.items(now)
            # no block is longer than its epoch, however late its last line
            at = min(now, self._end_of_open())
            self.packer.log(self.epochs.open, at, level, text, allowed)
