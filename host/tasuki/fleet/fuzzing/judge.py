"""Judges every byte that the hub sends: is it a frame, was it asked for, may it be sent at all?"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import nacl.exceptions
import nacl.signing

from tasuki.fleet.fuzzing.asked import LEAVING, Asked
from tasuki.fleet.fuzzing.world import World
from tasuki.session.connection import ANSWERS
from tasuki_wire import cobs, codec, epoch, items, layout
from tasuki_wire.errors import WireError

# Without a live token the hub says nothing but these (SPEC sections 7 and 8).
ALWAYS = ("hello", "identity", "streams", "time_answer", "enrolled", "token_answer", "status", "answer")
_ANSWERS_TO = {answer: command for command, answer in ANSWERS.items()}
_STATUS_FIELDS = [field[0] for row in layout.MESSAGES if row[1] == "device_status" for field in row[5]]
Fields = tuple[Any, ...]
_TURN_US = 1_000_000  # of device time, which may run ten times as fast as the wall's


class Fault(AssertionError):
    """The hub broke a promise."""


def require(holds: Any, text: str, *values: object) -> None:
    """Raise Fault with the text and the values unless it holds."""
    if not holds:
        raise Fault(" ".join([text, *map(repr, values)]))


class Judge:
    """Reads what the hub sends, keeps the world up to date, raises Fault.

    Attributes:
        answers: how often each (command, answer) came; `ok` for an answer of its own kind.
        replies: the latest answer to each (command, id).
        damaged: what the latest of `device_statuses` device_status frames says of it.
        prompt: bytes since the hub left the protocol, None while it speaks it.
        lives: hellos with a new nonce.
        live: a token is in force, as far as the hub has told.
    """

    def __init__(self, world: World, asked: Asked) -> None:
        self.world = world
        self.asked = asked
        self.answers: Counter[tuple[str, str]] = Counter()
        self.replies: dict[tuple[str, int], str] = {}
        self.damaged = 0
        self.device_statuses = 0
        self.heap_free: list[int] = []
        self.prompt: bytes | None = None
        self.lives = 0
        self.may_end = False
        self._allowed = 0  # items in force, as far as the hub has told
        self.live = False
        self._ended = 0  # what was in force until just now
        self._expires_us = 0
        self._tail = b""
        self._lock_taken = self._order_taken = False
        self._lenient = True  # a line that was just opened may begin in the middle of a frame
        self._joining = codec.Assembler()
        self._handlers: dict[str, Callable[[Fields], None]] = {
            "hello": self._hello,
            "identity": self._identity,
            "status": self._status,
            "enrolled": self._enrolled,
            "token_answer": self._token_answer,
            "answer": self._answer,
            "device_status": self._device_status,
        }

    def feed(self, data: bytes) -> None:
        """Judge what was received."""
        if self.prompt is not None:
            self.prompt += data
            return
        *pieces, self._tail = (self._tail + data).split(b"\0")
        for at, piece in enumerate(pieces):
            if piece:
                self._piece(piece)
            if self.prompt is not None:
                self.prompt += b"\0".join([*pieces[at + 1 :], self._tail])
                self._tail = b""
                return

    @property
    def reporting(self) -> bool:
        """True when device_status may come."""
        return self.live and bool(self._allowed & items.bit("device_status"))

    def resume(self) -> None:
        """The hub is started anew by others; text may stand before its first frame."""
        self.prompt = None
        self._lenient = True
        self._tail = b""
        self.may_end = True

    def _piece(self, piece: bytes) -> None:
        try:
            out = bytearray(len(piece))
            n = cobs.decode_into(out, piece, len(piece))
            kind, stream, flags, seq, hi, lo, payload = codec.split(bytes(out[:n]))
        except WireError as e:
            require(self._lenient, "the hub sent no frame:", e, piece)
            return
        finally:
            self._lenient = False
        name = codec.KINDS[kind].name
        if codec.KINDS[kind].item is None:
            self._expire(codec.time_us(hi, lo))
            self._link(kind, name, payload)
        else:
            self._sample(kind, name, stream, seq, codec.records(kind, flags, payload))

    def _expire(self, now_us: int) -> None:
        if now_us >= self._expires_us + _TURN_US:
            self._ended = 0
        if self.live and now_us >= self._expires_us:
            self.live = False
            self._ended, self._allowed = self._allowed, 0
            self.asked.excuse("leaves_request")  # an answer may have gone with the token's data

    # -- samples ------------------------------------------------------------

    def _sample(self, kind: int, name: str, stream: int, seq: int, records: bytes) -> None:
        require(self.live, "a sample without a token:", name, stream, seq)
        item = items.bit(str(codec.KINDS[kind].item))
        require(item & self._allowed, "a sample that consent does not allow:", name, self._allowed)
        self.world.seqs[stream] = max(seq, self.world.seqs.get(stream, 0))
        if name in self._handlers:
            self._handlers[name](codec.unpack_rows(kind, records)[-1])

    def _device_status(self, row: Fields) -> None:
        found = dict(zip(_STATUS_FIELDS, row, strict=True))
        require(found["damaged"] <= self.asked.damaged, "damaged", found["damaged"], "of", self.asked.damaged)
        self.damaged = found["damaged"]
        self.heap_free.append(found["heap_free"])
        self.device_statuses += 1

    # -- messages -----------------------------------------------------------

    def _link(self, kind: int, name: str, payload: bytes) -> None:
        require(self.live or name in ALWAYS, "sent without a token:", name)
        message: bytes | None = payload
        if codec.KINDS[kind].mode == layout.FRAGMENTS:
            message = self._joining.add(kind, payload)
            require(not self._joining.abandoned, "fragments out of order:", name)
        if message is None:
            return
        fields = codec.unpack(kind, message)
        command = _ANSWERS_TO.get(name)
        if name == "answer":
            command = codec.KINDS[fields[1]].name
        if command:
            self._came(command, name, fields)
        if name in self._handlers:
            self._handlers[name](fields)

    def _came(self, command: str, name: str, fields: Fields) -> None:
        status = {"answer": 2, "token_answer": 1}.get(name)
        code = fields[status] if status else 0
        require(code < len(layout.ANSWERS), "an answer that the wire does not have:", name, code)
        require(self.asked.answered(command, fields[0]), "nobody asked for:", name, command, fields)
        self.answers[command, layout.ANSWERS[code]] += 1
        self.replies[command, fields[0]] = layout.ANSWERS[code]

    def _hello(self, fields: Fields) -> None:
        nonce = fields[0]
        if nonce != self.world.nonce:
            require(self.may_end, "the hub started anew by itself")
            self.may_end = False
            self.lives += 1
            self.live = False
            self._allowed = self._ended = 0
            self._joining = codec.Assembler()
            self.asked.new_life()
            self.world.born_again(nonce)

    def _identity(self, fields: Fields) -> None:
        world = self.world
        _, device, _, public, authority, number, _, sequence, _, _ = fields
        life = layout.LIFE_CYCLE[number]
        require(not any(world.device) or device == world.device, "another device id", device)
        if life != world.life:
            self._another_life_cycle(world.life, life, device)
        if life == "blank":
            world.another_key(public, authority)
        if world.life != "blank" and life != "blank":
            require(public == world.public, "another key", public)
            require(authority == world.authority, "another authority", authority)
            legal = {world.sequence, *world.signed_sequences}
            require(sequence in legal and sequence >= world.sequence, "another token sequence", sequence)
        world.device, world.public, world.authority, world.sequence = device, public, authority, sequence
        world.life = life
        self._lock_taken = self._order_taken = False

    def _another_life_cycle(self, old: str, new: str, device: bytes) -> None:
        lawful = {
            ("blank", "dev"): True,  # also of a hub that had its key before the run
            ("blank", "locked"): not any(self.world.device),  # as it was before the run, never of itself
            ("dev", "locked"): self._lock_taken,
            ("locked", "blank"): self._order_taken,
        }
        require(lawful.get((old, new)), "from", old, "to", new)

    def _status(self, fields: Fields) -> None:
        _, state, mask, session, number, remaining, _ = fields
        world = self.world
        # a status of the turn in which the token ended may be stamped behind its end
        allowed = self._allowed | self._ended
        require(not mask & ~allowed, "items that no token gave", mask, allowed)
        require(self.live or self._ended or not remaining, "time left without a token", remaining)
        if session and not world.session:
            most = world.last_session + max(1, world.lives_since)
            require(world.last_session < session <= most, "session", session, "after", world.last_session)
            world.last_session, world.lives_since = session, 0
        require(session == (world.session or session), "another session in one boot", session)
        world.session, world.epoch, world.state = session, number, layout.HUB_STATES[state]

    def _enrolled(self, fields: Fields) -> None:
        """Its key may have changed; the proof must hold under the key that it names."""
        _, device, public, signature = fields
        proved = [row for row in self.asked.enrolments if _proves(row, device, public, signature)]
        require(proved, "a proof of possession that does not hold")
        repin = any(row[3] for row in proved)
        if public != self.world.public:
            require(repin or self.world.life == "blank", "a new key that nobody asked for")
            self.world.another_key(public, bytes(epoch.key_id(proved[0][1])))
            self.world.life = "dev"
        self.may_end = self.may_end or repin

    def _token_answer(self, fields: Fields) -> None:
        request, status, mask, _, _, hi, lo = fields
        if status:
            return
        told = self.world.tokens.get(request, [])
        require(told, "a token was taken that nobody signed", request)
        self.live = True
        self._allowed = mask
        self._expires_us = codec.time_us(hi, lo) + max(token.lifetime for token in told) * 1_000_000
        require(not mask & ~max(token.items & 0x3F for token in told), "more items than the token has", mask)

    def _answer(self, fields: Fields) -> None:
        _, kind, status, count = fields
        name = codec.KINDS[kind].name
        if status:
            return
        if name == "narrow":
            self._allowed &= count
        if name == "lock":
            require(self.world.device in self.asked.locked, "locked by nobody")
            self._lock_taken = True
        if name == "order":
            require(self.world.order_signed, "an order that nobody signed")
            self._order_taken = True
        self.may_end = self.may_end or name in LEAVING
        if name == "maintenance":
            self.prompt = b""
            self.live = False


def _proves(enrolment: Fields, device: bytes, public: bytes, signature: bytes) -> bool:
    """True when a signature is that of possession for this enrolment."""
    _, authority, challenge, _ = enrolment
    body = epoch.possession_body(challenge, authority, device, public)
    try:
        nacl.signing.VerifyKey(public).verify(epoch.signed("possession", body), signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True
