"""The steps of an erasure on this host: each does what it can now and says how it looked again.

A step may be called any number of times. LinkLost out of it means: not now, again later.
"""

from tasuki.errors import LinkLost
from tasuki.pipeline import outbox_erasing
from tasuki.session.file_register import OurFile
from tasuki.wearer.erasure import captures
from tasuki.wearer.erasure.progress import DONE, OUT_OF_SCOPE, PENDING, StoreProgress
from tasuki.wearer.erasure.work import Work


def vault(work: Work) -> list[StoreProgress]:
    """Keys: the bucket is rolled, so that no copy of the vault opens anything with the keys there are."""
    keys, facts = work.state.vault, work.facts
    if keys.identity(facts.subject) == bytes.fromhex(facts.identity):
        if work.whole:
            keys.erase_subject(facts.subject, bytes.fromhex(facts.identity))
        else:  # a key that was made since is of a later yes, and stays
            now = keys.serials(facts.subject)
            left = [item for item, serial in facts.serials.items() if now.get(item) == serial]
            if left:
                keys.erase_items(facts.subject, left)
    keys.finish()
    what = "all keys of the wearer destroyed" if work.whole else "the items' keys destroyed"
    how = "no epoch key is left to destroy; the wrapped keys are among what the scan looks for"
    return [StoreProgress("vault", DONE, what, how)]


def consent_book(work: Work) -> list[StoreProgress]:
    """What was said stays as proof, under a keyed name; who wore what goes."""
    if not work.whole:
        return [StoreProgress("consent book", DONE, "withdrawn for these items", "read back from the book")]
    facts, book = work.facts, work.state.book
    if not book.erase(facts.subject, facts.name, facts.upto, facts.begun_ns):
        raise LinkLost("the consent book is being read, so its log still holds the name", "Try again.")
    what = "statements kept as proof under a keyed name; bindings, guardians and record id deleted"
    return [
        StoreProgress(
            "consent book", DONE, what, "the name and the bindings are among what the scan looks for"
        )
    ]


def outbox(work: Work) -> list[StoreProgress]:
    """What waits, with its numbers and ledger."""
    deleted = outbox_erasing.erase(work.state.outbox, work.pseudonyms("store"), work.facts.only)
    if work.whole:
        outbox_erasing.erase(work.state.outbox, work.pseudonyms())
    left = outbox_erasing.contents(work.state.outbox, work.pseudonyms("store"), work.facts.only)
    if left:
        raise LinkLost(f"{len(left)} envelopes came meanwhile", "Try again.")
    return [StoreProgress("outbox", DONE, f"{deleted} envelopes deleted", "0 envelopes found; log emptied")]


def embedded_store(work: Work) -> list[StoreProgress]:
    """Our own store, under every pseudonym: before there was a server, its blocks came here."""
    deleted = work.state.store.erase(work.pseudonyms(), work.facts.only)
    left = sum(len(work.state.store.contents(each, work.facts.only)) for each in work.pseudonyms())
    if left:
        raise LinkLost(f"{left} blocks came meanwhile", "Try again.")
    return [StoreProgress("embedded store", DONE, f"{deleted} blocks deleted", "0 blocks found; log emptied")]


def audit_log(work: Work) -> list[StoreProgress]:
    """Its entries cannot be changed; they name nobody once the keys are gone."""
    if not work.whole:
        return [StoreProgress("audit log", OUT_OF_SCOPE, "entries hold no payload and stay")]
    if work.state.vault.identity(work.facts.subject) == bytes.fromhex(work.facts.identity):
        raise LinkLost("the key behind the names is still there", "Try again.")
    what = "entries stay without payload, under names that nobody can make again"
    return [StoreProgress("audit log", DONE, what, "the vault makes no name for the wearer")]


def files(work: Work) -> list[StoreProgress]:
    """Captures, bundles, reports and downloads that were made here."""
    out = []
    for one in work.state.files.of(work.facts.subject):
        if one.made_ns <= work.facts.begun_ns:
            out.append(_file(work, one))
            work.cases.save(work.case, out[-1:])  # before the register forgets it
            if work.whole and not work.state.files.forget(one.id):
                raise LinkLost("the register of files is being read", "Try again.")
    before = [row for name, row in work.stores.items() if name.startswith("file ")]
    summary = f"{len(out) + len(before)} files made here were looked after"
    return [*out, StoreProgress("files", DONE, summary, "the register names no other")]


def _file(work: Work, one: OurFile) -> StoreProgress:
    name = f"file {one.kind} {one.id}"
    if not one.path.exists():
        what = "not found where it was put: moved or removed by a person"
        return StoreProgress(name, OUT_OF_SCOPE, what)
    if one.file_id and captures.file_id(one.path) != one.file_id:
        return StoreProgress(name, OUT_OF_SCOPE, "another file is in its place: it was moved by a person")
    if work.whole or not one.file_id:
        captures.remove(one.path)
        what = "overwritten and removed"
        if not work.whole:
            what += ", because an item cannot be taken out of a file of this kind"
            work.state.files.forget(one.id)
        return StoreProgress(name, DONE, what, "the path is gone")
    gone = captures.without(one.path, work.facts.items or ())
    if captures.holds(one.path, work.facts.items or ()):
        raise LinkLost("a capture still holds the items", "Try again.")
    return StoreProgress(
        name, DONE, f"written anew without {gone} records", "read again: 0 records of the items"
    )


def tickets(work: Work) -> list[StoreProgress]:
    """Exception tickets are signed and append-only, so one that names the wearer stays as it is."""
    if not named_in_tickets(work):
        return [StoreProgress("exception tickets", DONE, "none names the wearer", "all tickets were read")]
    what = "a signed ticket of a disclosure names the wearer; the law requires to keep it, unaltered"
    return [StoreProgress("exception tickets", OUT_OF_SCOPE, what)]


def named_in_tickets(work: Work) -> bool:
    """True when a ticket was ever opened about the wearer."""
    return any(work.facts.subject in filed.ticket.subjects for filed in work.state.parties.tickets.all())


def hub_books(work: Work) -> list[StoreProgress]:
    """Tokens and clocks of hubs that nobody else wears; they are needed until a hub has nothing stored."""
    if not work.whole:
        return [StoreProgress("token and clock book", DONE, "hold nothing about items", "by their tables")]
    state, forgotten, kept = work.state, 0, 0
    for device in work.devices():
        if state.book.registers.bindings.get(device):
            kept += 1
            continue
        row = work.stores.get(f"hub {device.hex()}")
        if row is None or row.state == PENDING:
            raise LinkLost(f"hub {device.hex()} may still send what these are needed for", "Connect it.")
        if not (state.tokens.forget(device) and state.clocks.forget(device)):
            raise LinkLost("the token and clock book are being read", "Try again.")
        forgotten += 1
    what = f"rows of {forgotten} hubs deleted but the highest token number; {kept} hubs are worn by others"
    how = "read back; nothing links a hub to the wearer, whose bindings are deleted"
    return [StoreProgress("token and clock book", DONE, what, how)]


def empty_logs(work: Work) -> None:
    """Empty the write-ahead logs of all files that held something; LinkLost when somebody reads."""
    state = work.state
    emptied = outbox_erasing.empty_log(state.outbox) and state.vault.empty_log() and state.store.empty_log()
    if not (emptied and state.book.empty_log()):
        raise LinkLost("a file of the state folder is being read, so its log is not empty", "Try again.")
