"""One bounded contribution per wearer, from those only who agree to statistics now (rule C3-06).

Consent was asked when the block was measured and again when it was sent. It is asked a third time here,
because making a statistic is a use of its own: who has withdrawn since, or was erased, contributes nothing.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tasuki.consent.decision import Engine
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.sinks import Delivery
from tasuki.sinks.embedded import Row, open_row
from tasuki.stats.measures import Measure
from tasuki.stats.stores import DESTINATION, PURPOSE, Store
from tasuki.vault.attested import AttestedBlock
from tasuki.vault.vault import Vault

Span = tuple[int, int]
"""Unix hours, half-open. Within one year: a wearer's name changes with the year."""


def year_of(span: Span) -> int:
    """The year (UTC) that all of a span lies in; UsageError when it is empty or touches another."""
    since, until = (datetime.fromtimestamp(hour * 3600, UTC) for hour in (span[0], span[1] - 1))
    if span[0] >= span[1] or since.year != until.year:
        raise UsageError(
            "the period is empty or reaches over a year's end",
            "A wearer's name changes with the year (UTC), and nobody may count twice: ask year by year.",
        )
    return since.year


class Contributions:
    """Asks a store for a measure of every wearer."""

    def __init__(
        self, store: Store, engine: Engine, vault: Vault, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._store = store
        self._engine = engine
        self._vault = vault
        self._clock_ns = clock_ns

    def of(self, measure: Measure, span: Span) -> list[float]:
        """The numbers of all who contribute, in no order that means anything.

        Untrusted when the store holds bytes that are not what this service attested.
        """
        year = year_of(span)
        found = []
        for pseudonym in self._store.pseudonyms(measure.item):
            if self._consents(pseudonym, measure.item, year):
                value = measure.of(self._blocks(pseudonym, measure.item, span))
                if value is not None:
                    found.append(value)
        return sorted(found)

    def _consents(self, pseudonym: bytes, item: str, year: int) -> bool:
        """True when this is a wearer's name of that year, and the wearer agrees at this moment."""
        try:
            subject = self._vault.subject_of(pseudonym, PURPOSE, DESTINATION, year)
        except Refused:  # erased, or of another year
            return False
        at_ns = self._engine.consents.present(subject, self._clock_ns())
        return not self._engine.consent(subject, item, PURPOSE, at_ns)

    def _blocks(self, pseudonym: bytes, item: str, span: Span) -> Iterator[AttestedBlock]:
        for delivery in self._store.blocks(pseudonym, item):
            block = self._opened(delivery)
            if span[0] <= block.label.hour < span[1]:
                yield block

    def _opened(self, delivery: Delivery) -> AttestedBlock:
        block = open_row(Row(delivery), self._vault)
        if not isinstance(block, AttestedBlock) or (
            block.label.pseudonym,
            block.label.number,
            block.stream,
            block.label.purpose,
        ) != (delivery.pseudonym, delivery.number, delivery.stream, PURPOSE):
            raise Untrusted("attestation", "a stored block is not the one that its row names")
        return block
