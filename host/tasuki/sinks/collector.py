"""The collector: from MQTT 5 shared subscriptions into PostgreSQL; any number side by side.

It acknowledges and answers only after the commit, so one that is killed loses nothing: the gateway
hears no answer and sends again. Tombstones come on a connection of their own, to every collector, so
they never queue behind the blocks that they are about. Before each commit that connection is asked
for an echo: what the broker had of tombstones by then is stored first, and the database leaves out what
is older (sinks/tables.py). Orders to erase come that way, too, and so does the hour at which it deletes
what is past its retention.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tasuki.errors import LinkLost, Untrusted
from tasuki.sinks import DAY_NS, Delivery, Key, Recall, erasure_order, messages, tombstone
from tasuki.sinks.erasure_order import Order
from tasuki.sinks.link import Broker, Link, Wake
from tasuki.sinks.messages import RECALLED, STORED, Topics
from tasuki.sinks.postgres import Database, DatabaseLost, NotAllowed
from tasuki.vault.secret import Signer

DROPPED = "$SYS/broker/publish/messages/dropped"
WAITING = "$SYS/broker/store/messages/count"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
EVERY_S, AGAIN_S = 3600.0, 60.0
_ECHO_S = 10.0


@dataclass
class Collected:
    """What a collector did since it began.

    Attributes:
        stored: blocks that are in the database, duplicates included. recalled: left out by a tombstone.
        tombstones: stored. erasures: orders that were carried out. expired: blocks and days past their
            retention. bad: messages that were none of ours, or not signed by a known gateway.
        commits: transactions with blocks. alarms: kind to how often it was raised.
    """

    stored: int = 0
    recalled: int = 0
    tombstones: int = 0
    erasures: int = 0
    expired: int = 0
    bad: int = 0
    commits: int = 0
    alarms: Counter[str] = field(default_factory=Counter)


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
        signer: Signer,
        *,
        name: str,
        group: str = "collectors",
        batch: int = 500,
        waiting_most: int = 20_000,
        retention: Callable[[], Mapping[str, int]] = dict,
        alarm: Callable[[str], None] = lambda text: None,
    ) -> None:
        """
        Args:
            gateways: Ed25519 keys whose tombstones and orders to erase count.
            signer: signs what it acknowledges.
            name: of this collector, different for each. group: of those who share the work.
            batch: blocks in a transaction at most.
            waiting_most: messages in the broker above which an alarm is raised.
            retention: item to days that it may be kept, asked every hour; without any nothing is deleted.
            alarm: gets a sentence for each alarm.
        """
        self._broker = broker
        self._database = Database(conninfo)
        self._gateways = list(gateways)
        self._signer = signer
        self._retention = retention
        self._expire_at = 0.0
        self._tenant = broker.tenant
        self._topics = Topics(broker.tenant)
        self._blocks = [self._topics.blocks(group, destination) for destination in destinations]
        self._tombstones = [self._topics.tombstones(destination) for destination in destinations]
        self._erasures = [self._topics.erasure(destination) for destination in destinations]
        self._name = name
        self._most = batch
        self._waiting_most = waiting_most
        self._alarm = alarm
        self._wake = Wake()
        self._stopped = False
        self._taken: list[tuple[Delivery, MQTTMessage]] = []
        self._recalls: list[tuple[Recall, int, MQTTMessage]] = []
        self._orders: list[tuple[Order, MQTTMessage]] = []
        self._bad: list[tuple[Link, MQTTMessage]] = []
        self._links: dict[str, Link] = {}
        self._echoed = b""
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
        wait_s = pause_s = 0.0
        while not self._stopped:
            try:
                self._rest(pause_s)
                if not self._links:
                    self._database.work(lambda tables: None)  # without it nothing is taken over
                    self._connect()
                    ready()
                self._turn()
                wait_s = pause_s = 0.0
            except LinkLost as e:
                if not isinstance(e, DatabaseLost):
                    self._forget()  # what was taken over waits for the database, but not for the broker
                if not self._stopped:
                    self._raise("away", str(e))
                pause_s = wait_s = min(2 * wait_s or FIRST_WAIT_S, LONGEST_WAIT_S)
        self._forget()
        self._database.close()
        self._wake.close()

    def _rest(self, pause_s: float) -> None:
        """Leave whoever is away alone for a while; a broker that is there must hear of us meanwhile."""
        until = time.monotonic() + pause_s
        while (left := until - time.monotonic()) > 0 and not self._stopped:
            for link in self._links.values():
                link.pump(min(left, 0.05))
            if not self._links:
                time.sleep(min(left, 0.1))

    def _connect(self) -> None:
        """Tombstones first, so that none is missed once blocks come."""
        recalls = Link(self._broker, f"{self._name}-recalls", self._wake, self._take_recall, manual_ack=True)
        self._links["recalls"] = recalls
        topics = (*self._tombstones, *self._erasures, self._topics.reply(self._name))
        recalls.subscribe(*topics, DROPPED, WAITING)
        window = {"receive": 2 * self._most, "window": 60_000}
        blocks = Link(self._broker, self._name, self._wake, self._take, manual_ack=True, **window)
        self._links["blocks"] = blocks
        blocks.subscribe(*self._blocks)

    def _forget(self) -> None:
        """Nothing of it was acknowledged, so it comes again."""
        for link in self._links.values():
            link.drop()
        self._links = {}
        self._taken, self._recalls, self._orders, self._bad = [], [], [], []

    def _turn(self) -> None:
        """Take what comes for a while, then make it durable."""
        blocks, recalls = self._links["blocks"], self._links["recalls"]
        blocks.pump(0 if self._taken else 0.1)  # a tombstone waits no longer than that
        while 0 < len(self._taken) < self._most:  # as long as more is there
            before = len(self._taken)
            blocks.pump(0.002)
            if len(self._taken) == before:
                break
        if self._taken:
            self._await_echo(recalls)
        else:
            recalls.pump(0)
        if self._recalls:
            self._bury(recalls)
        if self._orders:
            self._erase(recalls)
        if self._taken:
            self._commit(blocks)
        for link, message in self._bad:
            link.ack(message.mid)
        self._bad = []
        if time.monotonic() >= self._expire_at:
            self._expire()

    def _await_echo(self, recalls: Link) -> None:
        """Until all tombstones that the broker has by now have come."""
        nonce = os.urandom(8)
        recalls.publish(self._topics.reply(self._name), nonce, qos=0)
        until = time.monotonic() + _ECHO_S
        while self._echoed != nonce:
            recalls.pump(0.5)
            if time.monotonic() > until:
                raise LinkLost("the broker does not echo", "Check the broker's ACL file.")

    def _bury(self, recalls: Link) -> None:
        taken = list(self._recalls)
        self._database.work(lambda tables: tables.bury([recall for recall, _, _ in taken]))
        del self._recalls[: len(taken)]
        self.done.tombstones += len(taken)
        keys = [((recall.pseudonym, 0, number), STORED, message) for recall, number, message in taken]
        self._answer(recalls, keys)

    def _erase(self, recalls: Link) -> None:
        while self._orders:
            order, message = self._orders[0]
            outcome = self._carry_out(order)
            del self._orders[0]
            if asked := _asked(message):
                said = erasure_order.acknowledge(order, outcome, time.time_ns() // 10**6, self._signer)
                _publish(recalls, *asked, said)
            recalls.ack(message.mid)

    def _carry_out(self, order: Order) -> int:
        """Erase; where our login may not delete, at least nothing more comes in."""
        try:
            self._database.work(lambda tables: tables.erase(order.recalls), "tasuki_keeper")
        except NotAllowed as e:
            self._raise("keeper", f"{e}. {e.hint}")
            self._database.work(lambda tables: tables.bury(order.recalls))
            return erasure_order.NOT_ALLOWED
        self.done.erasures += 1
        return erasure_order.ERASED

    def _expire(self) -> None:
        """Delete what is past its retention; what cannot go now is tried again, and blocks go on."""
        wait_s, today = EVERY_S, time.time_ns() // DAY_NS
        try:
            days = self._retention()
            self.done.expired += self._database.work(
                lambda tables: tables.expire(days, today), "tasuki_keeper"
            )
        except NotAllowed as e:
            self._raise("keeper", f"{e}. {e.hint}")
        except DatabaseLost as e:
            self._raise("away", f"{e}. {e.hint}")
            wait_s = AGAIN_S
        self._expire_at = time.monotonic() + wait_s

    def _commit(self, blocks: Link) -> None:
        taken = self._taken[: self._most]
        stored, recalled = self._database.work(lambda tables: tables.store([d for d, _ in taken]))
        del self._taken[: len(taken)]
        self.done.commits += 1
        self.done.stored += len(stored)
        self.done.recalled += len(recalled)
        gone = set(recalled)
        self._answer(blocks, [(d.key, RECALLED if d.key in gone else STORED, m) for d, m in taken])

    def _answer(self, link: Link, outcomes: Sequence[tuple[Key, int, MQTTMessage]]) -> None:
        """Tell whoever asked what became of it, then let the broker forget it."""
        answers: dict[tuple[str, bytes], list[tuple[Key, int]]] = {}
        for key, outcome, message in outcomes:
            if asked := _asked(message):
                answers.setdefault(asked, []).append((key, outcome))
        for (topic, nonce), said in answers.items():
            _publish(link, topic, nonce, messages.pack_answer(said))
        for _, _, message in outcomes:
            link.ack(message.mid)

    def _take(self, message: MQTTMessage) -> None:
        try:
            pairs = getattr(message.properties, "UserProperty", [])
            delivery = messages.delivery_of(message.topic, bytes(message.payload), pairs)
        except Untrusted as e:
            self._refuse("blocks", message, e)
        else:
            self._taken.append((delivery, message))

    def _take_recall(self, message: MQTTMessage) -> None:
        if message.topic in (DROPPED, WAITING):
            self._watch(message)
        elif message.topic == self._topics.reply(self._name):
            self._echoed = bytes(message.payload)
        elif message.topic in self._erasures:
            self._take_order(message)
        else:
            try:
                recall = tombstone.read(bytes(message.payload), self._gateways)
                if message.topic != self._topics.tombstone(recall.destination, recall.pseudonym):
                    raise Untrusted("tombstone", "a tombstone on another's topic")
                number = int(dict(getattr(message.properties, "UserProperty", [])).get("n", ""))
            except (Untrusted, ValueError) as e:
                self._refuse("recalls", message, e)
            else:
                self._recalls.append((recall, number, message))

    def _take_order(self, message: MQTTMessage) -> None:
        try:
            order = erasure_order.read_order(bytes(message.payload), self._gateways, self._tenant)
            if message.topic != self._topics.erasure(order.recalls[0].destination):
                raise Untrusted("order", "an order on another's topic")
        except Untrusted as e:
            self._refuse("recalls", message, e)
        else:
            self._orders.append((order, message))

    def _refuse(self, link: str, message: MQTTMessage, e: Exception) -> None:
        self.done.bad += 1
        self._raise("bad", str(e))
        self._bad.append((self._links[link], message))

    def _watch(self, message: MQTTMessage) -> None:
        """What the broker says of itself: that it drops messages, or is about to."""
        try:
            value = int(message.payload)
        except ValueError:
            return
        if message.topic == WAITING:
            if value > self._waiting_most:
                text = f"{value} messages wait in the broker: start more collectors"
                self._raise("waiting", text)
        else:
            if self._dropped is not None and value > self._dropped:
                text = f"the broker dropped {value - self._dropped} messages: its queues are full"
                self._raise("dropped", text)
            self._dropped = value

    def _raise(self, kind: str, text: str) -> None:
        self.done.alarms[kind] += 1
        self._alarm(text)


def _asked(message: MQTTMessage) -> tuple[str, bytes] | None:
    """Where an answer goes, and what it has to carry; None when nobody waits for one."""
    asked: Any = message.properties
    topic, nonce = getattr(asked, "ResponseTopic", ""), getattr(asked, "CorrelationData", b"")
    return (topic, nonce) if topic and nonce else None


def _publish(link: Link, topic: str, nonce: bytes, answer: bytes) -> None:
    reply = Properties(PacketTypes.PUBLISH)
    reply.CorrelationData = nonce
    link.publish(topic, answer, reply)
