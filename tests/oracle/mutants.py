"""Mutants of the decision: one small change in its code or rows each; does the plain table notice?

A mutant is killed when a question of the battery gets another answer than the table's, when a lane
claims to hold at a moment at which the table answers otherwise, or when it raises.
"""

import ast
import copy
import importlib
import resource
import signal
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import tasuki.consent
from oracle import bridge, changing, judging, table
from oracle.changing import Forms
from tasuki.consent import reasons
from tasuki.consent.parties import Processor

# In the order of their imports.
MODULES = ("stretch", "parties", "uses", "lane", "decision", "cache", "vector")
KEPT = ("cache", "vector")  # they keep answers; what may go wrong with that shows only when something changes
FOLDER = Path(tasuki.consent.__file__).parent

_SWAPS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}

# How far around the moment of a question a lane is tried, nanoseconds.
_NEAR, _FAR = 7 * table.SECOND, 200 * table.SECOND
_MOST_BYTES = 1 << 29  # more than now, for a mutant that grows without end
_SCRIPTS = 50  # worlds in which what keeps answers is tried
_LONGEST_S = 60.0  # of processor time, five times what the decision itself takes

_FRONT = "if source is context.source and low_ns <= context.due_ns <= at_ns < high_ns:"
_AHEAD = (
    'codes[t1_ns > at_ns + AHEAD_NS] = reasons.NUMBER["time_ahead"]'  # of blocks that are not good anyway
)
_OVER = "over = np.flatnonzero((self._times[_SINCE, :n] > at_ns) | (self._times[_UNTIL, :n] <= at_ns))"

# Mutants that change nothing that can be seen here: (the line, what is done to it) to why.
EQUIVALENT = {
    ("if found is not None:", "if True"): "the walk ends at the member that is missing",
    ("if self.worn is None or self.stranger or self.waits:", "if True"): "only the quick way is lost",
    ("if known is None:", "if True"): "only the memory is lost",
    ('return found, "" if found else "unknown_product"', "if False"): "the code beside a policy is not read",
    ("if span.since_ns <= stretch.at_ns:", "if True"): "the lane only holds for less time",
    ('return None, "policy_not_in_force"', "policy_not_in_force to refused"): "the same",
    **dict.fromkeys(
        [
            ("if not good.all():", "if True"),
            ("good = t0_ns - uncertainty_ns >= self._times[_FIRST].take(rows)", "GtE to Gt"),
            ("good &= t0_ns <= t1_ns", "LtE to Lt"),
            ("good &= t1_ns <= at_ns + AHEAD_NS", "LtE to Lt"),
            ("good &= t1_ns <= at_ns + AHEAD_NS", "Add to Sub"),
            ("good &= uncertainty_ns >= 0", "GtE to Gt"),
            (_AHEAD, "Gt to GtE"),
            (_AHEAD, "Add to Sub"),
            (_FRONT, "if False"),
            (_FRONT, "LtE to Lt"),
            ("if places and len(mine) == len(places):", "if False"),
            ("low_ns = max(lane.first_ns + WIDEST_NS - AHEAD_NS, lane.since_ns)", "Sub to Add"),
        ],
        "only the quick way is lost",
    ),
    **dict.fromkeys(
        [
            ("if lane is None or not lane.since_ns <= at_ns < lane.until_ns:", "if True"),
            ("if lane is None or not lane.since_ns <= at_ns < lane.until_ns:", "LtE to Lt"),
            ("if self._versions(subject) != before:", "if True"),
            (_OVER, "Gt to GtE"),
        ],
        "only the memory is lost",
    ),
}

# Mutants that the random worlds are too poor to tell apart, each to the test that fails under it.
NOTICED_ELSEWHERE = {
    ("if self._effective is None:", "if True"): (
        "test_consent_decision.py::test_outside_of_the_policy_s_own_time_the_one_in_force_then_is_asked_for"
    ),
    ("until_ns = min(span.until_ns for span in spans)", "min to max"): (
        "test_consent_wearers.py::test_location_ends_when_either_of_its_two_consents_does"
    ),
    ("if span.since_ns <= stretch.at_ns:", "LtE to Lt"): (
        "test_consent_wearers.py::test_a_lane_does_not_reach_back_before_a_grant_that_was_announced"
    ),
    **dict.fromkeys(
        [("if self._versions(subject) != before:", what) for what in ("if False", "NotEq to Eq")],
        "test_consent_decision.py::test_an_answer_that_a_withdrawal_overtook_is_not_kept",
    ),
    **dict.fromkeys(
        [
            *(("if self._size >= self._limit:", what) for what in ("if True", "if False", "GtE to Gt")),
            ("self._size += source not in lanes", "NotIn to In"),
        ],
        "test_consent_decision.py::test_no_more_lanes_are_kept_than_the_limit_says",
    ),
    ("if binding is None or binding.since_ns >= binding.until_ns:", "GtE to Gt"): (
        "test_consent_wearers.py::test_a_binding_that_ended_when_it_began_binds_nobody"
    ),
}


def _as_it_is(policy):
    return policy


class Battery:
    """Worlds with their questions and the table's answers, made once."""

    def __init__(self, seeds):
        self.worlds = []
        self.scripts = []
        for seed in seeds:
            world, questions = judging.world_of(seed)
            engine = bridge.engine(world)
            asked = [(q, bridge.ask(q)) for q in questions]
            # what a log says beside the answer; the table does not know it, so it is held to be as it was
            rows = [(q, each, table.answer(world, q), _beside(engine.decide(*each))) for q, each in asked]
            self.worlds.append((world, engine.policy, engine.consents, engine.registers, rows))
            if len(self.scripts) < _SCRIPTS:
                self.scripts.append(changing.Script(seed, world, questions))

    def kills(self, forms, policy=_as_it_is, module="") -> bool:
        """True when these forms of the decision, or those under a change of the policy, are told apart.

        module: where the change is, if it is known: what keeps answers is tried while things change.
        """
        try:
            with _limited():
                return self._kept_kills(forms) if module in KEPT else self._kills(forms, policy)
        except _Endless:
            return True

    def _kept_kills(self, forms) -> bool:
        try:
            return not all(script.holds(forms) for script in self.scripts)
        except Exception:
            return True

    def _kills(self, forms, policy) -> bool:
        for world, ours, log, registers, rows in self.worlds:
            engine = forms.engine(policy(ours), log, registers)
            cache = forms.cache(engine)
            for q, arguments, expected, beside in rows:
                try:
                    if not all(_same(cache.decide(*arguments), expected) for _ in range(2)):
                        return True
                    decision = engine.decide(*arguments)
                    if not _same(decision, expected) or _overreaches(engine, world, q, arguments):
                        return True
                    if policy is _as_it_is and _beside(decision) != beside:
                        return True
                except Exception:
                    return True
        return False


class _Endless(BaseException):
    """A mutant that never comes to an end."""


@contextmanager
def _limited():
    def end(*_):
        raise _Endless

    before = signal.signal(signal.SIGVTALRM, end)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _MOST_BYTES, memory[1]))
    signal.setitimer(signal.ITIMER_VIRTUAL, _LONGEST_S)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, memory)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _same(decision, expected) -> bool:
    outcome, reason, clause = expected
    told = decision.remedy("en").isascii() and not decision.remedy("ja").isascii()
    told = told and "" not in decision.rules and len(set(decision.rules)) == len(decision.rules)
    told = told and decision.allowed == (outcome == "allow")
    return (decision.outcome, decision.reason) == (outcome, reason) and clause in decision.rules and told


def _beside(decision):
    """Action and documents of a decision (rules G-05, G-03)."""
    return decision.action, decision.evidence


def _overreaches(engine, world, q, arguments) -> bool:
    """True when the lane is wrong at an edge of the time for which it says that it holds."""
    *way, at_ns, context = arguments
    lane = engine.lane(*way, at_ns, context.source)
    if not lane.since_ns <= at_ns < lane.until_ns:
        return True
    for step in (-_FAR, -_NEAR, _NEAR, _FAR):
        moment = min(max(at_ns + step, lane.since_ns), lane.until_ns - 1)
        if moment != at_ns:
            decision = lane.decide(context, moment, table.HOLD)
            if not _same(decision, table.answer(world, q | {"at": moment})):
                return True
    return False


def noticed(battery: Battery, module: str, tree: ast.Module) -> bool:
    """True when a mutant is told apart, or does not even load."""
    try:
        with forms_of(module, tree) as forms:
            return battery.kills(forms, module=module)
    except (ValueError, TypeError, NameError):
        return True


def code_mutants() -> Iterator[tuple[str, str, ast.Module]]:
    """(module, what was changed, its tree) for every single change of the decision's code."""
    for module in MODULES:
        tree = ast.parse((FOLDER / f"{module}.py").read_text())
        skipped = [node for node in ast.walk(tree) if _is_guard(node) or _is_elsewhere(node)]
        guards = {id(each) for node in skipped for each in ast.walk(node)}
        lines = (FOLDER / f"{module}.py").read_text().splitlines()
        for index, node in enumerate(ast.walk(tree)):
            if id(node) in guards:
                continue
            for n, (what, _) in enumerate(_changes(node)):
                if (lines[node.lineno - 1].strip(), what) in EQUIVALENT | NOTICED_ELSEWHERE:
                    continue
                changed = copy.deepcopy(tree)
                target = next(each for i, each in enumerate(ast.walk(changed)) if i == index)
                list(_changes(target))[n][1]()
                yield module, f"{module}.py:{node.lineno}: {what}", ast.fix_missing_locations(changed)


def _changes(node):
    """(what, how) for every change of one node; `how` changes it in place."""
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            if type(op) in _SWAPS:
                other = _SWAPS[type(op)]
                yield (
                    f"{type(op).__name__} to {other.__name__}",
                    lambda n=n, other=other: node.ops.__setitem__(n, other()),
                )
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in _SWAPS:
        other = _SWAPS[type(node.op)]
        yield f"{type(node.op).__name__} to {other.__name__}", lambda: setattr(node, "op", other())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield (
            "not left out",
            lambda: (
                setattr(node, "op", ast.Not()),
                setattr(node, "operand", ast.UnaryOp(ast.Not(), node.operand)),
            ),
        )
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            yield f"if {value}", lambda value=value: setattr(node, "test", ast.Constant(value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        other = "max" if node.func.id == "min" else "min"
        yield f"{node.func.id} to {other}", lambda: setattr(node.func, "id", other)
    elif isinstance(node, ast.Constant) and node.value in reasons.REASONS:
        other = "refused" if node.value != "refused" else "withdrawn"
        yield f"{node.value} to {other}", lambda: setattr(node, "value", other)
    elif isinstance(node, ast.Tuple | ast.Set) and node.elts and _names(node.elts):
        for n, each in enumerate(node.elts):
            yield f"{ast.unparse(each)} left out", lambda n=n: node.elts.pop(n)


def _is_elsewhere(node) -> bool:
    """True for what does not decide about blocks, and the test that holds it instead.

    The gate's questions: test_enforce.py. The words of an answer: test_consent_decision.py.
    """
    return isinstance(node, ast.FunctionDef) and node.name in ("consent", "item_mask", "remedy")


def _is_guard(node) -> bool:
    """True for a check of arguments that only raises."""
    return isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)


def _names(elements) -> bool:
    """True for the rows of a closed list: texts, or names of constants."""
    return all(
        (isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value)
        or (isinstance(each, ast.Name) and each.id.isupper())
        for each in elements
    )


@contextmanager
def forms_of(module: str, tree: ast.Module):
    """The three forms of the decision with one module's code changed, while the context lasts."""
    names = [f"tasuki.consent.{each}" for each in MODULES]
    before = {name: importlib.import_module(name) for name in names}
    abroad = Processor.abroad
    try:
        for name in names:
            made = types.ModuleType(name)
            made.__file__ = before[name].__file__
            short = name.rsplit(".", 1)[1]
            text = tree if short == module else ast.parse((FOLDER / f"{short}.py").read_text())
            sys.modules[name] = made
            exec(compile(text, made.__file__, "exec"), made.__dict__)
            setattr(tasuki.consent, short, made)
        changed = sys.modules["tasuki.consent.parties"].Processor
        Processor.abroad = changed.abroad  # the registers were made with the class as it was
        yield Forms(
            sys.modules["tasuki.consent.decision"].Engine,
            sys.modules["tasuki.consent.cache"].DecisionCache,
            sys.modules["tasuki.consent.vector"].DecisionTable,
        )
    finally:
        Processor.abroad = abroad
        for name, module_ in before.items():
            sys.modules[name] = module_
            setattr(tasuki.consent, name.rsplit(".", 1)[1], module_)


def row_mutants() -> Iterator[tuple[str, object]]:
    """(what, change of a policy) for every cell of the category x purpose table and every context."""
    purposes = [*bridge.BASE.purposes]
    for number in (1, 2, 3):
        for purpose in purposes:
            yield f"category {number}, {purpose}: flipped", _flip(number, purpose)
        contexts = {context for _, each in table.WHERE.values() for context in each}
        for context in sorted(contexts):
            yield f"category {number}, {context}: flipped", _flip_context(number, context)


def _flip(number, purpose):
    def row(category):
        allow = dict(category.allow)
        if allow.pop(purpose, None) is None:
            allow[purpose] = category.closed_rule
        return replace(category, allow=allow)

    return lambda policy: _with(policy, number, row)


def _flip_context(number, context):
    return lambda policy: _with(policy, number, lambda c: replace(c, contexts=c.contexts ^ {context}))


def _with(policy, number, row):
    """The policy, also under a product's terms, with one row changed."""
    own = {item: row(c) if c.number == number else c for item, c in policy.own.items()}
    categories = {n: row(c) if n == number else c for n, c in policy.categories.items()}
    products = policy.products if policy.products.get("demo-garment") is not policy else {}
    changed = replace(policy, own=own, categories=categories)
    below = {name: replace(each, own=own, categories=categories) for name, each in policy.products.items()}
    return replace(changed, products=below if products or policy.products else {})
