"""Answers for a hub that is not there: what a host asks before it listens.

It says who was recorded and what its streams are, and keeps its clock. Everything else it does
not allow: nobody can sign for the hub, so a replay takes no consent token and is never mistaken
for a hub that samples.
"""

import os
from collections.abc import Callable, Iterable

from tasuki.frames import Stream
from tasuki.framing import link_frame
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, epoch, layout

_HELLO, _STREAMS, _IDENTITY, _TIME, _ANSWER = (
    codec.number(name) for name in ("hello", "streams", "identity", "time_answer", "answer")
)
_NOT_ALLOWED = layout.ANSWERS.index("not_allowed")
_NOBODY = b"recorded"
"""Stands for a key id of an authority: a replay obeys none."""


class StandIn:
    """One recorded hub.

    Args:
        device, public: of the hub, as the capture and the register have them.
        streams: what it measured.
        now_us: its device time.
    """

    def __init__(
        self, device: bytes, public: bytes, streams: Iterable[Stream], now_us: Callable[[], int]
    ) -> None:
        self._identity = device, public
        self._streams = tuple(streams)
        self._now_us = now_us
        self._decoder = Decoder()
        self._seq = -1
        self._nonce = os.urandom(16)

    def hello(self, anew: bool = False) -> bytes:
        """A hello; anew: of another life of the hub."""
        if anew:
            self._nonce = os.urandom(16)
        flags = [name in ("keyed", "pinned", "no_store") for name in layout.HELLO_FLAGS]
        mask = sum(1 << i for i, flag in enumerate(flags) if flag)
        return self._frame(_HELLO, codec.hello(self._nonce, mask))

    def record(self, record: bytes) -> bytes:
        """An epoch record as the hub sent it."""
        return self._frame(epoch.RECORD, record)

    def take(self, data: bytes) -> bytes:
        """Answers to what a host sent."""
        batch = self._decoder.feed(data)
        return b"".join(self._answer(link.kind, link.payload) for link in batch.links())

    def _answer(self, kind: int, payload: bytes) -> bytes:
        name, now = codec.KINDS[kind].name, self._now_us()
        if len(payload) < 2:
            return b""
        request = int.from_bytes(payload[:2], "little")
        if name == "hello_request":
            return self.hello()
        if name == "identify":
            device, public = self._identity
            keys = device, epoch.key_id(public), public, _NOBODY
            life = layout.LIFE_CYCLE.index("dev")
            message = codec.pack(_IDENTITY, request, *keys, life, 0, 0, b"replay", b"capture")
            return self._frame(_IDENTITY, message)
        if name == "describe":
            rows = b"".join(codec.pack_row(_STREAMS, *row) for row in self._streams)
            return self._frame(_STREAMS, codec.pack(_STREAMS, request, rows=rows))
        if name == "time_request":
            times = *codec.unpack(kind, payload)[1:3], *codec.time_words(now), *codec.time_words(now)
            return self._frame(_TIME, codec.pack(_TIME, request, *times))
        if name == "ack":
            return b""
        return self._frame(_ANSWER, codec.pack(_ANSWER, request, kind, _NOT_ALLOWED, 0))

    def _frame(self, kind: int, payload: bytes) -> bytes:
        self._seq += 1
        return link_frame(kind, payload, self._seq, self._now_us())
