"""Rules against a use by its kind, whoever the wearer is and whenever the data was measured.

Answers are a reason code and the policy's own rule for it, both empty when nothing speaks against it;
the stretch learns how long they hold.
"""

from tasuki.consent.parties import MODULE_ITEMS, chain, standing, trained
from tasuki.consent.policy import Category, Policy
from tasuki.consent.registers import (
    ATTESTED,
    MODULE,
    OWN_STORE,
    PROCESSORS,
    STATISTICS_RELEASE,
    Destination,
    Registers,
    Source,
)
from tasuki.consent.stretch import Stretch
from tasuki.consent.tickets import Ticket
from tasuki_wire import items as wire_items

NONE = "", ""
REPORTED = "subjective"  # what a wearer can say as well on the account page as by a garment's button


def use(
    policy: Policy, registers: Registers, item: str, purpose: str, place: Destination | None, stretch: Stretch
) -> tuple[str, str]:
    """Against this item for this purpose at this destination; `contract_expired` is waited for."""
    category = policy.category(item)
    if category is None:
        return "unknown_item", ""
    if purpose not in policy.purposes and purpose not in policy.module_purposes:
        return "unknown_purpose", ""
    if place is None:
        return "unknown_destination", ""
    if place.kind == MODULE:
        return _module(registers, item, purpose, place, stretch), ""
    if purpose not in category.allow:
        return "purpose_not_in_policy", category.rule(purpose)
    if place.kind == STATISTICS_RELEASE:
        return "row_level_release", ""
    if place.purpose != purpose:
        return "destination_not_for_purpose", ""
    if any(purpose not in policy.categories[other].allow for other in place.carries):
        return "category2_attached", category.allow[purpose]
    if place.kind in PROCESSORS:
        return _processor(registers, item, purpose, place, stretch), ""
    return NONE


def origin(
    category: Category,
    registers: Registers,
    item: str,
    source: Source,
    place: Destination,
    stretch: Stretch,
) -> tuple[str, str]:
    """Against where the data comes from; what no hub signed goes nowhere as if one had."""
    if source.acquired_in not in category.contexts:
        return "wrong_context", category.context_rule
    if item == "location" and not source.location_permission:
        return "no_location_permission", ""
    if source.operator and not trained(registers.operators, source.operator, stretch):
        return "operator_untrained", ""
    if source.typed_in and item == REPORTED:
        return NONE if place.form == ATTESTED or place.name == OWN_STORE.name else ("no_device_proof", "")
    if item not in wire_items.NAMES:
        return NONE
    garment = source.garment
    if garment is None:
        return "unknown_key", ""
    if garment.device != source.device:
        return "unknown_device", ""
    if not stretch.within(garment.manifest.dated):
        return "manifest_expired", ""
    return NONE if garment.manifest.lists(source.stream, source.kind) else ("not_in_manifest", "")


def exception(
    registers: Registers, subject: str, item: str, place: Destination, stretch: Stretch
) -> Ticket | None:
    """The legal exception under which a third party may get this now; None when there is none."""
    return next(
        (
            ticket
            for ticket in registers.tickets.get(place.name, ())
            if stretch.within(ticket.dated)
            and subject in ticket.subjects
            and item in ticket.items
            and (not place.carries or "device_id" in ticket.items)
        ),
        None,
    )


def _processor(registers: Registers, item: str, purpose: str, place: Destination, stretch: Stretch) -> str:
    name = place.party or place.name
    processor = registers.processors.get(name)
    if processor is None or processor.abroad != (place.kind == "processor_foreign"):
        return "processor_not_registered"
    fields = processor.fields.get(purpose, frozenset())
    if item not in fields or (place.carries and "device_id" not in fields):
        return "field_not_listed"
    waits = ""
    for member in chain(registers.processors, name):
        code = "subprocessor_not_registered" if member is None else standing(member, stretch)
        if code == "contract_expired":
            waits = code
        elif code:
            return code
    return waits


def _module(registers: Registers, item: str, purpose: str, place: Destination, stretch: Stretch) -> str:
    if item not in MODULE_ITEMS or place.carries:
        return "module_not_allowed"
    module = registers.modules.get(place.party or place.name)
    if module is None or not module.notice or not stretch.within(module.dated):
        return "module_not_registered"
    if purpose not in module.purposes or item not in module.items:
        return "module_not_allowed"
    return "" if place.purpose == purpose else "destination_not_for_purpose"
