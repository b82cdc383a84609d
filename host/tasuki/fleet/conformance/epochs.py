"""Clauses on a hub that samples: frames, epochs, what is sent again, what is taken away."""

import nacl.bindings as sodium
import nacl.exceptions

from tasuki.fleet.conformance import consent
from tasuki.fleet.conformance.clauses import Breach, checks, require, see
from tasuki.fleet.conformance.probe import Frame, Probe
from tasuki_wire import codec, epoch, items, layout

CHECKS, clause = checks()
_ENTRY = layout.ENTRY_SIZE


@clause("8", "start brings frames of exactly the streams whose items the token names")
def _start(probe: Probe) -> None:
    probe.notes["sampled_from"] = first = len(probe.frames)
    found = probe.status("start")
    require(found == "ok", f"start is answered {found}")
    require(probe.ask("status_request")[1][0] == layout.HUB_STATES.index("sampling"), "it is not sampling")
    require(probe.until(lambda: _samples(probe, first), probe.slow_s), "no sample came")
    found = probe.status("reboot")
    require(found == "busy", f"reboot while it samples is answered {found}")


@clause("5", "a sample frame has the kind of its stream, at most the records that were described, and a time")
def _frames(probe: Probe) -> None:
    first = probe.notes["sampled_from"]
    probe.until(lambda: probe.of("epoch_record", first), probe.slow_s)
    for frame in _samples(probe, first):
        if frame.name == "log":
            continue
        row = probe.notes["streams"].get(frame.stream)
        require(row, f"stream {frame.stream} was not described")
        kind, _, per_frame, _ = row
        require(codec.KINDS[kind].name == frame.name, f"stream {frame.stream} has a frame of {frame.name}")
        records = codec.records(kind, frame.flags, frame.payload)
        count = len(records) // codec.KINDS[kind].row_size
        require(1 <= count <= per_frame, f"{count} records in a frame of {frame.name}, {per_frame} at most")


@clause("6", "an opening comes in fragments: in order from 0, each but the last full")
def _fragments(probe: Probe) -> None:
    first = probe.notes["sampled_from"]
    found = probe.until(lambda: _openings(probe, first), probe.slow_s)
    require(found, "no opening came whole")
    parts = [frame.payload for frame in probe.of("opening", first)]
    for part in parts:
        index, total, size = part[2], part[3], len(part) - layout.FRAGMENT_SIZE
        require(index < total <= layout.MAX_FRAGMENTS, f"fragment {index} of {total}")
        full = size == layout.MAX_FRAGMENT or index == total - 1
        require(full and size, f"fragment {index} of {total} has {size} bytes")


@clause(
    "10", "a record is signed, counts from 0, names the record before, the token and the root of all 16 slots"
)
def _records(probe: Probe) -> None:
    first = probe.notes["sampled_from"]
    if _openings(probe, first):
        probe.until(lambda: len(_openings(probe, first)) >= 2, probe.slow_s)
    records = probe.of("epoch_record", first)
    openings = _openings(probe, first)
    see(openings, "no opening came whole")
    require(len(records) >= 2 and len(openings) >= 2, "no two signed epochs came")
    enrolled = probe.notes["enrolled"]
    prev = epoch.NO_PREV
    for number, frame in enumerate(records):
        wire, device, key, session, at, before, token, root, signature = frame.fields
        require(wire == layout.VERSION, f"the record's wire version is {wire:#x}")
        require(device == enrolled["device"], "the record names another device")
        require(key == epoch.key_id(enrolled["public"]), "the record names another key")
        require(session >= 1 and at == number, f"record {number} is epoch {at} of session {session}")
        require(before == prev, f"prev of epoch {at} is not the hash of the record before")
        require(token == epoch.token_id(probe.notes["token_in_force"]), "the record names another token")
        message = epoch.signed("epoch", frame.payload[: -layout.SIGNATURE_SIZE])
        try:
            sodium.crypto_sign_open(signature + message, enrolled["public"])
        except (nacl.exceptions.BadSignatureError, ValueError):
            raise Breach(f"the signature of epoch {at} does not hold") from None
        prev = epoch.sha256(frame.payload)
        if at in openings:
            _proves(openings[at], root, at)
    probe.notes["openings"] = openings


def _proves(opening: bytes, root: bytes, number: int) -> None:
    """The root follows from secret, entries and meta entry."""
    secret, meta, entries = _parts(opening)
    require(list(entries) == sorted(entries), f"the entries of epoch {number} are not in rising order")
    leaves = epoch.slot_leaves(secret, entries, meta)
    require(epoch.root(leaves) == root, f"the opening of epoch {number} does not lead to its root")
    reason = meta[0]
    require(reason < len(layout.CLOSE_REASONS), f"epoch {number} was closed for reason {reason}")
    require(not any(meta[5:]), f"the extension of epoch {number} is not zero")


@clause("10", "an entry names its frames: first seq, count, times, and the root over their leaves")
def _entries(probe: Probe) -> None:
    first = probe.notes["sampled_from"]
    see(probe.notes.get("openings"), "no epoch that could be looked at")
    for number, opening in probe.notes["openings"].items():
        secret, _, entries = _parts(opening)
        for stream, entry in entries.items():
            _, kind, first_seq, count, t0, t1, root = epoch.unpack_entry(entry)
            told = f"stream {stream} of epoch {number}"
            frames = {f.seq: f for f in _samples(probe, first) if f.stream == stream}
            mine = [frames[seq] for seq in range(first_seq, first_seq + count) if seq in frames]
            if len(mine) < count:
                continue  # lost on the way: section 13
            require(all(codec.number(f.name) == kind for f in mine), f"{told} has a frame of another kind")
            require(all(t0 <= f.us <= t1 for f in mine), f"{told} has a frame outside t0 and t1")
            key = epoch.slot_key(secret, stream)
            leaves = b"".join(epoch.frame_leaf(key, f.body) for f in mine)
            require(epoch.root(leaves) == root, f"the frames of {told} do not lead to its root")


@clause("13", "resend brings frames as they were, and says how many")
def _resend(probe: Probe) -> None:
    sampled = _samples(probe, probe.notes["sampled_from"])
    see(sampled, "no frame that could be asked for")
    last = sampled[-1]
    first = len(probe.frames)
    kind, fields = probe.ask("resend", last.stream, last.seq, 1)
    require(kind == "answer" and fields[1] == 0, f"resend of seq {last.seq} is answered {fields}")
    again = [f for f in probe.frames[first:] if (f.stream, f.seq) == (last.stream, last.seq)]
    require(len(again) == fields[2] == 1, f"{len(again)} frames came, {fields[2]} were told")
    require(again[0].body == last.body, "the frame came again with other bytes")
    found = probe.status("resend", last.stream, layout.MAX_SEQ - 1, 1)
    require(found == "not_found", f"resend of what never was is answered {found}")


@clause("13", "epoch_request brings record and opening again, leaves_request the leaves of a block")
def _again(probe: Probe) -> None:
    see(probe.notes.get("openings"), "no epoch that could be asked for")
    first = probe.notes["sampled_from"]
    number = max(_openings(probe, first))
    opening = _openings(probe, first)[number]
    at = len(probe.frames)
    found = probe.status("epoch_request", number)
    require(found == "ok", f"epoch_request is answered {found}")
    again = probe.until(lambda: _openings(probe, at).get(number))
    require(again == opening, "the opening did not come again as it was")
    stream, entry = next(iter(_parts(opening)[2].items()))
    _, _, _, count, _, _, root = epoch.unpack_entry(entry)
    if count > 170:
        return
    request, at = probe.new_id(), len(probe.frames)
    probe.line.write(
        probe.wire(
            "leaves_request", codec.pack(codec.number("leaves_request"), request, number, stream, 0, count)
        )
    )
    message = probe.until(lambda: _whole(probe, "leaf_hashes", at))
    require(message, "no leaves came")
    fields = codec.unpack(codec.number("leaf_hashes"), message[-1])
    require(fields[:4] == (request, number, stream, 0), f"the leaves are those of {fields[:4]}")
    require(epoch.root(fields[4]) == root, "the leaves do not lead to the root of their entry")


@clause("8", "narrow acts at once: its items are in no later frame, and the epoch closes for `narrow`")
def _narrow(probe: Probe) -> None:
    kept = items.bit("device_status") | items.bit("respiration")
    kind, fields = probe.ask("narrow", kept)
    require(kind == "answer" and fields[1] == 0, f"narrow is answered {fields}")
    require(fields[2] == kept, f"the mask in force is {fields[2]:#x}, not {kept:#x}")
    first = len(probe.frames)
    patience = probe.slow_s if probe.notes.get("openings") else probe.patience_s
    probe.until(lambda: _closed_for(probe, first, "narrow"), patience)
    for frame in _samples(probe, first):
        bit = items.bit(str(codec.BY_NAME[frame.name].item))
        require(bit & kept, f"a frame of {frame.name} came behind the answer to narrow")
    found = probe.ask("status_request")[1][1]
    require(found == kept, f"status tells {found:#x}, not {kept:#x}")
    see(probe.notes.get("openings"), "no opening that could say why")
    require(_closed_for(probe, first, "narrow"), "no epoch was closed for `narrow`")


@clause("8", "stop closes the epoch for `stop`, and nothing is sampled behind it; the token stays")
def _stop(probe: Probe) -> None:
    first = len(probe.frames)
    before, probe.patience_s = probe.patience_s, probe.slow_s
    found = probe.status("stop")
    probe.patience_s = before
    require(found == "ok", f"stop is answered {found}")
    if probe.notes.get("openings"):
        closed = probe.until(lambda: _closed_for(probe, first, "stop"), probe.slow_s)
        require(closed, "no epoch was closed for `stop`")
    at = len(probe.frames)
    probe.listen(0.5)
    late = _samples(probe, at)
    require(not late, f"a frame of {late[0].name if late else ''} came behind the last epoch")
    state = probe.ask("status_request")[1][0]
    require(state == layout.HUB_STATES.index("ready"), "the token does not outlive a stop")


@clause("9", "at a token's end all that was sampled is gone, and only hellos come")
def _ends(probe: Probe) -> None:
    found = consent.post(probe, lifetime=2)
    require(found == "ok", f"a token of two seconds is answered {found}")
    probe.status("start")
    ended = probe.until(lambda: not probe.ask("status_request")[1][1], probe.slow_s)
    require(ended, "the items of a token of two seconds are still in force")
    first = len(probe.frames)
    found = probe.status("resend", 0, 0, 100)
    require(found == "no_token", f"resend behind the token's end is answered {found}")
    require(probe.until(lambda: probe.of("hello", first)), "no hello came")
    late = _samples(probe, first)
    require(not late, f"a frame of {late[0].name if late else ''} came behind the token's end")


@clause("9", "no token outlives its boot")
def _next_boot(probe: Probe) -> None:
    old = probe.boot
    first = len(probe.frames)
    found = probe.status("reboot")
    require(found == "ok", f"reboot is answered {found}")
    born = probe.until(lambda: [f for f in probe.of("hello", first) if f.payload[:16] != old], probe.slow_s)
    require(born, "no hello with another nonce came")
    sequence = probe.notes["sequence"]
    found = consent.post(probe, nonce=old)
    require(found == "wrong_nonce", f"a token with the nonce before is answered {found}")
    found = consent.post(probe, sequence=sequence)
    require(found == "stale_sequence", f"a sequence of the boot before is answered {found}")


# -- what is looked at ------------------------------------------------------


def _samples(probe: Probe, first: int) -> list[Frame]:
    return [f for f in probe.frames[first:] if codec.BY_NAME[f.name].item is not None]


def _whole(probe: Probe, name: str, first: int) -> list[bytes]:
    """Messages of a kind in fragments, joined."""
    joining, kind = codec.Assembler(), codec.number(name)
    parts = [joining.add(kind, frame.payload) for frame in probe.of(name, first)]
    return [bytes(part) for part in parts if part is not None]


def _openings(probe: Probe, first: int) -> dict[int, bytes]:
    """Openings by the number of their epoch."""
    return {int.from_bytes(whole[4:8], "little"): whole for whole in _whole(probe, "opening", first)}


def _parts(opening: bytes) -> tuple[bytes, bytes, dict[int, bytes]]:
    """Secret, meta entry, and the entries by stream, in their order."""
    head = 8 + layout.SECRET_SIZE
    at = head + layout.META_SIZE
    rows = [opening[n : n + _ENTRY] for n in range(at, len(opening), _ENTRY)]
    return opening[8:head], opening[head:at], {row[0]: row for row in rows}


def _closed_for(probe: Probe, first: int, reason: str) -> bool:
    wanted = layout.CLOSE_REASONS.index(reason)
    return any(_parts(whole)[1][0] == wanted for whole in _openings(probe, first).values())
