"""The wearer's page with 100,000 wearers in the state folder: how long each page takes, over HTTP.

python benchmarks/page.py [--subjects 100000] [--requests 60]

Every wearer has an account, keys, two consents, an address in the profile and a stored block; one has worn
the demo hub for a while, and is asked most, because every other has less to show. The page runs as
`tasuki serve` does, in a process of its own; one request after the other over one connection. Signing in is
apart: argon2id is slow on purpose. Ends with 1 when the 95th percentile of a page is 100 ms or more.
"""

import argparse
import http.client
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

import numpy as np

from tasuki import demo
from tasuki.consent.events import GRANTED, Event
from tasuki.consent.registers import OWN_STORE
from tasuki.session.state import State
from tasuki.sinks import Delivery
from tasuki.vault.envelope import Tags
from tasuki.vault.vault import key_epoch
from tasuki.wearer import encrypted
from tasuki.wearer.accounts.book import WEARER
from tasuki.wearer.records import Records

PASSWORD = "a long walk by the river"
WORN = "worn@example.jp"
PAGES = (
    "overview", "signals", "consents", "recipients", "profile", "ratings", "garments", "takeaway", "account",
    "leave", "policies", "modules", "inquiry", "sign-in", "register",
)  # fmt: skip
LIMIT_MS = 100.0
YEAR = key_epoch(time.time_ns())
PLACE = (OWN_STORE.purpose, OWN_STORE.name, YEAR)
BLOCK = 1_500  # bytes of a stored block


def fill(folder: Path, count: int) -> None:
    """Make a folder with so many wearers and one that has worn the demo hub."""
    demo.run(demo.Options(seconds=40, speed=10, state=folder))
    names = [f"w-{n:016x}" for n in range(count)]
    with State(folder) as state, Records(state) as records:
        (worn,) = state.book.log.subjects()
        records.accounts.register(WORN, PASSWORD, "en", records.accounts.invite(worn))
        state.vault.add_subjects(names)
        with state.vault._turn():  # one transaction, as no single wearer would
            for name in names:
                state.vault.item_key(name, "email")
                state.vault.pseudonym(name, *PLACE)
        at_ns, version = time.time_ns(), state.policy.version
        for purpose, items in (("user_identification", {"email"}), ("service_information", {"ecg", "email"})):
            said = (GRANTED, purpose, frozenset(items), version)
            state.book.say_all(Event(at_ns, at_ns, name, *said) for name in names)
        state.store.send(_stored(state.vault.pseudonym(name, *PLACE)) for name in names)
        _accounts(records, names)


def _stored(pseudonym: bytes) -> Delivery:
    now = time.time_ns()
    tags = Tags(pseudonym, "ecg", 0, now, now, 0, 0).to_bytes()
    return Delivery("store", PLACE[0], pseudonym, 0, 0, "ecg", "envelope", tags, os.urandom(BLOCK))


def _accounts(records: Records, names: list[str]) -> None:
    """Accounts with one password for all, hashed once, and the profiles' addresses."""
    (hashed,) = records._tables.row("SELECT password FROM account") or ("",)
    now, vault = time.time_ns(), records.state.vault
    sql = (
        "INSERT INTO account (login, role, subject, name, language, password, created_ns, trained_until_ns)"
        " VALUES (?, ?, ?, '', 'en', ?, ?, 0)"
    )
    with records._tables.turn() as db:
        for name in names:
            login = f"{name}@example.jp"
            db.execute(sql, (records.accounts.key_of(login), WEARER, name, hashed, now))
            value = encrypted.encrypt(vault, name, "email", "profile/email", login.encode())
            db.execute("INSERT INTO profile VALUES (?, 'email', ?, ?, ?)", (name, value, now, now))


class Visitor:
    """One connection with one cookie."""

    def __init__(self, origin: str) -> None:
        self._host = urllib.parse.urlsplit(origin).netloc
        self._origin = origin
        self._cookie = ""
        self._line = http.client.HTTPConnection(self._host, timeout=60)
        self._line.connect()
        self._line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes, float]:
        """(status, body, milliseconds)."""
        body = urllib.parse.urlencode(form) if form else None
        headers = {"Cookie": self._cookie, "Origin": self._origin}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.perf_counter()
        self._line.request("POST" if form else "GET", path, body, headers)
        answer = self._line.getresponse()
        data = answer.read()
        ms = (time.perf_counter() - began) * 1000
        if found := re.match(r"[^;]+", answer.getheader("Set-Cookie") or ""):
            self._cookie = found[0]
        return answer.status, data, ms

    def sign_in(self, login: str) -> float:
        """Milliseconds that it took."""
        form = {"login": login, "password": PASSWORD, "agree": "yes"}
        status, _, ms = self.ask("/en/sign-in", form)
        assert status == 303, status
        return ms


def measure(origin: str, count: int, requests: int) -> bool:
    """Ask for every page; True when each stays below the limit."""
    visitor, good = Visitor(origin), True
    signing = [visitor.sign_in(WORN)]
    for page in PAGES:
        times = []
        for _ in range(requests + 3):
            status, body, ms = visitor.ask(f"/en/{page}")
            assert status == 200 and body, (page, status)
            times.append(ms)
        good &= row(page, times[3:])
    times = []
    for n in random.Random(1).sample(range(count), min(15, count)):
        other = Visitor(origin)
        signing.append(other.sign_in(f"w-{n:016x}@example.jp"))
        for page in ("overview", "profile", "consents"):
            status, _, ms = other.ask(f"/en/{page}")
            assert status == 200
            times.append(ms)
    good &= row("the first three pages of wearers at random", times)
    row("signing in (argon2id, 64 MiB)", signing)
    return good


def row(what: str, times: list[float]) -> bool:
    """Print a figure; True when it is below the limit."""
    p50, p95 = np.percentile(times, [50, 95])
    print(f"{what:<44}p50 {p50:>7.1f} ms   p95 {p95:>7.1f} ms   n = {len(times)}", flush=True)
    return bool(p95 < LIMIT_MS)


def main() -> int:
    """Exit code."""
    plain = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    options.add_argument("--subjects", type=int, default=100_000)
    options.add_argument("--requests", type=int, default=60)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tasuki-page-") as folder:
        state = Path(folder, "state")
        fill(state, given.subjects)
        size = sum(each.stat().st_size for each in state.rglob("*") if each.is_file())
        print(f"{given.subjects} wearers, {size / 1e6:.0f} MB", flush=True)
        command = [sys.executable, "-m", "tasuki.cli", "serve", "--bind-port", "0", "--state", str(state)]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            origin = server.stdout.readline().strip()
            print(f"ready after {time.perf_counter() - began:.1f} s", flush=True)
            try:
                good = measure(origin, given.subjects, given.requests)
            finally:
                server.terminate()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
