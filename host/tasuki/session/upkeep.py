"""What a session does at every time sync, beside the frames: clock, stored epochs, a hub that fell asleep."""

from collections.abc import Callable

from tasuki.session.connection import Connection
from tasuki.session.forwarded import Forwarded
from tasuki.session.greet import Identity
from tasuki.session.state import State

_NOTE_S = 30.0  # how often the clock's fit is made durable


class Upkeep:
    """One per session.

    Args:
        tell: is told in a sentence what is wrong.
    """

    def __init__(self, connection: Connection, state: State, tell: Callable[[str], None]) -> None:
        self._connection, self._state, self._tell = connection, state, tell
        self._next_note = 0.0
        self._samples_at_sync = -1
        self._pace_told = False
        self.greeted()

    def greeted(self) -> None:
        """The hub was met anew: no question of before is open."""
        self._status = self._heard_stored = 0

    def sync(
        self, now: float, identity: Identity, forwarded: Forwarded, sampling: bool, samples: int
    ) -> None:
        """Exchange times and do the rest; samples: frames of signals that came so far."""
        self._connection.sync()
        if now >= self._next_note:
            self.note_clock(now, identity)
        self._check_pace()
        self._ask_for_stored(forwarded)
        self._wake(sampling, samples)

    def note_clock(self, now: float, identity: Identity) -> None:
        """Make the clock's fit durable, before a hub gets a token under which it may store."""
        self._next_note = now + _NOTE_S
        connection = self._connection
        self._state.clocks.note(identity.device, connection.nonce, connection.clock.fit())

    def _check_pace(self) -> None:
        pace = self._connection.clock.pace
        if pace is not None and not self._pace_told:
            self._pace_told = True
            speed = self._connection.clock.speed
            self._tell(
                f"the hub's clock runs at {pace:.2f} and not at {speed:g}: all times are wrong; see --speed"
            )

    def _ask_for_stored(self, forwarded: Forwarded) -> None:
        """When the hub keeps stored epochs and sends none, parts were lost: a hello brings them again."""
        answer = self._connection.answer(self._status) if self._status else None
        heard, self._heard_stored = self._heard_stored, forwarded.heard
        kept = answer[1][-1] if answer and answer[0] == "status" else 0
        if kept > len(forwarded.held) and heard == forwarded.heard:
            self._connection.poke("hello_request")
        self._connection.forget(self._status)
        self._status = self._connection.post("status_request")

    def _wake(self, sampling: bool, samples: int) -> None:
        """A hub that heard nothing for long has stopped by itself; one that samples ignores this."""
        if sampling and samples == self._samples_at_sync:
            self._connection.poke("start")
        self._samples_at_sync = samples
