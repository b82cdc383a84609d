"""Making an account, signing in and out. Every answer is the same whether or not there is such an account."""

from starlette.responses import Response

from tasuki.consent import notice
from tasuki.consent.events import GRANTED, Event
from tasuki.errors import Refused
from tasuki.wearer.accounts import passwords
from tasuki.wearer.page.routing import Page
from tasuki.wearer.page.visit import Visit, keep_signed_in, sign_out
from tasuki.wearer.profile import rules

ORIGIN = "web"
LOGIN = "email", "user_identification"

# (most at once, per second): by whoever asks, and by the name that is tried
_BY_ADDRESS = 20, 1 / 10
_BY_NAME = 8, 1 / 60


def register_form(visit: Visit) -> Response:
    """The form for a new account."""
    return visit.page("register.html", faults=[], login="", invitation=visit.query["invitation"])


def register(visit: Visit) -> Response:
    """Make an account, with the one consent without which nobody could sign in (rules A-01, C1-06)."""
    _limit(visit, "register", "")
    login, password = visit.form["login"], visit.form.raw("password")
    faults = _register_faults(visit, login, password)
    if faults:
        given = {"login": login, "invitation": visit.form["invitation"]}
        return visit.page("register.html", 400, faults=faults, **given)
    made = visit.records.accounts.register(login, password, visit.language, visit.form["invitation"])
    if made is not None:
        state, subject = visit.state, made.subject
        at = state.book.now_ns(subject)
        lasting = [one for one in state.book.guardianships.get(subject, ()) if one.covers(at)]
        if not lasting:  # under guardianship it is the guardian who agrees
            _identify(visit, subject, login)
    return visit.go("/sign-in", "registered")


def sign_in_form(visit: Visit) -> Response:
    """The form to sign in."""
    return visit.page("sign_in.html", failed=False, login="", ask="")


def sign_in(visit: Visit) -> Response:
    """Sign in; a wrong name and a wrong password get the same answer after the same work."""
    login = visit.form["login"]
    _limit(visit, "sign-in", login)
    account = visit.records.accounts.authenticate(login, visit.form.raw("password"))
    if account is None:
        return visit.page("sign_in.html", 401, failed=True, login=login, ask="")
    if account.subject and (ask := _asks(visit, account.subject)):
        if visit.form["agree"] != "yes":
            return visit.page("sign_in.html", 401, failed=False, login=login, ask=ask)
        _identify(visit, account.subject, login)
    staying = visit.form["stay"] == "yes" and not account.name
    token = visit.records.sessions.start(account.id, staying)
    if visit.token:
        visit.records.sessions.end(visit.token)  # a token from before never becomes one that is signed in
    if staying:
        _grant(visit, account.subject, "cookie", LOGIN[1])  # one that outlives the visit (rule C2-04)
    response = visit.go("/office" if account.name else "/welcome")
    keep_signed_in(response, token, staying)
    return response


def welcome(visit: Visit) -> Response:
    """Where a browser arrives right after signing in: without its cookie it cannot go on (rule C2-04)."""
    if visit.account is None:
        return visit.page("message.html", 200, title="cookie.title", body="cookie.body")
    return visit.go("/overview")


def leave(visit: Visit) -> Response:
    """Sign out."""
    visit.records.sessions.end(visit.token)
    response = visit.go("/", "signed_out")
    sign_out(response)
    return response


def _register_faults(visit: Visit, login: str, password: str) -> list[str]:
    faults = []
    try:
        rules.read("email", login)
    except ValueError:
        faults.append("fault.email")
    if fault := passwords.fault(password, login):
        faults.append(fault)
    if password != visit.form.raw("again"):
        faults.append("password.again")
    if visit.form["agree"] != "yes":
        faults.append("fault.agree")
    return faults


def _asks(visit: Visit, subject: str) -> str:
    """What has to be said before an address identifies anybody; empty when nothing (rules C1-06, S-01)."""
    at = visit.state.book.now_ns(subject)
    if visit.state.engine.consent(subject, *LOGIN, at):
        return "ask.consent"
    kept = visit.records.profiles.values(visit.policy, subject).get(LOGIN[0])
    return "ask.stale" if kept and rules.stale(kept.checked_ns, at) else ""


def _identify(visit: Visit, subject: str, login: str) -> None:
    """The wearer agrees to be identified by this address, and confirms that it is right."""
    item, purpose = LOGIN
    _grant(visit, subject, item, purpose)
    visit.records.profiles.correct(visit.policy, subject, item, rules.read(item, login))


def _grant(visit: Visit, subject: str, item: str, purpose: str) -> None:
    at, version = visit.state.book.now_ns(subject), visit.policy.version
    said = version, visit.language, notice.text_hash(version, visit.language), "", "", ORIGIN
    visit.state.book.say(Event(at, at, subject, GRANTED, purpose, frozenset({item}), *said))


def _limit(visit: Visit, what: str, name: str) -> None:
    """Refused when somebody tries too often; by address, and by name whoever tries."""
    limits = visit.site.limits
    allowed = limits.take(f"{what}/{visit.client}", *_BY_ADDRESS)
    if name:
        key = visit.records.accounts.key_of(name).hex()
        allowed = limits.take(f"{what}/{key}", *_BY_NAME) and allowed
    if not allowed:
        raise Refused("too_often", "too many tries", "Wait some minutes.")


PAGES = (
    Page("GET", "/register", register_form),
    Page("POST", "/register", register),
    Page("GET", "/sign-in", sign_in_form),
    Page("POST", "/sign-in", sign_in),
    Page("GET", "/welcome", welcome),
    Page("POST", "/sign-out", leave),
)
