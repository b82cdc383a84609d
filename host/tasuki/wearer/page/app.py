"""The application: addresses, who may ask for them, and what happens when something goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from tasuki.errors import LinkLost, Refused, TasukiError
from tasuki.wearer.accounts.limits import Limits
from tasuki.wearer.accounts.sessions import same
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.page import (
    account,
    consents,
    erasing,
    garments,
    inquiry,
    office,
    overview,
    profile,
    public,
    ratings,
    signals,
    signing,
    takeaway,
)
from tasuki.wearer.page.render import Renderer
from tasuki.wearer.page.routing import ANYONE, OFFICE, WEARERS, Page
from tasuki.wearer.page.security import LARGEST, Guard
from tasuki.wearer.page.visit import COOKIE, LANGUAGES, Fields, Site, Visit
from tasuki.wearer.records import Records

PAGES: tuple[Page, ...] = (
    *public.PAGES,
    *signing.PAGES,
    *overview.PAGES,
    *signals.PAGES,
    *consents.PAGES,
    *profile.PAGES,
    *ratings.PAGES,
    *garments.PAGES,
    *takeaway.PAGES,
    *account.PAGES,
    *erasing.PAGES,
    *inquiry.PAGES,
    *office.PAGES,
)

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(records: Records, erasures: Erasures, origin: str, limits: Limits | None = None) -> ASGIApp:
    """The page over an open state folder. origin: where people reach it, like https://my.example.jp."""
    site = Site(records, Renderer(), limits or Limits(), erasures)
    static = Path(str(resources.files("tasuki.wearer.page").joinpath("static")))
    routes: list[Route | Mount] = [
        Route("/", _welcome),
        Route("/health", lambda request: PlainTextResponse("ok")),
        Mount("/static", StaticFiles(directory=static)),
    ]
    for page in PAGES:
        path = "/{language:str}" + page.path
        routes.append(Route(path, _endpoint(site, page), methods=[page.method], name=page.name))
    routes.append(Route("/{language:str}/{rest:path}", _endpoint(site, Page("GET", "", public.missing))))
    return Guard(Starlette(routes=routes), origin)  # outermost: around errors, too


async def _welcome(request: Request) -> Response:
    """On to the language that the browser asks for; Japanese unless it asks for English first."""
    asked = [part.split(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")]
    language = next((each for each in asked if each in LANGUAGES), "ja")
    return RedirectResponse(f"/{language}/", 303)


def _endpoint(site: Site, page: Page) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = b"".join([part async for part in _body(request)]) if page.method == "POST" else b""
        return await run_in_threadpool(_serve, site, page, request, body.decode("utf-8", "replace"))

    return endpoint


async def _body(request: Request) -> AsyncIterator[bytes]:
    """The form, never more of it than it may have: a length may lie."""
    left = LARGEST
    async for part in request.stream():
        left -= len(part)
        if left < 0:
            return
        yield part


def _serve(site: Site, page: Page, request: Request, body: str) -> Response:
    language = request.path_params.get("language", "ja")
    known = language if language in LANGUAGES else "ja"
    token = request.cookies.get(COOKIE, "")
    try:
        form = Fields(body)
        query = Fields(request.url.query)
    except ValueError:  # more fields than any form of ours has
        return PlainTextResponse("Too many fields.", 400)
    visit = Visit(site, request, known, None, None, token, form, query, request.path_params)
    try:
        return _answer(visit, page, language)
    except Refused as e:
        return public.refused(visit, e)
    except LinkLost:
        return visit.page("message.html", 503, title="busy.title", body="busy.body")
    except TasukiError as e:
        return public.refused(visit, Refused("usage", str(e), e.hint))


def _answer(visit: Visit, page: Page, language: str) -> Response:
    visit.state.refresh()
    if visit.token:
        visit.session = visit.records.sessions.find(visit.token)
        visit.account = visit.records.accounts.get(visit.session.account) if visit.session else None
    if language != visit.language:
        return public.missing(visit)
    if page.who == WEARERS and not visit.subject:
        return visit.go("/sign-in", "sign_in_first")
    if page.who == OFFICE:
        if not visit.officer:
            return public.missing(visit)  # whether there is such a page is nobody else's concern
        office.check_training(visit)
    expected = visit.session.form_token if visit.session else ""
    if page.method == "POST" and page.who != ANYONE and not same(expected, visit.form["form_token"]):
        return visit.page("message.html", 403, title="stale.title", body="stale.body")
    return page.handler(visit)
