"""Holds the engine in all its forms to the plain table, and the table to Cedar, over random worlds."""

from collections import Counter

import numpy as np

from oracle import bridge, cedar, random_worlds, table
from tasuki.consent import reasons
from tasuki.consent.cache import DecisionCache
from tasuki.consent.vector import DecisionTable

PER_WORLD = 25


def world_of(seed):
    """A world and its questions, half of them asked at one moment."""
    maker = random_worlds.Maker(seed)
    world = maker.world()
    questions = [maker.question(world) for _ in range(PER_WORLD)]
    for q in questions[::2]:
        q["at"] = questions[0]["at"]
    return world, questions


def mismatches(seed, seen):
    """Questions of one world that scalar, kept or vectorised form answer otherwise than the table."""
    world, questions = world_of(seed)
    engine = bridge.engine(world)
    cache = DecisionCache(engine)
    asked = [bridge.ask(q) for q in questions]
    wrong = []
    for q, arguments in zip(questions, asked, strict=True):
        outcome, reason, clause = table.answer(world, q)
        seen[reason] += 1
        decision = engine.decide(*arguments)
        kept = [cache.decide(*arguments) for _ in range(2)] + together(cache, arguments)
        same = {(d.outcome, d.reason, d.rules) for d in (decision, *kept)}
        if same != {(outcome, reason, decision.rules)} or clause not in decision.rules:
            wrong.append((seed, q, (outcome, reason, clause), decision, kept))
    return wrong + _vector(engine, world, questions[::2], asked[::2])


def together(cache, arguments):
    """The answer to a question out of those for every destination, twice; none when it is not among them."""
    subject, item, purpose, destination, at_ns, context = arguments
    found = [
        *cache.decide_each(subject, item, at_ns, context),
        *cache.decide_each(subject, item, at_ns, context),
    ]
    return [one for one in found if (one.purpose, one.destination) == (purpose, destination)]


def _vector(engine, world, questions, asked):
    """The vectorised form, twice: after it made its lanes and from those it has."""
    rows = DecisionTable(engine)
    blocks = [q["block"] or (1, 0, 0) for q in questions]  # no time is one that cannot be
    t0, t1, uncertainty = np.array(blocks, np.int64).T.copy()
    held = np.array([table.FOREVER if q["held"] is None else q["held"] for q in questions])
    numbers = np.array([rows.row(*args[:4], args[5].source) for args in asked], np.int32)
    wrong = []
    for _ in range(2):
        codes = rows.decide(numbers, t0, t1, uncertainty, questions[0]["at"], held)
        found = [reasons.CODES[code] for code in codes.tolist()]
        expected = [table.answer(world, q)[1] for q in questions]
        wrong += [row for row in zip(questions, expected, found, strict=True) if row[1] != row[2]]
    return wrong


def cedar_mismatches(seeds):
    """Questions that Cedar answers otherwise than the table."""
    asked = [(world, q) for world, questions in map(world_of, seeds) for q in questions]
    wrong = []
    for (world, q), (outcome, against) in zip(asked, cedar.answers(asked), strict=True):
        expected, reason, _ = table.answer(world, q)
        if outcome != expected or (expected != "allow" and reason not in against):
            wrong.append((q, expected, reason, outcome, against))
    return wrong


def judge(seeds, cedar_share):
    """(decisions, of them by Cedar, mismatches, reasons seen) over worlds; the first by Cedar, too."""
    seen, wrong, seeds = Counter(), [], list(seeds)
    for seed in seeds:
        wrong += mismatches(seed, seen)
    by_cedar = seeds[: int(len(seeds) * cedar_share)]
    for start in range(0, len(by_cedar), 40):
        wrong += cedar_mismatches(by_cedar[start : start + 40])
    return len(seeds) * PER_WORLD, len(by_cedar) * PER_WORLD, wrong, seen
