"""What the scan looks for: bytes that stand in files while a wearer is there, and nowhere afterwards."""

from collections.abc import Iterable

from tasuki.pipeline import outbox_erasing
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.wearer.erasure import captures
from tasuki.wearer.erasure.cases import Markers
from tasuki.wearer.erasure.holders import Holder
from tasuki.wearer.erasure.scan import SHORTEST
from tasuki.wearer.erasure.work import Work

MOST = 50_000  # envelopes of one store; of more, every n-th
_PIECE = slice(29, 45)  # of an envelope or sealed box: behind head and nonce, so the same nowhere else


def note(work: Work, holders: Iterable[Holder]) -> Markers:
    """The markers of a case, from what stands in the files now; empty groups are left out."""
    facts, state = work.facts, work.state
    found: Markers = {
        "wrapped keys": [bytes.fromhex(each) for each in facts.wrappings],
        "envelopes": _pieces(outbox_erasing.contents(state.outbox, work.pseudonyms(), facts.only)),
        "stored blocks": _pieces(_stored(state.store, work)),
        "capture keys": [
            marker
            for one in state.files.of(facts.subject)
            if one.path.exists()
            for marker in captures.key_markers(one.path, facts.only)
        ],
        "elsewhere": [marker for one in holders for marker in one.markers(facts.subject, facts.only)],
    }
    if work.whole:
        found["pseudonyms"] = _in_use(work)
        found["bindings"] = [bytes.fromhex(binding) for binding, _ in facts.bindings]
        found["name"] = name(facts.subject)
    return {group: each for group, each in found.items() if each}


def name(subject: str) -> list[bytes]:
    """The wearer's name as it stands in files; nothing when it is too short to be told from chance."""
    text = subject.encode()
    return [text] if len(text) >= SHORTEST else []


def _in_use(work: Work) -> list[bytes]:
    """The pseudonyms under which something waits or is stored on this host."""
    with work.state.outbox.reading() as db:
        sql = "SELECT 1 FROM source WHERE pseudonym = ?"
        waiting = {each for each in work.pseudonyms() if db.execute(sql, (each,)).fetchone()}
    return sorted({each for each in work.pseudonyms() if each in waiting or work.state.store.holds(each)})


def _stored(store: EmbeddedStore, work: Work) -> list[bytes]:
    return [content for each in work.pseudonyms() for content in store.contents(each, work.facts.only)]


def _pieces(contents: list[bytes]) -> list[bytes]:
    step = len(contents) // MOST + 1
    return [
        piece for content in contents[::step] if len(piece := content[_PIECE]) == _PIECE.stop - _PIECE.start
    ]
