"""The self-test of a hub: what each item measured, against the limits of its product. As a library:

from tasuki.fleet import selftest
from tasuki.fleet.ports import Port

results = selftest.run(Port("/dev/ttyACM0", "1-1.4"), selftest.read(Path("product.toml")))
good = selftest.passed(results)
"""

from tasuki.fleet.selftest.product import Limit, Product, SensorLimits, read
from tasuki.fleet.selftest.results import Result, passed, state_of
from tasuki.fleet.selftest.run import run

__all__ = ["Limit", "Product", "Result", "SensorLimits", "passed", "read", "run", "state_of"]
