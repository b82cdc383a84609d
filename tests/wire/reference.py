"""What SPEC.md says a verifier and a hub do, in its plainest form, over tasuki_wire.

The product's verifier is elsewhere; this one shows that the rules as written
accept and refuse what the vectors say.
"""

from collections import Counter
from dataclasses import dataclass, field

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki_wire import codec, epoch, layout
from tasuki_wire.errors import WireError

ENTRY_START, SIGNED = 40, 97
LONGEST_LIFETIME = 86_400


class ForgedError(Exception):
    """The bytes do not prove what they claim."""


@dataclass
class Record:
    """An epoch record whose signature holds."""

    session: int
    number: int
    prev: bytes
    root: bytes


def hold(condition: bool, rule: str) -> None:
    """Raise ForgedError with the rule's name unless the condition holds."""
    if not condition:
        raise ForgedError(rule)


def signature_holds(public: bytes, domain: str, body: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature covers the body under this domain."""
    try:
        VerifyKey(public).verify(epoch.signed(domain, body), signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def read_record(public: bytes, record: bytes) -> Record:
    """A record that the key signed; ForgedError else."""
    try:
        wire, _, key, session, number, prev, _, root, signature = codec.unpack(epoch.RECORD, record)
    except WireError as error:
        raise ForgedError("record length") from error
    hold(layout.OLDEST_VERSION <= wire <= layout.VERSION, "version")
    hold(key == epoch.key_id(public), "key id")
    hold(signature_holds(public, "epoch", record[:SIGNED], signature), "signature")
    hold((number == 0) == (prev == epoch.NO_PREV), "prev of epoch 0 alone is zeros")
    return Record(session, number, prev, root)


def read_entry(entry: bytes) -> tuple[int, int, int, int, int, int, bytes]:
    """An entry within its limits; ForgedError else."""
    hold(all(word < layout.WORD for word in codec.struct.unpack_from("<4I", entry, 8)), "time word")
    stream, kind, first, count, t0, t1, root = epoch.unpack_entry(entry)
    known = codec.KINDS.get(kind)
    hold(known is not None and known.mode == layout.SAMPLES, "kind")
    hold(stream < layout.STREAMS and 1 <= count <= layout.MAX_BLOCK_FRAMES, "block limits")
    hold(first + count <= layout.WORD, "seq")
    hold(0 <= t1 - t0 <= layout.MAX_BLOCK_US, "block time")
    return stream, kind, first, count, t0, t1, root


def seq_of(body: bytes) -> int:
    """Seq of a frame body."""
    return int.from_bytes(body[4:8], "little")


def check_block(entry: bytes, key: bytes, bodies: list[bytes], leaves: dict[int, bytes]) -> bool:
    """Whether frames and leaves prove the block; ForgedError when frames alone contradict it."""
    stream, kind, first, count, t0, t1, root = read_entry(entry)
    found = dict(leaves)
    latest = t0
    for body in sorted(bodies, key=seq_of):
        _, k, s, _, seq, hi, lo = codec.struct.unpack_from("<BBBBIII", body)
        hold((k, s) == (kind, stream) and first <= seq < first + count, "frame of another block")
        hold(latest <= codec.time_us(hi, lo) <= t1, "frame time")
        latest = codec.time_us(hi, lo)
        hold(seq - first not in found, "frame twice")
        found[seq - first] = epoch.frame_leaf(key, body)
    proved = len(found) == count and epoch.root(b"".join(found[i] for i in range(count))) == root
    hold(proved or bool(leaves) or len(bodies) < count, "leaf root")
    return proved


def belongs(body: bytes, entry: bytes) -> bool:
    """Whether stream and seq of a frame are those of the block."""
    stream, _, first, count, *_ = epoch.unpack_entry(entry)
    return body[2] == stream and first <= seq_of(body) < first + count


def verify_epoch(
    public: bytes, record: bytes, opening: bytes, bodies: list[bytes], leaves: list[tuple[int, int, bytes]]
) -> str:
    """`verified` or `gap`; ForgedError else."""
    said = read_record(public, record)
    try:
        session, number, secret, *_, rows = codec.unpack(epoch.OPENING, opening)
    except WireError as error:
        raise ForgedError("opening length") from error
    if (session, number) != (said.session, said.number):
        return "gap"  # not its opening
    entries = [rows[i : i + layout.ENTRY_SIZE] for i in range(0, len(rows), layout.ENTRY_SIZE)]
    streams = [entry[0] for entry in entries]
    hold(len(streams) == len(set(streams)) and all(s < layout.STREAMS for s in streams), "one entry a stream")
    meta = opening[ENTRY_START - layout.META_SIZE : ENTRY_START]
    tops = epoch.slot_leaves(secret, dict(zip(streams, entries, strict=True)), meta)
    hold(epoch.root(tops) == said.root, "epoch root")
    whole = [
        check_block(
            entry,
            epoch.slot_key(secret, stream),
            [body for body in bodies if belongs(body, entry)],
            {index: leaf for s, index, leaf in leaves if s == stream},
        )
        for stream, entry in zip(streams, entries, strict=True)
    ]
    return "verified" if all(whole) else "gap"


def verify_block(
    public: bytes, record: bytes, entry: bytes, key: bytes, path: bytes, bodies: list[bytes]
) -> str:
    """`verified` or `gap` for a disclosed block; ForgedError else."""
    said = read_record(public, record)
    hold(len(path) == 4 * layout.NODE_SIZE, "path length")
    hold(epoch.climb(read_entry(entry)[0], epoch.slot_leaf(key, entry), path) == said.root, "epoch root")
    _, _, first, count, *_ = epoch.unpack_entry(entry)
    hold(
        [seq_of(body) for body in bodies] == sorted({*range(first, first + count)})[: len(bodies)],
        "order",
    )
    return "verified" if check_block(entry, key, bodies, {}) else "gap"


@dataclass
class Ledger:
    """What a verifier remembers of one key: each (session, epoch) once, and how they hang together."""

    seen: dict[tuple[int, int], tuple[bytes, bytes, bytes]] = field(default_factory=dict)

    def take(self, public: bytes, record: bytes, opening: bytes) -> str:
        """`verified` or `replayed`; ForgedError when prev and the neighbours differ."""
        said = read_record(public, record)
        place = (said.session, said.number)
        if place in self.seen:
            return "replayed"
        digest = epoch.sha256(record)
        before = self.seen.get((said.session, said.number - 1))
        after = self.seen.get((said.session, said.number + 1))
        hold(before is None or before[0] == said.prev, "prev")
        hold(after is None or after[1] == digest, "prev of the next")
        self.seen[place] = (digest, said.prev, opening)
        return "verified"

    def findings(self, bodies: list[bytes]) -> list[str]:
        """What never came, and what stands behind the newest session's last record."""
        session, last = max(self.seen)
        out = [f"omitted {session} {n}" for n in range(last) if (session, n) not in self.seen]
        opening = self.seen[session, last][2]
        if layout.CLOSE_REASONS[opening[ENTRY_START - layout.META_SIZE]] == "stop":
            return out
        ends = {}
        for i in range(ENTRY_START, len(opening), layout.ENTRY_SIZE):
            stream, _, first, count, *_ = epoch.unpack_entry(opening[i : i + layout.ENTRY_SIZE])
            ends[stream] = first + count
        tail = Counter(body[2] for body in bodies if seq_of(body) >= ends.get(body[2], 0))
        return [
            *out,
            " ".join([f"unknown_tail {session} {last}", *[f"{s}:{n}" for s, n in sorted(tail.items())]]),
        ]


def answer_to_token(device: bytes, nonce: bytes, authority: bytes, accepted: int, payload: bytes) -> str:
    """Status name with which a hub answers a token message, by SPEC's order of checks."""
    try:
        values = codec.unpack(epoch.TOKEN, payload)
    except WireError:
        return "malformed"
    _, form, key, hub, _, _, sequence, boot, lifetime, _, _, signature = values
    body = payload[2 : -layout.SIGNATURE_SIZE]
    checks = (
        (form == layout.TOKEN_FORMAT, "malformed"),
        (hub == device, "wrong_device"),
        (key == epoch.key_id(authority), "wrong_authority"),
        (boot == nonce, "wrong_nonce"),
        (sequence > accepted, "stale_sequence"),
        (signature_holds(authority, "token", body, signature), "bad_signature"),
        (0 < lifetime <= LONGEST_LIFETIME, "bad_lifetime"),
    )
    return next((name for passed, name in checks if not passed), "ok")
