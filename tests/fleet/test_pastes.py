"""Files as pastes, fed to the hub's own code: every file whole, told after the paste that ends it."""

import contextlib
import io
import tempfile
from hashlib import sha256
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.fleet import agent, pastes

LETTERS = st.text("abcdefgh", max_size=40).map(str.encode)  # CPython takes no other bytes in a literal


def fed(code):
    """Run a paste as the hub would, by its helpers; the lines that it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, HUB)
    return said.getvalue().split()


HUB: dict[str, object] = {}
exec(agent.SETUP, HUB)


@settings(max_examples=200, deadline=None)
@given(st.lists(LETTERS, max_size=8), st.integers(1, 17))
def test_files_of_any_lengths_take_their_places_in_pieces_of_any_size(contents, size):
    files = {f"f{n}": data for n, data in enumerate(contents)}
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        fed(f"_tk_begin({folder + '/'!r},0)")

        for paste in pastes.pastes(files, digests, size, packs=False):
            assert fed(paste.code.decode()) == ["ok"] * len(paste.names)
            assert all(Path(folder, name).exists() for name in paste.names)

        assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == files


@given(st.integers(0, 1 << 24))
def test_a_piece_is_a_small_share_of_the_heap_and_the_same_for_hubs_alike(free):
    size = pastes.piece_size(free)

    assert size == 512 or size * 24 <= free
    assert size.bit_count() == 1 and 512 <= size <= 32768
