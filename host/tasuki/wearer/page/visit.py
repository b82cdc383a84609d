"""One request of one person: who asks, in which language, for whose data, with which form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tasuki.consent.guardians import Guardianship
from tasuki.consent.policy import Policy
from tasuki.errors import Refused
from tasuki.session.state import State
from tasuki.wearer.accounts.book import OFFICER, WEARER, Account
from tasuki.wearer.accounts.limits import Limits
from tasuki.wearer.accounts.sessions import STAYING_NS, Session
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.page.render import Renderer
from tasuki.wearer.records import Records

COOKIE = "__Host-tasuki"
LANGUAGES = ("ja", "en")
_MOST_FIELDS = 200
_CONFIRMATIONS = 8, 1 / 60  # tries of the password by somebody who is signed in: at once, per second


@dataclass(frozen=True)
class Site:
    """What all requests share."""

    records: Records
    renderer: Renderer
    limits: Limits
    erasures: Erasures


class Fields:
    """What a form or an address brought: texts by name, of which a name may have several."""

    def __init__(self, text: str) -> None:
        self._all: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS):
            self._all.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        """The first text of a name, without space around it; empty when there is none."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """The first text of a name as it is, for passwords."""
        return self._all.get(name, [""])[0]

    def number(self, name: str) -> int:
        """The first text of a name as a number of at most 19 digits; -1 when it is none."""
        text = self[name]
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1

    def all(self, name: str) -> Sequence[str]:
        """All texts of a name."""
        return self._all.get(name, [])


@dataclass
class Visit:
    """One request.

    Attributes:
        session, account: None for somebody who is not signed in.
        token: of the session's cookie.
        path: what stands in the address, by name.
    """

    site: Site
    request: Request
    language: str
    session: Session | None
    account: Account | None
    token: str
    form: Fields
    query: Fields
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def records(self) -> Records:
        """wearer.db and the state folder beside it."""
        return self.site.records

    @property
    def state(self) -> State:
        """The open state folder."""
        return self.site.records.state

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        state = self.state
        return state.engine.in_force(state.book.now_ns("")) or state.policy

    @property
    def now_ns(self) -> int:
        """Now, and never before what the wearer said last."""
        return self.state.book.now_ns(self.subject)

    @property
    def subject(self) -> str:
        """Whose data the page shows: the wearer's own, or of whom the wearer is the guardian."""
        if self.account is None or self.account.role != WEARER:
            return ""
        acting = self.session.acting if self.session else ""
        return acting if acting and self.guardianship(acting) else self.account.subject

    @property
    def officer(self) -> bool:
        """True for somebody of the privacy office."""
        return self.account is not None and self.account.role == OFFICER

    @property
    def speaker(self) -> tuple[str, str]:
        """(account, relation) of a guardian who speaks for the subject; empty for the wearer."""
        if self.account is None or self.subject == self.account.subject:
            return "", ""
        found = self.guardianship(self.subject)
        return (found.guardian, found.relation) if found else ("", "")

    def guardianship(self, ward: str) -> Guardianship | None:
        """By which this account speaks for a ward now; None when it does not."""
        if self.account is None:
            return None
        now = self.state.book.now_ns(ward)
        known = self.state.book.guardianships.get(ward, ())
        mine = (one for one in known if one.guardian == self.account.subject and one.covers(now))
        return next(mine, None)

    def confirmed(self) -> bool:
        """True when the form has the account's password; Refused when somebody tries too often."""
        assert self.account is not None
        if not self.site.limits.take(f"confirm/{self.account.id}", *_CONFIRMATIONS):
            raise Refused("too_often", "too many tries", "Wait some minutes.")
        return self.records.accounts.confirm(self.account, self.form.raw("password"))

    def text(self, key: str, **values: object) -> str:
        """A sentence in the visitor's language."""
        return self.site.renderer.text(key, self.language, **values)

    def address(self, path: str) -> str:
        """A page of ours in the visitor's language."""
        return f"/{self.language}{path}"

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A page."""
        return HTMLResponse(self.site.renderer.page(self, template, **values), status)

    def go(self, path: str, told: str = "", at: str = "", **query: str) -> Response:
        """On to another page, which says a sentence by its name. at: an element there."""
        asked = urlencode({"told": told, **query} if told else query)
        address = self.address(path) + (f"?{asked}" if asked else "")
        return RedirectResponse(address + (f"#{at}" if at else ""), 303)

    @property
    def client(self) -> str:
        """Where the request came from, for limits only: nowhere kept."""
        return self.request.client.host if self.request.client else ""


def keep_signed_in(response: Response, token: str, staying: bool) -> None:
    """Give the browser the one cookie that there is; it ends with the browser unless the wearer stays."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=STAYING_NS // 10**9 if staying else None,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def sign_out(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
