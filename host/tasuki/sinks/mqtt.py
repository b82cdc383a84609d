"""The MQTT 5 sink: blocks go through a broker; confirmed is what a collector has committed.

A broker answers a publish from memory, so its PUBACK is no promise and only opens the window. A block
is confirmed when the answer to this very `send` names it (sinks/messages.py), which a collector gives
after its database has committed. What is not answered in time is sent again later; a block is taken from
the batch, and so decided, only when everything before it has left and the window has room.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from tasuki.errors import LinkLost, Untrusted
from tasuki.sinks import Delivery, Erased, Key, Recall, erasure_exchange, messages, tombstone
from tasuki.sinks.link import NO_SUBSCRIBERS, Broker, Link, Wake
from tasuki.sinks.messages import STORED, Topics
from tasuki.vault.secret import Signer

EXPIRY_S = 3600
ANSWER_S = 20.0


class _Turn:
    """One `send`: what it waits for, and what came."""

    def __init__(self) -> None:
        self.nonce = os.urandom(messages.NONCE_SIZE)
        self.waiting: set[Key] = set()
        self.stored: list[Key] = []
        self.recalled = 0
        self.refused: dict[int, int] = {}

    def refuse(self, reason: int) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1


class MqttSink:
    """Sends deliveries through a broker. One thread sends; `interrupt` may come from any.

    Attributes:
        recalled: deliveries that a collector dropped because of a tombstone; they are decided again.
        refused: reason code of MQTT 5 to the number of publishes that the broker did not take, or had
            nobody for (0x10). 0x97 is a broker at its limits.
    """

    def __init__(
        self,
        broker: Broker,
        signer: Signer,
        name: str = "",
        *,
        expiry_s: int = EXPIRY_S,
        answer_s: float = ANSWER_S,
        window: int = 100,
        send_buffer: int = 0,
        collectors: Sequence[bytes] = (),
    ) -> None:
        """name: of this gateway, the one in its certificate. expiry_s: how long a broker keeps a block.

        answer_s: how long to wait for an answer while none comes. window, send_buffer: see Link.
        collectors: Ed25519 keys of those whose acknowledgement of an erasure counts.
        """
        self._broker = broker
        self._signer = signer
        self._name = name or f"gateway-{signer.key_id.hex()}"
        self._topics = Topics(broker.tenant)
        self._expiry_s = expiry_s
        self._answer_s = answer_s
        self._window = window
        self._send_buffer = send_buffer
        self._collectors = tuple(collectors)
        self._wake = Wake()
        self._link: Link | None = None
        self._turn = _Turn()
        self._heads: dict[tuple[str, bytes, str, int], tuple[str, bytes]] = {}
        self.recalled = 0
        self.refused: dict[int, int] = {}

    def send(self, batch: Iterable[Delivery]) -> list[Key]:
        """Publish a batch and wait for the collectors' answers."""
        return self._turn_of(lambda link: self._publish(link, batch))

    def recall(self, recalls: Iterable[Recall]) -> list[Recall]:
        """Publish tombstones; returns those that a collector has committed."""
        recalls = list(recalls)
        sent = {(recall.pseudonym, 0, n): recall for n, recall in enumerate(recalls)}

        def publish(link: Link) -> None:
            for key, recall in sent.items():
                made = self._head([("n", str(key[2]))])
                self._turn.waiting.add(key)
                topic = self._topics.tombstone(recall.destination, recall.pseudonym)
                self._let(link, topic, tombstone.pack(recall, self._signer), _Packed(made))

        return [sent[key] for key in self._turn_of(publish)]

    def erase(self, recalls: Collection[Recall]) -> Erased:
        """Order the collectors to delete what these are about (tasuki.sinks.Erasing)."""
        return erasure_exchange.erase(
            self._broker, self._name, self._signer, self._collectors, recalls, self._answer_s, self._expiry_s
        )

    def interrupt(self) -> None:
        """Break off what is being sent."""
        self._wake.call()

    def check(self) -> None:
        """Connect, and see that answers may be read."""
        self._connected()

    def close(self) -> None:
        """Leave the broker."""
        if self._link:
            self._link.close()
            self._link = None

    def publish_only(self, batch: Iterable[Delivery]) -> int:
        """Publish a batch, and wait for the broker's own answers only; how many. For measuring."""
        self._wake.clear()
        link, self._turn = self._connected(), _Turn()
        self._publish(link, batch)
        while link.unanswered:
            link.pump(1)
        return len(self._turn.waiting)

    def _turn_of(self, publish: Callable[[Link], None]) -> list[Key]:
        self._wake.clear()
        turn = self._turn = _Turn()
        self._heads.clear()  # they carry the turn's nonce
        try:
            link = self._connected()
            link.on_refused = turn.refuse
            publish(link)
            self._await(link)
        except LinkLost:
            self._drop()
            if not turn.stored:
                raise
        except BaseException:
            self._drop()
            raise
        finally:
            for reason, n in turn.refused.items():
                self.refused[reason] = self.refused.get(reason, 0) + n
            self.recalled += turn.recalled
        if turn.waiting and not turn.stored and not turn.recalled:
            raise self._unanswered(turn)
        return turn.stored

    def _publish(self, link: Link, batch: Iterable[Delivery]) -> None:
        for d in batch:
            topic, head = self._of(d)
            tail = b"".join(map(_pair, (b"number", b"tags", b"consent", b"day"), _texts(d)))
            self._turn.waiting.add(d.key)
            self._let(link, topic, d.content, _Packed(head + tail))

    def _let(self, link: Link, topic: str, payload: bytes, properties: Any) -> None:
        """Publish, and come back when the next one may go."""
        link.publish(topic, payload, properties)
        if self._wake.called or link.stuck:
            link.pump(0)
        until = time.monotonic() + self._answer_s
        while link.stuck:
            link.pump(0.5)
            if time.monotonic() > until:
                raise LinkLost("the broker takes nothing any more", "It is tried again.")

    def _await(self, link: Link) -> None:
        """Until everything is answered, or nothing more comes."""
        turn, left = self._turn, -1
        until = time.monotonic()
        while turn.waiting:
            if left != len(turn.waiting):
                left, until = len(turn.waiting), time.monotonic() + self._answer_s
            if time.monotonic() > until or (turn.refused and len(turn.waiting) <= sum(turn.refused.values())):
                return
            link.pump(0.2)

    def _connected(self) -> Link:
        if self._link is None:
            link = Link(
                self._broker,
                self._name,
                self._wake,
                self._answered,
                window=self._window,
                send_buffer=self._send_buffer,
            )
            link.subscribe(self._topics.reply(self._name))
            self._link = link
        return self._link

    def _answered(self, message: MQTTMessage) -> None:
        turn = self._turn
        if getattr(message.properties, "CorrelationData", None) != turn.nonce:
            return  # to a turn that is over; what it asked is asked again
        try:
            outcomes = messages.read_answer(bytes(message.payload))
        except Untrusted:
            return
        for key, outcome in outcomes:
            if key in turn.waiting:
                turn.waiting.remove(key)
                if outcome == STORED:
                    turn.stored.append(key)
                else:
                    turn.recalled += 1

    def _unanswered(self, turn: _Turn) -> LinkLost:
        self._drop()
        if turn.refused.get(NO_SUBSCRIBERS):
            return LinkLost("no collector listens at the broker", "Start `tasuki collect`.")
        if turn.refused:
            codes = ", ".join(f"0x{code:02x}" for code in turn.refused)
            return LinkLost(
                f"the broker refuses blocks (reason {codes})", "Check its ACL file and its limits."
            )
        return LinkLost("no collector answered", "Look at the collectors and the broker's limits.")

    def _drop(self) -> None:
        if self._link:
            self._link.drop()
            self._link = None

    def _of(self, d: Delivery) -> tuple[str, bytes]:
        """Topic and what its messages share: paho packs it once."""
        key = d.destination, d.pseudonym, d.item, d.stream
        known = self._heads.get(key)
        if known is None:
            shared = [("destination", d.destination), ("purpose", d.purpose), ("form", d.form)]
            head = self._head([*shared, ("stream", str(d.stream))])
            known = self._heads[key] = self._topics.block(d), head
        return known

    def _head(self, pairs: list[tuple[str, str]]) -> bytes:
        made = Properties(PacketTypes.PUBLISH)
        made.MessageExpiryInterval = self._expiry_s
        made.ResponseTopic = self._topics.reply(self._name)
        made.CorrelationData = self._turn.nonce
        made.UserProperty = pairs
        packed: bytes = made.pack()
        return packed[VariableByteIntegers.decode(packed)[1] :]


class _Packed:
    """Properties that are bytes already: paho would take longer to pack them than to send the message."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pack(self) -> bytes:
        """The bytes with their length in front."""
        length: bytes = VariableByteIntegers.encode(len(self._data))
        return length + self._data


def _pair(name: bytes, value: bytes) -> bytes:
    """A user property (MQTT 5, 2.2.2.2 and 3.3.2.3.7)."""
    return b"\x26" + len(name).to_bytes(2, "big") + name + len(value).to_bytes(2, "big") + value


def _texts(d: Delivery) -> tuple[bytes, bytes, bytes, bytes]:
    return b"%d" % d.number, d.tags.hex().encode(), b"%d" % d.version, b"%d" % d.day
