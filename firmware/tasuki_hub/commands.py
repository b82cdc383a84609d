"""What the host may ask, and how the hub answers. Every command is answered but the ack."""

from tasuki_hub import anchors, consent
from tasuki_wire import codec, epoch, items, layout
from tasuki_wire.constant import const
from tasuki_wire.errors import WireError

MAINTENANCE = "maintenance"  # why a hub leaves: the REPL takes over
REBOOT = "reboot"  # it starts anew

_ANSWER = codec.number("answer")
_MAX_LEAVES = const(170)  # what a message of layout.MAX_MESSAGE holds

# A hub without a live token answers who it is, its status, tokens and enrolment.
_NEEDS_TOKEN = const(("start", "resend", "leaves_request", "epoch_request"))


def _status(name):
    return layout.ANSWERS.index(name)


class Commands:
    """Runs commands: the method do_NAME takes the time and the fields.

    `groups` are more objects with such methods, which answer by answer(); of
    two with the same name the later one is called. Handlers are looked for when
    a command comes, because a table of them would be a kilobyte of bound methods.
    """

    def __init__(self, hub, groups=()):
        self._hub = hub
        self._verifying = False
        self._narrowed = 0  # what the token under way may still allow
        self._groups = tuple(reversed(groups)) + (self,)

    def _handler(self, name):
        for group in self._groups:
            handler = getattr(group, "do_" + name, None)
            if handler:
                return handler
        raise WireError("content", "%s is no command" % name)

    def handle(self, kind, payload, now):
        """Run one command; what is no command, or malformed, is dropped and counted."""
        try:
            name = codec.KINDS[kind].name
            handler = self._handler(name)
            fields = codec.unpack(kind, payload)
            if name in _NEEDS_TOKEN and not self._hub.consent.live(now):
                return self.answer(fields[0], name, "no_token")
            handler(now, *fields)
        except WireError:
            self._hub.link.damaged += 1

    def answer(self, request, name, status, count=0):
        """Queue the plain answer to a command; status is one of layout.ANSWERS."""
        self._hub.link.answer(
            _ANSWER, codec.pack(_ANSWER, request, codec.number(name), _status(status), count)
        )

    # -- who are you ------------------------------------------------------

    def do_hello_request(self, now, request):
        self._hub.store.rewind()
        self._hub.hello()

    def do_identify(self, now, request):
        hub = self._hub
        keyed = any(hub.public)  # a key counts once its public half is known, which takes long without C
        authority = hub.keys.authority
        kind = codec.number("identity")
        hub.link.answer(
            kind,
            codec.pack(
                kind,
                request,
                hub.device,
                epoch.key_id(hub.public) if keyed else bytes(8),
                hub.public,
                epoch.key_id(authority) if authority else bytes(8),
                layout.LIFE_CYCLE.index("locked" if hub.keys.locked else "dev" if keyed else "blank"),
                getattr(hub.board, "counter", 0),
                hub.keys.sequence,
                anchors.FIRMWARE,
                hub.board.name.encode(),
            ),
        )

    def do_describe(self, now, request):
        kind = codec.number("streams")
        rows = b""
        for s in self._hub.sampler.streams:
            d = s.driver
            rows += codec.pack_row(kind, s.number, s.kind, d.site, s.per_frame, d.period_us)
        self._hub.link.answer(kind, codec.pack(kind, request, rows=rows))

    def do_time_request(self, now, request, hi, lo):
        kind = codec.number("time_answer")
        rx = codec.time_words(now)
        tx = codec.time_words(self._hub.board.now_us())
        self._hub.link.answer(kind, codec.pack(kind, request, hi, lo, rx[0], rx[1], tx[0], tx[1]))

    def do_status_request(self, now, request):
        hub = self._hub
        live = hub.consent.live(now)
        state = "sampling" if hub.sampling else "ready" if live else "waiting"
        kind = codec.number("status")
        hub.link.answer(
            kind,
            codec.pack(
                kind,
                request,
                layout.HUB_STATES.index(state),
                hub.consent.items(now),
                hub.session,
                hub.epochs.open.number if hub.epochs.open else hub.epochs.next_number,
                hub.consent.remaining_s(now),
                min(hub.store.count, 0xFFFF),
            ),
        )

    # -- keys and consent -------------------------------------------------

    def do_enroll(self, now, request, authority, challenge, repin):
        hub = self._hub
        keys = hub.keys
        if keys.locked:
            return self.answer(request, "enroll", "not_allowed")
        if keys.keyed and keys.authority != authority and not repin:
            return self.answer(request, "enroll", "already_pinned")
        if hub.sampling or not hub.jobs.idle():
            return self.answer(request, "enroll", "busy")
        hub.jobs.add(self._enroll(request, authority, challenge, repin))

    def _enroll(self, request, authority, challenge, repin):
        hub = self._hub
        keys = hub.keys
        if repin or not keys.keyed:
            hub.wipe()  # no token of before reaches the new key
            had_key = keys.keyed
            try:
                hub.store.wipe()
                hub.public = yield from keys.create_steps(hub.crypto, hub.board, authority)
            except NotImplementedError:
                return self.answer(request, "enroll", "no_entropy")
            except OSError:
                if had_key:
                    hub.leaving = REBOOT  # a key may be gone, and its session must not go on under the next
                return self.answer(request, "enroll", "full")
        yield
        body = epoch.possession_body(challenge, authority, hub.device, hub.public)
        signature = yield from keys.sign_steps(hub.crypto, hub.public, epoch.signed("possession", body))
        kind = codec.number("enrolled")
        hub.link.answer(kind, codec.pack(kind, request, hub.device, hub.public, signature))
        if repin:
            hub.leaving = REBOOT  # nothing of the old key's session goes on

    def do_token(self, now, request, *fields):
        hub = self._hub
        token = codec.pack(epoch.TOKEN, request, *fields)[2:]
        reason = consent.refusal(token, hub.device, hub.nonce, hub.keys)
        if reason is None and self._verifying:
            reason = "busy"
        if reason:
            return self._token_answer(request, reason, now)
        self._verifying = True
        self._narrowed = items.ALL_ITEMS
        hub.jobs.add(self._verify(request, token))

    def _verify(self, request, token):
        hub = self._hub
        message, signature = consent.signed_part(token)
        holds = yield from hub.crypto.verify_steps(hub.keys.authority, message, signature)
        if not holds or not consent.lifetime_holds(token):
            self._verifying = False
            reason = "bad_lifetime" if holds else "bad_signature"
            return self._token_answer(request, reason, hub.board.now_us())
        hub.at_border("token", lambda now: self._accept(request, token, now))

    def _accept(self, request, token, now):
        hub = self._hub
        self._verifying = False
        try:
            hub.keys.raise_sequence(consent.fields_of(token)[5])
        except OSError as e:  # what is not kept could be used again
            hub.complain("flash", e)
            return self._token_answer(request, "full", now)
        hub.consent.accept(token, now)
        hub.consent.narrow(self._narrowed)
        self._token_answer(request, "ok", now)

    def _token_answer(self, request, status, now):
        hub = self._hub
        hi, lo = codec.time_words(now)
        kind = codec.number("token_answer")
        hub.link.answer(
            kind,
            codec.pack(
                kind,
                request,
                _status(status),
                hub.consent.items(now),
                hub.session,
                hub.epochs.next_number,
                hi,
                lo,
            ),
        )

    def do_narrow(self, now, request, mask):
        self._narrowed &= mask  # a token that came before this may not bring them back
        self._hub.narrow(mask, now)
        self.answer(request, "narrow", "ok", self._hub.consent.items(now))

    # -- sampling ---------------------------------------------------------

    def do_start(self, now, request):
        self.answer(request, "start", "ok" if self._hub.sampling else self._hub.start(now))

    def do_stop(self, now, request):
        hub = self._hub
        if hub.waits_for("stop"):
            return self.answer(request, "stop", "busy")

        def stopped(now):
            hub.stop(now)
            self.answer(request, "stop", "ok")

        hub.at_border("stop", stopped)

    def do_maintenance(self, now, request):
        hub = self._hub
        if hub.keys.locked:
            return self.answer(request, "maintenance", "not_allowed")
        if hub.sampling or not hub.jobs.idle():
            return self.answer(request, "maintenance", "busy")
        self.answer(request, "maintenance", "ok")
        hub.leaving = MAINTENANCE

    # -- what was lost ----------------------------------------------------

    def do_resend(self, now, request, stream, first_seq, count):
        link = self._hub.link
        found = 0
        for body in self._hub.ring.find(stream, first_seq, count):
            if link.room() < 2:  # the last place is the answer's
                break
            link.again(body)
            found += 1
        self.answer(request, "resend", "ok" if found else "not_found", found)

    def do_leaves_request(self, now, request, number, stream, first, count):
        kept = self._hub.epochs.find(number)
        leaves = kept.leaf_bytes(stream, first, min(count, _MAX_LEAVES)) if kept else None
        if leaves is None:
            return self.answer(request, "leaves_request", "not_found")
        kind = codec.number("leaf_hashes")
        message = codec.pack(kind, request, number, stream, first, rows=leaves)
        self._hub.link.bulk(kind, message)

    def do_epoch_request(self, now, request, number):
        kept = self._hub.epochs.find(number)
        if kept is None or not kept.record:
            return self.answer(request, "epoch_request", "not_found")
        self._hub.send_epoch(kept)
        self.answer(request, "epoch_request", "ok")

    def do_ack(self, now, session, number):
        if session == self._hub.session:
            self._hub.acknowledged(number, now)

    def do_stored_ack(self, now, session, number):
        # epochs come only while a token lives, so nobody else has one to acknowledge
        if self._hub.consent.live(now):
            self._hub.store.acknowledged(session, number)
