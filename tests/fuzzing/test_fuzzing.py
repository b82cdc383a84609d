"""The fuzzer finds a hub that breaks a promise, whichever it is: each hub here is spoiled in one place."""

import pytest

from tasuki.fleet import sim
from tasuki.fleet.fuzzing import campaign, replay
from tasuki.fleet.fuzzing.runs import Place, attempt
from tasuki_hub import commands
from tasuki_hub.commands import Commands
from tasuki_hub.consent import Consent
from tasuki_hub.hub import Hub
from tasuki_hub.link import Link

_COUNT = 2400


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A spoiled hub that says nothing says nothing for long."""
    monkeypatch.setattr(campaign, "_PATIENCE_S", 1.0)


def fault(folder, seed=5):
    return attempt(replay.Run("sim", seed, [[0, _COUNT]]), Place(folder)).fault


def test_a_hub_that_keeps_its_promises_has_no_fault(tmp_path):
    assert fault(tmp_path) == ""


def test_a_hub_that_samples_beyond_its_tokens_end_is_found(tmp_path, monkeypatch):
    honest = Consent.accept

    def accept(self, token, now_us):
        honest(self, token, now_us)
        self._expires_us += 1_000_000_000

    monkeypatch.setattr(Consent, "accept", accept)

    assert "without a token" in fault(tmp_path)


def test_a_hub_that_samples_what_was_narrowed_away_is_found(tmp_path, monkeypatch):
    """Answer and status say that the items are gone, its frames say otherwise."""
    monkeypatch.setattr(Hub, "narrow", lambda self, mask, now: self.consent.narrow(mask))

    assert "consent does not allow" in fault(tmp_path)


def test_a_hub_that_takes_any_signature_is_found(tmp_path, monkeypatch):
    def verify_steps(*args):
        yield
        return True

    monkeypatch.setattr(sim.SodiumCrypto, "verify_steps", staticmethod(verify_steps))

    assert "nobody signed" in fault(tmp_path)


def test_a_hub_that_keeps_what_an_unsigned_command_says_is_found(tmp_path, monkeypatch):
    """An acknowledgement must not move the highest token sequence."""

    def ack(self, now, session, number):
        self._hub.keys.raise_sequence(self._hub.keys.sequence + 1)

    monkeypatch.setattr(Commands, "do_ack", ack)

    assert "another token sequence" in fault(tmp_path)


def test_a_hub_that_pins_whoever_comes_is_found(tmp_path, monkeypatch):
    """Another key, without repin."""
    honest = Commands.do_enroll

    def enroll(self, now, request, authority, challenge, repin):
        honest(self, now, request, authority, challenge, 1)

    monkeypatch.setattr(Commands, "do_enroll", enroll)

    assert "nobody asked for" in fault(tmp_path)


def test_a_hub_that_forgets_an_answer_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(Commands, "do_describe", lambda self, now, request: None)

    assert "not answered" in fault(tmp_path)


def test_a_hub_that_falls_silent_is_found(tmp_path, monkeypatch):
    """After a time request whose words are no times it does nothing any more."""

    def time_request(self, now, request, hi, lo):
        self._hub.step = lambda: None

    monkeypatch.setattr(Commands, "do_time_request", time_request)

    assert "no answer" in fault(tmp_path)


def test_a_hub_that_an_exception_ends_is_found(tmp_path, monkeypatch):
    def leaves_request(self, now, request, number, stream, first, count):
        raise KeyError(stream)

    monkeypatch.setattr(Commands, "do_leaves_request", leaves_request)

    assert "KeyError" in fault(tmp_path)


def test_a_hub_that_starts_anew_by_itself_is_found(tmp_path, monkeypatch):
    honest = Commands.do_start

    def start(self, now, request):
        honest(self, now, request)
        self._hub.leaving = commands.REBOOT

    monkeypatch.setattr(Commands, "do_start", start)

    found = fault(tmp_path)  # by its hello, or before by a session that ended
    assert "by itself" in found or "another session in one boot" in found


def test_a_hub_that_miscounts_damage_is_found(tmp_path, monkeypatch):
    """Every tenth damaged frame is not counted."""
    monkeypatch.setattr(campaign, "_EXACT", 1)
    honest = Link.feed

    def feed(self, data, n):
        out = honest(self, data, n)
        self.damaged -= self.damaged % 10 == 9
        return out

    monkeypatch.setattr(Link, "feed", feed)

    assert "the hub counts" in fault(tmp_path)


def test_a_hub_that_prints_is_found(tmp_path, monkeypatch):
    """A print corrupts the link."""
    honest = Hub.stop

    def stop(self, now):
        self.board.outbox += b"debug\n"
        honest(self, now)

    monkeypatch.setattr(Hub, "stop", stop)

    assert "no frame" in fault(tmp_path)


def test_a_failing_run_shrinks_to_the_commands_that_it_needs():
    needed = {17, 230, 231, 800}

    left = replay.shrink(range(1000), lambda numbers: needed <= set(numbers))

    assert left == sorted(needed)


def test_a_run_is_read_from_its_file_as_it_was_written(tmp_path):
    run = replay.Run("unix", 7, replay.ranges([0, 1, 2, 9, 10, 40]), "silent")

    run.save(tmp_path / "run.json")

    assert run.numbers == [[0, 3], [9, 11], [40, 41]]
    assert replay.load(tmp_path / "run.json") == run
    assert run.commands() == [0, 1, 2, 9, 10, 40]
