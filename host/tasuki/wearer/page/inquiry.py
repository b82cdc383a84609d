"""The inquiry form (rules D-05, D-06, R-02): open to anybody, and telling nobody anything about anybody."""

from starlette.responses import Response

from tasuki.consent import rights
from tasuki.errors import Refused
from tasuki.wearer.page.routing import Page
from tasuki.wearer.page.visit import Visit

TOPICS = (rights.TOPIC, "Products", "Other")
_FIELDS = ("name", "contact", "agent_for", "message")
_EMPTY = dict.fromkeys((*_FIELDS, "kind", "topic"), "")
_LIMIT = 5, 1 / 120  # forms from one address


def form(visit: Visit) -> Response:
    """The form."""
    return visit.page("inquiry.html", topics=TOPICS, kinds=rights.KINDS, faults=[], given=_EMPTY)


def send(visit: Visit) -> Response:
    """Open a case. The answer is the same whoever asks about whomever."""
    given = {name: visit.form[name] for name in _FIELDS}
    given |= {"kind": visit.form["kind"], "topic": visit.form["topic"]}
    faults = [f"fault.{name}" for name in ("name", "contact", "message") if not given[name]]
    if given["topic"] not in TOPICS:
        faults.append("fault.topic")
    if faults:
        return visit.page("inquiry.html", 400, topics=TOPICS, kinds=rights.KINDS, faults=faults, given=given)
    if not visit.site.limits.take(f"inquiry/{visit.client}", *_LIMIT):
        raise Refused("too_often", "too many inquiries", "Wait some minutes.")
    content = {name: given[name] for name in _FIELDS} | {"language": visit.language}
    number, code, due_ns = visit.records.cases.open(visit.policy, given["kind"], given["topic"], content)
    return visit.page("inquiry_sent.html", number=number, code=code, due_ns=due_ns)


def look_form(visit: Visit) -> Response:
    """Where a sender looks a case up."""
    return visit.page("inquiry_case.html", case=None, asked=False)


def look(visit: Visit) -> Response:
    """A case for whoever has its number and code."""
    if not visit.site.limits.take(f"case/{visit.client}", 10, 1 / 30):
        raise Refused("too_often", "too many tries", "Wait some minutes.")
    case = visit.records.cases.answer_for(visit.form["number"], visit.form["code"])
    return visit.page("inquiry_case.html", 200 if case else 404, case=case, asked=True)


PAGES = (
    Page("GET", "/inquiry", form),
    Page("POST", "/inquiry", send),
    Page("GET", "/inquiry/case", look_form),
    Page("POST", "/inquiry/case", look),
)
