"""Deleting some items, or everything with the account (rules D-03, D-04), and what became of it."""

import secrets

from starlette.background import BackgroundTask
from starlette.responses import Response

from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit, sign_out


def page(visit: Visit) -> Response:
    """What can be deleted."""
    return visit.page("leave.html", wrong=False)


def delete_items(visit: Visit) -> Response:
    """Erase some items everywhere; the account stays."""
    items = frozenset(item for item in visit.form.all("item") if item in visit.policy.items)
    if not items or not visit.confirmed():
        return visit.page("leave.html", 403, wrong=bool(items))
    return _erase(visit, items)


def leave(visit: Visit) -> Response:
    """Withdraw from the service: nothing is acquired or sent from here on, then everything is erased."""
    if visit.form["sure"] != "yes" or not visit.confirmed():
        return visit.page("leave.html", 403, wrong=True)
    response = _erase(visit, None)
    if not visit.speaker[0]:
        sign_out(response)
    return response


def progress(visit: Visit) -> Response:
    """How far an erasure is, for whoever has its code."""
    code = visit.path["code"]
    case = visit.records.erasure_of(code)
    if not case:
        return missing(visit)
    found, done = visit.site.erasures.progress(case), visit.site.erasures.receipt(case)
    return visit.page("erasure.html", progress=found, code=code, receipt=done is not None)


def go_on(visit: Visit) -> Response:
    """Do what can be done now, behind the answer: looking through every file takes its time."""
    case = visit.records.erasure_of(visit.path["code"])
    if not case:
        return missing(visit)
    response = visit.go(f"/erasure/{visit.path['code']}")
    response.background = BackgroundTask(visit.site.erasures.advance, case)
    return response


def receipt(visit: Visit) -> Response:
    """The signed receipt."""
    case = visit.records.erasure_of(visit.path["code"])
    found = visit.site.erasures.receipt(case) if case else None
    if found is None:
        return missing(visit)
    headers = {"Content-Disposition": 'attachment; filename="erasure-receipt.json"'}
    return Response(found, media_type="application/json", headers=headers)


def _erase(visit: Visit, items: frozenset[str] | None) -> Response:
    """Begin an erasure: when this returned nothing is routed and no key is left; the rest comes behind it."""
    subject = visit.subject
    case = visit.site.erasures.begin(subject, items)
    if items is None:
        visit.records.forget(subject)  # nobody is signed in to it any longer
    code = secrets.token_urlsafe(18)
    visit.records.keep_erasure(code, case)
    response = visit.go(f"/erasure/{code}")
    response.background = BackgroundTask(visit.site.erasures.advance, case)
    return response


PAGES = (
    Page("GET", "/leave", page, WEARERS),
    Page("POST", "/leave/items", delete_items, WEARERS),
    Page("POST", "/leave", leave, WEARERS),
    Page("GET", "/erasure/{code:str}", progress),
    Page("POST", "/erasure/{code:str}", go_on),
    Page("GET", "/erasure/{code:str}/receipt", receipt),
)
