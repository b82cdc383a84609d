"""Templates and words: what a page looks like is in `templates`, what it says in `words`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from tasuki.consent import times
from tasuki.consent.wording import word as wording
from tasuki.view import words as view_words
from tasuki.wearer.page import words, words_erasure
from tasuki.wearer.page.security import SAFE

if TYPE_CHECKING:
    from tasuki.wearer.page.visit import Visit

_TOKEN = '<input type="hidden" name="form_token" value="{}">'
_JAPAN = timezone(timedelta(hours=9), "JST")


class Renderer:
    """Makes pages. What stands in them is escaped unless it was made as markup."""

    def __init__(self) -> None:
        folder = resources.files("tasuki.wearer.page").joinpath("templates")
        self._pages = jinja2.Environment(
            loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )

    def text(self, key: str, language: str, **values: object) -> str:
        """One sentence; KeyError for a key without words."""
        return words.text(key, language, **values)

    def page(self, visit: "Visit", template: str, **values: object) -> str:
        """One page for a visitor."""
        policy, language = visit.policy, visit.language
        told = visit.query["told"]
        shown: dict[str, Any] = {
            "visit": visit,
            "language": language,
            "other": "en" if language == "ja" else "ja",
            "here": visit.request.url.path[3:] if visit.request.method in SAFE else "/",
            "t": lambda key, **more: words.text(key, language, **more),
            "word": lambda name: wording(policy, name, language),
            "listed": lambda names: ("、" if language == "ja" else ", ").join(
                wording(policy, name, language) for name in names
            ),
            "short": lambda key: view_words.word(key, language),
            "when": lambda at_ns: moment(at_ns, language),
            "exact": lambda at_ns: times.exact(at_ns),
            "unit": lambda name: words.unit(name, language),
            "place": lambda text: (language == "ja" and words_erasure.place(text)) or text,
            "said": words_erasure.sentence if language == "ja" else str,
            "told": words.text(f"told.{told}", language) if f"told.{told}" in words.WORDS else "",
            "policy": policy,
            "token": lambda: Markup(_TOKEN).format(visit.session.form_token if visit.session else ""),
            "faulty": lambda faults: _faulty([words.text(fault, language) for fault in faults]),
        }
        return self._pages.get_template(template).render({**shown, **values})


def moment(at_ns: int, language: str) -> str:
    """A moment for a person, to the second: Japan's time in Japanese, else UTC."""
    at = datetime.fromtimestamp(at_ns // 10**9, _JAPAN if language == "ja" else UTC)
    return at.strftime("%Y年%m月%d日 %H:%M:%S" if language == "ja" else "%Y-%m-%d %H:%M:%S UTC")


def _faulty(sentences: list[str]) -> Markup:
    """What is wrong with a form, in one place that screen readers announce."""
    lines = Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    return Markup('<div class="fault" role="alert">{}</div>').format(lines) if sentences else lines


def templates() -> Iterable[str]:
    """Names of all templates."""
    folder = resources.files("tasuki.wearer.page").joinpath("templates")
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(".html"))
