"""Subjective ratings: entered here, kept and sent as the wearer's consent to `subjective` lets them."""

from starlette.responses import Response

from tasuki.errors import Refused
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit
from tasuki.wearer.ratings.book import HIGHEST, LONGEST_NOTE, LOWEST, QUESTIONS


def page(visit: Visit) -> Response:
    """The form, what was said before, and who may have it."""
    return _shown(visit, None)


def add(visit: Visit) -> Response:
    """Keep a rating."""
    question, value, note = visit.form["question"], visit.form.number("value"), visit.form["note"]
    if question not in QUESTIONS or not LOWEST <= value <= HIGHEST:
        return missing(visit)
    try:
        visit.records.ratings.add(visit.subject, question, value, note[:LONGEST_NOTE])
    except Refused as e:
        return _shown(visit, e, 403)
    return visit.go("/ratings", "rated")


def remove(visit: Visit) -> Response:
    """Delete a rating; the page says so when somebody may have it already."""
    back = visit.records.ratings.remove(visit.subject, visit.form.number("id"))
    return visit.go("/ratings", "removed" if back else "removed_here")


def _shown(visit: Visit, refused: Refused | None, status: int = 200) -> Response:
    book, now = visit.records.ratings, visit.now_ns
    return visit.page(
        "ratings.html",
        status,
        questions=QUESTIONS,
        values=range(LOWEST, HIGHEST + 1),
        ratings=book.of(visit.subject)[:200],
        decisions=book.decisions(visit.subject, now, now),
        refused=refused,
        longest=LONGEST_NOTE,
    )


PAGES = (
    Page("GET", "/ratings", page, WEARERS),
    Page("POST", "/ratings", add, WEARERS),
    Page("POST", "/ratings/remove", remove, WEARERS),
)
