"""Consents, profile, ratings, garments and deletion as a wearer meets them."""

import json
import os
import re

import pytest

from tasuki.consent import parties_file
from tasuki.consent.context import Context, Interval
from tasuki.consent.registers import DEMO_GARMENT, TYPED_IN, Garment
from tasuki.errors import Refused
from tasuki.trust.register import Hub
from tasuki.wearer.erasure import holders
from tasuki_wire import epoch
from wearer.conftest import PASSWORD, Browser


def held(site, browser):
    """(item, purpose) to state."""
    subject = browser.subject
    return {
        k: s.state for k, s in site.state.book.log.state(subject, site.state.book.now_ns(subject)).items()
    }


def say(browser, decision, purpose, *items, **more):
    browser.get("/consents")
    return browser.post("/consents", purpose=purpose, item=list(items), say=decision, **more)


def enrolled(site, subject):
    """A hub that the wearer wears: its device id."""
    device, public = os.urandom(8), os.urandom(32)
    site.state.register.add(Hub(device.hex(), public.hex(), "2026-11-29T00:00:00+00:00"))
    site.state.book.enrol(Garment(epoch.key_id(public), device, DEMO_GARMENT))
    site.state.book.bind(device, subject, site.state.book.now_ns(subject))
    return device


@pytest.mark.rule("A-02", "allow", "deny", "evidence")
def test_a_yes_is_for_the_ticked_items_and_this_purpose_with_the_notice_that_was_shown(site, wearer):
    say(wearer, "granted", "service_information", "ecg", "respiration")

    event = site.state.book.log.events(wearer.subject)[-1]
    assert (event.decision, event.items, event.purpose) == (
        "granted",
        frozenset({"ecg", "respiration"}),
        "service_information",
    )
    assert (event.notice, event.language, event.origin) == ("2026-1", "en", "web")
    assert len(event.notice_hash) == 64 and event.notice_hash in wearer.get("/consents").text
    assert held(site, wearer).get(("ecg", "statistics")) is None


def test_nothing_is_ticked_beforehand(wearer):
    assert "checked" not in wearer.get("/consents").text


@pytest.mark.rule("A-02", "deny")
def test_an_item_cannot_be_given_to_a_purpose_that_the_table_does_not_have(site, wearer):
    answer = say(wearer, "granted", "statistics", "name")

    assert answer.status_code == 403
    assert ("name", "statistics") not in held(site, wearer)


def test_withdrawing_is_one_step_for_an_item_or_for_everything(site, wearer):
    say(wearer, "granted", "service_information", "ecg", "respiration")
    say(wearer, "granted", "statistics", "ecg")
    wearer.get("/overview")

    wearer.post("/consents/withdraw", item="ecg")
    assert held(site, wearer)["ecg", "service_information"] == "withdrawn"
    assert held(site, wearer)["ecg", "statistics"] == "withdrawn"
    assert held(site, wearer)["respiration", "service_information"] == "granted"

    wearer.post("/consents/withdraw", item="")
    assert set(held(site, wearer).values()) == {"withdrawn"}


@pytest.mark.rule("M-01", "allow", "deny")
@pytest.mark.rule("C2-03", "allow", "evidence")
def test_entrusting_abroad_modules_and_location_each_have_a_consent_of_their_own(site, wearer):
    parties_file.example(site.state.policy).register(site.state.book.registers)
    page = wearer.get("/consents").text
    for scope in ("entrust", "entrust_foreign:FI", "module:usage-meter", "location"):
        assert f'value="{scope}"' in page
        assert not [key for key in held(site, wearer) if key[1] == scope]

    say(wearer, "granted", "module:usage-meter", "device_status")
    say(wearer, "granted", "location", "location")
    refused = say(wearer, "granted", "module:usage-meter", "ecg")

    assert held(site, wearer)["device_status", "module:usage-meter"] == "granted"
    assert held(site, wearer)["location", "location"] == "granted"
    assert refused.status_code == 403


@pytest.mark.rule("M-01", "evidence")
@pytest.mark.rule("L-04", "allow", "evidence")
def test_modules_and_all_versions_of_the_policy_are_public(site):
    parties_file.example(site.state.policy).register(site.state.book.registers)
    stranger = site.browser("ja")

    assert "usage-meter" in stranger.get("/modules").text
    page = stranger.get("/policies").text
    for document in ("2026-1", "demo-garment-1", "demo-garment-2"):
        assert document in page
    digest = site.state.policy.hash.hex()
    assert digest in page and "2026-1" in stranger.get(f"/policies/{digest}").text
    assert stranger.get("/policies/nothing").status_code == 404


@pytest.mark.rule("A-01", "deny")
@pytest.mark.rule("C1-02", "allow", "evidence")
def test_a_profile_item_is_kept_only_when_it_may_serve_a_purpose(site, wearer):
    wearer.get("/profile")
    mail = {"email": "hanako@example.jp"}

    assert wearer.post("/profile", name="Hanako", **mail).status_code == 400
    say(wearer, "granted", "service_information", "name")
    wearer.get("/profile")
    assert wearer.post("/profile", name="Hanako", **mail).status_code == 200

    kept = site.records.profiles.values(site.state.policy, wearer.subject)
    assert {name: value.text for name, value in kept.items()} == {"name": "Hanako", **mail}


@pytest.mark.rule("D-02", "allow", "evidence")
def test_a_correction_keeps_the_trace_and_waits_for_processors_that_have_the_item(site, wearer):
    subject, policy = wearer.subject, site.state.policy
    text = REGISTER.replace("FIELDS", '["name"]')
    parties_file.parse(text, policy).register(site.state.book.registers)
    say(wearer, "granted", "service_information", "name")
    for name in ("Hanako", "Hanako Yamada"):
        wearer.get("/profile")
        wearer.post("/profile", name=name, email="hanako@example.jp")

    newest, before, *_ = site.records.profiles.corrections(subject)

    assert newest.before == before.after and newest.after != newest.before
    assert newest.waiting == ("print-house",)
    assert [one.id for one in site.records.profiles.untold()] == [before.id, newest.id]
    site.records.profiles.confirm_told(newest.id, "print-house")
    assert site.records.profiles.corrections(subject)[0].waiting == ()


REGISTER = """
format = 1
[processor.print-house]
country = "JP"
vetting = { since = 2026-01-01T00:00:00+09:00, until = 2027-01-01T00:00:00+09:00, by = "data_manager" }
contract = { since = 2026-01-01T00:00:00+09:00, until = 2027-01-01T00:00:00+09:00, security = "Annex" }
supervision = { since = 2026-01-01T00:00:00+09:00, until = 2027-01-01T00:00:00+09:00, by = "data_manager" }
[processor.print-house.fields]
service_information = FIELDS
"""


@pytest.mark.rule("D-02", "deny")
def test_measured_data_is_remarked_on_and_never_changed(measured):
    from tasuki.wearer.holdings import signals

    records, subject = measured.records, measured.subject
    held_before = [row.delivery.content for row in measured.state.store.rows("store")]
    one = next(h for h in signals.held(measured.state, subject) if h.item == "ecg")

    records.profiles.remark(subject, "ecg", one.first_ns, one.last_ns, "The garment sat badly.")

    (kept,) = records.profiles.remarks(subject)
    assert (kept.item, kept.text, kept.t0_ns) == ("ecg", "The garment sat badly.", one.first_ns)
    assert [row.delivery.content for row in measured.state.store.rows("store")] == held_before


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("birth_date", "2090-01-01"),
        ("birth_date", "yesterday"),
        ("height", "900"),
        ("weight", "nan"),
        ("pulse", "seventy"),
        ("country_or_region", "Japan"),
        ("phone", "x"),
        ("sex", "unicorn"),
        ("age", "41.5"),
    ],
)
@pytest.mark.rule("S-01", "deny")
def test_a_value_that_cannot_be_is_not_kept(item, text):
    from tasuki.wearer.profile import rules

    with pytest.raises(ValueError):
        rules.read(item, text)


@pytest.mark.rule("A-01", "deny")
def test_a_rating_without_consent_is_not_kept(site, wearer):
    wearer.get("/ratings")

    answer = wearer.post("/ratings", question="comfort", value="8", note="")

    assert answer.status_code == 403 and "no consent" in answer.text
    assert site.records.ratings.of(wearer.subject) == []


@pytest.mark.rule("A-03", "deny")
def test_only_a_rating_can_be_typed_in_never_what_a_garment_measures(site, wearer):
    say(wearer, "granted", "service_information", "subjective", "ecg")
    now = site.state.book.now_ns(wearer.subject)
    context = Context(Interval(now, now, 0), TYPED_IN)

    def decide(item):
        return site.state.engine.decide(
            wearer.subject, item, "service_information", "store", now, context
        ).reason

    assert decide("subjective") == "granted"
    assert decide("ecg") == "unknown_key"


@pytest.mark.rule("C3-02", "deny")
def test_handing_a_hub_on_ends_the_binding_and_has_the_hub_wiped(site, wearer):
    device = enrolled(site, wearer.subject)
    wearer.get("/garments")

    wearer.post("/garments/hand-on", device=device.hex())

    assert site.records.garments.worn(wearer.subject) == []
    (wipe,) = site.state.wipes.due(device)
    assert wipe.mode == "wipe"


@pytest.mark.rule("S-02", "deny", "evidence")
def test_a_lost_hub_is_revoked_for_every_process_and_stays_so_until_it_has_a_new_key(site, wearer):
    from tasuki.trust.register import HubRegister

    device = enrolled(site, wearer.subject)
    running = HubRegister(site.state.folder / "register.json")
    running.check(device)
    wearer.get("/garments")

    wearer.post("/garments/lost", device=device.hex())

    with pytest.raises(Refused) as refused:
        running.check(device)
    assert refused.value.reason == "hub_revoked"
    same = running.hubs()[0]
    with pytest.raises(Refused):
        running.add(Hub(same.device, same.public, "2026-11-30T00:00:00+00:00"))
    running.add(Hub(same.device, "11" * 32, "2026-11-30T00:00:00+00:00"))
    running.check(device)


def test_nobody_hands_on_what_somebody_else_wears(site, wearer):
    own, other = enrolled(site, wearer.subject), enrolled(site, "taro")
    wearer.get("/account")

    assert wearer.post("/garments/lost", device=other.hex()).status_code == 404

    for device in (own, other):
        site.state.register.check(device)
    assert site.records.garments.worn("taro") and site.records.garments.worn(wearer.subject)


@pytest.mark.rule("D-04", "allow", "evidence")
@pytest.mark.rule("D-03", "allow")
def test_leaving_ends_every_consent_at_once_deletes_the_account_and_ends_in_a_receipt(site, wearer):
    subject = wearer.subject
    say(wearer, "granted", "service_information", "subjective")
    wearer.get("/ratings")
    wearer.post("/ratings", question="comfort", value="8", note="soft")
    wearer.get("/leave")

    page = wearer.post("/leave", sure="yes", password=PASSWORD)

    assert re.search(r"/en/erasure/[\w-]{24}$", str(page.url))
    page = wearer.get(page.url.path[3:])  # the rest was done behind the first answer
    assert "Everything is deleted" in page.text
    receipt = json.loads(wearer.get(page.url.path[3:] + "/receipt").content)
    assert receipt
    assert site.records.accounts.by_login("hanako@example.jp") is None
    assert site.records.ratings.of(subject) == []
    assert site.browser().sign_in().status_code == 401
    assert site.state.vault.identity(subject) is None
    assert "Please sign in" in wearer.get("/overview").text


@pytest.mark.rule("S-06", "evidence")
def test_an_erasure_finds_every_value_of_the_page_before_and_none_after(site, wearer):
    subject = wearer.subject
    say(wearer, "granted", "service_information", "subjective")
    wearer.get("/ratings")
    wearer.post("/ratings", question="comfort", value="8", note="soft")
    (holder,) = holders.of(site.state)

    def found(markers):
        data = b"".join(path.read_bytes() for path in site.state.folder.glob("wearer.db*"))
        return [marker for marker in markers if marker in data]

    markers = holder.markers(subject, None)
    assert len(markers) == 3  # the address twice, keyed and encrypted, and the rating
    assert found(markers) == markers

    holder.erase(subject, None, site.state.book.now_ns(subject))

    assert found(markers) == []


@pytest.mark.rule("D-04", "deny")
def test_leaving_needs_the_password_and_a_tick(site, wearer):
    subject = wearer.subject
    wearer.get("/leave")

    assert wearer.post("/leave", sure="yes", password="not my password").status_code == 403
    assert wearer.post("/leave", password=PASSWORD).status_code == 403

    assert site.state.vault.identity(subject) is not None
    assert site.records.accounts.of(subject) is not None


@pytest.mark.rule("D-03", "deny")
def test_a_deletion_is_not_called_done_while_a_hub_is_waited_for(site, wearer):
    enrolled(site, wearer.subject)
    wearer.get("/leave")

    page = wearer.post("/leave", sure="yes", password=PASSWORD)

    page = wearer.get(page.url.path[3:])
    assert "Not done yet" in page.text and "Everything is deleted" not in page.text
    assert wearer.get(page.url.path[3:] + "/receipt").status_code == 404


def test_some_items_can_be_deleted_and_the_account_stays(site, wearer):
    say(wearer, "granted", "service_information", "subjective", "name")
    wearer.get("/ratings")
    wearer.post("/ratings", question="comfort", value="8", note="soft")
    wearer.get("/profile")
    wearer.post("/profile", name="Hanako", email="hanako@example.jp")
    wearer.get("/leave")

    wearer.post("/leave/items", item="subjective", password=PASSWORD)

    assert site.records.ratings.of(wearer.subject) == []
    kept = site.records.profiles.values(site.state.policy, wearer.subject)
    assert kept["name"].text == "Hanako"


@pytest.mark.rule("D-01", "deny")
def test_one_wearer_sees_nothing_of_another(site, wearer):
    say(wearer, "granted", "service_information", "name")
    wearer.get("/profile")
    wearer.post("/profile", name="Secret Hanako", email="hanako@example.jp")
    other = Browser(site.app)
    other.register("taro@example.jp")
    other.sign_in("taro@example.jp")

    for path in ("/overview", "/profile", "/takeaway/everything.json", "/signals", "/recipients"):
        assert "Secret" not in other.get(path).text and wearer.subject not in other.text


def test_what_is_older_than_its_category_may_be_kept_goes(site, wearer, clock):
    say(wearer, "granted", "service_information", "subjective", "name")
    wearer.get("/ratings")
    wearer.post("/ratings", question="comfort", value="8", note="soft")
    subject, policy = wearer.subject, site.state.policy
    day_ns = 86_400 * 10**9

    assert site.records.expire(clock() + 1094 * day_ns) == 0
    assert site.records.expire(clock() + 1096 * day_ns) == 1  # the address, category 1: 1095 days
    assert site.records.profiles.values(policy, subject) == {} and site.records.ratings.of(subject)
    assert site.records.expire(clock() + 1826 * day_ns) == 1  # the rating, category 3: 1825 days
    assert site.records.ratings.of(subject) == []
