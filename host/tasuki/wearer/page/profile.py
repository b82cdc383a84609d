"""What the wearer typed in about themselves: seen, corrected, deleted (rules D-02, S-01, A-01)."""

from starlette.responses import Response

from tasuki.consent.policy import Policy
from tasuki.consent.registers import Registers
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit
from tasuki.wearer.profile import rules


def page(visit: Visit) -> Response:
    """All items of category 1, kept or not."""
    return _shown(visit, {}, {})


def correct(visit: Visit) -> Response:
    """Keep what the form says; all of it or, where a value cannot be right, nothing."""
    policy, subject = visit.policy, visit.subject
    known = visit.records.profiles.values(policy, subject)
    given, faults, new = {}, {}, {}
    for item in rules.items(policy):
        text = given[item] = visit.form[item]
        try:
            new[item] = rules.read(item, text) if text else ""
        except ValueError:
            faults[item] = "fault.value"
        if text and item not in known and not _purposes(visit, policy, item):
            faults[item] = "fault.no_consent"
    if known.get("email") and not new.get("email", ""):
        faults["email"] = "fault.email_needed"
    if faults:
        return _shown(visit, given, faults, 400)
    for item, text in new.items():
        if text or item in known:
            processors = with_item(policy, visit.state.book.registers, item)
            visit.records.profiles.correct(policy, subject, item, text, processors)
    return visit.go("/profile", "corrected")


def with_item(policy: Policy, registers: Registers, item: str) -> list[str]:
    """Processors that are registered to get an item, and so have to hear of a correction."""
    name = policy.consent_item(item)
    return sorted(
        processor.name
        for processor in registers.processors.values()
        if any({item, name} & fields for fields in processor.fields.values())
    )


def _shown(visit: Visit, given: dict[str, str], faults: dict[str, str], status: int = 200) -> Response:
    policy, subject = visit.policy, visit.subject
    values = visit.records.profiles.values(policy, subject)
    now = visit.now_ns
    rows = [
        {
            "item": policy.items[item],
            "name": item,
            "text": given.get(item, values[item].text if item in values else ""),
            "kept": values.get(item),
            "stale": item in values and rules.stale(values[item].checked_ns, now),
            "purposes": _purposes(visit, policy, item),
            "fault": faults.get(item, ""),
        }
        for item in rules.items(policy)
    ]
    trace = visit.records.profiles.corrections(subject)[:50]
    return visit.page("profile.html", status, rows=rows, corrections=trace, sexes=rules.SEXES)


def _purposes(visit: Visit, policy: Policy, item: str) -> list[str]:
    """The purposes that an item of the wearer may serve now."""
    now, engine = visit.now_ns, visit.state.engine
    return [name for name in policy.purposes if not engine.consent(visit.subject, item, name, now)]


PAGES = (
    Page("GET", "/profile", page, WEARERS),
    Page("POST", "/profile", correct, WEARERS),
)
