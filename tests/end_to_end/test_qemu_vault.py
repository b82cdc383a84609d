"""The key region of the qemu board: it signs, shows no seed, and outlives a power cut anywhere."""

import hashlib
import struct

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from qemu_board import Board, needs_qemu

pytestmark = [pytest.mark.hub, needs_qemu]

REGION = "vault.img"
AUTHORITY = bytes(range(32))
TORN = {"nothing": 0, "torn": 50, "late": 3000, "whole": 4096}

CREATE = f"_vault.create({AUTHORITY!r})\n"
NEXT = "_vault.raise_session()\n"
USED = CREATE + NEXT
LOCKED = CREATE + "for i in range(3): _vault.raise_session()\n_vault.lock()\n"
# what was before, what is cut, and which (locked, keyed, session) may be there afterwards
CASES = {
    "create": ("", CREATE, {(False, False, 0), (False, True, 0)}),
    "create again": (USED, CREATE, {(False, False, 0), (False, True, 0), (False, True, 1)}),
    "session": (USED, "_vault.raise_session()", {(False, True, 1), (False, True, 2)}),
    "session, locked": (LOCKED, "_vault.raise_session()", {(True, True, 3), (True, True, 4)}),
    "lock": (USED, "_vault.lock()", {(False, True, 1), (True, True, 1)}),
    "destroy": (LOCKED + NEXT, "_vault.destroy()", {(True, True, 4), (False, False, 0)}),
}


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path / "board") as one:
        yield one


def run(board, code):
    """Value of an expression on the board, after statements."""
    return eval(board.run("import _vault\n" + code))


def test_the_vault_signs_what_pynacl_verifies_and_has_no_word_for_the_seed(board):
    signature, public = run(
        board, CREATE + "print((_vault.sign(b'tasuki/epoch/v1\\0body'), _vault.public()))"
    )
    names = run(board, "print(dir(_vault))")
    authority = run(board, "print(_vault.authority())")

    VerifyKey(public).verify(b"tasuki/epoch/v1\0body", signature)
    with pytest.raises(BadSignatureError):
        VerifyKey(public).verify(b"tasuki/epoch/v1\0else", signature)
    assert authority == AUTHORITY
    asks = {"status", "authority", "public", "sign", "operations"}
    changes = {"create", "raise_session", "raise_sequence", "raise_floor", "lock", "destroy", "cut"}
    assert {name for name in names if name[0] != "_"} == asks | changes


def test_a_program_cannot_open_the_region_as_a_file(board, tmp_path):
    board.run("import _vault\n" + CREATE)
    whole = str(tmp_path / "board" / REGION)
    out = run(
        board,
        f"""
import _qemu
refused = 0
for name in ("vault.img", "./vault.img", "../board/vault.img", {whole!r}, "/proc/self/cwd/vault.img"):
    for mode in ("r", "rb", "r+b", "wb"):
        try:
            _qemu.open(name, mode)
        except OSError as e:
            refused += e.errno == 13
print(refused)""",
    )

    assert out == 20
    assert (tmp_path / "board" / REGION).stat().st_size == 2 * 4096


def test_counters_only_rise_and_a_new_key_starts_them_anew(board):
    public = run(board, CREATE + "print(_vault.public())")
    out = run(
        board,
        """
_vault.raise_sequence(7)
refused = []
for what, n in ((_vault.raise_sequence, 7), (_vault.raise_sequence, 6), (_vault.raise_floor, 0),
                (_vault.raise_floor, -1), (_vault.raise_floor, 1 << 30)):
    try:
        what(n)
    except OSError as e:
        refused.append(e.errno)
_vault.raise_floor(3)
print((refused, _vault.raise_session(), _vault.raise_session(), _vault.status()))""",
    )
    again = run(board, CREATE + "print((_vault.public(), _vault.status()))")

    assert out == ([1] * 5, 1, 2, (True, False, 2, 7, 3))
    assert again[0] != public
    assert again[1] == (True, False, 0, 0, 0)


def count_of(folder, before, code):
    """How many programs and erases an operation takes; the seed that was there before it, if any."""
    with Board(folder) as board:
        return run(board, f"{before}n = _vault.operations()\n{code}\nprint(_vault.operations() - n)")


def records(folder):
    """The records in the region that hold, as another reader of its bytes finds them."""
    data = (folder / REGION).read_bytes()
    found = []
    for block in (data[:4096], data[4096:]):
        _, number, flags, session, _, _ = struct.unpack_from("<6I", block)
        if hashlib.sha256(block[:88]).digest()[:16] == block[88:104]:
            found.append((number, bool(flags & 1), True, session, block[24:56]))
    return sorted(found)


def has_prompt(folder):
    """Whether a board that starts with this region comes to the REPL."""
    try:
        with Board(folder, patience_s=1.5):
            return True
    except AssertionError:
        return False


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
@pytest.mark.parametrize("case", CASES)
def test_a_cut_at_any_program_and_erase_leaves_a_state_that_is_allowed(tmp_path, case, torn):
    """Never unlocked with a key that was locked, never half a key, never a counter that went back."""
    before, code, allowed = CASES[case]
    count = count_of(tmp_path / "whole", before, code)
    assert count >= 1
    seen = set()
    for number in range(count):
        folder = tmp_path / str(number)
        with Board(folder) as board:
            board.until_off(
                f"import _vault\n{before}_vault.cut(_vault.operations() + {number}, {torn})\n{code}"
            )
        held = records(folder)
        state = held[-1][1:4] if held else (False, False, 0)
        prompt = has_prompt(folder)

        assert state in allowed, (case, number)
        assert prompt is not state[0], (case, number)
        if prompt:
            with Board(folder) as board:
                assert run(board, "print(_vault.status())")[:3] == (state[1], state[0], state[2])
            assert_only_one_key(folder, records(folder))
        seen.add(state)
    assert seen <= allowed


def assert_only_one_key(folder, held):
    """After a start nothing is left of a key that does not hold any more, not even half of it."""
    blocks = (folder / REGION).read_bytes()
    erased = sum(blocks[at : at + 4096] == b"\xff" * 4096 for at in (0, 4096))
    assert len({row[4] for row in held}) <= 1
    assert erased == 2 - len(held)


def test_a_locked_region_holds_no_unlocked_record(tmp_path):
    """Else one damaged block would open the hub with its key."""
    with Board(tmp_path / "board") as board:
        board.run("import _vault\n" + LOCKED)

    assert [row[1] for row in records(tmp_path / "board")] == [True]


def test_nothing_of_a_destroyed_key_is_left_in_the_flash(tmp_path):
    folder = tmp_path / "board"
    with Board(folder) as board:
        board.run("import _vault\n" + LOCKED)
        seeds = {row[4] for row in records(folder)}
        board.run("_vault.destroy()")

    assert len(seeds) == 1
    assert (folder / REGION).read_bytes() == b"\xff" * 8192
