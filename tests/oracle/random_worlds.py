"""Random worlds and questions as plain data, mostly good with a few things wrong. Imports nothing of ours."""

import random

SECOND = 1_000_000_000
SUBJECTS = ["ann", "ben"]
STREAMS = {
    "ecg": (0, 1),
    "respiration": (1, 2),
    "body_temperature": (2, 3),
    "body_motion": (3, 4),
    "device_status": (5, 7),
}
OTHERS = [
    "subjective",
    "email",
    "body_baseline",
    "location",
    "access_log",
    "product_number",
    "mac_address",
    "aura",
]
PURPOSES = [
    "after_service",
    "information",
    "service_information",
    "user_identification",
    "service_improvement",
    "product_development",
    "statistics",
]
SCOPES = ["entrust", "entrust_foreign:FI", "entrust_foreign:US", "location", "module:meter"]
LISTS = [*STREAMS.values(), (13, 9), (14, 8), (5, 8)]


class Maker:
    """Worlds from one seed. `wrong` is the share of conditions that are not met."""

    def __init__(self, seed, wrong=0.06):
        self.rng = random.Random(seed)
        self.wrong = wrong

    def mostly(self, good, *bad):
        """The good one, now and then a bad one."""
        return self.rng.choice(bad) if self.rng.random() < self.wrong else good

    def second(self, low=0, high=40):
        return self.rng.randint(low, high) * SECOND

    def period(self):
        """In force all the time; now and then only for a while."""
        if self.rng.random() < 2 * self.wrong:
            since = self.second(-5, 40)
            return since, since + self.second(1, 40)
        return -100 * SECOND, 10**9 * SECOND

    def world(self):
        """Everything but the question."""
        return {
            "in_force": self.mostly((-1000 * SECOND, 10**9 * SECOND), (self.second(), 10**9 * SECOND)),
            "overlays": self.rng.random() < 0.5,
            "products": ["demo-garment"],
            "events": [event for subject in SUBJECTS for event in self.words(subject)],
            "of_age": {s: self.second() for s in SUBJECTS if self.rng.random() < 2 * self.wrong},
            "destinations": self.destinations(),
            "processors": {
                name: self.processor(name)
                for name in self.rng.sample(["p", "q", "r"], 3 - (self.rng.random() < self.wrong))
            },
            "modules": self.modules(),
            "operators": {"tanaka": self.period()},
            "tickets": [self.ticket() for _ in range(self.rng.randint(0, 3))],
        }

    def words(self, subject):
        """A grant of most things, and then a few more words."""
        items = [*STREAMS, *OTHERS]
        yield from (
            self.word(subject, "granted", purpose, items, self.rng.randint(-5, 3))
            for purpose in [*PURPOSES, *SCOPES]
            if self.rng.random() > 2 * self.wrong
        )
        for _ in range(self.rng.randint(0, 6)):
            some = self.rng.sample(items, self.rng.randint(1, len(items)))
            purpose = self.rng.choice(PURPOSES + SCOPES)
            decision = self.rng.choice(["granted", "granted", "refused", "withdrawn"])
            yield self.word(subject, decision, purpose, some, self.rng.randint(-5, 45))

    def word(self, subject, decision, purpose, items, at_s):
        known = at_s if self.rng.random() < 0.8 else self.rng.randint(-5, 45)
        return {
            "at": at_s * SECOND,
            "recorded": known * SECOND,
            "subject": subject,
            "decision": decision,
            "purpose": purpose,
            "items": set(items),
            "notice": self.mostly("2026-1", "2019-1", "demo-garment-2"),
            "by": self.mostly("", "parent"),
        }

    def destinations(self):
        made = {
            name: {"kind": "internal", "purpose": purpose, "form": form, "party": name}
            for name, purpose, form in [
                ("store", "service_information", "envelope"),
                ("improvement", "service_improvement", "attested"),
                ("statistics", "statistics", "attested"),
                ("proved", "product_development", "envelope"),
                ("mail", "information", "attested"),
                ("login", "user_identification", "envelope"),
            ]
        }
        for name, kind, purpose, party in [
            ("home", "processor_jp", "service_improvement", "p"),
            ("abroad", "processor_foreign", "service_improvement", "q"),
            ("abroad-store", "processor_foreign", "service_information", "q"),
            ("gauge", "module", "usage_analysis", "meter"),
            ("release", "statistics_release", "statistics", "release"),
            ("court", "third_party", "exception", "court"),
            ("me", "subject", "service_information", "me"),
        ]:
            form = self.mostly("attested", "envelope", "proved") if name != "me" else self.form()
            made[name] = {"kind": kind, "purpose": purpose, "form": form, "party": party}
        return made

    def form(self):
        """One of the three; `proved` and `envelope` carry the hub's own proof."""
        return self.rng.choice(["attested", "attested", "envelope", "proved"])

    def processor(self, name):
        home = {"p": "JP", "q": "FI", "r": self.rng.choice(["JP", "US"])}[name]
        return {
            "country": self.mostly(home, "", "JP", "FI"),
            "vetting": self.mostly(self.period(), None),
            "contract": self.mostly(self.period(), None),
            "security": self.mostly("terms", ""),
            "supervision": self.mostly(self.period(), None),
            "fields": {
                purpose: set(self.rng.sample(list(STREAMS), 5 - self.mostly(0, 3))) | device
                for purpose, device in (
                    ("service_improvement", set()),
                    ("service_information", self.mostly({"device_id"}, set())),
                )
            },
            "basis": self.rng.choice(
                [
                    "consent",
                    "consent",
                    "adequate_country",
                    "equivalent_system",
                    self.mostly("consent", "", "hope"),
                ]
            ),
            "basis_dated": self.period(),
            "suspended": self.mostly(False, True),
            "subs": [
                s
                for s in ["p", "q", "r", "x"]
                if s != name and self.rng.random() < (0.02 if s == "x" else 0.12)
            ],
        }

    def modules(self):
        entry = {
            "dated": self.period(),
            "notice": self.mostly("published", ""),
            "items": self.mostly(
                {"device_status", "product_number"}, {"product_number"}, {"device_status", "ecg"}
            ),
            "purposes": self.mostly({"usage_analysis", "ad_measurement"}, {"ad_measurement"}, {"statistics"}),
        }
        return self.mostly({"meter": entry}, {})

    def ticket(self):
        data = self.second(-5, 10), self.second(30, 60)
        return {
            "basis": self.rng.choice(["law", "vital", "public_health_child", "public_body"]),
            "recipient": self.mostly("court", "store"),
            "subjects": {self.rng.choice(SUBJECTS)},
            "items": set(self.rng.sample([*STREAMS, "device_id", "email", "subjective"], 4)),
            "data": self.mostly(data, (self.second(0, 20), self.second(21, 30))),
            "dated": self.period(),
        }

    def question(self, world):
        """One question: a sensed item from a worn hub that mostly fits."""
        rng = self.rng
        item = rng.choice([*STREAMS, *STREAMS, "ecg", rng.choice(OTHERS)])
        destination = rng.choice(list(world["destinations"]))
        if rng.random() < 0.6:
            destination = rng.choice(["store", "improvement", "home", "abroad", "gauge", "court"])
        if destination == "gauge" and rng.random() < 0.8:
            item = rng.choice(["device_status", "device_status", "product_number"])
        if rng.random() < 0.08:
            item, destination = rng.choice([("location", "me"), ("access_log", "improvement")])
        if rng.random() < 0.06:
            item, destination = "subjective", rng.choice(["me", "store", "improvement", "court"])
        typed_in = rng.random() < (0.8 if item == "subjective" else self.wrong)
        place = world["destinations"][destination]
        subject = rng.choice(SUBJECTS)
        sensed = item in STREAMS
        stream, kind = STREAMS.get(item, (-1, -1))
        t0, wide = self.second(4, 40), rng.randint(0, 5) * SECOND
        block = t0, t0 + wide, rng.choice([0, 0, 1, SECOND, SECOND, 3 * SECOND, 10 * SECOND])
        block = self.mostly(block, None, (t0 + SECOND, t0, 0), (t0, t0, -1))
        at = self.second(10, 60) if rng.random() < 0.7 else t0 + rng.choice([-3, -1, 0, 1, 5]) * SECOND
        garment = {
            "product": self.mostly("demo-garment", "toy"),
            "device": "d",
            "dated": self.period(),
            "lists": LISTS,
        }
        device = self.mostly("d", "e")
        binding = {
            "subject": self.mostly(subject, *SUBJECTS),
            "device": self.mostly(device, "e"),
            "since": self.mostly(-100 * SECOND, self.second(-5, 20)),
            "until": self.mostly(10**9 * SECOND, self.second(15, 50)),
        }
        home = {"email": "inquiry", "body_baseline": "account_registration"}.get(item, "product_use")
        return {
            "subject": subject,
            "item": item,
            "purpose": self.mostly(place["purpose"], "statistics", "marketing", "ad_measurement", *PURPOSES),
            "destination": self.mostly(destination, "nowhere"),
            "at": at,
            "block": block,
            "garment": (self.mostly(garment, None) if sensed else rng.choice([garment, None])),
            "typed_in": typed_in,
            "device": device,
            "stream": self.mostly(stream, 9),
            "kind": kind,
            "binding": self.mostly(binding, None),
            "where": self.mostly(home, "web_access", "inquiry", "service_use"),
            "permission": self.mostly(True, False),
            "operator": self.mostly("", "tanaka", "nobody"),
            "held": rng.choice([None, None, at - 604_800 * SECOND, at - 604_801 * SECOND, at - SECOND]),
        }
