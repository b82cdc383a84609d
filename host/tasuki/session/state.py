"""The state folder of one host: what is kept between runs, opened together.

register.json   hubs and their public keys
trust/          makers' roots, revocations
tokens.db       consent tokens handed out
clocks.db       how the clocks of hubs stood, by boot
consent.db      what wearers said, which products hubs are, who wore them
parties.toml    processors, modules, operators and their destinations; written by people
suspended.json  processors that did not confirm a deletion in time
tickets.db      exception tickets and who signed them
outbox.db       epoch ledger, envelopes that wait, decisions
audit.db        the audit log
stats.db        what statistics may still cost, and what was released (tasuki.stats)
store.db        the embedded store
sinks.toml      where else blocks go (tasuki.sinks.config); only read here
wearer.db       accounts, profiles, ratings and requests, once there is a page (tasuki.wearer.records)
files.db        captures, bundles, reports and downloads that were made
wipes.db        hubs that lose what they stored at their next contact
vault.db keys/  keys of wearers and of the service (tasuki.vault)
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tasuki.audit.collecting import Collector
from tasuki.audit.log import AuditLog
from tasuki.audit.names import block_id
from tasuki.consent import files, library
from tasuki.consent.book import ConsentBook
from tasuki.consent.decision import Engine
from tasuki.consent.party_book import PartyBook
from tasuki.consent.policy import Policy, builtin
from tasuki.errors import LinkLost, UsageError
from tasuki.pipeline.outbox import Outbox
from tasuki.pipeline.parcel import Place
from tasuki.session.clock_book import ClockBook
from tasuki.session.file_register import FileRegister
from tasuki.session.token_book import TokenBook
from tasuki.session.wipe_book import WipeBook
from tasuki.sinks import RemoteSink, config
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.trust.anchors import Anchors
from tasuki.trust.ledger import SqliteLedger
from tasuki.trust.register import HubRegister
from tasuki.vault.vault import Vault


class State:
    """Everything that outlives a run. Raises UsageError when the folder or its register cannot be used.

    auditing: False leaves the audit log as it is found, for whoever examines it.
    """

    def __init__(
        self,
        folder: Path,
        policy: Policy | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        auditing: bool = True,
    ) -> None:
        """clock_ns: by which the consent book says when it recorded something."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.policy = policy or builtin()
        effective = None if policy else library.shipped().effective
        self.vault = Vault(folder)
        self.register = HubRegister(folder / "register.json")
        self.anchors = Anchors(folder / "trust")
        self.tokens = TokenBook(folder / "tokens.db")
        self.clocks = ClockBook(folder / "clocks.db")
        self.book = ConsentBook(folder / "consent.db", clock_ns)
        self.parties = PartyBook(folder, self.book.registers, self.policy, clock_ns)
        self.engine = Engine(self.policy, self.book.log, self.book.registers, effective)
        self.outbox = Outbox(folder / "outbox.db", self.vault, self.policy)
        self.ledger = SqliteLedger(folder / "outbox.db")
        self.store = EmbeddedStore(folder / "store.db")
        self.sinks = config.open_sinks(config.read(folder / config.FILE), self.store, self.vault)
        self.book.registers.serve(self.sinks)
        self.files = FileRegister(folder / "files.db")
        self.wipes = WipeBook(folder / "wipes.db")
        self.audit = AuditLog(folder / "audit.db", self.vault.signer("audit"))
        self.collector = Collector(
            self.audit,
            self.vault,
            self.engine.in_force,
            self.book,
            self.outbox,
            clock_ns,
            self.parties.tickets,
        )
        self._auditing = auditing
        if auditing:
            self.collector.collect()  # what an earlier run or another command left

    def refresh(self) -> None:
        """Learn what other processes recorded, and what people wrote into the register of parties."""
        self.book.refresh()
        self.parties.refresh()
        self.vault.refresh()

    def confirmed(self) -> int:
        """Deliveries that sinks have confirmed since the folder was made; kept as a count, so it is cheap."""
        return sum(n for (_, outcome, _), n in self.outbox.ended().items() if outcome == "confirmed")

    def block_name(self, subject: str, place: Place) -> str:
        """The id by which people ask for a wearer's block."""
        return str(block_id(self.vault, subject, *place))

    def close(self) -> None:
        """Sign the audit log and close all files; what the log cannot take now waits for the next run."""
        with suppress(LinkLost):
            if self._auditing:
                self.collector.finish()
        for sink in self.sinks.values():
            if isinstance(sink, RemoteSink):
                sink.close()
        for part in (
            self.audit,
            self.ledger,
            self.outbox,
            self.store,
            self.files,
            self.wipes,
            self.book,
            self.parties,
            self.tokens,
            self.clocks,
            self.vault,
        ):
            part.close()

    def __enter__(self) -> "State":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def adopt(state: State, consent: Path | None) -> str:
    """Take a wearer's file (None: the built-in wearer) into the consent book; the wearer's name."""
    wearer = files.read(consent, state.policy) if consent else files.demo_wearer(state.policy)
    state.book.adopt(wearer)
    return wearer.subject


def wearer(state: State, consent: Path | None, subject: str | None) -> str:
    """Who wears the hub: of the consent file, which is adopted, else by what the consent book has.

    UsageError when that is nobody, or not one person.
    """
    if consent:
        name = adopt(state, consent)
        if subject not in (None, name):
            raise UsageError(f"{consent} is another wearer's", "Leave out --subject, or give the right file.")
        return name
    return known_subject(state.book, subject)


def known_subject(book: ConsentBook, subject: str | None) -> str:
    """The subject that is meant: this one, or the only one; UsageError when the book cannot tell."""
    known = book.log.subjects()
    if subject is None and len(known) == 1:
        return known[0]
    if subject in known:
        return str(subject)
    grant = "Record a consent with `tasuki consent grant`, or give a consent file with --consent."
    if not known:
        raise UsageError("nobody's consent is recorded in this state folder", grant)
    if subject is None:
        raise UsageError(f"{len(known)} wearers are recorded", "Name the one that is meant: --subject NAME.")
    raise UsageError("no consent of this wearer is recorded", f"Check the name. {grant}")
