"""The steps of an erasure that somebody else has to confirm: sinks, processors, hubs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasuki import durable
from tasuki.consent import times
from tasuki.consent.events import FOREVER
from tasuki.errors import LinkLost
from tasuki.pipeline import recalls
from tasuki.session.wipe_book import DRAIN, WIPE, Wipe
from tasuki.sinks import Erasing, Recall, RemoteSink
from tasuki.wearer.erasure import captures, signed
from tasuki.wearer.erasure.progress import DONE, OUT_OF_SCOPE, PENDING, StoreProgress, waits_for
from tasuki.wearer.erasure.work import Work
from tasuki_wire import epoch

ORDER = "garment:DeletionOrder"
BY_PERSON = "acknowledged by "
_ANSWER_DAYS = 30
_DAY_NS = 86_400 * 10**9


def sinks(work: Work, again: bool = False) -> list[StoreProgress]:
    """Every server that blocks were sent to: it erases what it stored and drops what is under way to it.

    One that does not confirm, cannot erase, or is not in sinks.toml any more can be confirmed by who keeps
    it. again: also where it was done already, in case something was under way then.
    """
    out = []
    for destination in work.destinations():
        name, sink = f"sink {destination}", work.sinks.get(destination)
        wanted = work.recalls(destination)
        seen = recalls.seen(work.state.outbox, wanted)
        unknown = sink is None and not seen and name not in work.stores
        if unknown or (_ended(work, name) and not again):
            continue
        try:
            if isinstance(sink, Erasing) and not _by_person(work, name):
                out.append(_erased(work, destination, sink, wanted, again))
            else:
                out.append(_recalled(work, destination, seen))
        except LinkLost as e:
            out.append(waits_for(name, e))
        if again and out[-1].state != PENDING:
            recalls.settled(work.state.outbox, wanted)
    return out


def _erased(work: Work, destination: str, sink: Erasing, wanted: list[Recall], again: bool) -> StoreProgress:
    """By the server itself; until it has confirmed, a person can."""
    name = f"sink {destination}"
    try:
        said = sink.erase(wanted)
    except LinkLost as e:
        if again:
            raise
        order = _order(work, name, [destination])
        waits = waits_for(name, e)
        return replace(waits, what=f"deletion order {order.name} is not confirmed yet: {waits.what}")
    end_order(work.state.folder, work.case, name)
    return StoreProgress(name, DONE, said.what, said.how)


def _recalled(work: Work, destination: str, seen: list[Recall]) -> StoreProgress:
    """Of a server that cannot erase, or whose keeper has confirmed: what is under way goes no further."""
    name, sink = f"sink {destination}", work.sinks.get(destination)
    order = None if _ended(work, name) else _order(work, name, [destination])
    if seen and isinstance(sink, RemoteSink) and len(sink.recall(seen)) < len(seen):
        raise LinkLost(f"{destination} has not confirmed every recall", "Try again.")
    if order is None:
        return work.stores[name]
    why = "it is not in sinks.toml any more" if sink is None else "it cannot erase by itself"
    return StoreProgress(name, PENDING, f"{why}: deletion order {order.name} waits for who keeps it")


def processors(work: Work) -> list[StoreProgress]:
    """A signed deletion order for each processor that got something; its acknowledgement is waited for.

    One that does not acknowledge in time gets nothing any more (rule P-07), until it is registered anew.
    """
    out = []
    for destination in work.destinations():
        party = work.processor_of(destination)
        name = f"processor {party}"
        if not party or _ended(work, name):
            continue
        path = _order(work, name, [p for p in work.destinations() if work.processor_of(p) == party])
        what = f"deletion order {path.name} waits for an acknowledgement"
        if work.now_ns - work.facts.begun_ns > _days(work) * _DAY_NS:
            _suspend(work, party)
            what += f"; overdue after {_days(work)} days, so nothing is sent there any more"
        out.append(StoreProgress(name, PENDING, what))
    return out


def _days(work: Work) -> int:
    """How long a processor may take: as long as requests may be open."""
    duty = work.state.policy.duties.get("answer_requests")
    return duty.days if duty and duty.days else _ANSWER_DAYS


def _suspend(work: Work, party: str) -> None:
    known = work.state.engine.registers.processors.get(party)
    if known is not None and not known.suspended and not work.state.parties.suspend(party):
        work.state.engine.registers.add_processor(replace(known, suspended=True))


def order_path(folder: Path, case: str, store: str) -> Path:
    """Where the deletion order for a sink or processor lies until it is acknowledged."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in store)
    return folder / "orders" / f"{case}-{safe}.json"


def end_order(folder: Path, case: str, store: str) -> None:
    """Remove a deletion order, which names pseudonyms, once it is acknowledged."""
    captures.remove(order_path(folder, case, store))


def _order(work: Work, store: str, places: list[str]) -> Path:
    """The deletion order for a store, written when it is not there yet."""
    path = order_path(work.state.folder, work.case, store)
    if path.exists():
        return path
    body: dict[str, Any] = {
        "@type": ORDER,
        "case": work.case,
        "to": store,
        "issued": times.exact(work.facts.begun_ns),
        "items": sorted(work.facts.items) if work.facts.items is not None else "all",
        "pseudonyms": {place: [each.hex() for each in work.pseudonyms(place)] for place in places},
        "also": "your subprocessors, your copies and your backups; confirm to whom you got this from",
    }
    data = signed.document(body, work.state.vault.signer("attestation"))
    path.parent.mkdir(mode=0o700, exist_ok=True)
    durable.replace(path, f"{json.dumps(data, indent=2, ensure_ascii=False)}\n".encode(), 0o600)
    return path


def hubs(work: Work) -> list[StoreProgress]:
    """Hubs that the wearer wore: wiped, or seen without anything stored, at their next contact."""
    state, out = work.state, []
    asked = {wipe.device: wipe for wipe in state.wipes.of(work.case)}
    for device in work.devices():
        if device not in asked:
            bindings = state.book.registers.bindings.get(device, [])
            worn = any(one.until_ns == FOREVER and one.subject != work.facts.subject for one in bindings)
            mode = WIPE if work.whole and not worn else DRAIN
            state.wipes.ask(device, work.case, mode, _keys_of(work, device))
    for wipe in state.wipes.of(work.case):
        if not _ended(work, f"hub {wipe.device.hex()}"):
            out.append(_hub(wipe))
    return out


def _keys_of(work: Work, device: bytes) -> bytes:
    """Ids of all keys under which we ever knew a hub."""
    garments = work.state.book.registers.garments.values()
    known = {garment.key_id for garment in garments if garment.device == device}
    known |= {
        epoch.key_id(bytes.fromhex(hub.public))
        for hub in work.state.register.hubs()
        if hub.device == device.hex()
    }
    return b"".join(sorted(known))


def _hub(wipe: Wipe) -> StoreProgress:
    name = f"hub {wipe.device.hex()}"
    if wipe.done_ns is not None:
        return StoreProgress(name, DONE, "nothing of the wearer is stored on it", wipe.how)
    waits = {
        WIPE: "is wiped at its next contact with this host",
        DRAIN: "is waited for until it stores nothing; what it still sends is refused",
    }
    return StoreProgress(name, PENDING, waits[wipe.mode])


def _by_person(work: Work, name: str) -> bool:
    return _ended(work, name) and work.stores[name].verified.startswith(BY_PERSON)


def _ended(work: Work, name: str) -> bool:
    row = work.stores.get(name)
    return row is not None and row.state in (DONE, OUT_OF_SCOPE)
