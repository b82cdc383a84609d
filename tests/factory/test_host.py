"""What a line made runs on a host that trusts its root, and nothing else does."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from end_to_end.conftest import Command
from end_to_end.hub_care import image_of
from factory.conftest import Chain, development_order, make_line, new_key, work
from factory.tray import Tray, settle
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.factory import folder
from tasuki.factory.keys import KeySigner
from tasuki.session.state import State
from tasuki.trust import certificates, signed
from tasuki.trust.anchors import Anchors
from tasuki.trust.names import Quota
from tasuki.trust.revocations import Revocations, Revoked

WEARER = Path(__file__).resolve().parents[2] / "host" / "tasuki" / "consent" / "demo-wearer.toml"
SECRET = "correct horse battery"


@pytest.fixture
def tasuki(tmp_path):
    shutil.copy(WEARER, tmp_path / "wearer.toml")
    return Command(tmp_path)


def listing(chain, number, *rows, key=None):
    """A signed list."""
    body = Revocations(number, rows).body()
    return signed.sign("revocation", body, KeySigner(key or chain.orders_key), [chain.orders, chain.factory])


def row_of(hub, public=b""):
    return Revoked(certificates.digest(hub).hex(), public.hex(), "stolen", 1, "unit 00001000")


@pytest.mark.hub
def test_a_hub_from_the_line_runs_by_its_certificates_until_it_is_revoked(tmp_path, replay, tasuki):
    """Or its station is, or its root is trusted no more: also though it is in the register by then."""
    chain = Chain()
    with State(tasuki.state) as state:
        authority = state.vault.signer("authority").public
    with Tray(tmp_path / "tray", replay, 1) as tray:
        settle()
        line = make_line(tmp_path, chain, development_order())
        line.authority = authority
        unit = work(line, tray).ended["slot0"].unit
        run = ("run", "--port", tray.ports[0].path, "--consent", "wearer.toml", "--seconds", 6)
        unknown = tasuki(*run)
        (tmp_path / "root.pem").write_bytes(certificates.pem([chain.root]))
        tasuki("factory", "trust", "root.pem")
        development = tasuki(*run)
        tasuki("factory", "trust", "root.pem", "--development")
        summary = tasuki.json(*run)
        (tmp_path / "station.json").write_text(listing(chain, 1, row_of(chain.station)))
        kept = shutil.copytree(tasuki.state, tmp_path / "kept")
        tasuki("factory", "revocations", "station.json")
        station = tasuki(*run)
        shutil.rmtree(tasuki.state)
        kept.rename(tasuki.state)
        tasuki("factory", "distrust", "root.pem")
        distrusted = tasuki(*run)
        tasuki("factory", "trust", "root.pem", "--development")
        own = certificates.load(bytes.fromhex(unit.certificate))[0]
        (tmp_path / "list.json").write_text(listing(chain, 1, row_of(own, bytes.fromhex(unit.public))))
        taken = tasuki("factory", "revocations", "list.json")
        revoked = tasuki(*run)

    assert unknown.returncode == 1 and "is not enrolled here" in unknown.stderr
    assert development.returncode == 1 and "is a development hub" in development.stderr
    assert summary["epochs_verified"] > 0 and summary["ended_by"] is None, summary
    assert station.returncode == 1 and "was revoked: stolen" in station.stderr
    assert distrusted.returncode == 1 and "root that is trusted here" in distrusted.stderr
    assert taken.returncode == 0, taken.stderr
    assert revoked.returncode == 1 and "was revoked: stolen" in revoked.stderr


@pytest.mark.hub
def test_a_host_that_never_knew_a_hub_takes_the_key_that_its_certified_key_certified(
    tmp_path, replay, tasuki
):
    """Certificate, statement and key together, as for the host that asked for it; and a revoked first key
    takes the next one with it."""
    chain = Chain()
    with State(tasuki.state) as state:
        authority = state.vault.signer("authority").public
    (tmp_path / "root.pem").write_bytes(certificates.pem([chain.root]))
    tasuki("factory", "trust", "root.pem", "--development")
    with Tray(tmp_path / "tray", replay, 1) as tray:
        settle()
        line = make_line(tmp_path, chain, development_order())
        line.authority = authority
        unit = work(line, tray).ended["slot0"].unit
        port = tray.ports[0].path
        run = ("run", "--port", port, "--consent", "wearer.toml", "--seconds", 6)
        tasuki.json(*run)
        changed = tasuki.json("hub", "rotate", "--port", port)
        kept = tasuki.json(*run)
        (tasuki.state / "register.json").unlink()
        summary = tasuki.json(*run)
        (row,) = json.loads((tasuki.state / "register.json").read_text())["hubs"]
        own = certificates.load(bytes.fromhex(unit.certificate))[0]
        (tmp_path / "list.json").write_text(listing(chain, 1, row_of(own, bytes.fromhex(unit.public))))
        tasuki("factory", "revocations", "list.json")
        revoked = tasuki(*run)

    assert changed["before"]["public_key"] == unit.public
    assert kept["epochs_verified"] > 0  # whose certificates are about the key before
    assert summary["epochs_verified"] > 0 and summary["epochs_rejected"] == 0
    assert (row["public"], row["before"][0]["public"]) == (changed["public_key"], unit.public)
    assert row["serial"] == unit.serial
    assert revoked.returncode == 1 and "was revoked: stolen" in revoked.stderr


def set_up(tasuki):
    """A maker, a station for serials 1 to 9, an order, an operator."""
    tasuki.env["TASUKI_SECRET"] = SECRET
    quota = "--first 1 --last 9 --until 2099-01-01 --authority " + "ab" * 32
    for command in (
        "root init root --maker Acme",
        "plant init plant --issuer root",
        "orders init orders --issuer plant",
        f"station init line --issuer plant --product demo-garment {quota}",
        "order new A --orders orders --product demo-garment --quantity 1 --first 1 --no-scan -o a.json",
        "operator add sato --station line",
    ):
        done = tasuki("factory", *command.split())
        assert done.returncode == 0, done.stderr


def test_a_stolen_station_is_revoked_by_its_certificate(tasuki, tmp_path):
    set_up(tasuki)
    revoke = ("factory", "revoke-issuer", "--orders", "orders", "--reason", "stolen", "-o", "list.json")

    done = tasuki(*revoke, "line/certificate.pem")
    root = tasuki(*revoke, "root/certificate.pem")

    assert done.returncode == 0 and "is list 1 and revokes 1" in done.stdout
    assert root.returncode == 1 and "tasuki factory distrust" in root.stderr
    tasuki("factory", "trust", "root/root.pem")
    assert tasuki("factory", "revocations", "list.json").returncode == 0


def test_a_line_starts_only_with_a_shift_an_order_in_its_quota_and_the_right_bundle(tmp_path, tasuki):
    set_up(tasuki)
    order = "order new {} --orders orders --product {} --quantity 1 --first {} --no-scan -o {}.json"
    for name, product, first in (("B", "demo-garment", 9), ("C", "demo-garment", 10), ("D", "other", 1)):
        tasuki("factory", *order.format(name, product, first, name).split())
    (tmp_path / "fix.bundle").write_bytes(image_of({"tasuki_hub/link.py": b"x = 1"}, 7))
    (tmp_path / "other.bundle").write_bytes(image_of({"tasuki_hub/link.py": b"x = 2"}, 7))
    tasuki("factory", *order.format("E", "demo-garment", 9, "E").split(), "--bundle", "fix.bundle")

    def run(name, *more):
        line = ("factory", "run", "--station", "line", "--order", f"{name}.json", "--port", "/dev/null")
        return tasuki(*line, *more).stderr

    without = run("a")
    tasuki("factory", "shift", "start", "--station", "line", "--operator", "sato")
    tampered = json.loads((tmp_path / "a.json").read_text())
    tampered["body"] = tampered["body"].replace('"quantity":1', '"quantity":2')
    (tmp_path / "F.json").write_text(json.dumps(tampered))

    assert "no shift is on" in without
    assert "may certify" in run("C") and "may certify" in run("D")
    assert "changed after it was signed" in run("F")
    assert "has a firmware bundle" in run("E")
    wrong = run("E", "--bundle", "other.bundle", "--release", "development")
    assert "is not the bundle of this order" in wrong


@pytest.mark.hub
def test_a_station_that_is_killed_in_the_middle_goes_on_with_the_same_identity(tmp_path, replay, tasuki):
    """SIGKILL at the moment that the key is made; then the same command again."""
    set_up(tasuki)
    tasuki("factory", "shift", "start", "--station", "line", "--operator", "sato")
    with Tray(tmp_path / "tray", replay, 1) as tray:
        settle()
        again = ("factory", "run", "--station", "line", "--order", "a.json", "--port", tray.ports[0].path)
        process = tasuki.start(*again, "--json")
        for text in process.stdout:
            if json.loads(text)["event"] == "keyed":
                os.kill(process.pid, signal.SIGKILL)
                break
        process.communicate()
        finished = tasuki(*again)
        (unit,) = tasuki.json("factory", "units", "--station", "line")
        audit = tasuki("factory", "audit", "verify", "--station", "line")

    assert process.returncode == -signal.SIGKILL
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert unit["state"] == "done" and unit["serial"] == 1
    assert audit.stdout.startswith("1 units built, 1 certificates issued, 1 labels printed"), audit.stderr


@pytest.fixture
def anchors(tmp_path):
    return Anchors(tmp_path / "trust")


@pytest.fixture
def chain():
    """Issues today, so that its hubs are valid now."""
    return Chain(Quota("demo-garment", 1000, 1999))


def test_only_a_root_can_be_trusted(anchors, chain):
    for wrong in (chain.factory, chain.hub(1000, new_key().public)):
        with pytest.raises(UsageError):
            anchors.trust(certificates.pem([wrong]))
    assert anchors.roots() == []


def test_the_published_root_is_refused_outside_a_demonstration(anchors):
    chain = Chain()
    chain.root_key = folder.demo_key("root")
    data = certificates.pem([chain.root])

    with pytest.raises(UsageError, match="everybody has the key"):
        anchors.trust(data)
    anchors.trust(data, development=True)
    with pytest.raises(Untrusted, match="everybody has"):
        anchors.identify(chain.packed(chain.hub(1000, new_key().public)))


def test_a_revoked_station_takes_its_hubs_with_it(anchors, chain):
    anchors.trust(certificates.pem([chain.root]))
    packed = chain.packed(chain.hub(1000, new_key().public))
    assert anchors.identify(packed).serial == 1000

    anchors.take(listing(chain, 1, row_of(chain.station)))

    with pytest.raises(Refused) as refusal:
        anchors.identify(packed)
    assert refusal.value.reason == "revoked"


def test_a_list_is_taken_once_newer_and_signed(anchors, chain):
    anchors.trust(certificates.pem([chain.root]))
    anchors.take(listing(chain, 2))

    for number in (1, 2):
        with pytest.raises(Refused, match="not newer"):
            anchors.take(listing(chain, number))
    with pytest.raises(Untrusted, match="changed after it was signed"):
        anchors.take(listing(chain, 3, key=new_key()))
    with pytest.raises(Untrusted, match="changed after it was signed"):
        anchors.take(listing(chain, 3).replace('\\"number\\":3', '\\"number\\":4'))
    assert anchors.revocations().number == 2


def test_a_station_cannot_sign_a_list(anchors, chain):
    anchors.trust(certificates.pem([chain.root]))
    body = Revocations(1).body()
    text = signed.sign("revocation", body, KeySigner(chain.station_key), [chain.station, chain.factory])

    with pytest.raises(Untrusted, match="no order key"):
        anchors.take(text)
