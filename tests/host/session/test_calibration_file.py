"""The file of a unit's constants, and the blob that is made of it."""

import struct

import pytest
from nacl.signing import VerifyKey

from tasuki.errors import UsageError
from tasuki.fleet import calibration
from tasuki.fleet.calibration import Column
from tasuki.vault.secret import Secret, Signer
from tasuki_wire import epoch

ORDER = Signer(Secret(bytes(range(32))))
DEVICE = b"8 bytes!"
GOOD = """
version = 7
[[column]]
stream = 4
column = 13
gain = 1.5
[[column]]
stream = 0
column = 0
offset = -12
gain = 0.99997
"""


def read(tmp_path, text):
    """What a file with this text says."""
    path = tmp_path / "unit.toml"
    path.write_text(text)
    return calibration.read(path)


def test_a_file_becomes_the_bytes_of_the_specification_signed_for_one_hub(tmp_path):
    constants = read(tmp_path, GOOD)

    blob = constants.blob(DEVICE, ORDER)

    assert constants.version == 7
    assert constants.columns == (Column(0, 0, -12, 16384), Column(4, 13, 0, 24576))  # rows in order
    body, signature = blob[:-64], blob[-64:]
    rows = struct.pack("<BBhH", 0, 0, -12, 16384) + struct.pack("<BBhH", 4, 13, 0, 24576)
    assert body == b"\x01" + DEVICE + struct.pack("<H", 7) + rows
    VerifyKey(ORDER.public).verify(epoch.signed("calibration", body), signature)


def test_no_column_is_a_file_too(tmp_path):
    """It takes constants back that were wrong."""
    assert read(tmp_path, "version = 2").columns == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "version is None"),
        ("version = 0", "version is 0"),
        ("version = 65536", "version is 65536"),
        ("version = true", "version is True"),
        ("version = 1\ncolour = 2", "colour is no part of it"),
        ("version = 1\ncolumn = 3", "tables"),
        ("version = 1\n[[column]]\nstream = 15\ncolumn = 0", "stream is 15"),
        ("version = 1\n[[column]]\nstream = 0", "column is None"),
        ("version = 1\n[[column]]\nstream = 0\ncolumn = 0\noffset = 32768", "offset is 32768"),
        ("version = 1\n[[column]]\nstream = 0\ncolumn = 0\noffset = 0.5", "offset is 0.5"),
        ("version = 1\n[[column]]\nstream = 0\ncolumn = 0\ngain = 4", "gain is 4"),
        ("version = 1\n[[column]]\nstream = 0\ncolumn = 0\ngain = nan", "gain is nan"),
        ("version = 1\n[[column]]\nstream = 0\ncolumn = 0\ngian = 1", "a column has"),
        ("version = 1\n" + "[[column]]\nstream = 0\ncolumn = 0\n" * 2, "twice"),
        ("version = 1\n" + "[[column]]\nstream = 0\ncolumn = 0\n" * 65, "at most 64"),
        ("version =", "unit.toml"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, text, message):
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml"):
        calibration.read(tmp_path / "none.toml")
