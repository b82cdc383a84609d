"""Documents on top of each other: law > internal rules > individual terms > policy (G-02, L-01, G-04)."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from tasuki.consent.documents import INDIVIDUAL, INTERNAL, LAW, Base, Item, Overlay, Row
from tasuki.consent.policy import FOREVER, Answer, Category, Evaluated, Pair, Policy

_ORDER = (LAW, INTERNAL, INDIVIDUAL)


def lay(
    base: Base,
    overlays: Iterable[Overlay],
    at_ns: int,
    earlier: Sequence[Base] = (),
    earlier_terms: Sequence[Overlay] = (),
) -> Policy:
    """The policy under these documents.

    earlier: published versions of the policy before this one; a consent under them goes on counting
    for the pairs that stood there with the same words. earlier_terms: the same for individual terms.
    """
    overlays = sorted(overlays, key=lambda overlay: (_ORDER.index(overlay.kind), overlay.version))
    overdue = at_ns >= base.review_due_ns
    pairs = {
        (item.name, purpose): _pair(base, overlays, item, purpose, overdue, earlier, earlier_terms)
        for item in base.items.values()
        for purpose in base.purposes
    }
    rows = [row for overlay in overlays for row in overlay.rows]
    own = {item: _own(base, overlays, item, pairs) for item in base.items}
    wording = {**base.purposes, **base.module_purposes, **{n: i.words for n, i in base.items.items()}}
    return Policy(
        version=base.version,
        hash=base.hash,
        purposes={name: words.ja for name, words in base.purposes.items()},
        module_purposes={name: words.ja for name, words in base.module_purposes.items()},
        categories={number: _whole(base, number, own) for number in base.categories},
        category_of={name: item.category for name, item in base.items.items()},
        rules={id_: rule.words.ja for id_, rule in base.rules.items()}
        | {row.id: row.words.ja for row in rows},
        hold_ns=base.hold_ns,
        items=base.items,
        clauses=base.rules,
        pairs=pairs,
        documents=tuple(Evaluated(each.kind, each.version, each.hash) for each in (*overlays, base)),
        words={**wording, **{row.id: row.words for row in rows}},
        duties={duty.id: duty for each in overlays for duty in each.duties},
        controller=base.controller,
        data_manager=base.data_manager,
        contact=base.contact,
        since_ns=base.review_due_ns if overdue else max(each.effective_ns for each in (*overlays, base)),
        until_ns=FOREVER if overdue else base.review_due_ns,
        review_due_ns=base.review_due_ns,
        review_overdue=overdue,
        own=own,
    )


def _pair(
    base: Base,
    overlays: Sequence[Overlay],
    item: Item,
    purpose: str,
    overdue: bool,
    earlier: Sequence[Base],
    earlier_terms: Sequence[Overlay],
) -> Pair:
    answers = [
        Answer(overlay.kind, overlay.version, row.allow, row.id)
        for overlay in overlays
        if (row := _word(overlay, item, purpose)) and not (row.allow and overdue)
    ]
    table = base.categories[item.category]
    allowed = _allowed(base, item.name, purpose)
    answers.append(Answer(base.kind, base.version, allowed, table.allow.get(purpose, table.closed_rule)))
    notices: set[str] = set()
    if answers[0].allow:
        chain = [*earlier_terms, *(each for each in overlays if each.kind == INDIVIDUAL)]
        cited = _cited(chain, item, purpose, allowed)
        same = {old.version: old for old in (*earlier, base) if _same_words(old, base, item, purpose)}
        notices.update(each.version for each in cited if each.base in same)
        if len(cited) == len(chain):
            notices.update(_standing((*earlier, base), same, item.name, purpose))
    return Pair(tuple(answers), frozenset(notices))


def _word(overlay: Overlay, item: Item, purpose: str) -> Row | None:
    return next((row for row in overlay.rows if row.covers(item, purpose)), None)


def _cited(chain: Sequence[Overlay], item: Item, purpose: str, allowed: bool) -> list[Overlay]:
    """The terms that a consent to the pair may cite: those since the last version that denied it.

    Terms that take a denial back widen as much as terms that allow, so they need a new consent, too.
    """
    cited: list[Overlay] = []
    for terms in chain:
        row = _word(terms, item, purpose)
        cited = [*cited, terms] if (row.allow if row else allowed) else []
    return cited


def _standing(versions: Iterable[Base], same: Container[str], item: str, purpose: str) -> list[str]:
    """The versions of the policy that a consent to the pair may cite, likewise."""
    standing: list[str] = []
    for old in versions:
        stands = old.version in same and _allowed(old, item, purpose)
        standing = [*standing, old.version] if stands else []
    return standing


def _same_words(old: Base, new: Base, item: Item, purpose: str) -> bool:
    """True when item and purpose meant the same in an earlier version: other words are another purpose."""
    was = old.items.get(item.name)
    return (
        was is not None
        and purpose in old.purposes
        and (was.category, was.part_of, was.words.ja) == (item.category, item.part_of, item.words.ja)
        and old.purposes[purpose].ja == new.purposes[purpose].ja
    )


def _allowed(base: Base, item: str, purpose: str) -> bool:
    return purpose in base.categories[base.items[item].category].allow


def _own(
    base: Base, overlays: Sequence[Overlay], item: str, pairs: Mapping[tuple[str, str], Pair]
) -> Category:
    number = base.items[item].category
    row = base.categories[number]
    found = {purpose: pairs[item, purpose].winner for purpose in base.purposes}
    limits = [
        row.retention_ns,
        *(each.retention_ns[number] for each in overlays if number in each.retention_ns),
    ]
    return Category(
        number=number,
        name=row.name,
        items=tuple(
            name for name, each in base.items.items() if each.category == number and not each.part_of
        ),
        contexts=frozenset(row.contexts),
        context_rule=row.context_rule,
        allow={purpose: answer.rule for purpose, answer in found.items() if answer.allow},
        closed_rule=row.closed_rule,
        denied={
            p: answer.rule for p, answer in found.items() if not answer.allow and answer.kind != base.kind
        },
        retention_ns=min(limits),
    )


def _whole(base: Base, number: int, own: Mapping[str, Category]) -> Category:
    """The category itself: what its carried item, or else every item of it, may serve."""
    carried = base.categories[number].carried
    items = [name for name, item in base.items.items() if item.category == number]
    mine = [own[name] for name in ([carried] if carried else items)]
    table = base.categories[number].allow
    allow = {p: rule for p, rule in table.items() if all(p in category.allow for category in mine)}
    return replace(mine[0], allow=allow, denied={})
