"""Which frames may be kept now: before anything is filtered, shown or stored.

A frame stays when its item is in the hub's token and its stream in the product's manifest, when we
know who wears the hub, and when at least one purpose that the table allows for the item is granted
(rules A-01, A-03, C3-02). Otherwise it is dropped and counted. Filters and the live view need
service_information on top of that, and what is derived inherits the items of its inputs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasuki.consent.decision import Engine
from tasuki.consent.registers import Manifest
from tasuki_wire import codec, layout
from tasuki_wire import items as wire_items

VIEW_PURPOSE = "service_information"

# Where no purpose is granted for different reasons, the first of these is named.
_TELLING = (
    "policy_not_in_force",
    "unknown_product",
    "withdrawn",
    "guardian_needed",
    "notice_version",
    "refused",
)


@dataclass(frozen=True)
class Rule:
    """What is decided for one item: kept or the reason why not; shown or the reason why not."""

    keep: str
    view: str


class Gate:
    """The answer for every (kind, stream), for as long as consent, token and binding do not change.

    Build a new one whenever one of them does; `drops` counts go with the gate.
    """

    def __init__(
        self, engine: Engine, subject: str | None, manifest: Manifest | None, token_items: int, at_ns: int
    ) -> None:
        """token_items: consent bits in force at the hub (0 without a token).

        subject: who wears the hub, None when nobody is bound to it.
        """
        self.version = engine.version
        product = manifest.product if manifest else ""
        self.rules = {
            item: _rule(engine, subject, product, item, token_items, at_ns) for item in wire_items.NAMES
        }
        self.drops: Counter[tuple[str, str]] = Counter()
        self._manifest = manifest
        self._keep = np.zeros((256, 256), np.bool_)
        self._view = np.zeros((256, 256), np.bool_)
        for number, kind in codec.KINDS.items():
            if kind.item is None:
                self._keep[number, layout.LINK_STREAM] = True
                continue
            for stream in range(layout.STREAMS):
                listed = manifest is not None and manifest.lists(stream, number)
                self._keep[number, stream] = listed and not self.rules[kind.item].keep
                self._view[number, stream] = self._keep[number, stream] and not self.rules[kind.item].view

    def keep(self, kinds: NDArray[np.uint8], streams: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which frames stay, shape (n,); those that do not are counted in `drops`.

        Link messages pass: they carry nothing of the wearer. Unknown kinds are dropped.
        """
        kept = self._keep[kinds, streams]
        if not kept.all():
            for kind, stream in zip(kinds[~kept].tolist(), streams[~kept].tolist(), strict=True):
                self.drops[self.reason(kind, stream)] += 1
        return kept

    def view(self, kinds: NDArray[np.uint8], streams: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which frames may be filtered and shown, shape (n,)."""
        return self._view[kinds, streams]

    def reason(self, kind: int, stream: int) -> tuple[str, str]:
        """(reason code, item) of what happens to a kind on a stream; the code is empty when it is kept."""
        row = codec.KINDS.get(kind)
        if row is None:
            return "unknown_item", ""
        if row.item is None:
            return ("" if stream == layout.LINK_STREAM else "unknown_item"), ""
        if self._manifest is None or not self._manifest.lists(stream, kind):
            return ("unknown_device" if self._manifest is None else "not_in_manifest"), row.item
        return self.rules[row.item].keep, row.item

    def may_derive(self, inputs: Iterable[str]) -> bool:
        """True when something may be derived from all these items and shown."""
        found = [self.rules.get(item) for item in inputs]
        return bool(found) and all(rule is not None and not rule.keep and not rule.view for rule in found)


def _rule(engine: Engine, subject: str | None, product: str, item: str, token_items: int, at_ns: int) -> Rule:
    if subject is None:
        return Rule("no_wearer_binding", "no_wearer_binding")
    against = {p: engine.consent(subject, item, p, at_ns, product) for p in engine.policy.purposes}
    view = against[VIEW_PURPOSE]
    if "" not in against.values():
        said = [code for code in _TELLING if code in against.values()]
        return Rule(said[0] if said else "no_consent", view)
    if not token_items & wire_items.bit(item):
        return Rule("not_in_token", "not_in_token")
    return Rule("", view)
