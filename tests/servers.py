"""Real servers for tests: mosquitto and PostgreSQL from Debian's packages, on loopback, in a folder.

Each is started and stopped by its test, also the hard way. PostgreSQL refuses root, so tests that run as
root start it as `postgres`, the user of its package.
"""

import datetime
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tasuki.sinks import mosquitto
from tasuki.sinks.link import Broker

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_SMALL = ("--wal-segsize", "1")  # of MiB
POSTGRES = _BINARIES[-1].parent if _BINARIES else None


def need_servers():
    """Skip where the packages are missing."""
    if not MOSQUITTO or not POSTGRES:
        pytest.skip("mosquitto or PostgreSQL is missing: make services")


def free_port():
    """A port of loopback that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for_port(port, process=None, seconds=30):
    """Until somebody listens."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens at {port}")


class Mosquitto:
    """A broker; it keeps its port over restarts and nothing else."""

    def __init__(self, folder, limits=mosquitto.Limits(), registers=None, gateways=(), collectors=()):  # noqa: B008
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.tls = registers is not None
        if self.tls:
            self.ca = Authority(folder)
            self.ca.issue("broker", "localhost")
            (folder / "acl").write_text(mosquitto.acl(registers, "tasuki", gateways, collectors))
        made = mosquitto.configuration(folder, self.port, "127.0.0.1", limits, self.tls, report_s=1)
        (folder / "mosquitto.conf").write_text(made + ("user root\n" if os.getuid() == 0 else ""))
        self.process = None
        self.start()

    @property
    def broker(self):
        """How to reach it without TLS."""
        return Broker("127.0.0.1", self.port)

    def broker_for(self, name):
        """How to reach it with a certificate of this name."""
        certificate, key = self.ca.issue(name, name)
        return Broker("localhost", self.port, "tasuki", self.folder / "ca.pem", certificate, key)

    def start(self):
        """Start, or start again."""
        command = [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")]
        log = (self.folder / "mosquitto.log").open("ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        wait_for_port(self.port, self.process)

    def stop(self, how=signal.SIGTERM):
        """End it; SIGKILL is a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def restart(self, how=signal.SIGKILL):
        """Crash and come back; what was in its memory is gone."""
        self.stop(how)
        self.start()

    def pause(self):
        """Let it stall: it takes and gives nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


class Postgres:
    """A PostgreSQL with our schema in the database `tasuki`; everybody on loopback is trusted."""

    def __init__(self, schema, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="tasuki-pg-"))  # pytest's folders are for its user only
        self.port = free_port()
        self.user = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, **settings}
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-U",
            "owner",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            *_SMALL,
        )
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        lines += [
            "unix_socket_directories = ''\n",
            "max_connections = 60\n",
            "shared_buffers = 64MB\n",
            "autovacuum = off\n",
        ]
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(lines)
        self.process = None
        self.start()
        try:
            with psycopg.connect(self.conninfo("owner", "postgres"), autocommit=True) as db:
                db.execute("CREATE DATABASE tasuki")
            with psycopg.connect(self.conninfo("owner"), autocommit=True) as db:
                db.execute(schema)
                db.execute("CREATE ROLE collector LOGIN IN ROLE tasuki_ingest")
        except BaseException:
            self.close()
            raise

    def conninfo(self, user="collector", name="tasuki"):
        """How to reach it."""
        return f"host=127.0.0.1 port={self.port} user={user} dbname={name}"

    def start(self, file_limit=resource.RLIM_INFINITY):
        """Start, or start again. file_limit: bytes beyond which no file grows."""
        command = [str(POSTGRES / "postgres"), "-D", str(self.folder / "data")]
        log = (self.folder / "postgres.log").open("ab")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, resource.RLIM_INFINITY))

        self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=limit, **self.user)
        log.close()
        wait_for_port(self.port, self.process)
        for _ in range(500):
            try:
                psycopg.connect(self.conninfo("owner", "postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.02)
        raise RuntimeError("PostgreSQL does not answer")

    def stop(self, how=signal.SIGINT):
        """End it; SIGQUIT is a crash that replays its log at the next start."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def close(self):
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self, how=signal.SIGQUIT):
        """Crash and come back."""
        self.stop(how)
        self.start()

    def largest_file(self):
        """Bytes of the largest file that is there; files of the log are of one size."""
        return max(path.stat().st_size for path in (self.folder / "data").rglob("*") if path.is_file())

    def query(self, sql, *values):
        """Rows, as the owner."""
        with psycopg.connect(self.conninfo("owner"), autocommit=True) as db:
            cursor = db.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def keeper(self, name):
        """A login that may write and erase: how to reach the database with it."""
        self.query(f"CREATE ROLE {name} LOGIN IN ROLE tasuki_ingest, tasuki_keeper")
        yield self.conninfo(name)
        mine = f"FROM pg_stat_activity WHERE usename = '{name}'"
        self.query(f"SELECT pg_terminate_backend(pid) {mine}")
        for _ in range(500):  # a session that ends still has its temporary tables
            if not self.query(f"SELECT 1 {mine}"):
                break
            time.sleep(0.02)
        self.query(f"DROP ROLE {name}")

    def _run(self, name, *args):
        subprocess.run(
            [str(POSTGRES / name), *args], check=True, capture_output=True, cwd=self.folder, **self.user
        )


class Authority:
    """A certificate authority of one test, and its throwaway certificates."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("throwaway authority")
        made = self._builder(self.name, self.key.public_key())
        made = made.add_extension(x509.BasicConstraints(True, None), True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, True)
        key_id = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        made = made.add_extension(key_id, False)
        (folder / "ca.pem").write_bytes(_pem(made.sign(self.key, hashes.SHA256())))

    def issue(self, file, name):
        """(certificate, key) of somebody, as PEM files."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(_name(name), key.public_key())
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        certificate, path = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        certificate.write_bytes(_pem(made.sign(self.key, hashes.SHA256())))
        form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
        path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return certificate, path

    def _builder(self, name, public):
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(public)
        made = made.serial_number(x509.random_serial_number())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            made.not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(authority, False)
        )


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
