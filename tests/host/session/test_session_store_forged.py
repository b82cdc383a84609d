"""Stored epochs that somebody else sealed, renamed or broke: anybody can seal, the hub alone signs."""

import random
from pathlib import Path

import pytest
from nacl.public import PrivateKey, SealedBox

from host.away_world import accepted, away, come_back, cut_off, left_alone
from host.session_world import run_hub
from tasuki.errors import Untrusted
from tasuki.session.counts import Counts
from tasuki.trust.stored import Stored, unseal
from tasuki_wire import codec

pytestmark = pytest.mark.usefixtures("hasty")


def forged(made, change):
    """Have the hub's oldest stored epoch replaced by one that is changed and sealed to our key again."""
    shelf = made.line.hub.store.shelf
    key = made.state.vault.private_key("storage")
    path = Path(made.line.board.flash) / "store" / shelf.after("")
    data = path.read_bytes()
    boxes, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "little")
        boxes.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    plain = [SealedBox(key).decrypt(box) for box in boxes]
    plain = change(plain)
    boxes = [SealedBox(key.public_key).encrypt(part) for part in plain]
    path.write_bytes(b"".join(len(box).to_bytes(2, "little") + box for box in boxes))


def flip(parts):
    """One bit of the first frame's payload."""
    first = bytearray(parts[0])
    first[40] ^= 1
    return [bytes(first), *parts[1:]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flip, "root_mismatch"),
        (lambda parts: [parts[0] + b"\xff\xff"], "malformed"),
        (lambda parts: parts[:1], "malformed"),
    ],
)
def test_what_somebody_else_sealed_to_us_is_not_believed(made, change, reason):
    """The storage key's public half is no secret; only the hub's signature proves."""
    left_alone(made, 12)
    kept = made.line.hub.store.count
    forged(made, change)

    counts = Counts()
    session, _, _ = come_back(made, counts)

    assert counts.stored_refused[reason] == 1 and counts.recovered >= kept - 1
    assert made.line.hub.store.count == 0
    session.close()


def test_an_epoch_under_another_ones_number_is_not_taken_and_its_own_is(made):
    """What is accepted once is never accepted again, so it has to be what is stored and acknowledged."""
    counts = Counts()
    left_alone(made, 16, counts=counts)
    shelf = made.line.hub.store.shelf
    folder = Path(made.line.board.flash) / "store"
    first = shelf.after("")
    second = shelf.after(first)
    (folder / first).write_bytes((folder / second).read_bytes())
    number = int(second[8:], 16)

    session, _, blocks = come_back(made, counts)

    assert counts.stored_refused == {"malformed": 1}
    assert accepted(made, number + 1)[-1] == number
    assert {b.block.epoch for b in blocks} >= {number, number + 1}
    session.close()


def test_an_epoch_that_names_another_life_gets_no_wall_time_from_it(made):
    """Whoever seals what went over the line before could choose another time, and so other consent."""
    session = made.session()
    earlier = session.connection.nonce
    run_hub(session, 6)
    made.line.reboot()
    run_hub(session, 6)
    later = session.connection.nonce
    cut_off(session, made.line)
    away(made.line, 12)
    kept = made.line.hub.store.count
    assert made.state.clocks.find(session.identity.device, earlier) and earlier != later
    forged(made, lambda parts: [part.replace(later, earlier) for part in parts])

    counts = Counts()
    session, _, _ = come_back(made, counts)

    assert counts.stored_refused == {"malformed": 1} and counts.recovered >= kept - 1
    session.close()


def test_what_is_proved_is_taken_whatever_else_is_in_the_box(made):
    """Leaf hashes that are none, behind an epoch that is whole."""
    left_alone(made, 12)
    kept = made.line.hub.store.count
    row = bytes([codec.number("leaf_hashes")]) + b"none"
    forged(made, lambda parts: [*parts[:-1], parts[-1] + len(row).to_bytes(2, "little") + row])

    counts = Counts()
    session, _, _ = come_back(made, counts)

    assert counts.recovered >= kept and not counts.stored_refused
    session.close()


def test_rows_that_do_not_add_up_are_malformed():
    """Opening a box never raises anything but Untrusted."""
    chance = random.Random(3)
    key = PrivateKey(bytes(range(32)))
    for n in range(300):
        plain = chance.randbytes(n % 40)
        with pytest.raises(Untrusted):
            unseal(Stored(1, 1, (SealedBox(key.public_key).encrypt(plain),)), key)
        with pytest.raises(Untrusted, match="storage key"):
            unseal(Stored(1, 1, (chance.randbytes(n),)), key)
