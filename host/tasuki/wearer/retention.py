"""Retention: what is older than its category may be kept goes, on time, from every store that we fill.

The limits are in the policy's documents (`retention_days` of a category; law overlay, internal rules and
individual terms may shorten them), so an item's limit is the shortest that any of them sets, for any
product that is registered here. What the law requires to keep stays without payload, and goes after that:
provision records three years (APPI enforcement rule 21), and as long the words of erased wearers.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tasuki.consent import lifetimes
from tasuki.consent.events import ERASED
from tasuki.errors import LinkLost, TasukiError
from tasuki.pipeline import outbox_erasing
from tasuki.session.file_register import CAPTURE, OurFile
from tasuki.session.state import State
from tasuki.sinks import Expiring
from tasuki.wearer.erasure import captures
from tasuki_wire import items as wire_items

DAY_NS = lifetimes.DAY_NS
LAW_KEEPS_DAYS = 3 * 365  # unless the law overlay in force says otherwise
_HOUR_NS = 3600 * 10**9
_EVERY_S = 3600.0


@dataclass(frozen=True)
class Purged:
    """What went from one store because it was old.

    Attributes:
        store: `outbox`, `embedded store`, `files`, `sink NAME`, `decisions` or `erased wearers' words`.
        items: whose limit it was. days: the limit, of a sink the shortest. count: what went: envelopes,
            blocks, files, rows.
        waits: why it could not go now; empty when it could.
    """

    store: str
    items: tuple[str, ...]
    days: int
    count: int
    waits: str = ""


def limits(state: State, now_ns: int) -> dict[str, int]:
    """Item of the wire to how long it may be kept, nanoseconds; nothing where no policy is in force."""
    policy = state.engine.in_force(now_ns)
    if policy is None:
        return {}
    products = {garment.manifest.product for garment in state.book.registers.garments.values()}
    policies = [policy, *(one for name in products if (one := policy.for_product(name)))]
    return lifetimes.shortest(policies)


def law_keeps_days(state: State, now_ns: int) -> int:
    """How long provision records and proof of consent are kept: the duty `provision_record` of the law."""
    policy = state.engine.in_force(now_ns)
    duty = policy.duties.get("provision_record") if policy else None
    return duty.days if duty and duty.days else LAW_KEEPS_DAYS


def purge(state: State, now_ns: int | None = None) -> list[Purged]:
    """Delete what is too old by now, here and on servers, and nothing else; what went, and what waits."""
    now = time.time_ns() if now_ns is None else now_ns
    return [*purge_here(state, now), *purge_servers(state, now)]


def purge_here(state: State, now_ns: int) -> list[Purged]:
    """From every store of this host."""
    by_limit: dict[int, list[str]] = {}
    for item, limit in limits(state, now_ns).items():
        by_limit.setdefault(limit, []).append(item)
    out = []
    for limit, names in sorted(by_limit.items()):
        before, items, days = now_ns - limit, tuple(names), limit // DAY_NS
        work = {
            "outbox": partial(outbox_erasing.expired, state.outbox, items, before),
            "embedded store": partial(state.store.expire, items, before // _HOUR_NS),
            "files": partial(_files, state, items, before),
        }
        out += [_row(store, items, days, expire) for store, expire in work.items()]
    kept = law_keeps_days(state, now_ns)
    before = now_ns - kept * DAY_NS
    return [
        *out,
        _row("decisions", (), kept, partial(outbox_erasing.expired_decisions, state.outbox, before)),
        _row("erased wearers' words", (), kept, partial(state.book.expire, ERASED, before)),
    ]


def purge_servers(state: State, now_ns: int) -> list[Purged]:
    """From servers that this host writes into itself; behind a broker its collectors do it."""
    servers: dict[int, tuple[str, Expiring]] = {}
    for place, sink in sorted(state.sinks.items(), key=lambda each: each[0]):
        if isinstance(sink, Expiring):
            servers.setdefault(id(sink), (place, sink))  # one server of several destinations once
    days = {item: limit // DAY_NS for item, limit in limits(state, now_ns).items()} if servers else {}
    if not days:
        return []
    return [
        _row(f"sink {place}", tuple(days), min(days.values()), partial(sink.expire, days, now_ns // DAY_NS))
        for place, sink in servers.values()
    ]


def _row(store: str, items: tuple[str, ...], days: int, work: Callable[[], int]) -> Purged:
    try:
        return Purged(store, items, days, work())
    except LinkLost as e:
        return Purged(store, items, days, 0, str(e))


def _files(state: State, items: tuple[str, ...], before_ns: int) -> int:
    """Take items out of old captures; remove old files from which none can be taken, or with none left."""
    gone = 0
    for one in state.files.all():
        if one.made_ns >= before_ns or not _is_there(one):
            continue
        if one.kind != CAPTURE:
            captures.remove(one.path)
            state.files.forget(one.id)
            gone += 1
        elif captures.holds(one.path, items):
            if captures.holds(one.path, set(wire_items.NAMES) - set(items)):
                captures.without(one.path, items)
            else:
                captures.remove(one.path)
                state.files.forget(one.id)
            gone += 1
    return gone


def _is_there(one: OurFile) -> bool:
    return one.path.exists() and (not one.file_id or captures.file_id(one.path) == one.file_id)


class Hourly:
    """Purges when it was made and then once an hour, whenever it is called.

    Servers in a thread of its own: whoever calls it has a hub to listen to.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._next = 0.0

    def __call__(self) -> list[Purged]:
        """What went here; nothing between the hours."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + _EVERY_S
        now_ns = time.time_ns()
        threading.Thread(target=self._purge_servers, args=(now_ns,), daemon=True).start()
        return [row for row in purge_here(self._state, now_ns) if row.count]

    def _purge_servers(self, now_ns: int) -> None:
        with suppress(TasukiError):  # of a server that cannot be used the uploader tells
            purge_servers(self._state, now_ns)
