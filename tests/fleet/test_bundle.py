"""Bundles as the host writes and reads them, and as the hub's own parser does."""

import struct
from hashlib import sha256

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tasuki.cli import cli
from tasuki.errors import Untrusted, UsageError
from tasuki.fleet import bundle, devkeys
from tasuki_hub import anchors
from tasuki_hub.bundle import Bundle as HubBundle

RELEASE = devkeys.signer("release")
FILES = {"tasuki_hub/link.py": b"# a link\n" * 40, "tasuki_wire/extra.mpy": bytes(range(256))}
SEVEN = bundle.Release("qemu", 7, "version seven")


def signed(files=FILES, release=SEVEN):
    return bundle.sign(bundle.build(release, files), RELEASE)


def test_the_development_keys_are_those_that_images_of_the_repository_obey():
    assert RELEASE.public == anchors.RELEASE
    assert devkeys.signer("order").public == anchors.ORDER
    assert anchors.FIRMWARE.endswith(b" dev")


def test_the_hub_reads_what_the_host_wrote(tmp_path):
    (tmp_path / "bundle").write_bytes(signed())
    found = HubBundle(str(tmp_path / "bundle"))

    assert {name: found.read(name) for name in found.rows} == FILES
    assert (found.counter, found.board, found.firmware) == (7, "qemu", b"version seven")
    assert found.manifest == bundle.read(signed()).manifest


def test_a_signature_of_the_release_key_holds_and_no_other():
    found = bundle.verify(signed(), RELEASE.public)

    assert (found.release, found.files, found.signed) == (SEVEN, FILES, True)
    with pytest.raises(Untrusted, match="release key"):
        bundle.verify(signed(), devkeys.signer("order").public)
    with pytest.raises(Untrusted, match="release key"):
        bundle.verify(bundle.build(SEVEN, FILES), RELEASE.public)


@given(place=st.integers(0, len(signed()) - 1), bit=st.integers(0, 7))
def test_every_bit_counts(place, bit):
    changed = bytearray(signed())
    changed[place] ^= 1 << bit

    with pytest.raises(Untrusted):
        bundle.verify(bytes(changed), RELEASE.public)


@given(data=st.binary(max_size=400), start=st.sampled_from([b"", bundle.MAGIC, signed()[:60]]))
def test_no_bytes_make_the_reader_fail_in_another_way(data, start):
    with pytest.raises(Untrusted):
        bundle.read(start + data)


@given(cut=st.integers(0, len(signed()) - 1))
def test_a_cut_bundle_is_none(cut):
    with pytest.raises(Untrusted):
        bundle.read(signed()[:cut])


@pytest.mark.parametrize(
    "name",
    [
        "boot.py",
        "tasuki_hub/../boot.py",
        "/tasuki_hub/a.py",
        "tasuki_hub/a.txt",
        "tasuki_hub/" + "x" * 40 + ".py",
    ],
)
def test_names_that_lead_elsewhere_are_refused_on_both_sides(tmp_path, name):
    with pytest.raises(UsageError):
        bundle.build(SEVEN, {name: b"x"})
    head = signed({"tasuki_hub/a.py": b"x"})[:49]
    row = bytes([len(name)]) + name.encode() + struct.pack("<I32s", 1, sha256(b"x").digest())
    data = head + row + bytes(64) + b"x"
    (tmp_path / "bundle").write_bytes(data)

    with pytest.raises(Untrusted, match="name"):
        bundle.read(data)
    with pytest.raises(ValueError, match="row"):
        HubBundle(str(tmp_path / "bundle"))


@pytest.mark.parametrize(
    "release", [{"counter": 0}, {"counter": 2**30}, {"firmware": ""}, {"board": "x" * 17}]
)
def test_releases_out_of_bounds_are_not_built(release):
    with pytest.raises(UsageError):
        bundle.build(bundle.Release(**{"board": "qemu", "counter": 1, "firmware": "f", **release}), FILES)


def test_too_much_is_said_before_a_hub_refuses_it():
    with pytest.raises(UsageError, match="do not fit"):
        bundle.build(SEVEN, {"tasuki_hub/a.py": bytes(bundle.MAX_SIZE)})


def test_the_commands_make_a_key_and_build_sign_and_verify_a_bundle(tmp_path):
    (tmp_path / "tasuki_hub").mkdir()
    (tmp_path / "tasuki_hub" / "link.py").write_text("# new\n")
    out, key = str(tmp_path / "b"), str(tmp_path / "keys" / "release")

    def run(*args):
        return CliRunner().invoke(cli, ["hub", *args])

    public = run("key", key).output.strip()
    built = run(
        "bundle",
        "build",
        out,
        "tasuki_hub/link.py",
        "--root",
        str(tmp_path),
        "--counter",
        "3",
        "--board",
        "qemu",
    )
    unsigned = run("bundle", "verify", out, "--key", public)
    done = run("bundle", "sign", out, "--key", key)
    verified = run("bundle", "verify", out, "--key", public)
    other = run("bundle", "verify", out, "--key", "development")

    assert [r.exit_code for r in (built, done, verified)] == [0, 0, 0]
    assert "counter 3, for qemu, signed" in verified.output
    assert isinstance(unsigned.exception, Untrusted)
    assert isinstance(other.exception, Untrusted)
    assert isinstance(run("key", key).exception, UsageError)
