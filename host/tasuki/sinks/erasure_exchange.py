"""Orders to erase on their way: from a gateway to the collectors, and what these acknowledge.

They go over a connection of their own, so that an upload goes on meanwhile. A collector's word counts when
a key signed it that sinks.toml names for this broker: a receipt rests on it for years, and whoever
carried the order, the broker above all, knows everything else that an answer shows.
"""

import time
from collections.abc import Collection, Sequence
from contextlib import closing

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tasuki.errors import LinkLost, Untrusted
from tasuki.sinks import Erased, Recall, erasure_order
from tasuki.sinks.erasure_order import Acknowledgement, Order
from tasuki.sinks.link import NO_SUBSCRIBERS, Broker, Link, Wake
from tasuki.sinks.messages import Topics
from tasuki.vault.secret import Signer


class _Waiting:
    """What is not acknowledged yet, and why not."""

    def __init__(self, made: Sequence[Order], collectors: Sequence[bytes]) -> None:
        self.orders = {order.nonce: order for order in made}
        self.collectors = collectors
        self.said: list[Acknowledgement] = []
        self.stranger = self.not_allowed = False
        self.refused: list[int] = []

    def hear(self, message: MQTTMessage) -> None:
        """An answer on our reply topic, perhaps to somebody else of our name."""
        order = self.orders.get(getattr(message.properties, "CorrelationData", b""))
        if order is None:
            return
        try:
            said = erasure_order.read_acknowledgement(bytes(message.payload), self.collectors, order)
        except Untrusted:
            self.stranger = True
            return
        if said.outcome == erasure_order.ERASED:
            self.said.append(said)
            del self.orders[order.nonce]
        else:  # another collector's login may do it
            self.not_allowed = True

    def trouble(self) -> LinkLost:
        """Why there is no acknowledgement."""
        if self.not_allowed:
            return LinkLost("the collectors' database login may not delete", "Grant tasuki_keeper.")
        if self.stranger:
            hint = "Put what `tasuki sink key` prints on each collector into the sink's `collectors`."
            return LinkLost("a collector acknowledged whose key sinks.toml does not name", hint)
        if self.refused and self.refused[0] == NO_SUBSCRIBERS:
            return LinkLost("no collector listens at the broker", "Start `tasuki collect`.")
        if self.refused:
            return LinkLost(
                f"the broker refuses the order (reason 0x{self.refused[0]:02x})", "Make its ACL anew."
            )
        return LinkLost("no collector acknowledged the order", "Look at the collectors.")


def erase(
    broker: Broker,
    name: str,
    signer: Signer,
    collectors: Sequence[bytes],
    recalls: Collection[Recall],
    answer_s: float,
    expiry_s: int,
) -> Erased:
    """Order the collectors to erase, and wait until every order is acknowledged; LinkLost when one is not.

    answer_s: how long to wait while nothing comes.
    """
    topics = Topics(broker.tenant)
    waiting = _Waiting(_orders(recalls, broker.tenant, signer), collectors)
    with closing(Wake()) as wake, closing(Link(broker, name, wake, waiting.hear)) as link:
        link.on_refused = waiting.refused.append
        link.subscribe(topics.reply(name))
        for order in list(waiting.orders.values()):
            how = Properties(PacketTypes.PUBLISH)
            how.MessageExpiryInterval = expiry_s
            how.ResponseTopic = topics.reply(name)
            how.CorrelationData = order.nonce
            link.publish(topics.erasure(order.recalls[0].destination), order.data, how)
        left, until = -1, 0.0
        while waiting.orders and len(waiting.refused) < len(waiting.orders):
            if left != len(waiting.orders):
                left, until = len(waiting.orders), time.monotonic() + answer_s
            if time.monotonic() > until:
                break
            link.pump(0.2)
    if waiting.orders:
        raise waiting.trouble()
    return Erased("deleted in the database behind the broker", _evidence(waiting.said))


def _orders(recalls: Collection[Recall], tenant: str, signer: Signer) -> list[Order]:
    by_place: dict[str, list[Recall]] = {}
    for one in sorted(recalls, key=lambda one: (one.destination, one.pseudonym, one.item)):
        by_place.setdefault(one.destination, []).append(one)
    return [
        erasure_order.order(each[start : start + erasure_order.MOST], tenant, signer)
        for each in by_place.values()
        for start in range(0, len(each), erasure_order.MOST)
    ]


def _evidence(said: Sequence[Acknowledgement]) -> str:
    keys = ", ".join(sorted({one.key_id.hex() for one in said}))
    return f"signed by collector {keys} after its commit: it looked again, and 0 deliveries are left"
