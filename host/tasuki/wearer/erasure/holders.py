"""Other things of the service that hold something of a wearer, each erased by its own code.

Whoever adds a store to the state folder adds its holder to `of`, so that every erasure reaches it.
"""

from collections.abc import Sequence
from typing import Protocol

from tasuki.session.state import State

Items = frozenset[str] | None


class Holder(Protocol):
    """Something that holds data by the wearer's name.

    Attributes:
        name: of the store, in progress and receipt.
    """

    name: str

    def markers(self, subject: str, items: Items) -> list[bytes]:
        """What stands in its files now and must not afterwards, each 6 bytes or longer."""

    def erase(self, subject: str, items: Items, before_ns: int) -> str:
        """Delete what it holds of a wearer from before a moment; how that was verified.

        items: these alone; None for everything. Idempotent. LinkLost when it has to be tried again.
        """


def of(state: State) -> Sequence[Holder]:
    """The holders of a state folder."""
    if not (state.folder / "wearer.db").exists():
        return ()
    from tasuki.wearer.holder import WearerDb  # needs the extra `web`, as whatever made the file did

    return (WearerDb(state),)
