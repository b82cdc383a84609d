"""The wearer's whole way, in a browser, with a hub that runs: the promise of the account page in one test."""

import json
import signal
import threading
import time
import zipfile
from contextlib import contextmanager

import pytest

from end_to_end.conftest import stored_blocks
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.enrolment import enroll
from tasuki.session.hub_session import Session
from tasuki.session.running import uploading
from tasuki.session.state import State
from tasuki.wearer.erasure.scan import scan
from tasuki.wearer.holdings import signals
from tasuki_wire import items
from wearer.browsing import Tab, chromium, needs_chromium
from wearer.conftest import PASSWORD

pytestmark = [pytest.mark.hub, needs_chromium]
SPEED = 10
MOST_S = 60.0


class Running(threading.Thread):
    """A hub that runs in this process until `stop`; what it may sample and what came, for whoever looks."""

    def __init__(self, folder, port, subject):
        super().__init__(name="running")
        self.folder, self.port, self.subject = folder, port, subject
        self.items, self.kinds, self.error = 0, {}, None
        self.last, self._at = {}, {}  # kind to when its last frame came, and the counts of all kinds then
        self._stop_now = threading.Event()

    def run(self):
        try:
            with State(self.folder) as state:
                enroll(self.port, state)
                with (
                    Session(SerialLine(self.port), state, self.subject, speed=SPEED) as session,
                    uploading(session),
                ):
                    while not self._stop_now.is_set():
                        session.step()
                        self._look(session)
                    session.stop()
        except Exception as e:
            self.error = e

    def _look(self, session):
        kinds = dict(session.counts.kinds)
        for kind, count in kinds.items():
            if count != self.kinds.get(kind):
                self.last[kind], self._at[kind] = time.monotonic(), kinds
        self.items, self.kinds = session.items, kinds

    def quiet(self, kind, other, frames):
        """True when so many frames of another kind came since the last of this one."""
        return self.kinds[other] - self._at[kind][other] > frames

    def stop(self):
        self._stop_now.set()
        self.join()
        assert self.error is None, self.error


def wait(what, most=MOST_S):
    """Until something is so; a bounded time. Seconds that it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() < began + most
        time.sleep(0.01)
    return time.monotonic() - began


@contextmanager
def serving(tasuki):
    """`tasuki serve` as a process; gives its origin."""
    process = tasuki.start("serve", "--bind-port", "0")
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "Traceback" not in err, err


def until_it_says(page, address, words):
    """Look again until the page has these words; a bounded time."""
    end = time.monotonic() + MOST_S
    while not page.get_by_text(words).count():
        assert time.monotonic() < end, page.locator("main").inner_text()
        time.sleep(0.3)
        page.goto(address)


def markers(folder, subject):
    """What stands in the state folder of a wearer: the name, pseudonyms, and stored bytes."""
    with State(folder) as state:
        names = [name for name in signals.pseudonyms(state, subject) if state.store.extents(name)]
        contents = [
            row.delivery.content[29:61] for row in state.store.rows() if row.delivery.pseudonym in names
        ]
    return {"name": [subject.encode()], "pseudonyms": names, "stored blocks": contents}


@pytest.mark.rule("D-01", "allow")
@pytest.mark.rule("D-03", "allow", "evidence")
@pytest.mark.rule("A-01", "deny")
@pytest.mark.timeout(400)
def test_from_the_first_consent_to_nothing_left(unix_hub, tasuki, tmp_path, record_property):
    with serving(tasuki) as origin, chromium() as browser:
        tab = Tab(browser, origin, "en")
        page = tab.page
        tab.register()
        subject = page.locator("main code").first.inner_text()

        # consents
        tab.open("/consents")
        for item in ("ecg", "respiration", "body_temperature", "device_status"):
            page.check(f"#service_information-{item}")
        page.locator("section", has=page.locator("#service_information")).get_by_role(
            "button", name="Agree", exact=True
        ).click()
        page.wait_for_url("**told=granted*")

        # runs the hub, and sees the signal
        running = Running(tasuki.state, unix_hub.port, subject)
        running.start()
        try:
            wait(lambda: stored_blocks(tasuki.state) >= 12 or not running.is_alive())
            assert running.error is None, running.error
            tab.open("/signals")
            plot = page.locator("figure[data-item=ecg]")
            assert plot.locator("svg path.ecg").count() == 1
            number = int(plot.get_attribute("data-number"))
            page.wait_for_function(
                "n => +document.querySelector('figure[data-item=ecg]').dataset.number > n", arg=number
            )  # the script keeps it new

            # withdraws the ECG, and sees it stop at the hub
            tab.open("/overview")
            assert running.items & items.bit("ecg")
            pressed = time.monotonic()
            tab.press("Stop ECG")
            wait(lambda: running.quiet("ecg", "respiration", 20))
            took = running.last["ecg"] - pressed
            record_property("last ECG frame of the hub after the button, s", round(took, 3))
            print(f"the last ECG frame came {took:.3f} s after the button was pressed")
            assert not running.items & items.bit("ecg")
            ecg = running.kinds["ecg"]
            wait(lambda: running.quiet("ecg", "respiration", 60))
            assert running.kinds["ecg"] == ecg
        finally:
            running.stop()
        assert "Stop ECG" not in page.content() and "Stop respiration" in page.content()

        # downloads the bundle, and verifies it by the command
        tab.open("/takeaway")
        page.fill("#password", PASSWORD)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        archive = tmp_path / "mine.zip"
        download.value.save_as(archive)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / "mine")
        (key,) = (tmp_path / "mine" / "proofs").glob("*.pub")
        proofs = list((tmp_path / "mine" / "proofs").glob("*.tsb"))
        assert proofs
        for proof in proofs:
            told = tasuki("verify", proof, "--key", key, "--json")
            assert told.returncode == 0, told.stdout + told.stderr
            assert json.loads(told.stdout)["holds"]

        # deletes; the hub is met once more, and nothing is left
        sought = markers(tasuki.state, subject)
        assert {kind: bool(values) for kind, values in sought.items()} == dict.fromkeys(sought, True)
        before = scan([tasuki.state], sought)
        tab.open("/leave")
        page.check("#sure")
        page.fill("#password-all", PASSWORD)
        tab.press("Leave and delete")
        address = page.url
        until_it_says(page, address, "is wiped at its next contact")
        assert not page.get_by_text("Everything is deleted.").count()
        with State(tasuki.state) as state:
            enroll(unix_hub.port, state)  # its next contact: the hub is wiped
        page.goto(address)
        tab.press("Go on")
        until_it_says(page, address, "Everything is deleted.")
        with page.expect_download() as download:
            page.get_by_role("link", name="The signed receipt").click()
        download.value.save_as(tmp_path / "receipt.json")
        tab.close()
    after = scan([tasuki.state], sought)

    assert before.total >= len(sought["stored blocks"]) > 12
    assert after.total == 0, after.places
    assert json.loads((tmp_path / "receipt.json").read_text())
