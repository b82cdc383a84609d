"""A check sees the hub's modules and the interpreter's own, no installed package."""

import os
import sys

assert sys.implementation.name in ("cpython", "micropython")
assert not [path for path in sys.path if "site-packages" in path], sys.path
for name in ("numpy", "nacl", "cobs"):
    found = True
    try:
        __import__(name)
    except ImportError:
        found = False
    assert not found, name
assert os.getenv("TASUKI_VECTORS")
