"""Erasing a wearer or some of a wearer's items, everywhere (rules D-03, D-04).

First consent is withdrawn, so that nothing new is routed; then the keys are destroyed, from when on
nothing that was encrypted can be read; then every store is walked, and whoever has to confirm is waited
for. What needs the wearer's name is done once, up to what was his: somebody may come back under it.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from tasuki.consent import party_book, times
from tasuki.consent.events import ERASED
from tasuki.errors import LinkLost, UsageError
from tasuki.pipeline import recalls
from tasuki.session.state import State
from tasuki.sinks import Sink
from tasuki.vault.vault import key_epoch
from tasuki.wearer.erasure import elsewhere, holders, markers, receipts, stores
from tasuki.wearer.erasure.cases import Cases, Facts
from tasuki.wearer.erasure.progress import (
    DONE,
    OUT_OF_SCOPE,
    PENDING,
    Progress,
    StoreProgress,
    waits_for,
)
from tasuki.wearer.erasure.scan import Found, scan
from tasuki.wearer.erasure.work import Work

_FIRST_YEAR = 2025  # before any version of ours gave pseudonyms that it did not note
SCAN = "scan of the state folder"
Step = Callable[[Work], list[StoreProgress]]
_STEPS: tuple[tuple[str, Step], ...] = (
    ("vault", stores.vault),
    ("consent book", stores.consent_book),
    ("outbox", stores.outbox),
    ("embedded store", stores.embedded_store),
    ("files", stores.files),
    ("sinks", elsewhere.sinks),
    ("processors", elsewhere.processors),
    ("hubs", elsewhere.hubs),
    ("token and clock book", stores.hub_books),
    ("audit log", stores.audit_log),
    ("exception tickets", stores.tickets),
)


class Erasures:
    """The erasures of one state folder; what another process began, this one can carry on."""

    def __init__(
        self,
        state: State,
        sinks: Mapping[str, Sink] | None = None,
        also: Sequence[holders.Holder] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """sinks: destination to its sink, where that is not the embedded store; the state's unless given.

        also: other holders of wearers' data; those of the state folder unless given.
        """
        self._state = state
        known = getattr(state, "sinks", {}) if sinks is None else sinks  # a folder may name servers
        self._sinks = {place: sink for place, sink in known.items() if sink is not state.store}
        self._holders = holders.of(state) if also is None else also
        self._clock_ns = clock_ns
        self._cases = Cases(state.folder / "erasures.db", state.vault.key_folder)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file of the cases; the state stays open."""
        self._cases.close()

    def begin(self, subject: str, items: frozenset[str] | None = None) -> str:
        """Stop routing, destroy the keys, and open a case; its id.

        items: erase these alone; None erases all of the wearer. When this returned, consent is
        withdrawn and nothing that was encrypted can be read again; `advance` does the rest. Where the
        key store is away the keys are destroyed as soon as it is back, and `vault` is pending.
        The case that is open for the same wearer and items already is returned when there is one.
        UsageError when nobody of this name is known.
        """
        with self._lock:
            state = self._state
            state.book.refresh()
            known = state.vault.identity(subject)
            for case in self._open_cases(subject, items):
                if known in (None, bytes.fromhex(self._cases.facts(case).identity)):
                    return self._destroy(case)
            if known is None and not state.book.log.events(subject):
                raise UsageError(
                    "no wearer of this name is known", "`tasuki consent show` knows who there is."
                )
            unknown = sorted(item for item in items or () if item not in state.policy.items)
            if unknown or items == frozenset():
                hint = f"Known here: {', '.join(sorted(state.policy.items))}."
                raise UsageError(f"no item {', '.join(unknown)}", hint)
            state.book.withdraw(subject, items or ())
            state.vault.add_subject(subject)
            state.collector.collect()  # what he said last stands in the audit log, under his name there
            return self._destroy(self._cases.open(self._facts(subject, items), self._name(subject)))

    def advance(self, case: str) -> Progress:
        """Do what can be done now, and say what is done, what is waited for and what is out of scope.

        Call it again until `complete`; every call goes on where the last one, or a crash, ended.
        UsageError when there is no such case.
        """
        with self._lock:
            if self._cases.progress(case).complete:
                return self._cases.progress(case)
            self._destroy(case)
            for name, step in (*_STEPS, *self._holder_steps()):
                if self._state_of(case, name) != DONE:
                    self._run(self._work(case), name, step)
            self._cases.save(case, receipts.out_of_scope(self._work(case)))
            if all(row.name == SCAN or row.state != PENDING for row in self._cases.progress(case).stores):
                self._run(self._work(case), SCAN, self._scan)
            else:
                waits = StoreProgress(SCAN, PENDING, "comes last, when no other store is waited for")
                self._cases.save(case, [waits])
            if not self._cases.progress(case).pending:
                self._end(case)
            return self._cases.progress(case)

    def progress(self, case: str) -> Progress:
        """What `advance` said last; does nothing. UsageError when there is no such case."""
        return self._cases.progress(case)

    def cases(self) -> list[Progress]:
        """All erasures, the oldest first."""
        return [self._cases.progress(case) for case in self._cases.ids()]

    def receipt(self, case: str) -> bytes | None:
        """The signed receipt, JSON; None while any store is pending."""
        return self._cases.receipt(case)

    def acknowledge(self, case: str, store: str, by: str) -> Progress:
        """Note that a processor, or whoever keeps a sink, has confirmed the deletion.

        UsageError when that is not waited for, or nobody is named.
        """
        row = self._waiting(case, store, ("processor ", "sink "), by)
        when = times.exact(self._clock_ns())
        done = StoreProgress(store, DONE, row.what, f"{elsewhere.BY_PERSON}{by} at {when}")
        elsewhere.end_order(self._state.folder, case, store)
        self._cases.save(case, [done])
        return self.progress(case)

    def give_up(self, case: str, store: str, by: str) -> Progress:
        """Note that a hub is lost and will not be met again: what it stored is out of reach, and is said so.

        UsageError when that hub is not waited for, or nobody is named.
        """
        self._waiting(case, store, ("hub ",), by)
        what = (
            f"lost, as {by} stated at {times.exact(self._clock_ns())}; what it stored is encrypted to the "
            "storage key of this host"
        )
        self._cases.save(case, [StoreProgress(store, OUT_OF_SCOPE, what)])
        return self.progress(case)

    def scan(self, case: str) -> Found:
        """Look for everything of an open case in every file of the state folder and in our files."""
        work = self._work(case)
        found = dict(self._cases.markers(case) or {})
        if work.came_back:
            found.pop("name", None)
        own = [one.path for one in self._state.files.of(work.facts.subject)]
        elsewhere_ = [path for path in own if not path.is_relative_to(self._state.folder.absolute())]
        text = work.facts.subject.encode()
        others = [one.encode() for one in self._state.vault.subjects()]
        innocent = [one for one in others if text in one and one != text]
        kept = stores.named_in_tickets(work)
        files = self._state.folder.iterdir()
        paths = [path for path in files if not (kept and path.name.startswith(party_book.TICKETS))]
        return scan([*paths, *elsewhere_], found, innocent if "name" in found else ())

    # -- inside ----------------------------------------------------------------------

    def _destroy(self, case: str) -> str:
        """Destroy the keys, and note what the scan will look for, unless both is done; the case."""
        if self._state_of(case, "vault") != DONE:
            self._run(self._work(case), "vault", stores.vault)
        if self._cases.markers(case) is None:
            self._cases.note_markers(case, markers.note(self._work(case), self._holders))
        return case

    def _open_cases(self, subject: str, items: frozenset[str] | None) -> list[str]:
        found = self._cases.find(self._name(subject), items)
        return [found] if found else []

    def _name(self, subject: str) -> str:
        return self._state.vault.service_pseudonym("erasure", subject).hex()

    def _facts(self, subject: str, items: frozenset[str] | None) -> Facts:
        state, keys = self._state, self._state.vault
        if not keys.indexed(subject):
            for place in state.engine.registers.destinations.values():
                for year in range(_FIRST_YEAR, key_epoch(self._clock_ns()) + 1):
                    keys.pseudonym(subject, place.purpose, place.name, year)
        identity = (keys.identity(subject) or b"").hex()
        names = list(keys.pseudonyms(subject).items())
        return Facts(
            subject,
            identity,
            ERASED + keys.service_pseudonym("erased", f"{identity}/{subject}").hex(),
            None if items is None else sorted(items),
            state.book.last,
            self._clock_ns(),
            [(*place, name.hex()) for place, name in names],
            {
                item: serial
                for item, serial in keys.serials(subject).items()
                if items is None or item in items
            },
            [wrapped.hex() for wrapped in keys.wrappings(subject, items)],
            [
                (one.id.hex(), one.device.hex())
                for each in state.book.registers.bindings.values()
                for one in each
                if one.subject == subject
            ],
            [
                (one.destination, one.pseudonym.hex(), one.item, one.version)
                for (purpose, place, _), name in names
                for one in recalls.of_items(
                    state.outbox, state.engine, subject, purpose, place, name, items or ()
                )
            ],
        )

    def _work(self, case: str) -> Work:
        rows = {row.name: row for row in self._cases.progress(case).stores}
        return Work(
            self._state, self._cases, case, self._cases.facts(case), self._sinks, rows, self._clock_ns()
        )

    def _state_of(self, case: str, name: str) -> str:
        return next((row.state for row in self._cases.progress(case).stores if row.name == name), "")

    def _run(self, work: Work, name: str, step: Step) -> None:
        try:
            rows = step(work)
        except (LinkLost, sqlite3.OperationalError) as e:
            rows = [waits_for(name, e)]
        if name in work.stores and all(row.name != name for row in rows):
            self._cases.drop(work.case, name)
        self._cases.save(work.case, rows)

    def _holder_steps(self) -> list[tuple[str, Step]]:
        def step_of(holder: holders.Holder) -> Step:
            def step(work: Work) -> list[StoreProgress]:
                facts = work.facts
                how = holder.erase(facts.subject, facts.only, facts.begun_ns)
                return [StoreProgress(holder.name, DONE, "deleted", how)]

            return step

        return [(holder.name, step_of(holder)) for holder in self._holders]

    def _scan(self, work: Work) -> list[StoreProgress]:
        """Look again whether something came meanwhile, then into every file."""
        stores.outbox(work)
        stores.embedded_store(work)
        for row in elsewhere.sinks(work, again=True):
            if row.state == PENDING:
                raise LinkLost(f"{row.name}: {row.what}", "Try again.")
        stores.empty_logs(work)
        found = self.scan(work.case)
        if found.total:
            if work.whole:
                self._state.book.erase(
                    work.facts.subject, work.facts.name, work.facts.upto, work.facts.begun_ns
                )
            places = ", ".join(sorted(found.places))
            raise LinkLost(f"{found.total} markers are still found, in {places}", "Try again.")
        looked = sum(found.markers.values())
        how = f"{found.files} files of {found.size} bytes were looked through for {looked} markers: 0 found"
        groups = ", ".join(f"{n} {group}" for group, n in found.markers.items())
        return [StoreProgress(SCAN, DONE, groups, how)]

    def _end(self, case: str) -> None:
        facts, ended_ns = self._cases.facts(case), self._clock_ns()
        signer = self._state.vault.signer("authority")
        receipt = receipts.make(self._cases.progress(case), facts.name, ended_ns, signer)
        self._cases.end(case, json.dumps(receipt, indent=2, ensure_ascii=False).encode() + b"\n", ended_ns)

    def _waiting(self, case: str, store: str, kinds: tuple[str, ...], by: str) -> StoreProgress:
        rows = {row.name: row for row in self.progress(case).pending if row.name.startswith(kinds)}
        if store not in rows:
            known = ", ".join(sorted(rows)) or "nothing"
            raise UsageError(f"{store!r} is not waited for in this way", f"Waited for so: {known}.")
        if not by.strip():
            raise UsageError("nobody is named who says so", "Say who.")
        return rows[store]
