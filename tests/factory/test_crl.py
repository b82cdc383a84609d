"""What is revoked, as other makers' tools take it: each authority's own CRL."""

import os
import shlex
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from factory.conftest import Chain
from factory.test_host import row_of
from servers import MOSQUITTO
from tasuki.factory import crl
from tasuki.factory.folder import Authority
from tasuki.trust import certificates
from tasuki.trust.revocations import Revocations

SELF_SIGNED = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key "
    "-out server.pem -subj /CN=localhost -days 2"
)
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="openssl is not installed: make services"
)
needs_broker = pytest.mark.skipif(not MOSQUITTO, reason="no broker is installed: make services")


class Factory:
    """A maker's authorities in a folder, two hubs of which the first is stolen, and each one's CRL."""

    def __init__(self, folder):
        self.chain = chain = Chain(now=datetime.now(UTC) - timedelta(days=1))
        self.keys = [Ed25519PrivateKey.generate() for _ in range(2)]
        self.hubs = [
            chain.hub(1000 + n, key.public_key().public_bytes_raw()) for n, key in enumerate(self.keys)
        ]
        authorities = {
            "root": (chain.root_key, []),
            "plant": (chain.factory_key, [chain.factory]),
            "station": (chain.station_key, [chain.station, chain.factory]),
        }
        issued = [*self.hubs, chain.station, chain.factory]
        found = Revocations(7, (row_of(self.hubs[0]),))
        self.counts = {}
        for name, (key, above) in authorities.items():
            authority = Authority(folder, key, above, chain.root)
            pem, self.counts[name] = crl.make(authority, found, issued, datetime.now(UTC), 30)
            (folder / f"{name}.crl").write_bytes(pem)
        (folder / "root.pem").write_bytes(certificates.pem([chain.root]))
        (folder / "between.pem").write_bytes(certificates.pem([chain.station, chain.factory]))
        (folder / "all.pem").write_bytes(certificates.pem([chain.root, chain.factory, chain.station]))
        for n, (hub, key) in enumerate(zip(self.hubs, self.keys, strict=True)):
            (folder / f"hub{n}.pem").write_bytes(certificates.pem([hub, chain.station, chain.factory]))
            private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"hub{n}.key").write_bytes(private)
        self.folder = folder

    def openssl(self, hub, *crls, every=False):
        """What OpenSSL says of a hub's certificate."""
        command = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "between.pem"]
        command += ["-crl_check_all" if every else "-crl_check"]
        for name in crls:
            command += ["-CRLfile", f"{name}.crl"]
        done = subprocess.run([*command, f"hub{hub}.pem"], cwd=self.folder, capture_output=True, text=True)
        return done.stdout + done.stderr


@needs_openssl
def test_openssl_refuses_the_revoked_hub_and_takes_the_other(tmp_path):
    made = Factory(tmp_path)

    assert made.counts == {"root": 0, "plant": 0, "station": 1}
    assert "certificate revoked" in made.openssl(0, "station")
    assert "hub1.pem: OK" in made.openssl(1, "station")
    assert "hub1.pem: OK" in made.openssl(1, "station", "plant", "root", every=True)


@needs_openssl
def test_a_revoked_station_takes_its_hubs_with_it_by_its_plants_list(tmp_path):
    made = Factory(tmp_path)
    pem, count = crl.make(
        Authority(tmp_path, made.chain.factory_key, [made.chain.factory], made.chain.root),
        Revocations(8, (row_of(made.chain.station),)),
        [made.chain.station, *made.hubs],
        datetime.now(UTC),
        30,
    )
    (tmp_path / "plant.crl").write_bytes(pem)

    assert count == 1
    assert "certificate revoked" in made.openssl(1, "station", "plant", "root", every=True)


@needs_openssl
def test_a_list_of_another_authority_counts_for_nothing(tmp_path):
    made = Factory(tmp_path)

    assert "unable to get certificate CRL" in made.openssl(0, "plant")


@needs_broker
def test_a_broker_refuses_the_revoked_hub_and_takes_the_other(tmp_path):
    """The hub's key and certificate in a TLS client; mosquitto asks for one, and has the station's CRL."""
    made = Factory(tmp_path)
    server = subprocess.run(
        shlex.split(SELF_SIGNED),
        cwd=tmp_path,
        capture_output=True,
    )
    assert server.returncode == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "broker.conf").write_text(
        f"listener {port} 127.0.0.1\ncafile {tmp_path}/all.pem\ncertfile {tmp_path}/server.pem\n"
        f"keyfile {tmp_path}/server.key\ncrlfile {tmp_path}/station.crl\nrequire_certificate true\n"
        "use_identity_as_username true\n" + ("user root\n" if os.getuid() == 0 else "")
    )
    with (tmp_path / "broker.log").open("wb") as log:
        broker = subprocess.Popen([MOSQUITTO, "-c", "broker.conf"], cwd=tmp_path, stderr=log)
    try:
        taken = [connects(tmp_path, port, n) for n in (1, 0)]
    finally:
        broker.terminate()
        broker.wait()

    assert taken == [True, False], (tmp_path / "broker.log").read_text()
    assert "certificate verify failed" in (tmp_path / "broker.log").read_text()
    assert made.counts["station"] == 1


def connects(folder: Path, port, hub):
    """True when the broker answers this hub's MQTT CONNECT (3.1.1) that it is accepted."""
    context = ssl.create_default_context(cafile=folder / "server.pem")
    context.load_cert_chain(folder / f"hub{hub}.pem", folder / f"hub{hub}.key")
    deadline = time.monotonic() + 20
    while True:
        try:
            raw = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except ConnectionRefusedError:  # it is starting
            assert time.monotonic() < deadline
            time.sleep(0.05)
    try:
        with context.wrap_socket(raw, server_hostname="localhost") as line:
            line.sendall(bytes.fromhex("100d00044d5154540402003c000178"))
            return line.recv(4) == bytes.fromhex("20020000")
    except (ssl.SSLError, ConnectionError):
        return False
