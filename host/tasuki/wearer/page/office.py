"""The privacy office's pages: the queue and its deadlines, cases, corrections to pass on, breaches.

Whoever opens a case or acts on one is written into the audit log first; what cannot be written does not
happen (rule S-02). An officer whose training has run out gets in no further (rule S-07).
"""

from datetime import UTC, datetime

from starlette.responses import Response

from tasuki.audit import access
from tasuki.consent import reasons, rights
from tasuki.consent.events import FOREVER, RELATIONS
from tasuki.consent.rights import Verification
from tasuki.errors import Refused
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import OFFICE, Page
from tasuki.wearer.page.visit import Visit
from tasuki.wearer.requests import breach
from tasuki.wearer.requests.breaches import REPORTS
from tasuki.wearer.requests.cases import METHODS, OPEN, RELIED_ON_NS, STATES, Inquiry


def check_training(visit: Visit) -> None:
    """Refused when the officer's training is no longer current."""
    assert visit.account is not None
    if visit.account.trained_until_ns <= visit.now_ns:
        raise Refused("operator_untrained", "the officer's training has run out", "Renew it.")


def queue(visit: Visit) -> Response:
    """Cases by their deadline, corrections that processors have to make, erasures that wait."""
    state = visit.query["state"] if visit.query["state"] in STATES else OPEN
    return visit.page(
        "office.html",
        cases=visit.records.cases.queue(state),
        state=state,
        states=STATES,
        now_ns=visit.now_ns,
        untold=visit.records.profiles.untold(),
        erasures=[one for one in visit.site.erasures.cases() if not one.complete],
    )


def case(visit: Visit) -> Response:
    """One case."""
    found = _case(visit)
    _log(visit, "case.open", found)
    return _case_page(visit, found)


def sort(visit: Visit) -> Response:
    """Take a case for what it is: about user information, and of a kind."""
    found = _case(visit)
    if visit.form["kind"] not in rights.KINDS:
        return missing(visit)
    _log(visit, "case.sort", found)
    visit.records.cases.sort(found.id, visit.form["kind"])
    return visit.go(f"/office/cases/{found.id}")


def verify(visit: Visit) -> Response:
    """Keep how the sender's identity, and an agent's authority, was checked; never the document."""
    assert visit.account is not None
    found, form = _case(visit), visit.form
    if form["method"] not in METHODS or not form["person"]:
        return missing(visit)
    person, agent_of = _subject_of(visit, form["person"]), ""
    if form["agent_of"]:
        agent_of = _subject_of(visit, form["agent_of"])
    now = visit.now_ns
    made = Verification(
        person, form["method"], visit.account.name, now, now + RELIED_ON_NS, agent_of, form["authority"]
    )
    _log(visit, "case.verify", found, agent_of or person)
    visit.records.cases.verify(found.id, made, agent_of or person)
    return visit.go(f"/office/cases/{found.id}")


def answer(visit: Visit) -> Response:
    """Answer a case whose sender is verified."""
    found = _case(visit)
    _log(visit, "case.answer", found, found.subject)
    visit.records.cases.answer(visit.policy, found.id, visit.form["text"])
    return visit.go("/office", "answered")


def close(visit: Visit) -> Response:
    """End a case without an answer."""
    found = _case(visit)
    _log(visit, "case.close", found, found.subject)
    visit.records.cases.close(found.id)
    return visit.go("/office", "closed")


def act(visit: Visit) -> Response:
    """Do what a verified sender asked for: erase or close, an invitation, a guardian."""
    found = _case(visit)
    ruling = visit.records.cases.ruling(visit.policy, found)
    if ruling.outcome != reasons.ALLOW or not _exists(visit, found.subject):
        raise Refused(ruling.reason if ruling.outcome != reasons.ALLOW else "not_verified", "not verified")
    what = visit.form["what"]
    _log(
        visit, f"case.{what}" if what in ("erase", "invite", "guardian") else "case.act", found, found.subject
    )
    if what == "erase" and found.kind in (rights.ERASE, rights.CLOSE):
        visit.site.erasures.begin(found.subject)
        visit.records.forget(found.subject)
        return visit.go(f"/office/cases/{found.id}", "erasing")
    if what == "invite":
        code = visit.records.accounts.invite(found.subject)
        return _case_page(visit, found, invitation=code)
    if what == "guardian" and found.verification and found.verification.agent_of:
        _guard(visit, found)
        return visit.go(f"/office/cases/{found.id}", "guarded")
    return missing(visit)


def told(visit: Visit) -> Response:
    """A processor has confirmed that it made a correction (rule D-02)."""
    _log(visit, "correction.told")
    visit.records.profiles.confirm_told(visit.form.number("correction"), visit.form["processor"])
    return visit.go("/office", "noted")


def acknowledge(visit: Visit) -> Response:
    """A store or processor has confirmed a deletion (rule D-03)."""
    assert visit.account is not None
    _log(visit, "erasure.acknowledge", case_id=visit.form["case"])
    visit.site.erasures.acknowledge(visit.form["case"], visit.form["store"], visit.account.name)
    return visit.go("/office", "noted")


def breaches(visit: Visit) -> Response:
    """All breach cases, and the form for a new one (rule S-06)."""
    return _breach_page(visit, "")


def open_breach(visit: Visit) -> Response:
    """Keep what happened, and say what follows from it."""
    form = visit.form
    items = frozenset(item for item in form.all("item") if item in visit.policy.items)
    place = form["place"]
    if place not in breach.PLACES or not items or not form["subjects"].isdigit():
        return _breach_page(visit, "fault.breach", 400)
    incident = breach.Incident(
        place,
        _moment(form["known"]),
        items,
        int(form["subjects"]),
        form["keys"] != "no",
        form["improper"] == "yes",
        form["damage"] == "yes",
    )
    _log(visit, "breach.open")
    visit.records.breaches.open(incident, form["words"][:4000])
    return visit.go("/office/breaches")


def report(visit: Visit) -> Response:
    """Keep that a report was made."""
    if visit.form["report"] not in REPORTS:
        return missing(visit)
    _log(visit, "breach.report", case_id=visit.form["breach"])
    visit.records.breaches.reported(visit.form["breach"], visit.form["report"])
    return visit.go("/office/breaches", "noted")


def _case(visit: Visit) -> Inquiry:
    return visit.records.cases.get(visit.path["id"])


def _case_page(visit: Visit, found: Inquiry, invitation: str = "") -> Response:
    """The subject is named, and whether there is one is said, only once the sender is verified (D-06)."""
    return visit.page(
        "office_case.html",
        case=found,
        ruling=visit.records.cases.ruling(visit.policy, found),
        methods=METHODS,
        kinds=rights.KINDS,
        relations=RELATIONS,
        exists=bool(found.verification) and _exists(visit, found.subject),
        now_ns=visit.now_ns,
        invitation=invitation,
    )


def _breach_page(visit: Visit, fault: str, status: int = 200) -> Response:
    found = visit.records.breaches.all(visit.policy)
    accounts = len(visit.state.vault.subjects())
    return visit.page(
        "breaches.html", status, breaches=found, places=breach.PLACES, fault=fault, accounts=accounts
    )


def _subject_of(visit: Visit, name: str) -> str:
    """The wearer behind a number or an address; the name itself when nobody has it."""
    account = visit.records.accounts.by_login(name)
    return account.subject if account and account.subject else name


def _exists(visit: Visit, subject: str) -> bool:
    return bool(subject) and (
        visit.records.accounts.of(subject) is not None or bool(visit.state.book.log.events(subject))
    )


def _guard(visit: Visit, found: Inquiry) -> None:
    assert found.verification is not None
    relation = visit.form["relation"]
    if relation not in RELATIONS:
        raise Refused("usage", "no such relation")
    until = visit.form["until"]
    until_ns = FOREVER
    if until:
        until_ns = _moment(until)
    visit.state.book.guard(found.subject, found.verification.person, relation, until_ns)


def _moment(text: str) -> int:
    """Unix nanoseconds of a date or time in UTC, as forms send it."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9
    except ValueError:
        raise Refused("usage", "no such date") from None


def _log(visit: Visit, what: str, found: Inquiry | None = None, subject: str = "", case_id: str = "") -> None:
    """Into the audit log, before it happens."""
    assert visit.account is not None
    number = found.id if found else case_id
    access.record(visit.state.audit, visit.state.vault, visit.account.name, what, subject, number)


PAGES = (
    Page("GET", "/office", queue, OFFICE),
    Page("GET", "/office/cases/{id:str}", case, OFFICE),
    Page("POST", "/office/cases/{id:str}/sort", sort, OFFICE),
    Page("POST", "/office/cases/{id:str}/verify", verify, OFFICE),
    Page("POST", "/office/cases/{id:str}/answer", answer, OFFICE),
    Page("POST", "/office/cases/{id:str}/close", close, OFFICE),
    Page("POST", "/office/cases/{id:str}/act", act, OFFICE),
    Page("POST", "/office/told", told, OFFICE),
    Page("POST", "/office/erasures", acknowledge, OFFICE),
    Page("GET", "/office/breaches", breaches, OFFICE),
    Page("POST", "/office/breaches", open_breach, OFFICE),
    Page("POST", "/office/breaches/report", report, OFFICE),
)
