"""A research store with many wearers, each with a few attested blocks of a temperature that is known."""

from fractions import Fraction

from nacl.public import SealedBox

from host import capture_examples as example
from tasuki.consent import library
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.registers import Registers
from tasuki.sinks import Delivery
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.stats.book import StatsBook
from tasuki.stats.contributions import Contributions
from tasuki.stats.query import COUNT, Query
from tasuki.stats.stores import DESTINATION, PURPOSE, EmbeddedBlocks
from tasuki.vault import attested
from tasuki.vault.vault import Vault, key_epoch
from worlds import NOON, SECOND

HOUR = NOON // (3600 * SECOND)
SPAN = (HOUR, HOUR + 24)
LATER = NOON + 30 * 86_400 * SECOND  # all periods are over, and it is the same year
_TEMPERATURE, _KIND = 2, 3


def query(what=COUNT, measure="body_temperature", epsilon=1, span=SPAN, **more):
    return Query(what, measure, span, Fraction(epsilon), **more)


class StatsWorld:
    """Change one thing of it, then ask."""

    def __init__(self, folder):
        self.folder = folder
        self.policy = library.shipped().effective(NOON)
        self.vault = Vault(folder)
        self.signer = self.vault.signer("attestation")
        self.consents = ConsentLog()
        self.engine = Engine(self.policy, self.consents, Registers(), library.shipped().effective)
        self.store = EmbeddedStore(folder / "store.db")
        self.box = SealedBox(self.vault.private_key(f"destination-{DESTINATION}").public_key)
        self.book = self.opened()
        self.now = LATER
        self.sent = []

    def opened(self):
        """The statistics book, as another process opens it."""
        return StatsBook(self.folder / "stats.db", lambda: self.now)

    def wearer(self, name, celsius=33.0, blocks=2, at_ns=NOON):
        """A wearer who agrees to statistics, with some blocks of one temperature."""
        self.vault.add_subject(name)
        self.say(name, "granted", NOON - 3600 * SECOND)
        raw = round(celsius * 128).to_bytes(2, "little", signed=True) * 2
        hub = example.Hub(streams={_TEMPERATURE: _KIND})
        pseudonym = self.vault.pseudonym(name, PURPOSE, DESTINATION, key_epoch(at_ns))
        made = []
        for number in range(blocks):
            (block,) = hub.epoch(raw).blocks
            hour = at_ns // (3600 * SECOND)
            label = attested.Label(pseudonym, number, hour, self.policy.hash, PURPOSE, DESTINATION)
            content = self.box.encrypt(attested.strip(block, label, self.signer))
            row = DESTINATION, PURPOSE, pseudonym, _TEMPERATURE, number, "body_temperature", "attested"
            made.append(Delivery(*row, b"", content, hour // 24))
        self.store.send(made)
        self.sent += made
        return pseudonym

    def wearers(self, n, celsius=33.0):
        for i in range(n):
            self.wearer(f"wearer {i}", celsius)

    def say(self, name, decision, at_ns):
        items = frozenset({"body_temperature"})
        self.consents.append(Event(at_ns, at_ns, name, decision, PURPOSE, items, self.policy.version))

    def contributions(self, store=None):
        store = store or EmbeddedBlocks(self.folder / "store.db")
        return Contributions(store, self.engine, self.vault, lambda: self.now)
