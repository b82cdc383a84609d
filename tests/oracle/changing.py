"""A world that changes while answers are kept: wearers speak, processors are suspended, time goes on.

After every change the kept and the vectorised form answer like the plain table does for the world as it
is then. The table is asked once, when the script is made; what it says serves for every mutant.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from oracle import bridge, table
from tasuki.consent import reasons
from tasuki.consent.context import Context, Interval

_STEPS_S = (0, 7, -7, 200)  # of the clock, between rounds of the same questions
_MOST_EDGES = 40  # questions about blocks at the edges of lanes, per world
_ROOM = 64  # ways that the vectorised form has room for at first
_WIDE_NS, _FAR_NS = 4 * table.SECOND, 10**6 * table.SECOND
_LIMITS = (1_000_000, 3)  # lanes that are kept at most: all, or hardly any


class Forms(NamedTuple):
    """The classes that decide."""

    engine: type
    cache: type
    vector: type


class Round(NamedTuple):
    """The same questions once more: when each is asked, its answer, and when all are asked, their reasons."""

    moments: list[int]
    answers: list[tuple[str, str]]
    together_ns: int
    reasons: list[str]


class Script:
    """One world, its changes, and what is right in every round."""

    def __init__(self, seed, world, questions):
        half = len(world["events"]) // 2
        self.limit = _LIMITS[seed % 2]
        self.later = world["events"][half:]
        self.begin = world | {"events": world["events"][:half]}
        asked = [bridge.ask(q) for q in questions]
        first_ns = questions[0]["at"]
        lanes = _open_lanes(world, asked)
        edges = [
            edge for n, lane in lanes.items() for edge in _edges(questions[n], asked[n], lane, first_ns)
        ][:_MOST_EDGES]
        questions = [*questions, *(q for q, _ in edges)]
        self.asked = [*asked, *(each for _, each in edges)]
        ways = len({(*each[:4], each[5].source) for each in self.asked})
        # ways of nobody before ours, so that ours are one more than the vectorised form begins with room for
        self.strangers = max(0, _ROOM + 1 - ways) * (seed % 5 == 0)
        self.ways = self.strangers + ways
        over = sorted({lane.until_ns for lane in lanes.values() if lane.until_ns < _FAR_NS})[:6]
        suspended = {name: one | {"suspended": True} for name, one in world["processors"].items()}
        self.stages = [
            [_round(stage, [max(0, q["at"] + step * table.SECOND) for q in questions], questions)
             for step in _STEPS_S]
            + [_round(stage, [moment] * len(questions), questions) for moment in over]
            for stage in (self.begin, world, world | {"processors": suspended})
        ]  # fmt: skip
        blocks = [q["block"] or (1, 0, 0) for q in questions]  # no time is one that cannot be
        self.times = np.array(blocks, np.int64).T.copy()
        self.held = np.array([table.FOREVER if q["held"] is None else q["held"] for q in questions])

    def holds(self, forms) -> bool:
        """True when both forms give the table's answers in every round."""
        made = bridge.engine(self.begin)
        log, registers = made.consents, made.registers
        engine = forms.engine(made.policy, log, registers)
        cache, rows = forms.cache(engine, self.limit), forms.vector(engine)
        for n in range(self.strangers):
            rows.row(f"nobody {n}", *self.asked[0][1:4], self.asked[0][5].source)
        changes = (lambda: None, lambda: self._speak(log), lambda: _suspend(registers))
        for change, stage in zip(changes, self.stages, strict=True):
            change()
            for one in stage:
                if not self._scalar(cache, one, len(registers.destinations)) or not self._vector(rows, one):
                    return False
        return True

    def _speak(self, log):
        for event in self.later:
            log.append(bridge.event(event))

    def _scalar(self, cache, one, places):
        for arguments, at_ns, right in zip(self.asked, one.moments, one.answers, strict=True):
            subject, item, purpose, destination, _, context = arguments
            for _ in range(2):
                found = cache.decide_each(subject, item, at_ns, context)
                mine = [each for each in found if (each.purpose, each.destination) == (purpose, destination)]
                mine.append(cache.decide(subject, item, purpose, destination, at_ns, context))
                if len(found) != places or any((each.outcome, each.reason) != right for each in mine):
                    return False
        return True

    def _vector(self, rows, one):
        never = self.held == table.FOREVER
        right = np.array(one.reasons)
        for _ in range(2):
            numbers = np.array([rows.row(*each[:4], each[5].source) for each in self.asked], np.int32)
            codes = rows.decide(numbers, *self.times, one.together_ns, self.held)
            unheld = rows.decide(numbers[never], *self.times[:, never], one.together_ns)
            if any(
                (_names(found) != wanted).any() for found, wanted in ((codes, right), (unheld, right[never]))
            ):
                return False
            if numbers.max() >= self.ways:
                return False  # a way got a second number
        return True


def _names(codes):
    return np.array(reasons.CODES)[codes]


def _open_lanes(world, asked):
    """Number of a question to its lane, where something passes and not for ever."""
    engine = bridge.engine(world)
    found = {}
    for n, (*way, at_ns, context) in enumerate(asked):
        lane = engine.lane(*way, at_ns, context.source)
        if not lane.fixed and lane.worn is not None:
            found[n] = lane
    return found


def _edges(q, arguments, lane, first_ns):
    """The question about blocks that begin or end where the lane's times do, or just ahead of the clock."""
    *way, at_ns, context = arguments
    bounds = {bound for span in (lane.data, lane.worn) for bound in (span.since_ns, span.until_ns)}
    for bound in sorted(bounds | {at_ns + table.AHEAD, first_ns + table.AHEAD}):
        if not 0 < bound < _FAR_NS:
            continue
        for block in ((bound, bound + _WIDE_NS, 0), (bound - _WIDE_NS, bound, 0)):
            for moment in (at_ns, max(0, bound - table.SECOND)):
                edge = q | {"block": block, "at": moment}
                yield edge, (*way, moment, Context(Interval(*block), context.source, q["held"]))


def _round(world, moments, questions):
    together_ns = moments[0]
    answers = [table.answer(world, q | {"at": at})[:2] for q, at in zip(questions, moments, strict=True)]
    codes = [table.answer(world, q | {"at": together_ns})[1] for q in questions]
    return Round(moments, answers, together_ns, codes)


def _suspend(registers):
    for processor in list(registers.processors.values()):
        registers.add_processor(replace(processor, suspended=True))
