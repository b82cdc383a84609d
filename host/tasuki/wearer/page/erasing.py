"""Deleting some items, or everything with the account (rules D-03, D-04), and what became of it."""

import secrets

from starlette.responses import Response

from tasuki.wearer.erasure import Erasures
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit, sign_out

_STEPS = 20  # of an erasure, before the page answers


def page(visit: Visit) -> Response:
    """What can be deleted."""
    return visit.page("leave.html", wrong=False)


def delete_items(visit: Visit) -> Response:
    """Erase some items everywhere; the account stays."""
    items = frozenset(item for item in visit.form.all("item") if item in visit.policy.items)
    if not items or not _confirmed(visit):
        return visit.page("leave.html", 403, wrong=bool(items))
    return _erase(visit, items)


def leave(visit: Visit) -> Response:
    """Withdraw from the service: nothing is acquired or sent from here on, then everything is erased."""
    if visit.form["sure"] != "yes" or not _confirmed(visit):
        return visit.page("leave.html", 403, wrong=True)
    response = _erase(visit, None)
    if not visit.speaker[0]:
        sign_out(response)
    return response


def progress(visit: Visit) -> Response:
    """How far an erasure is, for whoever has its code."""
    case = visit.records.erasure_of(visit.path["code"])
    if not case:
        return missing(visit)
    erasures = Erasures(visit.state)
    return visit.page(
        "erasure.html",
        progress=erasures.progress(case),
        code=visit.path["code"],
        receipt=erasures.receipt(case),
    )


def go_on(visit: Visit) -> Response:
    """Do what can be done now."""
    case = visit.records.erasure_of(visit.path["code"])
    if not case:
        return missing(visit)
    _advance(visit, case)
    return visit.go(f"/erasure/{visit.path['code']}")


def receipt(visit: Visit) -> Response:
    """The signed receipt."""
    case = visit.records.erasure_of(visit.path["code"])
    found = Erasures(visit.state).receipt(case) if case else None
    if found is None:
        return missing(visit)
    headers = {"Content-Disposition": 'attachment; filename="erasure-receipt.json"'}
    return Response(found, media_type="application/json", headers=headers)


def _erase(visit: Visit, items: frozenset[str] | None) -> Response:
    subject = visit.subject
    case = Erasures(visit.state).begin(subject, items)
    if items is None:
        visit.records.forget(subject)  # nobody is signed in to it any longer
    code = secrets.token_urlsafe(18)
    visit.records.keep_erasure(code, case)
    _advance(visit, case)
    return visit.go(f"/erasure/{code}")


def _advance(visit: Visit, case: str) -> None:
    erasures, before = Erasures(visit.state), -1
    for _ in range(_STEPS):
        found = erasures.advance(case)
        if found.complete or len(found.pending) == before:
            return
        before = len(found.pending)


def _confirmed(visit: Visit) -> bool:
    assert visit.account is not None
    return visit.records.accounts.confirm(visit.account, visit.form.raw("password"))


PAGES = (
    Page("GET", "/leave", page, WEARERS),
    Page("POST", "/leave/items", delete_items, WEARERS),
    Page("POST", "/leave", leave, WEARERS),
    Page("GET", "/erasure/{code:str}", progress),
    Page("POST", "/erasure/{code:str}", go_on),
    Page("GET", "/erasure/{code:str}/receipt", receipt),
)
