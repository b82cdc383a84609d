"""The collector: from MQTT 5 shared subscriptions into PostgreSQL; any number side by side.

It acknowledges and answers only after the commit, so one that is killed loses nothing: the broker gives
what it had to another, or the gateway, which hears no answer, sends it again. Tombstones are stored
before the blocks that came with them; which blocks are older, the database says (sinks/tables.py).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tasuki.errors import LinkLost, Untrusted
from tasuki.sinks import Delivery, Key, Recall, messages, tombstone
from tasuki.sinks.link import Broker, Link, Wake
from tasuki.sinks.messages import RECALLED, STORED, Topics
from tasuki.sinks.postgres import Database

_DROPPED = "$SYS/broker/publish/messages/dropped"
_WAITING = "$SYS/broker/store/messages/count"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0


@dataclass
class Collected:
    """What a collector did since it began.

    Attributes:
        stored: blocks that are in the database, duplicates included. recalled: dropped by a tombstone.
        tombstones: stored. bad: messages that were none of ours, or not signed by a known gateway.
        commits: transactions. alarms: kind to how often it was raised.
    """

    stored: int = 0
    recalled: int = 0
    tombstones: int = 0
    bad: int = 0
    commits: int = 0
    alarms: Counter[str] = field(default_factory=Counter)


@dataclass
class _Batch:
    """Messages until the next commit."""

    blocks: list[tuple[Delivery, MQTTMessage]] = field(default_factory=list)
    recalls: list[tuple[Recall, int, MQTTMessage]] = field(default_factory=list)
    other: list[MQTTMessage] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.blocks) + len(self.recalls) + len(self.other)


class Collector:
    """Moves blocks of some destinations from a broker into a database.

    Attributes:
        done: what it did.
    """

    def __init__(
        self,
        broker: Broker,
        conninfo: str,
        gateways: Sequence[bytes],
        destinations: Sequence[str],
        *,
        name: str,
        group: str = "collectors",
        batch: int = 500,
        waiting_most: int = 100_000,
        alarm: Callable[[str], None] = lambda text: None,
    ) -> None:
        """
        Args:
            gateways: Ed25519 keys whose tombstones count.
            name: of this collector, different for each. group: of those who share the work.
            batch: messages in a transaction at most.
            waiting_most: messages in the broker above which an alarm is raised.
            alarm: gets a sentence for each alarm.
        """
        self._broker = broker
        self._database = Database(conninfo)
        self._gateways = list(gateways)
        self._topics = Topics(broker.tenant)
        shared = [self._topics.collected(group, destination) for destination in destinations]
        self._subscriptions = [topic for pair in shared for topic in pair]
        self._name = name
        self._most = batch
        self._waiting_most = waiting_most
        self._alarm = alarm
        self._wake = Wake()
        self._stopped = False
        self._pending = _Batch()
        self._dropped: int | None = None
        self.done = Collected()

    def stop(self) -> None:
        """End `run` soon; from any thread or a signal."""
        self._stopped = True
        self._wake.call()

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Collect until stopped. A broker or database that is away is waited for.

        ready: called whenever the subscriptions stand. Raises UsageError when a setting cannot work.
        """
        wait_s = FIRST_WAIT_S
        while not self._stopped:
            try:
                self._database.work(lambda tables: None)  # first of all: without it nothing is taken over
                link = self._subscribed()
                wait_s = FIRST_WAIT_S
                ready()
                self._collect(link)
            except LinkLost as e:
                self._pending = _Batch()  # not acknowledged, so it comes again
                if not self._stopped:
                    self._raise("away", f"{e}")
                    time.sleep(wait_s)
                    wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self._database.close()
        self._wake.close()

    def _subscribed(self) -> Link:
        link = Link(
            self._broker,
            self._name,
            self._wake,
            self._take,
            receive=2 * self._most,
            window=60_000,
            manual_ack=True,
        )
        link.subscribe(*self._subscriptions)
        link.subscribe(_DROPPED, _WAITING)
        return link

    def _collect(self, link: Link) -> None:
        try:
            while True:
                link.pump(0.5)
                while 0 < len(self._pending) < self._most:  # as long as more is there
                    before = len(self._pending)
                    link.pump(0.002)
                    if len(self._pending) == before:
                        break
                if self._pending:
                    self._commit(link)
        finally:
            link.drop()

    def _take(self, message: MQTTMessage) -> None:
        if message.topic.startswith("$SYS/"):
            self._watch(message)
        elif self._topics.is_tombstone(message.topic):
            self._take_recall(message)
        else:
            try:
                pairs = getattr(message.properties, "UserProperty", [])
                delivery = messages.delivery_of(message.topic, bytes(message.payload), pairs)
            except Untrusted as e:
                self._refuse(message, e)
            else:
                self._pending.blocks.append((delivery, message))

    def _take_recall(self, message: MQTTMessage) -> None:
        try:
            recall = tombstone.read(bytes(message.payload), self._gateways)
            if message.topic != self._topics.tombstone(recall.destination, recall.pseudonym):
                raise Untrusted("tombstone", "a tombstone on another's topic")
            number = int(dict(getattr(message.properties, "UserProperty", [])).get("n", ""))
        except (Untrusted, ValueError) as e:
            self._refuse(message, e)
        else:
            self._pending.recalls.append((recall, number, message))

    def _refuse(self, message: MQTTMessage, e: Exception) -> None:
        self.done.bad += 1
        self._raise("bad", str(e))
        self._pending.other.append(message)

    def _commit(self, link: Link) -> None:
        """Store what is pending, then answer and acknowledge it."""
        batch, self._pending = self._pending, _Batch()
        answers: dict[tuple[str, bytes], list[tuple[Key, int]]] = {}
        if batch.recalls:
            self._database.work(lambda tables: tables.bury([recall for recall, _, _ in batch.recalls]))
            self.done.tombstones += len(batch.recalls)
            for recall, number, message in batch.recalls:
                _answer(answers, message, (recall.pseudonym, 0, number), STORED)
        if batch.blocks:
            blocks = [delivery for delivery, _ in batch.blocks]
            stored, recalled = self._database.work(lambda tables: tables.store(blocks))
            self.done.stored += len(stored)
            self.done.recalled += len(recalled)
            gone = set(recalled)
            for delivery, message in batch.blocks:
                _answer(answers, message, delivery.key, RECALLED if delivery.key in gone else STORED)
        self.done.commits += 1
        for (topic, nonce), outcomes in answers.items():
            reply = Properties(PacketTypes.PUBLISH)
            reply.CorrelationData = nonce
            link.publish(topic, messages.pack_answer(outcomes), reply)
        for message in batch.other:
            link.ack(message.mid)
        for _, message in batch.blocks:
            link.ack(message.mid)
        for _, _, message in batch.recalls:
            link.ack(message.mid)

    def _watch(self, message: MQTTMessage) -> None:
        """What the broker says of itself: that it drops messages, or is about to."""
        try:
            value = int(message.payload)
        except ValueError:
            return
        if message.topic == _DROPPED:
            if self._dropped is not None and value > self._dropped:
                self._raise(
                    "dropped", f"the broker dropped {value - self._dropped} messages: its queues are full"
                )
            self._dropped = value
        elif value > self._waiting_most:
            self._raise("waiting", f"{value} messages wait in the broker: collectors do not keep up")

    def _raise(self, kind: str, text: str) -> None:
        self.done.alarms[kind] += 1
        self._alarm(text)


def _answer(answers: dict[Any, list[tuple[Key, int]]], message: MQTTMessage, key: Key, outcome: int) -> None:
    """Note an answer for whoever asked for one, at the place and under the number that were given."""
    properties = message.properties
    topic, nonce = getattr(properties, "ResponseTopic", None), getattr(properties, "CorrelationData", None)
    if topic and nonce:
        answers.setdefault((topic, nonce), []).append((key, outcome))
