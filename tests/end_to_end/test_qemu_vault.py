"""The key region of the qemu board: it signs, shows no seed, and outlives a power cut anywhere."""

import hashlib
import struct

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from qemu_board import Board, needs_qemu
from tasuki_wire import epoch, succession

pytestmark = [pytest.mark.hub, needs_qemu]

REGION = "vault.img"
AUTHORITY = bytes(range(32))
CHECK = 304  # where a record's check stands
TORN = {"nothing": 0, "torn": 50, "late": 3000, "whole": 4096}

DEVICE = b"the hub."
CREATE = f"_vault.create({AUTHORITY!r})\n"
NEXT = "_vault.raise_session()\n"
USED = CREATE + NEXT
LOCKED = CREATE + "for i in range(3): _vault.raise_session()\n_vault.lock()\n"
SUCCEED = (
    f"_vault.succeed({succession.DOMAIN!r},"
    f" {succession.head(DEVICE, epoch.key_id(AUTHORITY), bytes(32), 1)!r})\n"
)
# what was before, what is cut, and which (locked, keyed, session) may be there afterwards
CASES = {
    "create": ("", CREATE, {(False, False, 0), (False, True, 0)}),
    "create again": (USED, CREATE, {(False, False, 0), (False, True, 0), (False, True, 1)}),
    "session": (USED, "_vault.raise_session()", {(False, True, 1), (False, True, 2)}),
    "session, locked": (LOCKED, "_vault.raise_session()", {(True, True, 3), (True, True, 4)}),
    "lock": (USED, "_vault.lock()", {(False, True, 1), (True, True, 1)}),
    "succeed": (USED, SUCCEED, {(False, True, 1)}),
    "succeed, locked": (LOCKED + SUCCEED, SUCCEED, {(True, True, 3)}),
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
    asks = {"status", "authority", "public", "succession", "sign", "operations"}
    changes = {
        "create",
        "succeed",
        "raise_session",
        "raise_sequence",
        "raise_floor",
        "lock",
        "destroy",
        "cut",
    }
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


def proved(statement, old):
    """The new public key of a statement, once both signatures were found right."""
    first, second = succession.signed_parts(statement)
    public, certified, possessed = succession.fields(statement)[5:]
    VerifyKey(old).verify(first, certified)
    VerifyKey(public).verify(second, possessed)
    return public


def test_a_key_certifies_the_next_one_and_the_rest_goes_on(board):
    before = run(board, LOCKED.replace("_vault.lock()", "") + "print((_vault.public(), _vault.succession()))")
    board.run("import _vault\n_vault.raise_sequence(7)\n" + SUCCEED)
    statement, public, status, authority = run(
        board, "print((_vault.succession(), _vault.public(), _vault.status(), _vault.authority()))"
    )
    signature = run(board, "print(_vault.sign(b'message'))")

    assert before[1] == b""
    assert proved(statement, before[0]) == public != before[0]
    assert succession.fields(statement)[:3] == (1, DEVICE, epoch.key_id(AUTHORITY))
    assert (status, authority) == ((True, False, 3, 7, 0), AUTHORITY)
    VerifyKey(public).verify(b"message", signature)

    again = run(board, SUCCEED + "print(_vault.succession())")
    assert proved(again, public) not in (public, before[0])
    assert run(board, CREATE + "print(_vault.succession())") == b"", "a new first key has no predecessor"


@pytest.mark.parametrize(
    "change", ["_vault.succeed(b'', b'short')", f"_vault.succeed(bytes(33), {bytes(53)!r})"]
)
def test_a_statement_of_another_size_is_refused(board, change):
    out = run(
        board,
        CREATE
        + f"""
was = _vault.public()
try:
    {change}
except ValueError:
    print(_vault.public() == was)""",
    )

    assert out is True


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
def test_a_succession_that_is_cut_anywhere_leaves_one_key_and_its_proof(tmp_path, torn):
    """The old key without a word of the new one, or the new one with its whole statement."""
    outcomes = set()
    for number in range(count_of(tmp_path / "whole", USED, SUCCEED)):
        folder = tmp_path / str(number)
        with Board(folder) as board:
            old = run(board, USED + "print(_vault.public())")
            board.until_off(f"import _vault\n_vault.cut(_vault.operations() + {number}, {torn})\n{SUCCEED}")
        with Board(folder) as board:
            keyed, statement, public = run(
                board, "print((_vault.status()[0], _vault.succession(), _vault.public()))"
            )
        assert keyed and (public == old if statement == b"" else proved(statement, old) == public)
        assert_only_one_key(folder, records(folder))
        outcomes.add(statement == b"")
    assert outcomes == {True, False}


def test_a_record_of_an_image_without_successions_holds_on(tmp_path):
    """An update of the image takes no hub its key, and opens none."""
    folder = tmp_path / "board"
    with Board(folder) as board:
        public = run(board, USED + "print(_vault.public())")
    data = bytearray((folder / REGION).read_bytes())
    for at in (0, 4096):
        if data[at : at + 4] != b"\xff" * 4:
            body = struct.pack("<I", 0x746C7631) + data[at + 4 : at + 88]
            older = body + hashlib.sha256(body).digest()[:16]
            data[at : at + 4096] = older.ljust(4096, b"\xff")
    (folder / REGION).write_bytes(data)
    with Board(folder) as board:
        found = run(board, "print((_vault.public(), _vault.status(), _vault.succession()))")
        later = run(board, "_vault.raise_session()\nprint((_vault.public(), _vault.status()))")

    assert found == (public, (True, False, 1, 0, 0), b"")
    assert later == (public, (True, False, 2, 0, 0))


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
        if hashlib.sha256(block[:CHECK]).digest()[:16] == block[CHECK : CHECK + 16]:
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
