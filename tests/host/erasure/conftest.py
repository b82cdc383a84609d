"""A state folder of two wearers, one of whom is to be erased; and whether the page can say it in Japanese."""

import pytest

from erasing_world import ErasingWorld
from tasuki.wearer.erasure import progress
from tasuki.wearer.erasure.cases import Cases
from tasuki.wearer.page import words_erasure

ONLY_TESTS = ("profile", "the file is gone", "seen in a test", "confirmed")


@pytest.fixture
def world(tmp_path):
    world = ErasingWorld(tmp_path)
    world.fill()
    yield world
    world.state.close()


@pytest.fixture(autouse=True)
def nothing_is_said_that_the_page_has_no_japanese_for(monkeypatch):
    """Every row that an erasure saves in a test; but why something could not be done now."""
    said, errors = (
        set(),
        {"profile", "the file is gone", "seen in a test", "confirmed"},
    )  # and what only tests say
    save, waits = Cases.save, progress.waits_for

    def noted(self, case, rows):
        said.update(rows := list(rows))
        return save(self, case, rows)

    def failed(name, error):
        row = waits(name, error)
        errors.add(row.what)
        return row

    monkeypatch.setattr(Cases, "save", noted)
    for module in ("erasures", "elsewhere"):
        monkeypatch.setattr(f"tasuki.wearer.erasure.{module}.waits_for", failed)
    yield
    unknown = {row.name for row in said if not words_erasure.place(row.name)}
    sentences = {text for row in said for text in (row.what, row.verified) if text}
    unknown |= {text for text in sentences if not words_erasure.sentence(text)}
    assert unknown - errors == set()
