"""The rules as a plain, slow reading of the policy's clauses. Imports nothing of ours.

A world and a question are plain dictionaries (worlds.py). `answer` walks the clauses in their fixed
order, denials first, and names the reason and the clause that it rests on.
"""

SECOND = 1_000_000_000
AHEAD = 2 * SECOND
HOLD = 604_800 * SECOND
FOREVER = 2**63 - 1
BEGINNING = -(2**63)
NOTICE = "2026-1"

ITEMS = {
    1: ["name", "birth_date", "email", "body_baseline"],
    2: ["product_number", "device_id", "mac_address", "access_log", "location", "device_status"],
    3: ["body_motion", "body_temperature", "ecg", "respiration", "subjective"],
}
CATEGORY = {item: number for number, items in ITEMS.items() for item in items}
SENSED = {"ecg", "respiration", "body_temperature", "body_motion", "subjective", "device_status"}

# Section 2: purpose to clause, per category; and the clause that closes the list.
PURPOSES_1 = {
    "after_service": "C1-03",
    "information": "C1-04",
    "service_information": "C1-05",
    "user_identification": "C1-06",
}
TABLE = {
    1: PURPOSES_1,
    2: dict.fromkeys(PURPOSES_1, "C2-05"),
    3: {
        "service_information": "C3-03",
        "service_improvement": "C3-04",
        "product_development": "C3-05",
        "statistics": "C3-06",
    },
}
CLOSED = {1: "C1-07", 2: "C2-05", 3: "C3-07"}
WHERE = {
    1: ("C1-02", {"product_registration", "account_registration", "inquiry"}),
    2: ("C2-02", {"product_use", "service_use", "web_access", "account_access"}),
    3: ("C3-02", {"product_use", "service_use", "service_information"}),
}
PURPOSES = set(TABLE[1]) | set(TABLE[3])
MODULE_PURPOSES = {"ad_measurement", "usage_analysis"}

# What law and internal rules take away for everybody, and the demo garment's own terms on top.
SHARED_DENIES = {
    ("body_baseline", "information"): "JP-01",
    ("mac_address", "information"): "IR-01",
    ("location", "user_identification"): "IR-02",
}
TERMS_DENY = {("location", purpose): "DG-01" for purpose in PURPOSES_1 if purpose != "user_identification"}
TERMS_DENY |= {("subjective", "statistics"): "DG-02"}
TERMS_ALLOW = {("access_log", "service_improvement"): ("DG-03", "demo-garment-2")}


def answer(world, q):
    """(outcome, reason, clause) for a question."""
    outcome, reason, clause = _answer(world, q)
    if outcome == "hold" and q["held"] is not None and q["at"] - q["held"] > HOLD:
        return "deny", "hold_expired", "S-01"
    return outcome, reason, clause


def within(period, at):
    """Half-open."""
    return period[0] <= at < period[1]


def allowed(world, q):
    """(clause, allowed, notices that count) for item and purpose under the documents in force."""
    pair = q["item"], q["purpose"]
    category = CATEGORY[q["item"]]
    if world["overlays"]:
        if pair in SHARED_DENIES:
            return SHARED_DENIES[pair], False, set()
        if q["garment"]:
            if pair in TERMS_DENY:
                return TERMS_DENY[pair], False, set()
            if pair in TERMS_ALLOW:
                clause, notice = TERMS_ALLOW[pair]
                return clause, True, {notice}
    if q["purpose"] in TABLE[category]:
        terms = {"demo-garment-1", "demo-garment-2"} if world["overlays"] and q["garment"] else set()
        return TABLE[category][q["purpose"]], True, {NOTICE} | terms
    return CLOSED[category], False, set()


def _answer(world, q):
    at, item, purpose = q["at"], q["item"], q["purpose"]
    if not within(world["in_force"], at):
        return "deny", "policy_not_in_force", "L-04"
    if q["garment"] and q["garment"]["product"] not in world["products"]:
        return "deny", "unknown_product", "G-03"
    place = world["destinations"].get(q["destination"])
    if item in CATEGORY and place and place["kind"] == "third_party":
        return _third_party(world, q, place)
    if item not in CATEGORY:
        return "deny", "unknown_item", "G-01"
    if purpose not in PURPOSES | MODULE_PURPOSES:
        return "deny", "unknown_purpose", "A-02"
    if not place:
        return "deny", "unknown_destination", "S-02"
    waits = ""
    clause, open_, notices = allowed(world, q)
    if place["kind"] == "module":
        clause, reason = "M-01", module(world, q, place)
        if reason:
            return "deny", reason, "A-02" if reason == "destination_not_for_purpose" else "M-01"
    else:
        if not open_:
            return "deny", "purpose_not_in_policy", clause
        if place["kind"] == "statistics_release":
            return "deny", "row_level_release", "C3-06"
        if place["purpose"] != purpose:
            return "deny", "destination_not_for_purpose", "A-02"
        if place["form"] != "attested" and purpose not in TABLE[2]:
            return "deny", "category2_attached", "X-01"
        if place["kind"].startswith("processor"):
            reason, rule = processor(world, q, place)
            if reason == "contract_expired":
                waits = reason
            elif reason:
                return "deny", reason, rule
    refused = origin(world, q)
    if refused:
        return "deny", *refused
    refused, data = consents(world, q, place, notices)
    if refused:
        return "deny", *refused
    return times(q, data, waits, ("not_at_acquisition", "clock_uncertain", "A-01"), ("granted", clause))


def _third_party(world, q, place):
    ticket = None
    for each in world["tickets"]:
        if (
            each["recipient"] == q["destination"]
            and within(each["dated"], q["at"])
            and q["subject"] in each["subjects"]
            and q["item"] in each["items"]
            and (place["form"] == "attested" or "device_id" in each["items"])
        ):
            ticket = ticket or each
    if not ticket:
        return "deny", "third_party", "T-02"
    if q["purpose"] != place["purpose"]:
        return "deny", "destination_not_for_purpose", "A-02"
    refused = origin(world, q)
    if refused:
        return "deny", *refused
    clause = {"law": "T-03", "vital": "T-04", "public_health_child": "T-05", "public_body": "T-06"}[
        ticket["basis"]
    ]
    return times(q, ticket["data"], "", ("outside_ticket", "outside_ticket", "T-02"), ("exception", clause))


def module(world, q, place):
    """M-01: category 2 that identifies nobody, two purposes, registered and published."""
    if q["item"] not in ("product_number", "device_status") or place["form"] != "attested":
        return "module_not_allowed"
    entry = world["modules"].get(place["party"])
    if not entry or not entry["notice"] or not within(entry["dated"], q["at"]):
        return "module_not_registered"
    if q["purpose"] not in entry["purposes"] or q["item"] not in entry["items"]:
        return "module_not_allowed"
    return "" if q["purpose"] == place["purpose"] else "destination_not_for_purpose"


def members(world, name):
    """A processor and everybody below it, breadth first, each once."""
    found, line = [], [name]
    while line:
        each = line.pop(0)
        if each not in found:
            found.append(each)
            line += world["processors"].get(each, {"subs": []})["subs"]
    return found


def processor(world, q, place):
    """P-02 to P-07, T-01."""
    main = world["processors"].get(place["party"])
    if not main or (main["country"] == "JP") != (place["kind"] == "processor_jp"):
        return "processor_not_registered", "P-01"
    fields = main["fields"].get(q["purpose"], ())
    if q["item"] not in fields or (place["form"] != "attested" and "device_id" not in fields):
        return "field_not_listed", "P-02"
    waits = ("", "")
    for name in members(world, place["party"]):
        one = world["processors"].get(name)
        if not one:
            return "subprocessor_not_registered", "T-01"
        if one["suspended"]:
            return "processor_suspended", "P-07"
        if not one["vetting"] or not within(one["vetting"], q["at"]):
            return "processor_not_vetted", "P-05"
        if not one["contract"] or not one["security"] or q["at"] < one["contract"][0]:
            return "no_contract", "P-06"
        if not one["supervision"] or not within(one["supervision"], q["at"]):
            return "supervision_overdue", "P-07"
        if one["country"] != "JP":
            bases = ("consent", "adequate_country", "equivalent_system")
            if not one["country"] or one["basis"] not in bases or not within(one["basis_dated"], q["at"]):
                return "country_unknown", "P-04"
        if q["at"] >= one["contract"][1]:
            waits = "contract_expired", "P-06"
    return waits


def origin(world, q):
    """Where the data comes from: C1-02, C2-02, C3-02, C2-03, S-07, A-03."""
    clause, places = WHERE[CATEGORY[q["item"]]]
    if q["where"] not in places:
        return "wrong_context", clause
    if q["item"] == "location" and not q["permission"]:
        return "no_location_permission", "C2-03"
    if q["operator"]:
        training = world["operators"].get(q["operator"])
        if not training or not within(training, q["at"]):
            return "operator_untrained", "S-07"
    if q["item"] == "subjective" and q["typed_in"]:
        own = q["destination"] == "store" or world["destinations"][q["destination"]]["form"] == "attested"
        return None if own else ("no_device_proof", "S-02")
    if q["item"] not in SENSED:
        return None
    garment = q["garment"]
    if not garment:
        return "unknown_key", "S-02"
    if garment["device"] != q["device"]:
        return "unknown_device", "A-03"
    if not within(garment["dated"], q["at"]):
        return "manifest_expired", "A-03"
    return None if (q["stream"], q["kind"]) in garment["lists"] else ("not_in_manifest", "A-03")


def consents(world, q, place, notices):
    """(refusal, period that the data must lie in): A-01, A-02, C2-03, M-01, P-01, P-04, L-03."""
    asked = []
    if place["kind"] == "module":
        asked.append((f"module:{place['party']}", "module_off", "M-01", True))
    else:
        asked.append((q["purpose"], "", "A-01", True))
    if q["item"] == "location":
        asked.append(("location", "no_location_permission", "C2-03", True))
    if place["kind"].startswith("processor"):
        asked.append(("entrust", "no_entrust_consent", "P-01", False))
        for name in members(world, place["party"]):
            one = world["processors"][name]
            if one["country"] != "JP" and one["basis"] == "consent":
                asked.append((f"entrust_foreign:{one['country']}", "no_foreign_consent", "P-04", False))
    since, until = BEGINNING, FOREVER
    for purpose, lacks, clause, bounds in asked:
        accepted = notices if purpose == q["purpose"] else notices | {NOTICE}
        reason, period = word(world, q, purpose, accepted)
        if reason:
            return (lacks or reason, "L-03" if (lacks or reason) == "notice_version" else clause), None
        if bounds:
            since, until = max(since, period[0]), min(until, period[1])
    return None, (since, until)


def word(world, q, purpose, notices):
    """(reason against it, period of the grant) by the subject's words on item and purpose."""
    mine = [e for e in world["events"] if e["subject"] == q["subject"]]
    now = max([q["at"], *(e["recorded"] for e in mine)])
    mine = [e for e in mine if e["purpose"] == purpose and q["item"] in e["items"]]
    rank = {"granted": 0, "refused": 1, "withdrawn": 2}
    mine.sort(key=lambda e: (effective(e), rank[e["decision"]]))
    kept = []
    for n, e in enumerate(mine):
        denials = [other for other in mine[:n] if other["decision"] != "granted"]
        gives_way = any(e["at"] <= no["at"] or e["recorded"] < no["recorded"] for no in denials)
        if e["decision"] != "granted" or not gives_way:
            kept.append(e)
    past = [e for e in kept if effective(e) <= now]
    if not past:
        return "no_consent", None
    last = past[-1]
    if last["decision"] != "granted":
        return last["decision"], None
    if last["notice"] not in notices:
        return "notice_version", None
    same = [e["decision"] == "granted" and e["notice"] == last["notice"] for e in kept]
    begin = end = len(past) - 1
    while begin > 0 and same[begin - 1]:
        begin -= 1
    while end + 1 < len(kept) and same[end + 1]:
        end += 1
    first = kept[begin]
    if not first["by"] and effective(first) < world["of_age"].get(q["subject"], BEGINNING):
        return "guardian_needed", None
    return "", (effective(first), effective(kept[end + 1]) if end + 1 < len(kept) else FOREVER)


def effective(event):
    """A grant counts from when it was recorded, at the earliest."""
    return max(event["at"], event["recorded"]) if event["decision"] == "granted" else event["at"]


def times(q, data, waits, outside, passed):
    """The block's times: A-01, L-03, C3-02, S-01."""
    early, unsure, clause = outside
    if not q["block"]:
        return "deny", "unknown_time", "S-01"
    t0, t1, uncertainty = q["block"]
    if t1 < t0 or uncertainty < 0:
        return "deny", "unknown_time", "S-01"
    if t0 < data[0]:
        return "deny", early, clause
    if t0 - uncertainty < data[0] or t1 + uncertainty >= data[1]:
        return "deny", unsure, clause
    if q["garment"]:
        worn = q["binding"]
        if not worn or not worn["since"] <= t0 - uncertainty or not t1 + uncertainty < worn["until"]:
            return "hold", "no_wearer_binding", "C3-02"
        if worn["subject"] != q["subject"] or worn["device"] != q["device"]:
            return "deny", "wrong_wearer", "C3-02"
    if waits:
        return "hold", waits, "P-06"
    if t1 > q["at"] + AHEAD:
        return "hold", "time_ahead", "S-01"
    return "allow", *passed
