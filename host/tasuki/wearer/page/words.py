"""Every sentence of the page, Japanese and English, by its name. Items have the policy's words."""

from tasuki.wearer.page.words_account import WORDS as _ACCOUNT
from tasuki.wearer.page.words_data import WORDS as _DATA
from tasuki.wearer.page.words_office import WORDS as _OFFICE

WORDS: dict[str, tuple[str, str]] = {**_ACCOUNT, **_DATA, **_OFFICE}


def text(key: str, language: str, **values: object) -> str:
    """One sentence in `en` or `ja`; KeyError for a name without words."""
    return WORDS[key][language == "ja"].format(**values)


def unit(name: str, language: str) -> str:
    """A unit for people; one that has no word, such as kg, is written alike everywhere."""
    return WORDS[f"unit.{name}"][language == "ja"] if f"unit.{name}" in WORDS else name
