"""Each consent by itself: given and taken back in one step, in effect down to the hub within a second."""

from typing import NamedTuple

from starlette.responses import Response

from tasuki.consent import notice, scopes, statements
from tasuki.consent.events import DECISIONS, GRANTED, NOTHING, WITHDRAWN, Event, Span
from tasuki.consent.parties import CONSENT, Processor
from tasuki.consent.policy import Policy
from tasuki.errors import Refused
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.signing import ORIGIN
from tasuki.wearer.page.visit import Visit


class Section(NamedTuple):
    """What can be said about one purpose or separate consent."""

    purpose: str
    rows: list[tuple[str, Span]]
    about: str = ""


def page(visit: Visit) -> Response:
    """Every consent as it stands."""
    version, policy = _under(visit, visit.query["terms"])
    terms = [each for product in visit.policy.products.values() for each in product.terms]
    return visit.page(
        "consents.html",
        version=version,
        terms=[visit.policy.version, *terms],
        sections=[_section(visit, policy, purpose) for purpose in policy.purposes],
        separate=[_section(visit, policy, scope) for scope in _scopes(visit)],
        notice=notice.text(version, visit.language),
        notice_hash=notice.text_hash(version, visit.language),
    )


def say(visit: Visit) -> Response:
    """Record a yes or a no to the ticked items of one purpose."""
    version, policy = _under(visit, visit.form["terms"])
    purpose, decision = visit.form["purpose"], visit.form["say"]
    items = frozenset(visit.form.all("item"))
    if not items or decision not in DECISIONS:
        return visit.go("/consents", "nothing_ticked", purpose, terms=version)
    if decision == WITHDRAWN:
        visit.state.book.withdraw(visit.subject, items, purpose, *visit.speaker)
        return visit.go("/consents", "withdrawn", purpose, terms=version)
    statements.check(policy, purpose, items)
    at, lang = visit.now_ns, visit.language
    said = version, lang, notice.text_hash(version, lang), *visit.speaker, ORIGIN
    visit.state.book.say(Event(at, at, visit.subject, decision, purpose, items, *said))
    return visit.go("/consents", "granted" if decision == GRANTED else "refused", purpose, terms=version)


def withdraw(visit: Visit) -> Response:
    """Take back all that is granted of an item, or of everything."""
    item = visit.form["item"]
    visit.state.book.withdraw(visit.subject, [item] if item else (), "", *visit.speaker)
    return visit.go("/overview" if item else "/consents", "withdrawn")


def _under(visit: Visit, terms: str) -> tuple[str, Policy]:
    """The version that is shown, and the policy under it."""
    version = terms or visit.policy.version
    found = visit.policy.under(version)
    if found is None:
        raise Refused("unpublished_version", f"terms {version!r} are not in force", "Choose others.")
    return version, found


def _section(visit: Visit, policy: Policy, purpose: str) -> Section:
    state = visit.state.book.log.state(visit.subject, visit.now_ns)
    rows = [(item, state.get((item, purpose), NOTHING)) for item in statements.items_for(policy, purpose)]
    return Section(purpose, rows, _about(visit, purpose))


def _scopes(visit: Visit) -> list[str]:
    """The separate consents that there is something to say about."""
    registers = visit.state.book.registers
    abroad = {p.country for p in registers.processors.values() if _needs_consent(p)}
    return [
        scopes.ENTRUST,
        *(scopes.entrust_foreign(country) for country in sorted(abroad)),
        *(scopes.module(name) for name in sorted(registers.modules)),
        scopes.LOCATION,
    ]


def _needs_consent(processor: Processor) -> bool:
    return processor.abroad and processor.basis == CONSENT and bool(processor.country)


def _about(visit: Visit, purpose: str) -> str:
    """Whom a separate consent is about."""
    registers = visit.state.book.registers
    head, _, detail = purpose.partition(":")
    if head == scopes.ENTRUST or (head == "entrust_foreign" and detail):
        names = [
            p.name for p in registers.processors.values() if (p.country == detail if detail else not p.abroad)
        ]
        return visit.text("about.processors", names=", ".join(sorted(names)) or "-")
    if head == "module":
        module = registers.modules[detail]
        return f"{module.vendor} ({module.country}): {module.notice}"
    return visit.text("about.location") if head == scopes.LOCATION else ""


PAGES = (
    Page("GET", "/consents", page, WEARERS),
    Page("POST", "/consents", say, WEARERS),
    Page("POST", "/consents/withdraw", withdraw, WEARERS),
)
