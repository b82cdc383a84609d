"""Inquiries and the privacy office: nothing is said about anybody before it is verified who asks."""

import re

import pytest

from tasuki.audit import access
from tasuki.audit.check import examine
from tasuki.consent.policy import builtin
from tasuki.wearer.requests import breach
from wearer.conftest import PASSWORD

DAY_NS = 86_400 * 10**9
WORKING = "office work words here"


@pytest.fixture
def office(site):
    """A browser of a trained officer."""
    site.records.accounts.add_officer("tanaka", WORKING, site.state.book.now_ns("") + 100 * DAY_NS)
    browser = site.browser()
    browser.post("/sign-in", login="tanaka", password=WORKING)
    return browser


def inquire(browser, **more):
    """Send the form; (number, code) of the case."""
    form = {"topic": "User information", "kind": "inquire", "name": "Hanako", "contact": "x@example.jp"}
    page = browser.post("/inquiry", **{**form, "agent_for": "", "message": "What do you have of me?", **more})
    assert page.status_code == 200, page.text
    return re.search(r'id="number">(\w+)<', page.text)[1], re.search(r'id="code">([\w-]+)<', page.text)[1]


def look(browser, number, code):
    return browser.post("/inquiry/case", number=number, code=code)


def verify(office, number, person, **more):
    office.get(f"/office/cases/{number}")
    form = {"person": person, "method": "in_person", "agent_of": "", "authority": "", **more}
    return office.post(f"/office/cases/{number}/verify", **form)


def accesses(site):
    log = site.state.audit
    name = access.staff_name(site.state.vault, "tanaka").hex()
    return [log.fields(i) for i in log.find(f"access/{name}/")]


@pytest.mark.rule("R-02", "allow", "evidence")
@pytest.mark.rule("D-05", "allow", "evidence")
def test_an_inquiry_opens_a_case_with_a_deadline_in_the_offices_queue(site, office):
    number, _ = inquire(site.browser())

    (case,) = site.records.cases.queue()
    assert case.id == number and case.due_ns - case.opened_ns == 30 * DAY_NS
    assert number in office.get("/office").text


@pytest.mark.rule("R-02", "deny")
def test_an_inquiry_under_another_topic_is_not_dropped_but_waits_to_be_sorted(site, office):
    number, _ = inquire(site.browser(), topic="Other")
    assert number in office.get("/office").text
    verify(office, number, "nobody")

    refused = office.post(f"/office/cases/{number}/answer", text="hello")
    office.get(f"/office/cases/{number}")
    office.post(f"/office/cases/{number}/sort", kind="inquire")

    assert refused.status_code == 403
    assert site.records.cases.get(number).topic == "User information"


@pytest.mark.rule("D-06", "deny")
def test_before_the_check_the_office_cannot_answer_and_nobody_learns_whether_there_is_such_a_wearer(
    site, wearer, office
):
    known, known_code = inquire(site.browser(), name="Hanako", message="hanako@example.jp")
    unknown, unknown_code = inquire(site.browser(), name="Nobody", message="nobody@example.jp")

    pages = [office.get(f"/office/cases/{number}").text for number in (known, unknown)]
    answers = [look(site.browser(), *each) for each in ((known, known_code), (unknown, unknown_code))]

    for page in pages:
        assert "There is such a wearer" not in page and "no such wearer" not in page
        assert wearer.subject not in page
    assert office.post(f"/office/cases/{known}/answer", text="We have an ECG.").status_code == 403
    shown = [re.sub(r"\d\d:\d\d:\d\d", "", each.text) for each in answers]
    assert shown[0] == shown[1] and "checking who asks" in shown[0]


def test_a_wrong_code_and_a_case_that_is_none_get_the_same_answer(site):
    number, _ = inquire(site.browser())

    wrong, none = look(site.browser(), number, "wrong"), look(site.browser(), "00000000", "wrong")

    assert wrong.status_code == none.status_code == 404
    assert wrong.text == none.text


@pytest.mark.rule("D-06", "allow", "evidence")
def test_once_the_sender_is_verified_the_answer_reaches_whoever_has_the_code(site, wearer, office):
    number, code = inquire(site.browser())

    page = verify(office, number, "hanako@example.jp")
    assert "There is such a wearer" in page.text
    office.post(f"/office/cases/{number}/answer", text="Please see the archive.")

    assert "Please see the archive." in look(site.browser(), number, code).text
    kept = site.records.cases.get(number).verification
    assert (kept.person, kept.method, kept.verifier) == (wearer.subject, "in_person", "tanaka")
    assert "document" not in vars(kept)


@pytest.mark.rule("D-06", "deny")
def test_an_agent_without_authority_gets_nothing(site, wearer, office):
    number, _ = inquire(site.browser(), agent_for="Hanako")
    verify(office, number, "agent@example.jp", agent_of="hanako@example.jp")

    assert office.post(f"/office/cases/{number}/answer", text="x").status_code == 403

    verify(office, number, "agent@example.jp", agent_of="hanako@example.jp", authority="power of attorney")
    assert office.post(f"/office/cases/{number}/answer", text="x").status_code == 200


@pytest.mark.rule("S-02", "evidence", "allow")
def test_every_look_and_act_of_the_office_is_in_the_audit_log_under_keyed_names(site, wearer, office):
    number, _ = inquire(site.browser())
    verify(office, number, "hanako@example.jp")
    office.post(f"/office/cases/{number}/answer", text="x")

    found = accesses(site)

    acts = [one["what"] for one in found]
    assert acts == ["case.open", "case.verify", "case.open", "case.answer"]
    assert {one["case"] for one in found} == {number}
    assert found[-1]["subject"] and "tanaka" not in repr(found) and wearer.subject not in repr(found)


def test_the_audit_log_still_verifies_with_accesses_in_it(site, office):
    number, _ = inquire(site.browser())
    office.get(f"/office/cases/{number}")
    site.state.collector.finish()

    found = examine(site.state.audit, site.state.audit.public)
    assert found.faults == [] and found.types["access"] == 1


@pytest.mark.rule("S-07", "deny", "allow")
def test_an_officer_whose_training_has_run_out_gets_no_further(site, office, clock):
    assert office.get("/office").status_code == 200

    clock.ahead_ns = 101 * DAY_NS
    office.post("/sign-in", login="tanaka", password=WORKING)
    answer = office.get("/office")

    assert answer.status_code == 403 and "training has run out" in answer.text


@pytest.mark.rule("S-02", "deny")
def test_no_wearer_finds_the_office(site, wearer):
    for path in ("/office", "/office/breaches", "/office/cases/X"):
        assert wearer.get(path).status_code == 404


def test_what_was_written_stands_in_no_file(site):
    inquire(site.browser(), message="a very particular sentence")

    for path in site.state.folder.rglob("*"):
        assert not path.is_file() or b"very particular" not in path.read_bytes(), path


@pytest.mark.rule("D-05", "deny")
def test_a_late_case_is_named_and_old_answered_ones_are_deleted(site, office, clock):
    number, _ = inquire(site.browser())
    clock.ahead_ns = 31 * DAY_NS

    assert site.records.cases.get(number).late(clock())
    office.post("/sign-in", login="tanaka", password=WORKING)
    assert ">late<" in office.get("/office").text
    site.records.cases.close(number)
    clock.ahead_ns += 366 * DAY_NS
    assert site.records.cases.purge() == 1


def test_the_office_gives_a_verified_wearer_a_way_back_in(site, wearer, office):
    subject = wearer.subject
    number, _ = inquire(site.browser(), message="I forgot my password")
    verify(office, number, "hanako@example.jp")
    page = office.post(f"/office/cases/{number}/act", what="invite")
    code = re.search(r'id="invitation">([\w-]+)<', page.text)[1]

    new = site.browser()
    new.register(password="a wholly new password", invitation=code)
    new.sign_in(password="a wholly new password")

    assert new.subject == subject
    assert wearer.client.get("/en/overview", follow_redirects=False).status_code == 303


def test_the_office_deletes_for_a_verified_sender_only(site, wearer, office):
    subject = wearer.subject
    number, _ = inquire(site.browser(), kind="erase")
    office.get(f"/office/cases/{number}")
    assert office.post(f"/office/cases/{number}/act", what="erase").status_code == 403
    assert site.state.vault.identity(subject) is not None

    verify(office, number, "hanako@example.jp")
    office.post(f"/office/cases/{number}/act", what="erase")

    assert site.state.vault.identity(subject) is None
    assert site.records.accounts.of(subject) is None


def test_a_guardian_is_registered_by_the_office_and_then_speaks_for_the_child(site, office):
    parent, child = site.browser(), site.browser()
    parent.register("parent@example.jp")
    parent.sign_in("parent@example.jp")
    child.register("child@example.jp")
    child.sign_in("child@example.jp")
    ward = child.subject
    number, _ = inquire(site.browser(), agent_for="my child")
    verify(office, number, "parent@example.jp", agent_of="child@example.jp", authority="family register")
    office.post(f"/office/cases/{number}/act", what="guardian", relation="parent", until="")

    child.get("/consents")
    refused = child.post("/consents", purpose="service_information", item="ecg", say="granted")
    parent.get("/overview")
    parent.post("/act-for", ward=ward)
    parent.get("/consents")
    parent.post("/consents", purpose="service_information", item="ecg", say="granted")

    assert refused.status_code == 403 and "only your guardian" in refused.text
    event = site.state.book.log.events(ward)[-1]
    assert (event.decision, event.by, event.relation) == ("granted", parent_subject(site), "parent")
    child.get("/overview")
    child.post("/consents/withdraw", item="ecg")
    assert site.state.book.log.events(ward)[-1].decision == "withdrawn"


def parent_subject(site):
    return site.records.accounts.by_login("parent@example.jp").subject


def test_nobody_acts_for_somebody_without_being_the_guardian(site, wearer):
    other = site.browser()
    other.register("taro@example.jp")
    other.sign_in("taro@example.jp")
    ward, own = wearer.subject, other.subject

    other.get("/account")
    assert other.post("/act-for", ward=ward).url.path == "/en/overview"
    account = site.records.accounts.by_login("taro@example.jp")
    assert [one.acting for one in site.records.sessions.of(account.id)] == [""]

    token = other.client.cookies["__Host-tasuki"]  # as for a guardianship that has ended
    site.records.sessions.act_for(token, ward)
    assert other.subject == own


@pytest.mark.rule("S-06", "allow", "evidence")
@pytest.mark.parametrize(
    ("change", "grounds"),
    [
        ({"keys": False}, ()),
        ({}, ("sensitive",)),
        ({"place": "downloads", "keys": False}, ("sensitive",)),
        ({"items": frozenset({"name"})}, ()),
        ({"items": frozenset({"name"}), "subjects": 1001}, ("many",)),
        ({"items": frozenset({"name"}), "subjects": 1000}, ()),
        ({"items": frozenset({"name"}), "improper": True}, ("improper",)),
        ({"items": frozenset({"name"}), "damage": True}, ("damage",)),
        ({"subjects": 0}, ()),
    ],
)
def test_what_has_to_be_reported_after_a_leak(change, grounds):
    ecg = {"place": "store.db", "known_ns": 0, "items": frozenset({"ecg"}), "subjects": 1, "keys": True}
    incident = breach.Incident(**{**ecg, **change})

    found = breach.assess(builtin(), incident)

    assert found.grounds == grounds
    assert found.quick_ns == (5 * DAY_NS if grounds else 0)
    assert found.full_ns == ((60 if incident.improper else 30) * DAY_NS if grounds else 0)


@pytest.mark.rule("S-06", "deny", "evidence")
def test_a_breach_case_names_its_deadlines_and_notes_the_reports(site, office):
    office.get("/office/breaches")
    office.post(
        "/office/breaches",
        known="2026-11-20T09:00",
        place="store.db",
        subjects="12",
        keys="yes",
        item=["ecg", "name"],
        words="a disk was sold",
    )

    page = office.get("/office/breaches").text
    assert "sensitive data" in page and "2026-11-25 09:00" in page and "2026-12-20 09:00" in page
    id_ = re.search(r"B-[0-9A-F]{6}", page)[0]
    office.post("/office/breaches/report", breach=id_, report="quick")
    (kept,) = site.records.breaches.all(builtin())
    assert set(kept.reports) == {"quick"}
    assert accesses(site)[-1]["what"] == "breach.report"


def test_an_officer_is_made_at_the_command_line_and_sees_the_queue_there(
    tmp_path, monkeypatch, tasuki_command
):
    code, out, _ = tasuki_command(
        "officer", "add", "sato", "--trained-until", "2030-01-01T00:00:00+09:00", "--password", WORKING
    )
    assert code == 0 and "sato" in out

    assert tasuki_command("officer", "queue")[1].strip() == "no case is open"
    code, _, err = tasuki_command(
        "officer", "add", "sato", "--trained-until", "2030-01-01T00:00:00+09:00", "--password", "short"
    )
    assert code == 2 and "12 to 128" in err
    assert PASSWORD not in out
