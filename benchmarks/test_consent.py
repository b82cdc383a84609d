"""Consent decisions per second, beside pycasbin, Cedar and a bare dict, with 100,000 subjects loaded.

Targets (issue 5): the scalar form at least half of the bare dict's rate in the same loop, the
vectorised one at least 50 M/s, a withdrawal under 20 µs beside its commit. The bare dict knows no
times, no registers and no rules; it is the ceiling of any lookup. Both are measured twice: one
question at a time, and as the router asks, a block at a time for every registered destination. On a
shared machine measure processor time: --benchmark-timer=time.process_time.
"""

import random
import sys
from dataclasses import replace
from pathlib import Path

import casbin
import cedarpy
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from tasuki.consent import policy, reasons
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.registers import DEMO_GARMENT, DESTINATIONS, Binding, Garment, Registers, Source
from tasuki.consent.vector import DecisionTable

SECOND = 1_000_000_000
SUBJECTS = 100_000
QUESTIONS = 100_000
NOW = 2_000 * SECOND
BLOCKS = 50_000
GROUP = "consent decisions"
ROUTED = "consent decisions, a block for every destination"
PLACES = tuple(DESTINATIONS.values())
WAY = "service_improvement", "improvement"


@pytest.fixture(scope="module")
def world():
    """(engine, questions): every subject granted improvement for three items; questions in random order."""
    rules = replace(policy.builtin(), since_ns=BEGINNING, until_ns=FOREVER)
    items = frozenset({"ecg", "respiration", "body_motion"})
    names = [f"subject-{n}" for n in range(SUBJECTS)]
    log = ConsentLog(
        Event(n, n, name, "granted", WAY[0], items, rules.version) for n, name in enumerate(names)
    )
    engine = Engine(rules, log, Registers())
    rng, sources, questions = random.Random(1), {}, []
    for n in range(QUESTIONS):
        subject = rng.choice(names)
        source = sources.get(subject)
        if source is None:
            device = subject.encode()[-8:]
            binding = Binding(device.ljust(16), device, subject, 0, FOREVER)
            source = sources[subject] = Source(Garment(device, device, DEMO_GARMENT), device, 0, 1, binding)
        t0 = 1_000 * SECOND + n
        questions.append((subject, "ecg", *WAY, NOW, Context(Interval(t0, t0 + 4 * SECOND, 1_000), source)))
    return engine, questions


def test_scalar(rate, world):
    engine, questions = world
    decide = DecisionCache(engine).decide

    def run():
        for subject, item, purpose, destination, at, context in questions:
            answer = decide(subject, item, purpose, destination, at, context)
        return answer.outcome

    assert rate(GROUP, "tasuki, scalar, kept", QUESTIONS, "decisions", run, rounds=15) == reasons.ALLOW
    assert all(decide(*question).allowed for question in questions)


def test_dict(rate, world):
    _, questions = world
    table = {question[:4]: reasons.ALLOW for question in questions}
    look_up = table.get

    def run():
        for subject, item, purpose, destination, _at, _context in questions:
            answer = look_up((subject, item, purpose, destination))
        return answer

    assert rate(GROUP, "bare dict", QUESTIONS, "decisions", run, rounds=15) == reasons.ALLOW


def test_scalar_as_the_router_asks(rate, world):
    engine, questions = world
    blocks = questions[:BLOCKS]
    decide_each = DecisionCache(engine).decide_each

    def run():
        allowed = 0
        for subject, item, _purpose, _destination, at, context in blocks:
            for answer in decide_each(subject, item, at, context):
                allowed += answer.outcome is reasons.ALLOW
        return allowed

    assert rate(ROUTED, "tasuki, scalar, kept", BLOCKS * len(PLACES), "decisions", run, rounds=15) == BLOCKS
    for block in blocks[:1_000]:
        subject, item, _purpose, _destination, at, context = block
        each = [engine.decide(subject, item, place.purpose, place.name, at, context) for place in PLACES]
        assert list(decide_each(subject, item, at, context)) == each


def test_dict_as_the_router_asks(rate, world):
    _, questions = world
    blocks, ways = questions[:BLOCKS], [(place.purpose, place.name) for place in PLACES]
    table = {
        (block[0], block[1], *way): reasons.ALLOW if way == WAY else reasons.DENY
        for block in blocks
        for way in ways
    }
    look_up = table.get

    def run():
        allowed = 0
        for subject, item, _purpose, _destination, _at, _context in blocks:
            for purpose, destination in ways:
                allowed += look_up((subject, item, purpose, destination)) is reasons.ALLOW
        return allowed

    assert rate(ROUTED, "bare dict", BLOCKS * len(PLACES), "decisions", run, rounds=15) == BLOCKS


def test_scalar_that_nothing_is_kept_of(rate, world):
    engine, questions = world
    some = questions[:5_000]

    def run():
        return all(engine.decide(*question).allowed for question in some)

    assert rate(GROUP, "tasuki, scalar, not kept", len(some), "decisions", run)


def test_vectorised(rate, world):
    engine, questions = world
    table, n = DecisionTable(engine), 4_000_000
    ways = [table.row(*question[:4], question[5].source) for question in questions[:10_000]]
    rows = np.random.default_rng(1).choice(np.array(ways, np.int32), n)
    t0 = 1_000 * SECOND + np.arange(n)
    t1, uncertainty = t0 + 4 * SECOND, np.full(n, 1_000)

    def run():
        return int(
            np.count_nonzero(table.decide(rows, t0, t1, uncertainty, NOW) == reasons.NUMBER["granted"])
        )

    assert rate(GROUP, "tasuki, vectorised", n, "decisions", run) == n


def test_cedar(rate, world):
    _, questions = world
    some = questions[:500]
    rules = cedarpy.PolicySet.from_str(
        'permit (principal, action == Action::"service_improvement", resource == Place::"improvement")'
        " when { context.granted <= context.t0 && context.t1 < context.ends && context.t1 <= context.at };"
    )

    def run():
        allowed = 0
        for subject, _item, purpose, destination, at, context in some:
            request = {
                "principal": {"type": "Subject", "id": subject},
                "action": {"type": "Action", "id": purpose},
                "resource": {"type": "Place", "id": destination},
                "context": {
                    "granted": 0,
                    "ends": FOREVER,
                    "at": at,
                    "t0": context.acquired.t0_ns,
                    "t1": context.acquired.t1_ns,
                },
            }
            allowed += cedarpy.is_authorized(request, rules, []).allowed
        return allowed

    assert rate(GROUP, "cedarpy, one rule, three times", len(some), "decisions", run, rounds=3) == len(some)


def test_casbin(rate, world):
    _, questions = world
    some = questions[:500]
    model = casbin.Model()
    model.load_model_from_text(
        "[request_definition]\nr = sub, obj, act, dst\n[policy_definition]\np = obj, act, dst\n"
        "[policy_effect]\ne = some(where (p.eft == allow))\n"
        "[matchers]\nm = r.obj == p.obj && r.act == p.act && r.dst == p.dst\n"
    )
    enforcer = casbin.Enforcer(model)
    enforcer.add_policy("ecg", *WAY)

    def run():
        return sum(enforcer.enforce(*question[:2], *WAY) for question in some)

    assert rate(GROUP, "pycasbin, one rule, no times", len(some), "decisions", run, rounds=3) == len(some)


def test_withdrawal(rate, world):
    """Into the log, and out of what is kept; the very next decision sees it."""
    engine, questions = world
    cache = DecisionCache(engine)
    spoken = {question[0]: question for question in questions}
    for question in spoken.values():
        cache.decide(*question)
    waiting = [
        Event(NOW - 1, NOW - 1, subject, "withdrawn", WAY[0], frozenset({"ecg"}), engine.policy.version)
        for subject in spoken
    ]

    def run():
        some = [waiting.pop() for _ in range(5_000)]
        for event in some:
            engine.consents.append(event)
        return some

    said = rate("withdrawals, 100,000 subjects loaded", "tasuki", 5_000, "withdrawals", run, rounds=5)

    assert {cache.decide(*spoken[event.subject]).reason for event in said} == {"withdrawn"}
