"""A whole session in one process."""

import time
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest

from host.session_world import HubLine
from servers import Mosquitto, Postgres, need_servers
from tasuki import recordings
from tasuki.cli import main
from tasuki.consent import policy
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.session.state import State, adopt
from tasuki.sinks import tables
from tasuki.vault.vault import Vault

HOUR_NS = 3600 * 10**9


@pytest.fixture
def tasuki(capsys):
    """Run the command in this process; gives (exit code, stdout, stderr)."""

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


@pytest.fixture
def vault_of(tmp_path):
    """Opens a vault that knows these wearers, in the test's state folder or another; closed at the end."""
    with ExitStack() as opened:

        def open_vault(*subjects, folder=tmp_path / "state"):
            vault = opened.enter_context(closing(Vault(folder)))
            for subject in subjects:
                vault.add_subject(subject)
            return vault

        yield open_vault


@pytest.fixture(scope="session")
def replay_folder(tmp_path_factory):
    """The bundled recording as a hub plays it, over and over."""
    folder = tmp_path_factory.mktemp("replay")
    return recordings.prepare(recordings.load(None), 60, folder, loop=True).path.parent


@pytest.fixture
def made(tmp_path, replay_folder):
    """An enrolled hub on a line, an open state folder and the built-in wearer, as a namespace."""
    line = HubLine(tmp_path / "hub", replay_folder)
    # the line's clock runs ahead of the wall's, so consent has to be some time old
    with State(tmp_path / "state", clock_ns=lambda: time.time_ns() - HOUR_NS) as state:
        connection = Connection(line)
        greet.meet(connection)
        hub = greet.enroll(connection, state.vault.signer("authority"))
        subject = adopt(state, None)

        def open_session(**options):
            return Session(line, state, subject, public_key=hub.public, **options)

        yield SimpleNamespace(
            line=line, state=state, subject=subject, public=hub.public, session=open_session
        )
        line.power_off()


@pytest.fixture(scope="session")
def _database():
    need_servers()
    made = Postgres(tables.schema(policy.builtin()))
    yield made
    made.close()


@pytest.fixture
def database(_database):
    """A real PostgreSQL with our tables, empty."""
    _database.query("TRUNCATE tasuki.block, tasuki.tombstone")
    return _database


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """A real mosquitto without TLS."""
    need_servers()
    made = Mosquitto(tmp_path_factory.mktemp("broker"))
    yield made
    made.stop()


@pytest.fixture
def new_broker(tmp_path):
    """Makes a mosquitto of one's own."""
    need_servers()
    made = []

    def make(**options):
        made.append(Mosquitto(tmp_path / f"broker-{len(made)}", **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
