"""Vectors of epochs: intact, incomplete, and altered in every part."""

import struct
from dataclasses import replace

from epoch_by_hand import Made, flip, frames_of, garment, session
from tasuki_wire import layout
from wire_by_hand import DEVICE_KEY, OTHER_KEY, key_id, noise, sign

Lines = list[tuple[str, object]]
PUBLIC = DEVICE_KEY.verify_key.encode()


def epochs() -> list[Lines]:
    """Intact epochs with their inner values, then what must not verify."""
    e0, e1, e2 = session()
    out = [_whole(f"epoch {e.number}", e) for e in (e0, e1, e2)]
    out += [
        _epoch("epoch 0 of the next session", "verified", Made(0, *garment(0), session=8)),
        _epoch("epoch 1 of another chain", "verified", replace(e1, prev=noise("other prev", 32))),
        _epoch("epoch 0 signed anew", "verified", replace(e0, secret=noise("another secret", 16))),
        _epoch("frames in any order", "verified", e0, bodies=e0.all_bodies()[::-1]),
        _epoch(
            "a lost frame, its leaf asked for",
            "verified",
            e0,
            bodies=_without(e0, 1),
            leaf=(0, 1, e0.leaves(0)[1]),
        ),
        _epoch("a lost frame", "gap", e0, bodies=_without(e0, 1)),
        _epoch("no frames", "gap", e0, bodies=[]),
    ]
    return out + _wrong_signatures(e0) + _wrong_openings(e0, e1) + _wrong_frames(e0) + _signed_nonsense()


def _wrong_signatures(e0: Made) -> list[Lines]:
    record, signed = e0.record(), e0.record_body()
    bare = DEVICE_KEY.sign(signed).signature
    cases = [
        ("wrong signature: a bit of it", flip(record, -1)),
        ("wrong signature: zeros", signed + bytes(64)),
        ("wrong signature: another key", signed + sign(OTHER_KEY, "epoch", signed)),
        ("another key and its id", replace(e0, signer=OTHER_KEY, claims=key_id(OTHER_KEY)).record()),
        ("right key under another id", replace(e0, claims=key_id(OTHER_KEY)).record()),
        ("no domain in front of what is signed", signed + bare),
        *[
            (f"another type's signature: {d}", replace(e0, domain=d).record())
            for d in layout.DOMAINS
            if d != "epoch"
        ],
        ("record: device id altered", flip(record, 1)),
        ("record: session altered", flip(record, 17)),
        ("record: epoch number altered", flip(record, 21)),
        ("record: prev altered", flip(record, 25)),
        ("record: token hash altered", flip(record, 57)),
        ("record: root altered", flip(record, 73)),
        ("record: a byte short", record[:-1]),
        ("record: a byte long", record + b"\0"),
    ]
    return [_epoch(case, "forged", e0, record=changed) for case, changed in cases]


def _wrong_openings(e0: Made, e1: Made) -> list[Lines]:
    whole, entries = e0.opening(), e0.entries()
    head = whole[:40]
    unused = bytes([9]) + entries[1][1:]
    cases = [
        ("opening: secret altered", flip(whole, 8)),
        ("opening: close reason altered", flip(whole, 24)),
        ("opening: item mask altered", flip(whole, 25)),
        ("opening: extension altered", flip(whole, 39)),
        ("opening: first_seq altered", flip(whole, 42)),
        ("opening: count altered", flip(whole, 46)),
        ("opening: t0 altered", flip(whole, 52)),
        ("opening: t1 altered", flip(whole, 60)),
        ("opening: leaf root altered", flip(whole, 64)),
        ("opening: a block left out", head + b"".join(entries[1:])),
        ("opening: a block in an unused slot", head + b"".join(entries) + unused),
        ("opening: an entry twice", head + b"".join([entries[0], *entries])),
        ("opening: half an entry", whole[:-24]),
        ("opening: without entries", head),
    ]
    other = replace(e0, number=1, secret=e0.secret)
    strange = [
        ("opening of another epoch alone", e1.opening()),
        ("opening of another session alone", flip(whole, 0)),
        ("opening under another epoch number alone", other.opening()),
    ]
    return [_epoch(case, "forged", e0, opening=changed) for case, changed in cases] + [
        _epoch(case, "gap", e0, opening=changed) for case, changed in strange
    ]


def _wrong_frames(e0: Made) -> list[Lines]:
    bodies = e0.all_bodies()

    def put(index: int, frame: bytes) -> list[bytes]:
        return [*bodies[:index], frame, *bodies[index + 1 :]]

    lone = _without(e0, 1)
    return [
        _epoch("frame: a sample altered", "forged", e0, bodies=put(0, flip(bodies[0], 16))),
        _epoch("frame: its time altered", "forged", e0, bodies=put(1, flip(bodies[1], 12))),
        _epoch("frame: a flag set", "forged", e0, bodies=put(1, flip(bodies[1], 3))),
        _epoch(
            "frame: two change their seq",
            "forged",
            e0,
            bodies=[_seq(bodies[0], 1), _seq(bodies[1], 0), *bodies[2:]],
        ),
        _epoch("frame: another kind", "forged", e0, bodies=put(0, bodies[0][:1] + b"\2" + bodies[0][2:])),
        _epoch("frame: a byte short", "forged", e0, bodies=put(7, bodies[7][:-1])),
        _epoch(
            "a lost frame, and a leaf that is not its own",
            "gap",
            e0,
            bodies=lone,
            leaf=(0, 1, e0.leaves(0)[2]),
        ),
    ]


def _signed_nonsense() -> list[Lines]:
    """What a hub must not sign, and a verifier does not believe although it is signed."""
    bodies, times = garment(0)
    ecg = bodies[0]

    def one(frames: list[bytes], t0: int, t1: int, kind: int = 1) -> Made:
        return Made(0, {0: frames}, {0: (t0, t1)}, kinds={0: kind})

    t0, t1 = times[0]
    whole = one(ecg, t0, t1)
    high, low = struct.unpack_from("<2I", whole.entry(0), 8)
    respelt = whole.entry(0)[:8] + struct.pack("<2I", high - 1, low + 2**30) + whole.entry(0)[16:]
    many = frames_of("ecg", 0, 0, [t0] * 1025, [b"\1\0"] * 1025)
    return [
        _epoch("signed: entry says another kind than the frames", "forged", one(ecg, t0, t1, kind=2)),
        _epoch("signed: entry says a link kind", "forged", one(ecg, t0, t1, kind=60)),
        _epoch("signed: a seq is skipped", "gap", one([*ecg[:2], _seq(ecg[2], 3)], t0, t1)),
        _epoch(
            "signed: a frame of another stream",
            "gap",
            one([ecg[0], ecg[1], ecg[2][:2] + b"\1" + ecg[2][3:]], t0, t1),
        ),
        _epoch("signed: times that fall", "forged", one([ecg[0], _later(ecg[1], 20_000), ecg[2]], t0, t1)),
        _epoch(
            "signed: seq up to 2**30", "forged", one([_seq(ecg[0], 2**30 - 1), _seq(ecg[1], 2**30)], t0, t1)
        ),
        _epoch("signed: a frame before t0", "forged", one(ecg, t0 + 1, t1)),
        _epoch("signed: a frame after t1", "forged", one(ecg, t0, t0 + 31_999)),
        _epoch("signed: t1 before t0", "forged", one(ecg[:1], t0, t0 - 1)),
        _epoch("signed: a block longer than 8 s", "forged", one(ecg, t0, t0 + 8_000_001)),
        _epoch("signed: t0 spelt with a low word above 2**30", "forged", replace(whole, said={0: respelt})),
        _epoch("signed: epoch 1 without a prev", "forged", replace(whole, number=1)),
        _epoch("signed: epoch 0 with a prev", "forged", replace(whole, prev=noise("prev", 32))),
        _epoch("signed: a block of 1025 frames", "forged", one(many, t0, t0), bodies=[]),
    ]


def _seq(frame: bytes, seq: int) -> bytes:
    return frame[:4] + struct.pack("<I", seq) + frame[8:]


def _later(frame: bytes, us: int) -> bytes:
    high, low = struct.unpack_from("<2I", frame, 8)
    return frame[:8] + struct.pack("<2I", high, low + us) + frame[16:]


def _without(epoch: Made, index: int) -> list[bytes]:
    return [frame for i, frame in enumerate(epoch.all_bodies()) if i != index]


def _epoch(
    case: str,
    verdict: str,
    e: Made,
    record: bytes | None = None,
    opening: bytes | None = None,
    bodies: list[bytes] | None = None,
    leaf: tuple[int, int, bytes] | None = None,
) -> Lines:
    lines: Lines = [("case", case), ("verdict", verdict), ("public", PUBLIC)]
    lines += [("record", e.record() if record is None else record)]
    lines += [("opening", e.opening() if opening is None else opening)]
    lines += [("body", frame) for frame in (e.all_bodies() if bodies is None else bodies)]
    return lines + ([("leaf", f"{leaf[0]} {leaf[1]} {leaf[2].hex()}")] if leaf else [])


def _whole(case: str, e: Made) -> Lines:
    lines = _epoch(case, "verified", e)
    lines += [("secret", e.secret), ("slot_keys", b"".join(e.slot_key(s) for s in range(16)))]
    return [*lines, ("slot_leaves", b"".join(e.slot_leaves())), ("root", e.record()[73:97])]
