"""One address of the page: how it is asked, by whom, and who answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from tasuki.wearer.page.visit import Visit

ANYONE, WEARERS, OFFICE = "anyone", "wearers", "office"


@dataclass(frozen=True)
class Page:
    """One address.

    Attributes:
        method: GET for what only looks, POST for what does something.
        path: behind the language, with the names of its parts in braces.
        who: ANYONE, WEARERS (signed in) or OFFICE (of the privacy office).
    """

    method: str
    path: str
    handler: "Callable[[Visit], Response]"
    who: str = ANYONE

    @property
    def name(self) -> str:
        """For routing tables."""
        return f"{self.method.lower()}:{self.path}"
