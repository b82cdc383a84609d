"""HTML and SVG by functions: text is escaped unless it is markup already."""

import html
import re

from tasuki.view.words import LANGUAGES, word

# What XML and HTML cannot hold; a hostile string may bring it.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"meta", "input", "br"})


class Markup(str):
    """Text that is safe to stand in the page as it is; only this package's functions make it."""

    __slots__ = ()


def escape(value: object) -> Markup:
    """Any value as text of the page; Markup stays as it is."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_ILLEGAL.sub("\ufffd", str(value)), quote=True))


def el(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. `class_` stands for class, `stroke_width` for stroke-width; None leaves one out."""
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    if name in _VOID:
        return Markup(f"<{name}{''.join(parts)}>")
    return Markup(f"<{name}{''.join(parts)}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Values one after the other."""
    return Markup("".join(escape(child) for child in children))


def both(key: str, name: str = "span") -> Markup:
    """The words for `key` in all languages; the page shows one of them."""
    return said({lang: word(key, lang) for lang in LANGUAGES}, name)


def said(text: dict[str, str], name: str = "span") -> Markup:
    """The same text by language; plain when all are equal."""
    if len(set(text.values())) == 1:
        return escape(next(iter(text.values())))
    return join(*(el(name, line, lang=lang) for lang, line in text.items()))
