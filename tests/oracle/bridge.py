"""Our engine in a plain world: the only part of the oracle that knows our names."""

from dataclasses import replace

from tasuki.consent import library
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.parties import Contract, Module, Processor
from tasuki.consent.registers import Binding, Destination, Garment, Manifest, Registers, Source
from tasuki.consent.stretch import Dated
from tasuki.consent.tickets import Ticket

BASE = library.shipped().alone("2026-1")
SHIPPED = library.shipped().effective(1_795_000_000 * 10**9)  # November 2026
DEVICES = {"d": b"d" * 8, "e": b"e" * 8}


def engine(world):
    """Our engine over the same facts."""
    since, until = world["in_force"]
    policy = replace(SHIPPED if world["overlays"] else BASE, since_ns=since, until_ns=until)
    if not world["overlays"]:
        policy = replace(policy, products={"demo-garment": policy})
    else:
        policy = replace(policy, products={"demo-garment": policy.products["demo-garment"]})
    return Engine(policy, ConsentLog(map(event, world["events"])), _registers(world))


def ask(q):
    """(arguments of decide, its source apart, so that a table can number it)."""
    garment = q["garment"] and Garment(
        b"k" * 8,
        DEVICES[q["garment"]["device"]],
        Manifest(q["garment"]["product"], _streams(q), Dated(*q["garment"]["dated"])),
    )
    binding = q["binding"] and Binding(
        b"b" * 16,
        DEVICES[q["binding"]["device"]],
        q["binding"]["subject"],
        q["binding"]["since"],
        q["binding"]["until"],
    )
    source = Source(
        garment,
        DEVICES[q["device"]],
        q["stream"],
        q["kind"],
        binding,
        q["where"],
        q["permission"],
        q["operator"],
        q["typed_in"],
    )
    context = Context(Interval(*q["block"]) if q["block"] else None, source, q["held"])
    return q["subject"], q["item"], q["purpose"], q["destination"], q["at"], context


def _streams(q):
    lists = {}
    for stream, kind in q["garment"]["lists"]:
        lists[stream] = lists.get(stream, frozenset()) | {kind}
    return lists


def event(e):
    """A word of a plain world as ours."""
    relation = "parent" if e["by"] else ""
    return Event(
        e["at"],
        e["recorded"],
        e["subject"],
        e["decision"],
        e["purpose"],
        frozenset(e["items"]),
        e["notice"],
        by=e["by"],
        relation=relation,
    )


def _registers(world):
    registers = Registers({})
    for name, d in world["destinations"].items():
        registers.add_destination(Destination(name, d["kind"], d["purpose"], d["form"], d["party"]))
    for name, p in world["processors"].items():
        registers.add_processor(
            Processor(
                name,
                p["country"],
                p["vetting"] and Dated(*p["vetting"]),
                p["contract"] and Contract(Dated(*p["contract"]), p["security"]),
                p["supervision"] and Dated(*p["supervision"]),
                {purpose: frozenset(items) for purpose, items in p["fields"].items()},
                p["basis"],
                Dated(*p["basis_dated"]),
                p["suspended"],
                tuple(p["subs"]),
            )
        )
    for name, m in world["modules"].items():
        items, purposes = frozenset(m["items"]), frozenset(m["purposes"])
        registers.add_module(Module(name, "vendor", "JP", items, purposes, Dated(*m["dated"]), m["notice"]))
    for name, training in world["operators"].items():
        registers.train(name, Dated(*training))
    for subject, moment in world["of_age"].items():
        registers.under_age(subject, moment)
    for number, t in enumerate(world["tickets"]):
        registers.admit(
            Ticket(
                str(number),
                t["basis"],
                t["recipient"],
                frozenset(t["subjects"]),
                frozenset(t["items"]),
                Dated(*t["data"]),
                Dated(*t["dated"]),
                {},
                None,
            )
        )
    return registers
