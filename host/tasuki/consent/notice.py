"""The notice: what a wearer reads before saying yes, and the hash that shows later which text it was.

Texts are files beside this one, by version (of the policy, or of a product's terms) and language. A
published one never changes: a better wording is a new version.
"""

import hashlib
from importlib import resources


def text(version: str, language: str) -> str:
    """The notice of a version; empty when none was published in this language."""
    file = resources.files("tasuki.consent").joinpath("notices", f"{version}.{language}.txt")
    return file.read_text("utf-8") if file.is_file() else ""


def text_hash(version: str, language: str) -> str:
    """SHA-256 of the notice's UTF-8 text, hex; empty when there is none."""
    found = text(version, language)
    return hashlib.sha256(found.encode()).hexdigest() if found else ""
