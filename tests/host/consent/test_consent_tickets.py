"""Third parties get nothing, except under a ticket that two persons signed and that names its every limit."""

import dataclasses

import pytest
from nacl.signing import SigningKey

from host.decision_world import BLOCK, FROM_ECG, GRANTED, POLICY, SECOND, World, dated, said
from tasuki.consent import tickets
from tasuki.consent.context import Interval
from tasuki.consent.registers import Destination
from tasuki.consent.tickets import GROUNDS, Approver, Ticket
from tasuki.errors import Refused
from tasuki_wire import epoch, layout

KEYS = {name: SigningKey(name.encode().ljust(32, b"-")) for name in ("manager", "counsel", "clerk")}
MANAGER = Approver("Amimori", "data_manager", bytes(KEYS["manager"].verify_key), dated(0, 9000))
COUNSEL = Approver("Sato", "legal", bytes(KEYS["counsel"].verify_key), dated(0, 9000))
CLERK = Approver("Mori", "support", bytes(KEYS["clerk"].verify_key), dated(0, 9000))
OFFICE = [MANAGER, COUNSEL, CLERK]
NOW = 1900 * SECOND

LAW = Ticket(
    id="2026-0001",
    basis="law",
    recipient="court",
    subjects=frozenset({"s"}),
    items=frozenset({"ecg"}),
    data=dated(900, 1100),
    dated=dated(1800, 2500),
    stated={"statute": "Code of Civil Procedure 223", "order": "2026 (o) 12", "scope": "20 s of ECG"},
    notice_ns=3000 * SECOND,
)


def signatures(ticket, *names, domain="ticket"):
    body = epoch.signed(domain, tickets.body(ticket))
    return {bytes(KEYS[name].verify_key): KEYS[name].sign(body).signature for name in names}


def admit(ticket, *names, office=OFFICE, now=NOW):
    return tickets.admit(ticket, signatures(ticket, *(names or ("manager", "counsel"))), office, POLICY, now)


def changed(**change):
    return dataclasses.replace(LAW, **change)


def on_ground(basis, leave_out=""):
    stated = {name: "stated" for name in GROUNDS[basis].conditions if name != leave_out}
    return changed(basis=basis, stated=stated)


@pytest.mark.rule("T-02", "deny", "evidence")
@pytest.mark.parametrize("purpose", ["exception", "service_improvement", "anything"])
def test_a_third_party_gets_nothing_even_when_the_wearer_agreed(purpose):
    decision = World(GRANTED, said("granted", 0, "exception")).decide("court", purpose=purpose)

    assert (decision.outcome, decision.reason) == ("deny", "third_party")
    assert "T-02" in decision.rules


@pytest.mark.rule("R-01", "allow")
@pytest.mark.rule("T-03", "allow", "evidence")
@pytest.mark.rule("T-04", "allow", "evidence")
@pytest.mark.rule("T-05", "allow", "evidence")
@pytest.mark.rule("T-06", "allow", "evidence")
@pytest.mark.parametrize(("basis", "rule"), [(basis, ground.rule) for basis, ground in GROUNDS.items()])
def test_under_an_approved_ticket_the_named_data_goes_without_consent(basis, rule):
    world = World()
    world.registers.admit(admit(on_ground(basis)))

    decision = world.decide("court")

    assert (decision.outcome, decision.reason) == ("allow", "exception")
    assert {rule, "R-01"} <= set(decision.rules)
    assert decision.valid_until_ns == 2500 * SECOND


@pytest.mark.rule("T-03", "deny")
@pytest.mark.rule("T-04", "deny")
@pytest.mark.rule("T-05", "deny")
@pytest.mark.rule("T-06", "deny")
@pytest.mark.parametrize(
    ("basis", "condition"), [(basis, each) for basis, ground in GROUNDS.items() for each in ground.conditions]
)
def test_a_ticket_that_leaves_one_condition_open_is_refused(basis, condition):
    with pytest.raises(Refused, match="ticket_condition"):
        admit(on_ground(basis, leave_out=condition))


@pytest.mark.rule("R-01", "deny", "evidence")
@pytest.mark.parametrize(
    ("names", "office"),
    [
        (["manager"], OFFICE),
        (["counsel", "clerk"], OFFICE),
        (["counsel"], OFFICE),
        (["manager", "counsel"], [COUNSEL, CLERK]),
        (["manager", "counsel"], [MANAGER, dataclasses.replace(COUNSEL, name="Amimori")]),
        (["manager", "counsel"], [MANAGER, dataclasses.replace(COUNSEL, role="data_manager")]),
        (["manager"], [MANAGER, dataclasses.replace(COUNSEL, public=MANAGER.public)]),
        (["manager", "counsel"], [MANAGER, dataclasses.replace(COUNSEL, dated=dated(0, 1900))]),
        (["manager", "counsel"], [MANAGER, dataclasses.replace(COUNSEL, dated=dated(1901, 9000))]),
    ],
)
def test_a_ticket_needs_the_data_manager_and_a_second_person_in_another_role(names, office):
    with pytest.raises(Refused, match="ticket_not_approved"):
        admit(LAW, *names, office=office)


@pytest.mark.parametrize("domain", [each for each in layout.DOMAINS if each != "ticket"])
def test_a_signature_of_another_type_approves_no_ticket(domain):
    with pytest.raises(Refused, match="ticket_not_approved"):
        tickets.admit(LAW, signatures(LAW, "manager", "counsel", domain=domain), OFFICE, POLICY, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"items": frozenset({"ecg", "respiration"})},
        {"subjects": frozenset({"s", "t"})},
        {"recipient": "store"},
        {"dated": dated(1800, 2501)},
        {"data": dated(900, 1101)},
        {"notice_ns": 3001 * SECOND},
        {"id": "2026-0002"},
        {"stated": {**LAW.stated, "scope": "everything"}},
        {"basis": "vital", "stated": {**LAW.stated, "danger": "d", "consent_difficult": "c"}},
    ],
)
def test_a_ticket_that_was_changed_after_it_was_signed_counts_no_more(change):
    signed = signatures(LAW, "manager", "counsel")

    with pytest.raises(Refused, match="ticket_not_approved"):
        tickets.admit(changed(**change), signed, OFFICE, POLICY, NOW)


@pytest.mark.rule("T-03", "deny")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"basis": "curiosity"}, "ticket_ground"),
        ({"dated": dated(1800, 1801 + 30 * 86_400)}, "ticket_too_long"),
        ({"basis": "vital", "dated": dated(0, 1 + 3 * 86_400)}, "ticket_condition"),
        ({"subjects": frozenset()}, "ticket_scope"),
        ({"items": frozenset()}, "ticket_scope"),
        ({"items": frozenset(POLICY.category_of)}, "ticket_scope"),
        ({"items": frozenset({"aura"})}, "ticket_scope"),
        ({"recipient": ""}, "ticket_scope"),
        ({"data": dated(900, 2501)}, "ticket_scope"),
        ({"notice_ns": None}, "ticket_notice"),
        ({"notice_barred": "Act 1"}, "ticket_notice"),
        ({"notice_ns": 1799 * SECOND}, "ticket_notice"),
    ],
)
def test_a_ticket_with_an_open_end_is_refused(change, reason):
    with pytest.raises(Refused, match=reason):
        admit(changed(**change))


def test_where_telling_is_unlawful_the_ticket_says_by_which_law():
    assert admit(changed(notice_ns=None, notice_barred="Act 1, article 2"))


@pytest.mark.rule("T-02", "deny")
@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"at_s": 1799}, "third_party"),
        ({"at_s": 2500}, "third_party"),
        ({"subject": "t"}, "third_party"),
        ({"item": "respiration"}, "third_party"),
        ({"purpose": "statistics"}, "destination_not_for_purpose"),
        ({"block": Interval(899 * SECOND, 903 * SECOND, 0)}, "outside_ticket"),
        ({"block": Interval(1097 * SECOND, 1101 * SECOND, 0)}, "outside_ticket"),
        ({"block": Interval(1000 * SECOND, 1004 * SECOND, 101 * SECOND)}, "outside_ticket"),
        ({"source": dataclasses.replace(FROM_ECG, binding=None)}, "no_wearer_binding"),
        ({"source": dataclasses.replace(FROM_ECG, garment=None)}, "unknown_key"),
    ],
)
def test_a_ticket_opens_nothing_beside_what_it_names(question, reason):
    world = World(GRANTED)
    world.registers.admit(admit(LAW))

    assert world.decide("court", **question).reason == reason


@pytest.mark.rule("X-01", "allow")
def test_the_device_s_signature_goes_along_only_when_the_ticket_names_it():
    world = World()
    world.registers.add_destination(Destination("court", "third_party", "exception", "envelope"))
    world.registers.admit(admit(LAW))
    without = world.decide("court", block=BLOCK)
    world.registers.admit(admit(changed(id="2", items=frozenset({"ecg", "device_id"}))))

    assert without.reason == "third_party"
    assert world.decide("court").allowed
