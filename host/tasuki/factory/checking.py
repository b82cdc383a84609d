"""The self-test as the line has it: tasuki.fleet.selftest against the limits of the order."""

import tempfile
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasuki.errors import Refused
from tasuki.factory.order import Order
from tasuki.fleet import selftest
from tasuki.fleet.ports import Port
from tasuki.fleet.selftest.results import FAIL

_MOST_NAMED = 3
_ONE_READS_THEM = threading.Lock()


@lru_cache(maxsize=8)
def limits(text: str) -> selftest.Product:
    """The product file of an order; UsageError says what in it cannot be."""
    with tempfile.TemporaryDirectory(prefix="tasuki-limits-") as folder:
        path = Path(folder) / "product.toml"
        path.write_text(text, encoding="utf-8")
        return selftest.read(path)


def test(port: Port, order: Order) -> Mapping[str, Any]:
    """What was measured, by item; Refused("self_test") names what is out of its limits."""
    with _ONE_READS_THEM:  # a whole tray comes here at the same moment
        product = limits(order.limits)
    results = selftest.run(port, product)
    if not selftest.passed(results):
        bad = [f"{each.item}: {each.reason}" for each in results if each.outcome == FAIL]
        raise Refused("self_test", "; ".join(bad[:_MOST_NAMED]) or "nothing could be tested", "Rework it.")
    return {each.item: each.value for each in results if each.value is not None}
