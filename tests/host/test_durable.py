"""A file that is replaced is there whole, before and after."""

import os

import pytest

from tasuki import durable


def test_a_file_is_replaced_with_its_mode_and_no_draft_is_left(tmp_path):
    path = tmp_path / "secret.json"

    durable.replace(path, b"old", 0o600)
    durable.replace(path, b"new", 0o600)

    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret.json"]


def test_what_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "list.json"
    durable.replace(path, b"old")

    def full(handle):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        durable.replace(path, b"new")

    assert path.read_bytes() == b"old"
