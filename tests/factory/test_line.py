"""A tray of hubs: each gets one identity, the bad ones fail by their own causes, and the record adds up."""

import json
import threading

import pytest
from mpremote.transport import TransportError
from nacl.signing import VerifyKey

from factory.conftest import development_order, make_line, work
from factory.kills import secrets_found
from factory.planted import planted
from factory.tray import Tray, settle
from qemu_board import needs_qemu
from tasuki.errors import Refused
from tasuki.factory import after, way
from tasuki.factory.folder import Authority
from tasuki.factory.station import Station, chosen
from tasuki.fleet.selftest import running
from tasuki.fleet.selftest.product import example
from tasuki.pipeline.acquire import PortInUse, SerialLine
from tasuki.session import care, greet
from tasuki.session.connection import Connection
from tasuki.trust import certificates
from tasuki_wire import epoch

pytestmark = pytest.mark.hub


@pytest.fixture
def one(tmp_path, replay):
    """A tray with one hub."""
    with Tray(tmp_path / "tray", replay, 1) as tray:
        settle()
        yield tray


def certificate_on(port):
    """What a hub shows, and who it says it is."""
    connection = Connection(SerialLine(port.path))
    try:
        identity = greet.meet(connection)
        return identity, care.read_certificate(connection)
    finally:
        connection.close()


def test_a_tray_with_three_bad_hubs_ends_with_the_others_done(tmp_path, replay, chain, monkeypatch):
    count = 7
    faults = {
        "slot0": "no_entropy",
        "slot1": "lacks_a_sensor",
        "slot2": "repeats_itself",
        "slot3": "repeats_itself",
    }
    order = development_order(count, limits=example().read_text())
    line = make_line(tmp_path, chain, order)

    with planted(monkeypatch, faults), Tray(tmp_path / "tray", replay, count) as tray:
        settle()
        worked = work(line, tray, patience_s=30.0)
        account = worked.account(tmp_path, chain)

    causes = worked.causes
    assert (causes["slot0"], causes["slot1"]) == ("no_entropy", "self_test"), worked.ended
    assert {causes["slot2"], causes["slot3"]} == {"done", "key_seen_before"}, worked.ended
    assert list(causes.values()).count("done") == count - 3, worked.ended
    assert account.sound, account.faults
    assert (account.built, account.issued, account.labelled) == (count - 3,) * 3
    assert account.failed == {"no_entropy": 1, "self_test": 1, "key_seen_before": 1}
    assert secrets_found(tmp_path, chain, tray, [json.dumps(t.row()) for t in worked.told]) == 0
    line.journal.close()


@pytest.mark.parametrize(
    "error", [PortInUse("it is in use", "Close it."), TransportError("could not enter raw repl")]
)
def test_a_port_or_prompt_that_fails_in_the_self_test_is_met_again(tmp_path, one, chain, monkeypatch, error):
    line = make_line(tmp_path, chain, development_order(limits=example().read_text()))
    errors, open_prompt = [error], running.open_prompt

    def opened(*args):
        if errors:
            raise errors.pop()
        return open_prompt(*args)

    monkeypatch.setattr(running, "open_prompt", opened)
    worked = work(line, one)

    assert not errors and worked.causes == {"slot0": "done"}, worked.ended
    assert [told.event for told in worked.told].count("again") == 1
    line.journal.close()


def test_an_error_that_nobody_expected_ends_its_slot_and_says_where_it_came_from(
    tmp_path, one, chain, monkeypatch
):
    line = make_line(tmp_path, chain)
    monkeypatch.setattr(way, "go", lambda *args: {}["nothing"])

    (ended,) = Station(line, chosen(one.ports), lambda told: None).work()

    assert ended.cause == "internal"
    assert ended.message.startswith("KeyError: 'nothing' (") and "station:" in ended.message
    line.journal.close()


def test_a_hub_that_is_done_carries_its_chain_and_signs_with_the_certified_key(tmp_path, one, chain):
    line = make_line(tmp_path, chain)
    worked = work(line, one)

    identity, shown = certificate_on(one.ports[0])
    says = certificates.verify_hub(shown, [chain.root])

    assert worked.causes == {"slot0": "done"}
    assert says.public == identity.public and says.device == identity.device and says.serial == 1000
    assert bytes(VerifyKey(says.public)) == identity.public
    assert says.life == "development"
    _, _, verdict = line.journal.last("done", identity.device.hex())
    assert verdict["verdict"] == "done (dev, not locked)"


def test_a_hub_that_comes_again_stays_what_it_is(tmp_path, one, chain):
    line = make_line(tmp_path, chain)
    work(line, one)
    before = certificate_on(one.ports[0])[1]

    again = work(line, one)

    assert again.causes == {"slot0": "done"}
    assert certificate_on(one.ports[0])[1] == before
    assert [kind for *_, kind, _, _ in line.journal.events()].count("issued") == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("lies_about_its_key", "bad_possession"), ("loses_its_certificate", "wrong_certificate")],
)
def test_a_hub_that_lies_fails_by_name(tmp_path, replay, chain, monkeypatch, fault, cause):
    line = make_line(tmp_path, chain)

    with planted(monkeypatch, {"slot0": fault}), Tray(tmp_path / "tray", replay, 1) as tray:
        settle()
        assert work(line, tray).causes == {"slot0": cause}


def test_a_hub_with_a_key_that_the_line_did_not_make_is_refused(tmp_path, one, chain):
    connection = Connection(SerialLine(one.ports[0].path))
    greet.meet(connection)
    greet.possession(connection, b"\x05" * 32)
    connection.close()

    worked = work(make_line(tmp_path, chain), one)

    assert worked.causes == {"slot0": "not_blank"}


def test_a_production_order_refuses_a_development_hub(tmp_path, one, chain):
    order = development_order(kind="production", bundle="0" * 64, lock=True, limits=example().read_text())

    worked = work(make_line(tmp_path, chain, order), one)

    assert worked.causes == {"slot0": "development_hub"}
    assert worked.line.journal.units()[0].serial is None


def test_a_quota_that_is_used_up_in_the_middle_of_a_tray_stops_only_the_rest(tmp_path, replay, chain):
    line = make_line(tmp_path, chain, development_order(1, last=1000))

    with Tray(tmp_path / "tray", replay, 2) as tray:
        settle()
        worked = work(line, tray)

    assert sorted(worked.causes.values()) == ["done", "quota_used_up"]
    assert worked.account(tmp_path, chain).sound


def test_a_hub_that_was_exchanged_for_a_copy_is_noticed(tmp_path, replay, chain):
    """Two hubs with one id: one got a certificate, the other one shows another key."""
    line = make_line(tmp_path, chain)
    with Tray(tmp_path / "tray", replay, 1) as first:
        settle()
        work(line, first)
        config = (first.hubs[0].folder / "hub.json").read_text()
    copy = tmp_path / "copy" / "slot0"
    copy.mkdir(parents=True)
    (copy / "hub.json").write_text(config)

    with Tray(tmp_path / "copy", replay, 1) as second:
        settle()
        assert work(line, second).causes == {"slot0": "key_changed"}


def test_one_id_in_two_slots_at_once_is_noticed(tmp_path, one, chain):
    line = make_line(tmp_path, chain)
    device, _ = certificate_on(one.ports[0])

    with line.active.holding(device.device.hex(), "another slot"):
        worked = work(line, one)

    assert worked.causes == {"slot0": "duplicate_hub"}


def test_a_hub_that_is_moved_to_another_slot_goes_on_there(tmp_path, one, chain):
    line = make_line(tmp_path, chain)
    until = way.go(one.ports[0], line, lambda event, **values: None, until="proved")
    moved = one.ports[0].__class__(one.ports[0].path, "slot 9")

    ended = way.go(moved, line, lambda event, **values: None)

    assert (until.state, ended.state) == ("proved", "done")
    assert ended.unit.public == until.unit.public


def test_pulling_everything_is_resumable(tmp_path, replay, chain):
    """All hubs lose their power in the middle; the next run finishes the same identities."""
    line = make_line(tmp_path, chain, development_order(3))
    with Tray(tmp_path / "tray", replay, 3) as tray:
        settle()
        pulled = threading.Event()

        def tell(told):
            if told.event == "keyed" and not pulled.is_set():
                pulled.set()
                for hub in tray.hubs:
                    tray.cut_power(hub)

        Station(line, chosen(tray.ports), tell, patience_s=0.0).work()
        settle()
        work(line, tray)
        worked = work(line, tray)

    assert set(worked.causes.values()) == {"done"}, worked.ended
    assert worked.account(tmp_path, chain).sound


def test_a_clock_that_was_set_back_stops_the_line(tmp_path, one, chain):
    now = [2_000_000_000_000]
    line = make_line(tmp_path, chain, clock=lambda: now[0])
    work(line, one)
    now[0] -= 60_000
    line.journal.close()

    with pytest.raises(Refused) as refusal:
        make_line(tmp_path, chain, clock=lambda: now[0])
    assert refusal.value.reason == "clock_set_back"


def test_a_rotated_hub_gets_another_key_under_its_serial(tmp_path, one, chain):
    """The old key is destroyed on the hub, the old certificate is on the list, the record adds up."""
    line = make_line(tmp_path, chain)
    before = work(line, one).ended["slot0"].unit
    orders = Authority(tmp_path, chain.orders_key, [chain.orders, chain.factory], chain.root)
    after.rotate(line.journal, before, "key_compromise", orders, tmp_path / "list.json", "ab" * 32)

    worked = work(line, one)

    now = worked.ended["slot0"].unit
    identity, shown = certificate_on(one.ports[0])
    assert worked.causes == {"slot0": "done"} and now.serial == before.serial
    assert identity.public.hex() == now.public != before.public
    assert identity.authority == epoch.key_id(b"\xab" * 32), "the next owner's"
    assert certificates.verify_hub(shown, [chain.root]).public == identity.public
    assert after.read_list(tmp_path / "list.json", chain.root).of_key(bytes.fromhex(before.public))
    account = worked.account(tmp_path, chain)
    assert account.sound and (account.built, account.issued, account.labelled) == (1, 1, 1)


@needs_qemu
def test_a_hub_on_the_cortex_m_image_is_locked_and_certified(tmp_path, replay, chain):
    line = make_line(tmp_path, chain, development_order(lock=True))

    with Tray(tmp_path / "tray", replay, 1, "qemu") as tray:
        settle(3)
        worked = work(line, tray, patience_s=10.0)
        identity, shown = certificate_on(tray.ports[0])
        again = work(line, tray)

    assert worked.causes == {"slot0": "done"}, worked.ended
    assert identity.life == "locked"
    assert certificates.verify_hub(shown, [chain.root]).public == identity.public
    assert again.causes == {"slot0": "done"}
    assert line.journal.last("done", identity.device.hex())[2]["verdict"] == "done (dev, locked)"


def test_a_board_that_cannot_keep_a_key_locked_fails_by_name(tmp_path, one, chain):
    worked = work(make_line(tmp_path, chain, development_order(lock=True)), one)

    assert worked.causes == {"slot0": "cannot_lock"}
    assert worked.account(tmp_path, chain).held == {"00001000": "cannot_lock"}
