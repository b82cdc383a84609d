"""Taking everything along: one archive, or the list of it."""

import json
from datetime import UTC, datetime

from starlette.responses import Response, StreamingResponse

from tasuki.wearer.holdings import takeaway
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit


def page(visit: Visit) -> Response:
    """What the archive has."""
    return visit.page("takeaway.html", wrong=False)


def archive(visit: Visit) -> Response:
    """The archive, made while it is sent; the password once more, because it holds everything."""
    if not visit.confirmed():
        return visit.page("takeaway.html", 403, wrong=True)
    name = f"tasuki-{datetime.now(UTC):%Y%m%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = takeaway.archive(visit.records, visit.subject)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def as_json(visit: Visit) -> Response:
    """All but the samples."""
    found = takeaway.everything(visit.records, visit.subject)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": 'attachment; filename="everything.json"'}
    return Response(text, media_type="application/json", headers=headers)


PAGES = (
    Page("GET", "/takeaway", page, WEARERS),
    Page("POST", "/takeaway", archive, WEARERS),
    Page("GET", "/takeaway/everything.json", as_json, WEARERS),
)
