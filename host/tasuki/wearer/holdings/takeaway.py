"""Everything held of a wearer in one archive, to take along (rules D-01, D-04; GDPR article 20).

    README.txt              what is in here, Japanese and English
    everything.json         all of it but the samples
    tables/*.csv            profile, consents, ratings, decisions
    consent/                the signed receipt of all consents, and the key that proves it
    signals/*.csv, *.edf    samples, by hub and run of epochs
    proofs/*.tsb, *.pub     the same blocks as the hub signed them: tasuki verify PROOF.tsb --key HUB.pub

It is made while it is sent; what needs a file on its way has one in memory.
"""

import csv
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from tasuki import values
from tasuki.block import Block
from tasuki.consent import json_text, receipts, times
from tasuki.errors import Refused
from tasuki.vault.envelope import Tags
from tasuki.wearer.holdings import edf, flows, proofs, signals
from tasuki.wearer.records import Records
from tasuki_wire import codec

_MEMORY = Path("/dev/shm")
_README = """この保管ファイルには、あなたについて保持しているすべての情報が入っています。
everything.json と tables/ はお読みいただけます。signals/ は計測値(CSV、EDF+)です。
proofs/ の各ファイルは、ハブが署名したままのデータです。次の命令で確かめられます。

This archive holds everything that is kept about you. everything.json and tables/ can be read as they
are; signals/ has the samples (CSV, EDF+). Each file in proofs/ holds the data as your hub signed it:

    tasuki verify proofs/NAME.tsb --key proofs/HUB.pub
"""


def archive(records: Records, subject: str) -> Iterator[bytes]:
    """The archive's bytes, piece by piece."""
    pipe = _Pipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in _entries(records, subject):
            out.writestr(name, data)
            yield pipe.take()
    yield pipe.take()


def everything(records: Records, subject: str) -> dict[str, Any]:
    """All that is held of a wearer but the samples."""
    state, policy = records.state, records.state.policy
    profile = records.profiles
    return {
        "subject": subject,
        "made": _time(state.book.now_ns(subject)),
        "policy": {"version": policy.version, "hash": policy.hash.hex()},
        "profile": [
            {
                "item": one.item,
                "value": one.text,
                "since": _time(one.since_ns),
                "confirmed": _time(one.checked_ns),
            }
            for one in profile.values(policy, subject).values()
        ],
        "corrections": [
            {"item": c.item, "at": _time(c.at_ns), "before": c.before, "after": c.after}
            for c in profile.corrections(subject)
        ],
        "remarks": [
            {
                "item": r.item,
                "at": _time(r.at_ns),
                "from": _time(r.t0_ns),
                "to": _time(r.t1_ns),
                "text": r.text,
            }
            for r in profile.remarks(subject)
        ],
        "ratings": [
            {"at": _time(r.at_ns), "question": r.question, "value": r.value, "note": r.note}
            for r in records.ratings.of(subject)
        ],
        "garments": [
            {"device": b.device.hex(), "since": _time(b.since_ns)} for b in records.garments.worn(subject)
        ],
        "consents": _consents(records, subject),
        "decisions": [
            {
                "item": f.item,
                "purpose": f.purpose,
                "destination": f.destination,
                "outcome": f.outcome,
                "reason": f.reason,
                "rules": " ".join(f.rules),
                "blocks": f.blocks,
                "first": _time(f.first_ns),
                "last": _time(f.last_ns),
            }
            for f in flows.past(state, subject)
        ],
        "signals": [
            {"item": h.item, "stream": h.stream, "from": _time(h.first_ns), "to": _time(h.last_ns)}
            for h in signals.held(state, subject)
        ],
    }


def _entries(records: Records, subject: str) -> Iterator[tuple[str, bytes | str]]:
    found = everything(records, subject)
    yield "README.txt", _README
    yield "everything.json", json.dumps(found, ensure_ascii=False, indent=1)
    for name in ("profile", "consents", "ratings", "remarks", "decisions"):
        yield f"tables/{name}.csv", _csv(found[name])
    yield from _receipt(records, subject)
    state, hubs, names = records.state, set[bytes](), Counter[str]()
    for pseudonym in signals.pseudonyms(state, subject):
        for run in proofs.runs(signals.blocks(state, pseudonym)):
            if run.key_id not in hubs:
                hubs.add(run.key_id)
                yield from _hub(records, run)
            names[run.name] += 1
            again = f"-{names[run.name]}" if names[run.name] > 1 else ""
            yield from _run(run, run.name + again)


def _receipt(records: Records, subject: str) -> Iterator[tuple[str, bytes | str]]:
    book, authority = records.state.book, records.state.vault.signer("authority")
    events = book.log.events(subject)
    if events:
        made = receipts.issue(
            records.state.policy, subject, book.record_id(subject), events, book.now_ns(subject), authority
        )
        yield "consent/receipt.jsonld", json_text.canonical(made) + b"\n"
        yield "consent/authority.pub", authority.public.hex() + "\n"


def _hub(records: Records, run: proofs.Run) -> Iterator[tuple[str, str]]:
    with suppress(Refused):  # a hub that is no longer enrolled here: its key is elsewhere
        public = records.state.register.signing_key(run.device, run.key_id, run.session)
        yield f"proofs/{run.key_id.hex()[:8]}.pub", public.hex() + "\n"


def _run(run: proofs.Run, name: str) -> Iterator[tuple[str, bytes | str]]:
    with tempfile.TemporaryDirectory(prefix="tasuki-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        bundle, signal = Path(folder, "run.tsb"), Path(folder, "run.edf")
        proofs.write(run, bundle)
        yield f"proofs/{name}.tsb", bundle.read_bytes()
        if edf.write(run, signal):
            yield f"signals/{name}.edf", signal.read_bytes()
    by_stream: dict[tuple[int, int], list[tuple[Tags, Block]]] = {}
    for tags, block in sorted(run.kept, key=lambda one: (one[1].epoch, one[1].stream)):
        if signals.plain(block):
            by_stream.setdefault((block.stream, block.kind), []).append((tags, block))
    for (stream, kind), kept in sorted(by_stream.items()):
        yield f"signals/{name}-{codec.KINDS[kind].name}-{stream}.csv", _samples(kept)


def _samples(kept: list[tuple[Tags, Block]]) -> str:
    """One row per record: UTC by the host's statement, the hub's microseconds, values in their units."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for n, (tags, block) in enumerate(kept):
        found = values.read(block)
        wall, _ = signals.wall_ns(tags, block)
        columns, heads = [], []
        for name, value in found.fields.items():
            for i, column in enumerate(value.reshape(len(wall), -1).T):
                many = value.ndim > 1
                unit = found.units[name]
                heads.append(f"{name}{f'_{i + 1}' if many else ''}{f' [{unit}]' if unit else ''}")
                columns.append(column.tolist())
        if not n:
            writer.writerow(["utc", "device_us", *heads])
        stamps = [
            datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="microseconds") for at in wall.tolist()
        ]
        rows = zip(stamps, found.times_us.round().astype(int).tolist(), *columns, strict=True)
        writer.writerows([at, us, *(f"{value:g}" for value in row)] for at, us, *row in rows)
    return out.getvalue()


def _consents(records: Records, subject: str) -> list[dict[str, str]]:
    return [
        {
            "at": _time(event.at_ns),
            "recorded": _time(event.recorded_ns),
            "decision": event.decision,
            "purpose": event.purpose,
            "items": " ".join(sorted(event.items)),
            "notice": event.notice,
            "language": event.language,
            "by": event.relation or "wearer",
            "origin": event.origin,
        }
        for event in records.state.book.log.events(subject)
    ]


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    found = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(found[0]) if found else ["empty"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _inert(value) for key, value in row.items()} for row in found)
    return out.getvalue()


def _inert(value: Any) -> Any:
    """A text that a spreadsheet will not take for a formula (OWASP, CSV Injection)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _time(at_ns: int) -> str:
    return times.exact(at_ns)


class _Pipe:
    """What ZipFile writes to: a stream that cannot be sought, emptied piece by piece."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: Any) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        """What was written since."""
        out, self._waiting = b"".join(self._waiting), []
        return out
