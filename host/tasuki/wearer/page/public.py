"""What anybody may read without signing in: the policy in all its versions, the modules, errors."""

from starlette.responses import PlainTextResponse, Response

from tasuki.consent import library, notice
from tasuki.errors import Refused, UsageError
from tasuki.wearer.page import words
from tasuki.wearer.page.routing import Page
from tasuki.wearer.page.visit import Visit


def home(visit: Visit) -> Response:
    """The first page."""
    if visit.officer:
        return visit.go("/office")
    return visit.go("/overview") if visit.subject else visit.page("home.html")


def policies(visit: Visit) -> Response:
    """Every version of every document, by hash (rule L-04), and which of them are in force."""
    in_force = {one.version for one in visit.policy.documents}
    in_force |= {one.version for each in visit.policy.products.values() for one in each.documents}
    return visit.page("policies.html", documents=library.shipped().versions()[::-1], in_force=in_force)


def document(visit: Visit) -> Response:
    """One version as it was published, found by its hash or its name, and what a wearer reads of it."""
    try:
        found = library.shipped().get(visit.path["name"])
    except UsageError:
        return missing(visit)
    shown = notice.text(found.version, visit.language)
    return visit.page("document.html", document=found, notice=shown)


def document_text(visit: Visit) -> Response:
    """The document's own text."""
    try:
        return PlainTextResponse(library.shipped().get(visit.path["name"]).text)
    except UsageError:
        return missing(visit)


def modules(visit: Visit) -> Response:
    """Which modules of other companies there are, what goes to them and why (rule M-01)."""
    registers = visit.state.book.registers
    return visit.page("modules.html", modules=sorted(registers.modules.values(), key=lambda m: m.name))


def missing(visit: Visit) -> Response:
    """The answer for what is not there."""
    return visit.page("message.html", 404, title="missing.title", body="missing.body")


def refused(visit: Visit, error: Refused) -> Response:
    """The answer to what may not be, in the visitor's words where there are some."""
    key = f"refused.{error.reason}"
    body = key if key in words.WORDS else "refused.other"
    status = 429 if error.reason == "too_often" else 403
    return visit.page("message.html", status, title="refused.title", body=body)


PAGES = (
    Page("GET", "/", home),
    Page("GET", "/policies", policies),
    Page("GET", "/policies/{name:str}", document),
    Page("GET", "/policies/{name:str}/text", document_text),
    Page("GET", "/modules", modules),
)
