"""The receipt of an erasure: what was done in each store, how it was verified, and what is out of reach."""

from typing import Any

from tasuki.consent import times
from tasuki.consent.receipts import Signs
from tasuki.wearer.erasure import signed
from tasuki.wearer.erasure.progress import OUT_OF_SCOPE, Progress, StoreProgress
from tasuki.wearer.erasure.work import Work

KIND = "garment:ErasureReceipt"


def make(progress: Progress, name: str, ended_ns: int, authority: Signs) -> dict[str, Any]:
    """The signed receipt of a case in which nothing is pending; ValueError while something is.

    name: the keyed name that stands for the wearer from now on; the wearer's own is nowhere in it.
    """
    if progress.pending or not progress.stores:
        raise ValueError("no receipt while a store is pending")
    body = {
        "@type": KIND,
        "case": progress.case,
        "wearer": name,
        "items": "all" if progress.items is None else sorted(progress.items),
        "begun": times.exact(progress.begun_ns),
        "ended": times.exact(ended_ns),
        "stores": [
            {"name": row.name, "state": row.state, "done": row.what, "verified": row.verified}
            for row in progress.stores
        ],
    }
    return signed.document(body, authority)


def verify(data: bytes, public_key: bytes) -> dict[str, Any]:
    """What a receipt says, once the consent authority's key (32 bytes) has proved it; Untrusted."""
    return signed.verify(data, public_key, KIND)


def out_of_scope(work: Work) -> list[StoreProgress]:
    """What no erasure of ours reaches, said in every receipt."""
    begun = times.exact(work.facts.begun_ns)
    rows = {
        "copies by people": "what a person downloaded, copied or printed stays where that person put it",
        "backups": "copies of the data alone open nothing; a copy of the key store from before "
        f"{begun} opens older copies of the data: destroy it, as docs/keys.md says",
        "media": "what journals of file systems, wear levelling of flash and memory of running processes "
        "still hold of deleted bytes; what was encrypted cannot be read there either",
    }
    if work.sinks:
        rows["archives of servers"] = (
            "write-ahead archives, replicas, deleted rows that are not vacuumed yet and broker queues "
            "follow their own rules"
        )
    if work.whole and work.came_back:
        rows["the name in files"] = "not looked for: somebody has an account under it again"
    elif work.whole and "name" not in (work.cases.markers(work.case) or {}):
        rows["the name in files"] = "too short to be looked for; the tables that hold names have none"
    warning = work.state.vault.warning
    if warning:
        rows["place of the keys"] = f"{warning}: who copies that disk copies both"
    return [StoreProgress(name, OUT_OF_SCOPE, what) for name, what in rows.items()]
