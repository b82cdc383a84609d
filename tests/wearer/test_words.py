"""Every sentence of the page exists in both languages, and every name that a template uses is one."""

import re
from importlib import resources

import pytest

from tasuki.wearer.page import words
from tasuki.wearer.page.render import Renderer, templates

FOLDER = resources.files("tasuki.wearer.page").joinpath("templates")


def test_every_sentence_is_there_in_both_languages_with_the_same_values():
    for key, (english, japanese) in words.WORDS.items():
        assert english and japanese, key
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", japanese)), key


@pytest.mark.parametrize("name", templates())
def test_every_name_that_a_template_uses_has_words(name):
    text = FOLDER.joinpath(name).read_text("utf-8")

    for key in re.findall(r"\bt\(\"([^\"]+)\"[,)]", text):
        assert key in words.WORDS, key
    for prefix in re.findall(r"\bt\(\"([^\"]+)\" ~", text):
        assert any(key.startswith(prefix) for key in words.WORDS), prefix
    assert Renderer()._pages.get_template(name) is not None


def test_no_sentence_is_left_over():
    code = "".join(
        each.read_text("utf-8")
        for each in resources.files("tasuki.wearer.page").iterdir()
        if each.name.endswith(".py") and not each.name.startswith("words")
    )
    used = code + "".join(FOLDER.joinpath(name).read_text("utf-8") for name in templates())
    used += resources.files("tasuki.wearer.accounts").joinpath("passwords.py").read_text("utf-8")

    for key in words.WORDS:
        head = key.partition(".")[0] + "."
        family = f'"{head}" ~' in used or head in ("told.", "refused.", "fault.", "unit.")
        assert f'"{key}"' in used or family, key
