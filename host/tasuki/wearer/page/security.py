"""What every answer of the page carries, and what every question has to bring.

Nothing is loaded from elsewhere and nothing inline runs: the policy forbids it, so a module of another
company could not load if somebody put one in (rule M-01).
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 64 * 1024  # bytes of a form
SAFE = frozenset({"GET", "HEAD"})

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), usb=(), serial=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware: known host only, forms from our own pages only, the headers on everything.

    origin: where people reach the page, like https://my.example.jp.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin
        self._host = urlsplit(origin).netloc
        self._secure = origin.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if static and message["status"] == 200:
                    headers["Cache-Control"] = "public, max-age=3600"
                if self._secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        refusal = self._refusal(scope)
        await (PlainTextResponse(*refusal) if refusal else self._app)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> tuple[str, int] | None:
        headers = Headers(scope=scope)
        if headers.get("host") != self._host:
            return "This host is not served here.", 421
        if scope["method"] in SAFE:
            return None
        if scope["method"] != "POST":
            return "Not allowed.", 405
        if not self._from_us(headers):
            return "This form was not sent from this site.", 403
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST:
            return "The form is too large.", 413
        return None

    def _from_us(self, headers: Headers) -> bool:
        """True when the browser says that a page of ours sent the form; without a word it did not."""
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        return headers.get("origin") == self._origin
