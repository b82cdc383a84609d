"""What one hub may sample, kept in step with what the wearer says.

A token at the start; narrowed at once when something is withdrawn; a new token
when something is granted, and at half a token's life. After the start nothing
here waits: commands are posted and their answers looked for, so that the stream
of samples goes on meanwhile, and a lost answer costs a repeated command.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tasuki.errors import Refused
from tasuki.session import consent_token, greet
from tasuki.session.connection import Connection, checked
from tasuki.session.dialogue import Fields
from tasuki.session.state import State
from tasuki_wire import codec, epoch
from tasuki_wire import items as wire_items

_NARROW_AGAIN_S = 2.0
_ANSWER_S = 30.0  # a hub without C checks a signature for seconds
_RETRY_S = 10.0  # after a refused token


@dataclass(frozen=True)
class _Posted:
    """A command without an answer yet: its id, the items it leaves, when to give it up."""

    request: int
    mask: int
    until_s: float


class Permission:
    """The token of one hub in one life, and what of it is left.

    Args:
        allowed: consent bits that may be sampled now.
        binding: wearer binding id, 16 bytes.

    Attributes:
        items: consent bits that the hub may be sampling as far as we know.
        refused: why the hub refused the latest token, empty when it did not.
    """

    def __init__(
        self,
        connection: Connection,
        state: State,
        identity: greet.Identity,
        binding: bytes,
        allowed: Callable[[], int],
        lifetime_s: int,
    ) -> None:
        self._connection = connection
        self._state = state
        self._identity = identity
        self._binding = binding
        self._allowed = allowed
        self._lifetime_s = lifetime_s
        self._renew_us = 0
        self._retry_s = 0.0
        self._token: _Posted | None = None
        self._narrow: _Posted | None = None
        self.items = 0
        self.refused = ""

    def begin(self) -> None:
        """Hand out the first token and start sampling; with nothing allowed make sure that all is still.

        Waits for the hub. Raises Refused with the hub's reason, and LinkLost.
        """
        mask = self._allowed()
        if not mask:
            # a host before us may have left it sampling
            self._connection.ask("narrow", 0)
            return
        fields = self._connection.ask("token", *self._new_token(mask), timeout_s=_ANSWER_S, tries=1)
        self._take(fields)
        self._connection.ask("start")

    def follow(self, now: float, device_us: int) -> None:
        """Send what is due and take what was answered.

        now: seconds of time.monotonic; device_us: the latest device time.
        """
        allowed = self._allowed()
        self._hear_token(now)
        self._hear_narrow(now)
        if self.items & ~allowed:
            self.items &= allowed
            self._send_narrow(now)
        grown = allowed & ~self.items
        if not self._token and allowed and now >= self._retry_s and (grown or device_us >= self._renew_us):
            request = self._connection.post("token", *self._new_token(allowed))
            self._token = _Posted(request, allowed, now + _ANSWER_S)

    # -- tokens ---------------------------------------------------------------

    def _new_token(self, mask: int) -> Fields:
        """Fields of a token with a new sequence, which this host remembers before it is sent."""
        device = self._identity.device
        sequence = self._state.tokens.reserve(device, self._identity.sequence + 1)
        token = consent_token.build(
            self._state.vault.signer("authority"),
            device=device,
            binding=self._binding,
            items=mask & wire_items.ALL_ITEMS,
            sequence=sequence,
            nonce=self._connection.nonce,
            policy=self._state.policy.hash,
            lifetime_s=self._lifetime_s,
            storage=bytes(self._state.vault.private_key("storage").public_key),
        )
        self._state.tokens.note(device, sequence, epoch.token_id(token))
        fields: Fields = codec.unpack(epoch.TOKEN, bytes(2) + token)[1:]
        return fields

    def _take(self, fields: Fields) -> None:
        _, self.items, _, _, hi, lo = fields
        self._renew_us = codec.time_us(hi, lo) + self._lifetime_s * 500_000
        self.refused = ""

    def _hear_token(self, now: float) -> None:
        posted = self._token
        if posted is None:
            return
        if answer := self._connection.answer(posted.request):
            self._token = None
            try:
                self._take(checked("token", *answer))
                # a hub that grants less than was asked is not asked again at once
                self._retry_s = now + _RETRY_S if posted.mask & ~self.items else 0.0
                self._connection.poke("start")  # a hub whose token ran out has stopped
            except Refused as e:
                self.refused = e.reason
                self._retry_s = now + _RETRY_S
        elif now > posted.until_s:
            self._connection.forget(posted.request)
            self._token = None

    # -- narrowing --------------------------------------------------------------

    def _send_narrow(self, now: float) -> None:
        if self._narrow:
            self._connection.forget(self._narrow.request)
        request = self._connection.post("narrow", self.items)
        self._narrow = _Posted(request, self.items, now + _NARROW_AGAIN_S)

    def _hear_narrow(self, now: float) -> None:
        posted = self._narrow
        if posted is None:
            return
        if answer := self._connection.answer(posted.request):
            self._narrow = None
            try:
                _, _, in_force = checked("narrow", *answer)
            except Refused:
                in_force = 0  # nothing is in force that could be narrowed
            self.items &= in_force
        elif now > posted.until_s:
            self._send_narrow(now)
