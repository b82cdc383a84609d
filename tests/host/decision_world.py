"""A small consent world in plain seconds for tests: change one thing of it, look at one decision."""

import dataclasses

from tasuki.consent import policy, scopes
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.parties import Contract, Module, Processor
from tasuki.consent.registers import DEMO_GARMENT, Binding, Destination, Garment, Registers, Source
from tasuki.consent.stretch import Dated

POLICY = dataclasses.replace(policy.builtin(), since_ns=BEGINNING, until_ns=FOREVER)
SECOND = 1_000_000_000
DEVICE, KEY = b"d" * 8, b"k" * 8
GARMENT = Garment(KEY, DEVICE, DEMO_GARMENT)
BINDING = Binding(b"b" * 16, DEVICE, "s", 0, 10_000 * SECOND)
FROM_ECG = Source(GARMENT, DEVICE, 0, 1, BINDING)
FROM_STATUS = Source(GARMENT, DEVICE, 5, 7, BINDING)
BLOCK = Interval(1000 * SECOND, 1004 * SECOND, SECOND // 1000)
NOW = 2000 * SECOND


def dated(since_s, until_s):
    """From one second up to before another."""
    return Dated(since_s * SECOND, until_s * SECOND)


def said(
    decision, at_s, purpose="service_improvement", items=("ecg",), notice=POLICY.version, known_s=None, **more
):
    """One word of the wearer s."""
    at = round(at_s * SECOND)
    known = at if known_s is None else round(known_s * SECOND)
    return Event(at, known, "s", decision, purpose, frozenset(items), notice, **more)


GOOD = dated(0, 5000)
HOME = Processor(
    "home",
    "JP",
    vetting=GOOD,
    contract=Contract(GOOD, "terms"),
    supervision=GOOD,
    fields={"service_improvement": frozenset({"ecg"})},
)
ABROAD = dataclasses.replace(HOME, name="abroad", country="FI", basis="consent", basis_dated=GOOD)
METER = Module(
    "meter", "v", "JP", frozenset({"device_status"}), frozenset({"usage_analysis"}), GOOD, "published"
)
PLACES = (
    Destination("home", "processor_jp", "service_improvement", "attested"),
    Destination("abroad", "processor_foreign", "service_improvement", "attested"),
    Destination("meter", "module", "usage_analysis", "attested"),
    Destination("court", "third_party", "exception", "attested"),
)
GRANTED = said("granted", 0)
ENTRUSTED = said("granted", 1500, scopes.ENTRUST)
ALLOWED_ABROAD = said("granted", 1500, scopes.entrust_foreign("FI"))
OPTED_IN = said("granted", 0, scopes.module("meter"), ["device_status"])


class World:
    """Registers and words; `decide` asks about ECG from the garment that s wears."""

    def __init__(self, *words, processors=(HOME, ABROAD), modules=(METER,)):
        self.registers = Registers()
        for place in PLACES:
            self.registers.add_destination(place)
        for processor in processors:
            self.registers.add_processor(processor)
        for module in modules:
            self.registers.add_module(module)
        self.log = ConsentLog(words)
        self.engine = Engine(POLICY, self.log, self.registers)

    def decide(
        self,
        destination="improvement",
        at_s=2000,
        *,
        subject="s",
        item="ecg",
        purpose="",
        source=FROM_ECG,
        block=BLOCK,
        held_s=None,
    ):
        """The decision; by default for the destination's own purpose."""
        place = self.registers.destinations.get(destination)
        purpose = purpose or (place.purpose if place else "service_improvement")
        held = None if held_s is None else held_s * SECOND
        context = Context(block, source, held)
        return self.engine.decide(subject, item, purpose, destination, at_s * SECOND, context)
