"""The scan finds a marker wherever it stands, and nothing where there is none."""

import os

import pytest

from tasuki.wearer.erasure import scan as scans
from tasuki.wearer.erasure.scan import scan

MARKER = bytes(range(100, 116))


@pytest.mark.parametrize("at", [0, 1, 7, 63, 64, 65, 4_081, 4_096])
def test_a_marker_is_found_at_any_offset_and_across_reads(tmp_path, monkeypatch, at):
    monkeypatch.setattr(scans, "_CHUNK", 64)
    data = bytearray(8_192)
    data[at : at + 16] = MARKER
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.db-wal").write_bytes(data)

    found = scan([tmp_path], {"keys": [MARKER, MARKER[::-1]]})

    assert found.hits == {"keys": {MARKER}}
    assert found.missed == {"keys": 1}
    assert (found.files, found.size) == (1, 8_192)


def test_of_many_markers_each_is_found_and_no_other(tmp_path):
    """As plain search says, on random bytes with half of 5,000 markers in them."""
    markers = [os.urandom(16) for _ in range(5_000)]
    filler = os.urandom(200_000)
    parts = [filler[n * 80 : n * 80 + 80] + marker for n, marker in enumerate(markers[::2])]
    (tmp_path / "x").write_bytes(b"".join(parts))

    found = scan([tmp_path], {"all": markers})

    data = (tmp_path / "x").read_bytes()
    assert found.hits["all"] == {marker for marker in markers if marker in data}
    assert found.total == 2_500


def test_another_wearers_longer_name_is_not_taken_for_the_erased_one(tmp_path):
    (tmp_path / "x").write_bytes(b"..hanako-suzuki-2..")

    assert scan([tmp_path], {"name": [b"hanako-suzuki"]}, [b"hanako-suzuki-2"]).total == 0
    (tmp_path / "y").write_bytes(b"..hanako-suzuki..")
    assert scan([tmp_path], {"name": [b"hanako-suzuki"]}, [b"hanako-suzuki-2"]).total == 1


def test_a_marker_that_could_stand_anywhere_by_chance_is_refused(tmp_path):
    with pytest.raises(ValueError, match="5 bytes"):
        scan([tmp_path], {"name": [b"taro!"]})


def test_empty_and_short_files_hold_nothing(tmp_path):
    for n in range(8):
        (tmp_path / str(n)).write_bytes(MARKER[:n])

    assert scan([tmp_path], {"keys": [MARKER]}).total == 0
