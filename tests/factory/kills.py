"""What can be cut, at every state of a unit's way, and what must hold after the line is started again."""

import base64
import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field

from factory.conftest import Chain, development_order, make_line
from factory.tray import Tray, settle
from tasuki.errors import LinkLost
from tasuki.factory import examine, record, states
from tasuki.factory.station import Station, chosen

VICTIMS = ("station", "hub", "hsm", "disk full")
MOMENTS = ("before", "after")  # the journal has the state
CUT_AT = states.STATES[1:]


class Killed(BaseException):
    """The station is gone, at once: nothing that is written for errors sees it."""


class SwitchedKey:
    """A key in an HSM that can be unplugged; `lost` is a signature that was made and never came."""

    def __init__(self, key):
        self._key = key
        self.public = key.public
        self.away = False

    def sign(self, data):
        signature = self._key.sign(data)
        if self.away:
            raise LinkLost("the HSM does not sign", "Connect it; then try again.")
        return signature

    def close(self):
        self._key.close()


@dataclass
class Outcome:
    """Of one cut."""

    case: tuple
    duplicates: int = 0
    orphans: list = field(default_factory=list)
    logged: int = 0
    cut: bool = False


def cut(folder, replay, state, victim, moment, cmodule=False):
    """Build a hub, cut the victim when the state is being written, start again; what is left of it."""
    folder.mkdir(parents=True)
    chain, outcome = Chain(), Outcome((state, victim, moment))
    key = SwitchedKey(chain.station_key)
    said = []
    with Tray(folder, replay, 1, cmodule=cmodule) as tray:
        settle()
        for round_ in (1, 2, 3):
            line = make_line(folder, chain, development_order(scan=False), key=key)
            try:
                with _fault(line, tray, key, state, victim, moment, outcome, round_ == 1):
                    _run(line, tray, said)
            except Killed:
                pass
            finally:
                line.journal.close()
            key.away = False
        _judge(folder, chain, tray, outcome, said)
    return outcome


def _run(line, tray, said):
    """One start of the line; Killed in a slot's thread is Killed here."""
    killed = []

    def tell(told):
        said.append(json.dumps(told.row()))

    station = Station(line, chosen(tray.ports), tell, patience_s=1.0)
    original = station._worked

    def worked(port):
        try:
            return original(port)
        except Killed as e:
            killed.append(e)
            raise RuntimeError("killed") from e

    station._worked = worked
    station.work()
    if killed:
        raise Killed


@contextmanager
def _fault(line, tray, key, state, victim, moment, outcome, armed):
    """Arm the journal so that the victim is cut just before or after this state is durable."""
    journal = line.journal
    append, advance = journal._append, journal._transaction

    def strike():
        outcome.cut = True
        if victim == "station":
            raise Killed
        if victim == "hub":
            tray.cut_power(tray.hubs[0])
        elif victim == "hsm":
            key.away = True
        elif victim == "disk full":
            raise sqlite3.OperationalError("database or disk is full")

    def appending(kind, device, detail):
        if armed and not outcome.cut and kind == state and moment == "before":
            strike()
        append(kind, device, detail)
        if kind == state:
            journal._written = True

    @contextmanager
    def transaction():
        journal._written = False
        with advance() as db:
            yield db
        if armed and not outcome.cut and moment == "after" and journal._written:
            strike_after()

    def strike_after():
        if victim == "disk full":  # what was written is durable; the next write fails
            outcome.cut = True
            journal._append = failing
            return
        strike()

    def failing(kind, device, detail):
        raise sqlite3.OperationalError("database or disk is full")

    journal._append, journal._transaction = appending, transaction
    yield


def _judge(folder, chain, tray, outcome, said):
    """One identity, on one hub, in one certificate, and all that is written holds."""
    line = make_line(folder, chain)
    journal = line.journal
    log = record.open_log(folder, chain.station_key)
    try:
        record.collect(journal, log)
        log.sign()
        account = examine.examine(journal, log, [chain.station, chain.factory], [chain.root])
        units = journal.units()
        issued = {
            json.loads(text)["certificate"] for *_, kind, _, text in journal.events() if kind == "issued"
        }
        outcome.duplicates = max(0, len(issued) - 1) + max(0, len(units) - 1)
        outcome.orphans = [
            *account.faults,
            *(f"{u.device} is {u.cause or u.state}" for u in units if not u.done),
        ]
        if not units:
            outcome.orphans.append("the hub is not in the journal")
    finally:
        log.close()
        journal.close()
    outcome.logged = secrets_found(folder, chain, tray, said)


def secrets_found(folder, chain, tray, said):
    """How often a secret key stands in what the station wrote or said, in any of three spellings."""
    secrets = [
        (hub.folder / "flash" / "seed").read_bytes()[:32]
        for hub in tray.hubs
        if (hub.folder / "flash" / "seed").exists()
    ]
    secrets.append(chain.station_key._private.private_bytes_raw())
    spelled = [form for s in secrets for form in (s, s.hex().encode(), base64.b64encode(s)[:40])]
    hubs = {hub.folder for hub in tray.hubs}
    files = [p for p in folder.rglob("*") if p.is_file() and not hubs & set(p.parents)]
    written = [p.read_bytes() for p in files] + ["\n".join(said).encode()]
    assert all(secrets) and files
    return sum(form in data for form in spelled for data in written)
