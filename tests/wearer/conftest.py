"""The page in this process, over a state folder of its own."""

import re
import tempfile
import time
import warnings
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher

from host.conftest import HOUR_NS, replay_folder, tasuki  # noqa: F401
from host.session_world import HubLine, run_hub
from tasuki.consent.registers import DESTINATIONS
from tasuki.pipeline.upload import Uploader
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.session.state import State, adopt
from tasuki.trust.register import Hub
from tasuki.wearer.accounts.passwords import Passwords
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.records import Records

pytest.importorskip("starlette", reason="the page's packages are not installed: extra `web`")

with warnings.catch_warnings():  # that httpx has a successor, which we do not need
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from tasuki.wearer.page.app import create_app

ORIGIN = "https://my.example.jp"
PASSWORD = "a long walk by the river"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


class Browser:
    """Asks the page as a browser would: keeps the cookie, sends Origin and the form's token."""

    def __init__(self, app, language="en"):
        self.client = TestClient(app, base_url=ORIGIN, follow_redirects=True)
        self.language = language
        self.text = ""

    def get(self, path, **more):
        answer = self.client.get(f"/{self.language}{path}", **more)
        self.text = answer.text
        return answer

    def post(self, path, headers=None, token=None, **form):
        if token is None:
            found = re.search(r'name="form_token" value="(\w+)"', self.text)
            token = found[1] if found else ""
        answer = self.client.post(
            f"/{self.language}{path}",
            data={"form_token": token, **form},
            headers={"Origin": ORIGIN, **(headers or {})},
        )
        self.text = answer.text
        return answer

    def register(self, login="hanako@example.jp", password=PASSWORD, **more):
        form = {"login": login, "password": password, "again": password, "agree": "yes", **more}
        return self.post("/register", **form)

    def sign_in(self, login="hanako@example.jp", password=PASSWORD, **more):
        answer = self.post("/sign-in", login=login, password=password, **more)
        self.get("/overview")
        return answer

    @property
    def subject(self):
        """The wearer number that the overview shows."""
        return re.search(r"<code>(w-\w+)</code>", self.get("/overview").text)[1]


def later():
    """The simulated line's clock runs ahead of the wall's."""
    return time.time_ns() + HOUR_NS


@pytest.fixture(scope="module")
def measured(tmp_path_factory, replay_folder):  # noqa: F811
    """Some epochs of the built-in wearer in the store, and wearer.db beside it."""
    folder = tmp_path_factory.mktemp("measured")
    line = HubLine(folder / "hub", replay_folder)
    with State(folder / "state", clock_ns=lambda: time.time_ns() - HOUR_NS) as state:
        connection = Connection(line)
        greet.meet(connection)
        hub = greet.enroll(connection, state.vault.signer("authority"))
        state.register.add(Hub(hub.device.hex(), hub.public.hex(), "2026-11-29T00:00:00+00:00"))
        subject = adopt(state, None)
        with Session(line, state, subject, public_key=hub.public) as session:
            run_hub(session, 12)
            session.stop()
            sinks = dict.fromkeys(DESTINATIONS, state.store)
            Uploader(state.outbox, session.engine, state.vault, sinks, clock_ns=later).drain()
        with Records(state, QUICK) as records:
            yield SimpleNamespace(
                state=state, records=records, subject=subject, public=hub.public, device=hub.device
            )
    line.power_off()


class Clock:
    """A clock that tests set forward."""

    def __init__(self):
        self.ahead_ns = 0

    def __call__(self):
        return time.time_ns() + self.ahead_ns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(clock):
    """An empty state folder with the page over it; in memory where that can be, since it syncs a lot."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        State(Path(folder, "state"), clock_ns=clock) as state,
        Records(state, QUICK, clock) as records,
        closing(Erasures(state)) as erasures,
    ):
        app = create_app(records, erasures, ORIGIN)
        yield SimpleNamespace(
            state=state,
            records=records,
            erasures=erasures,
            app=app,
            browser=lambda language="en": Browser(app, language),
        )


@pytest.fixture
def wearer(site):
    """A browser that is signed in as a new wearer."""
    browser = site.browser()
    browser.register()
    browser.sign_in()
    return browser


@pytest.fixture
def tasuki_command(tasuki, tmp_path, monkeypatch):  # noqa: F811
    """The command on a state folder of its own; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("TASUKI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    return tasuki
