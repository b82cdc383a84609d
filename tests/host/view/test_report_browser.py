"""The report in a real browser: nothing goes wrong, nothing is fetched, nothing runs."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import view_examples
from tasuki.view import write_report

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: `make services` installs it")

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]


class Site:
    """A web server on the loopback that remembers who asked."""

    def __init__(self) -> None:
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/x"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


def browse(page: Path, profile: Path) -> tuple[str, list[str]]:
    """The page as the browser understood it, and what its console said."""
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def test_this_browser_would_show_an_error_and_a_fetch(site, tmp_path):
    """Without this the tests below could not fail."""
    page = tmp_path / "bad.html"
    page.write_text(f"<p>x<script>document.title=1; throw 1</script><img src={site.address}>")

    _, console = browse(page, tmp_path / "profile")

    assert len(console) >= 1
    assert site.asked == ["/x"]


def test_report_opens_without_console_errors(tmp_path):
    write_report(tmp_path / "r.html", view_examples.report(60))

    dom, console = browse(tmp_path / "r.html", tmp_path / "profile")

    assert console == []
    assert "MIT-BIH 208" in dom
    assert dom.rstrip().endswith("</html>")


def test_hostile_report_runs_nothing_and_fetches_nothing(site, tmp_path):
    write_report(tmp_path / "r.html", view_examples.hostile(site.address))

    dom, console = browse(tmp_path / "r.html", tmp_path / "profile")

    assert console == []
    assert site.asked == []
    assert "<script" not in dom and "<img" not in dom
    assert "&lt;script&gt;alert(1)" in dom
