"""The page on a port, and a real browser before it."""

import shutil
import threading
from contextlib import closing, contextmanager

import pytest
import uvicorn

from tasuki.wearer.erasure import Erasures
from tasuki.wearer.page.app import create_app
from wearer.conftest import PASSWORD

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: `make services` installs it")
PHONE = {"width": 375, "height": 667}
DESK = {"width": 1200, "height": 900}


@contextmanager
def served(records):
    """The application on a free port of the loopback; gives its origin."""
    config = uvicorn.Config("unused", host="127.0.0.1", port=0, log_level="error", access_log=False)
    listening = config.bind_socket()
    origin = f"http://localhost:{listening.getsockname()[1]}"
    with closing(Erasures(records.state)) as erasures, listening:
        config.app = create_app(records, erasures, origin)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield origin
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def chromium():
    """One headless browser."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Tab:
    """One person's browser: watches every request and every word on the console."""

    def __init__(self, browser, origin, language, viewport=DESK, script=True):
        self.context = browser.new_context(
            viewport=viewport,
            color_scheme="dark" if viewport is PHONE else "light",
            locale=language,
            java_script_enabled=script,
            accept_downloads=True,
        )
        self.page = self.context.new_page()
        self.origin, self.language = origin, language
        self.elsewhere, self.console = [], []
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def _request(self, request):
        if not request.url.startswith((self.origin, "blob:", "data:")):
            self.elsewhere.append(request.url)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def open(self, path):
        """Go to a page in the tab's language."""
        return self.page.goto(f"{self.origin}/{self.language}{path}")

    def press(self, name):
        """Press the first button of this name, and wait for the next page."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()

    def register(self, login="hanako@example.jp", words=None):
        """Make an account and sign in."""
        words = words or {"do": "Make the account", "in": "Sign in"}
        self.open("/register")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#again", PASSWORD)
        self.page.check("#agree")
        self.press(words["do"])
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.press(words["in"])

    def close(self):
        """Nothing was asked from elsewhere, and nothing went wrong."""
        self.context.close()
        assert self.elsewhere == []
        assert self.console == [], self.console
