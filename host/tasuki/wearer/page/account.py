"""The account itself: password, and the browsers that are signed in."""

from starlette.responses import Response

from tasuki.wearer.accounts import passwords
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit


def page(visit: Visit) -> Response:
    """Password and sessions."""
    return _shown(visit, [])


def change_password(visit: Visit) -> Response:
    """A new password; every other browser is signed out."""
    assert visit.account is not None
    new, faults = visit.form.raw("new"), []
    if not visit.confirmed():
        faults.append("password.wrong")
    if fault := passwords.fault(new, ""):
        faults.append(fault)
    if new != visit.form.raw("again"):
        faults.append("password.again")
    if faults:
        return _shown(visit, faults, 400)
    visit.records.accounts.set_password(visit.account.id, new)
    visit.records.sessions.revoke_all(visit.account.id, but=visit.token)
    return visit.go("/account", "password_changed")


def end_session(visit: Visit) -> Response:
    """Sign out one browser, or all others."""
    assert visit.account is not None
    if visit.form["id"]:
        visit.records.sessions.revoke(visit.account.id, visit.form["id"])
    else:
        visit.records.sessions.revoke_all(visit.account.id, but=visit.token)
    return visit.go("/account", "sessions_ended")


def _shown(visit: Visit, faults: list[str], status: int = 200) -> Response:
    assert visit.account is not None
    sessions = visit.records.sessions.of(visit.account.id)
    return visit.page("account.html", status, faults=faults, sessions=sessions)


PAGES = (
    Page("GET", "/account", page, WEARERS),
    Page("POST", "/account/password", change_password, WEARERS),
    Page("POST", "/account/sessions", end_session, WEARERS),
)
