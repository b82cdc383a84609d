"""The same rules, decided by Cedar (cedarpy): facts in, two questions out. Imports nothing of ours.

Cedar has no loops and no order among rules. So the wearer's words are read by table.py, and the
reasons are a set in which the right one must be.
"""

from pathlib import Path

import cedarpy

from oracle import table

TEXT = (Path(__file__).parent / "rules.cedar").read_text()
POLICIES = cedarpy.PolicySet.from_str(TEXT)
REASONS = {
    f"policy{n}": part.split('"')[1] for n, part in enumerate(TEXT.split("@id(")[1:], 1)
}  # policy0 is the permit
NOBODY = {"type": "Subject", "id": "anyone"}


def answers(worlds_and_questions):
    """(outcome, reasons that speak against it) for each (world, question)."""
    facts = [facts_of(world, q) for world, q in worlds_and_questions]
    send = _ask("send", facts)
    # only what is held can wait too long
    for each, allowed in zip(facts, send, strict=True):
        each["held_back"] = not allowed.allowed
    keep = _ask("keep", facts)
    found = []
    for sent, kept in zip(send, keep, strict=True):
        against = {
            REASONS[id_] for result in (sent, kept) for id_ in result.diagnostics.reasons if id_ in REASONS
        }
        assert not sent.diagnostics.errors and not kept.diagnostics.errors, sent.diagnostics.errors
        found.append(("allow" if sent.allowed else "hold" if kept.allowed else "deny", against))
    return found


def _ask(action, facts):
    requests = [
        {"principal": NOBODY, "action": {"type": "Action", "id": action}, "resource": NOBODY, "context": each}
        for each in facts
    ]
    return cedarpy.is_authorized_batch(requests, POLICIES, [])


def facts_of(world, q):
    """A question as Cedar's context; what does not apply is left out."""
    place = world["destinations"].get(q["destination"])
    third = bool(place) and place["kind"] == "third_party"
    facts = {
        "policy_since": world["in_force"][0],
        "policy_until": world["in_force"][1],
        "products": list(world["products"]),
        "place": {key: place[key] for key in ("kind", "purpose", "form")} if place else {},
        "ordinary": not third,
        "processor": bool(place) and place["kind"].startswith("processor"),
        "reported": q["item"] == "subjective" and q["typed_in"],
        "sensed": q["item"] in table.SENSED and not (q["item"] == "subjective" and q["typed_in"]),
        "taken": False,
        "added": False,
        "missing_member": False,
        "entrusted": False,
        "word": "",
        "held_back": False,
    }
    facts |= {
        key: q[key]
        for key in (
            "at",
            "item",
            "purpose",
            "subject",
            "device",
            "where",
            "permission",
            "operator",
            "destination",
        )
    }
    if q["item"] in table.CATEGORY:
        facts["category"] = table.CATEGORY[q["item"]]
        _, open_, notices = table.allowed(world, q)
        in_table = q["purpose"] in table.TABLE[facts["category"]]
        facts |= {"taken": in_table and not open_, "added": open_ and not in_table}
        if place:
            _said(world, q, place, notices, facts)
    if q["operator"] in world["operators"]:
        facts["training_since"], facts["training_until"] = world["operators"][q["operator"]]
    if q["block"]:
        facts["t0"], facts["t1"], facts["uncertainty"] = q["block"]
    if q["held"] is not None:
        facts["held"] = q["held"]
    if q["garment"]:
        garment = q["garment"]
        facts["product"] = garment["product"]
        listed = (q["stream"], q["kind"]) in garment["lists"]
        since, until = garment["dated"]
        facts["garment"] = {"device": garment["device"], "since": since, "until": until, "listed": listed}
        if q["binding"]:
            facts["worn"] = q["binding"]
    _parties(world, q, place, facts)
    return facts


def _said(world, q, place, notices, facts):
    """What the wearer said, read aloud; nothing of it is a decision yet."""
    scope = notices | {table.NOTICE}
    name, accepted = q["purpose"], notices
    if place["kind"] == "module":
        name, accepted = f"module:{place['party']}", scope
    facts["word"], period = table.word(world, q, name, accepted)
    if facts["word"] and place["kind"] == "module":
        facts["word"] = "module_off"
    if q["item"] == "location":
        reason, located = table.word(world, q, "location", scope)
        if not reason:
            facts["location_since"] = located[0]
            period = period and (max(period[0], located[0]), min(period[1], located[1]))
    if period:
        facts["data_since"], facts["data_until"] = period
    facts["entrusted"] = not table.word(world, q, "entrust", scope)[0]


def _parties(world, q, place, facts):
    if not place:
        return
    if place["kind"] == "module" and place["party"] in world["modules"]:
        entry = world["modules"][place["party"]]
        since, until = entry["dated"]
        lists = {key: sorted(entry[key]) for key in ("items", "purposes")}
        facts["module"] = lists | {"notice": entry["notice"], "since": since, "until": until}
    if facts["processor"] and place["party"] in world["processors"]:
        for n, name in enumerate(table.members(world, place["party"])):
            if name in world["processors"]:
                facts[f"member{n}"] = _member(world, q, world["processors"][name])
            else:
                facts["missing_member"] = True
    tickets = [
        each
        for each in world["tickets"]
        if each["recipient"] == q["destination"]
        and table.within(each["dated"], q["at"])
        and q["subject"] in each["subjects"]
        and q["item"] in each["items"]
        and (place["form"] == "attested" or "device_id" in each["items"])
    ]
    if tickets and place["kind"] == "third_party":
        facts["ticket"] = dict(zip(("since", "until"), tickets[0]["data"], strict=True))


def _member(world, q, one):
    facts = {key: one[key] for key in ("country", "security", "basis", "suspended")}
    facts["items"] = sorted(one["fields"].get(q["purpose"], ()))
    for key in ("vetting", "contract", "supervision", "basis_dated"):
        if one[key]:
            name = key.removesuffix("_dated")
            facts[f"{name}_since"], facts[f"{name}_until"] = one[key]
    if q["item"] in table.CATEGORY:
        notices = table.allowed(world, q)[2] | {table.NOTICE}
        facts["agreed"] = not table.word(world, q, f"entrust_foreign:{one['country']}", notices)[0]
    return facts
