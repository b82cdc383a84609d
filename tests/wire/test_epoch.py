"""Trees and paths against another definition, and what a disclosed block keeps to itself."""

import hashlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki_wire import codec, epoch, layout

SECRET = bytes(range(16))
KEYS = [epoch.slot_key(SECRET, slot) for slot in range(layout.SLOTS)]


def sha(data: bytes) -> bytes:
    """24 bytes of SHA-256."""
    return hashlib.sha256(data).digest()[:24]


def recursive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1: split at the largest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\x01" + recursive_root(leaves[:k]) + recursive_root(leaves[k:]))


def some_leaves(n: int) -> list[bytes]:
    """n leaves, all different."""
    return [sha(struct.pack("<I", i)) for i in range(n)]


@pytest.mark.parametrize("n", [*range(1, 70), 127, 128, 129, 1000, 1023, 1024])
def test_a_root_is_that_of_the_recursive_definition(n: int) -> None:
    """Every shape, up to the largest block."""
    leaves = some_leaves(n)
    assert epoch.root(b"".join(leaves)) == recursive_root(leaves)


def test_an_odd_leaf_is_promoted_and_never_doubled() -> None:
    """Three leaves and the same with the last one twice have different roots (CVE-2012-2459)."""
    a, b, c = some_leaves(3)
    assert epoch.root(a + b + c) == epoch.node(epoch.node(a, b), c)
    assert epoch.root(a + b + c) != epoch.root(a + b + c + c)


def test_a_root_leaves_its_input_alone() -> None:
    """The caller keeps the leaves for whom asks for them."""
    leaves = bytearray(b"".join(some_leaves(5)))
    before = bytes(leaves)
    epoch.root(leaves)
    assert leaves == before


@pytest.mark.parametrize("slot", range(layout.SLOTS))
def test_the_path_of_every_slot_leads_to_the_root_from_that_slot_only(slot: int) -> None:
    """Another slot's number, leaf or path leads elsewhere."""
    tops = epoch.slot_leaves(SECRET, {0: b"a" * 48, 7: b"b" * 48, 14: b"c" * 48}, b"m" * 16)
    leaf, path = tops[24 * slot : 24 * slot + 24], epoch.slot_path(tops, slot)
    root = epoch.root(tops)
    assert len(path) == 4 * layout.NODE_SIZE
    assert epoch.climb(slot, leaf, path) == root
    others = [s for s in range(layout.SLOTS) if s != slot]
    assert all(epoch.climb(s, leaf, path) != root for s in others)
    assert all(epoch.climb(slot, tops[24 * s : 24 * s + 24], path) != root for s in others)


@given(st.sets(st.integers(0, 14)), st.integers(0, 15))
def test_a_path_has_the_same_form_whatever_the_other_slots_hold(used: set[int], slot: int) -> None:
    """Used or not, a slot has a leaf, so that its place does not tell."""
    tops = epoch.slot_leaves(SECRET, dict.fromkeys(used, bytes(48)), bytes(16))
    assert len(tops) == layout.SLOTS * layout.NODE_SIZE
    assert len({tops[i : i + 24] for i in range(0, len(tops), 24)}) == layout.SLOTS
    assert epoch.climb(slot, tops[24 * slot : 24 * slot + 24], epoch.slot_path(tops, slot)) == epoch.root(
        tops
    )


def test_slot_keys_differ_and_do_not_give_the_secret() -> None:
    """One-way from the secret; no key is part of another or of the secret."""
    assert len(set(KEYS)) == layout.SLOTS
    assert all(len(key) == layout.KEY_SIZE and key != SECRET for key in KEYS)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_leaves_nodes_and_slots_are_hashed_apart(key: bytes, rest: bytes) -> None:
    """The same bytes as frame leaf, slot leaf and node give three hashes (second preimages, RFC 9162)."""
    hashes = {
        epoch.frame_leaf(key, rest),
        epoch.slot_leaf(key, rest),
        epoch.node(key, rest),
        sha(b"\x03" + key + rest),
    }
    assert len(hashes) == 4


def temperature_bodies(us: int) -> list[bytes]:
    """Every frame of one skin temperature between 30 and 40 degC that a wearer may have had at that time."""
    head = struct.pack("<4B3I", layout.VERSION, 3, 2, 0, 77, *codec.time_words(us))
    return [head + struct.pack("<h", raw) for raw in range(30 * 128, 40 * 128 + 1)]


def disclosed(key_of_slot: "object") -> tuple[dict[str, bytes], bytes]:
    """What a receiver of the ECG block holds, and the temperature frame that was withheld from him."""
    us = 1_000_000
    ecg = struct.pack("<4B3I", layout.VERSION, 1, 0, 0, 5, *codec.time_words(us)) + b"\1\0"
    warm = temperature_bodies(us)[517]
    keys = [key_of_slot(slot) for slot in range(layout.SLOTS)]  # type: ignore[operator]
    entries = {
        frame[2]: epoch.pack_entry(
            frame[2], frame[1], struct.unpack_from("<I", frame, 4)[0], 1, codec.time_words(us),
            codec.time_words(us), epoch.frame_leaf(keys[frame[2]], frame),
        )
        for frame in (ecg, warm)
    }  # fmt: skip
    meta = epoch.pack_meta(0, 0x3F, 0)
    tops = b"".join(epoch.slot_leaf(keys[s], meta if s == 15 else entries.get(s, b"")) for s in range(16))
    held = {
        "entry": entries[0],
        "key": keys[0],
        "path": epoch.slot_path(tops, 0),
        "root": epoch.root(tops),
        "ecg": ecg,
    }
    return held, warm


def guess(held: dict[str, bytes], keys: list[bytes]) -> list[bytes]:
    """Temperature frames that explain a hash which the receiver holds.

    He knows all but the temperature: when it was measured, its seq, how the
    meta entry reads, that slot 3 is unused. Slot 2 and 3 hang below the second
    node of the path of slot 0.
    """
    us = 1_000_000
    hashes = {held["path"][i : i + 24] for i in range(0, 96, 24)} | {held["root"], held["entry"][-24:]}
    found = []
    for body in temperature_bodies(us):
        for warm_key in keys:
            leaf = epoch.frame_leaf(warm_key, body)
            entry = epoch.pack_entry(2, 3, 77, 1, codec.time_words(us), codec.time_words(us), leaf)
            top = epoch.slot_leaf(warm_key, entry)
            tried = {leaf, top, *(epoch.node(top, epoch.slot_leaf(key)) for key in keys)}
            if hashes & tried:
                found.append(body)
    return found


def test_a_withheld_temperature_cannot_be_guessed_from_a_disclosed_block() -> None:
    """All 1281 plausible frames are tried, under the disclosed key and under none; no hash confirms one."""
    held, withheld = disclosed(lambda slot: epoch.slot_key(SECRET, slot))
    assert epoch.climb(0, epoch.slot_leaf(held["key"], held["entry"]), held["path"]) == held["root"]
    assert withheld in temperature_bodies(1_000_000)
    assert guess(held, [held["key"], b"", bytes(16)]) == []


@pytest.mark.parametrize("weak", [b"", bytes(16)], ids=["no salt", "zero salt"])
def test_the_same_attack_finds_the_temperature_where_slots_have_no_keys(weak: bytes) -> None:
    """So the test above can fail."""
    held, withheld = disclosed(lambda slot: weak)
    assert guess(held, [weak]) == [withheld]


def test_the_same_attack_finds_the_temperature_where_one_key_serves_all_slots() -> None:
    """A key an epoch is not enough: it goes along with the disclosed block."""
    held, withheld = disclosed(lambda slot: KEYS[0])
    assert guess(held, [held["key"]]) == [withheld]


@settings(max_examples=30)
@given(st.binary(min_size=16, max_size=16))
def test_epochs_of_the_same_signals_share_no_hash(other: bytes) -> None:
    """A fresh secret leaves nothing to link two epochs by."""
    one = epoch.slot_leaves(SECRET, {0: bytes(48)}, bytes(16))
    two = epoch.slot_leaves(other, {0: bytes(48)}, bytes(16))
    shared = {one[i : i + 24] for i in range(0, 384, 24)} & {two[i : i + 24] for i in range(0, 384, 24)}
    assert not shared or other == SECRET
