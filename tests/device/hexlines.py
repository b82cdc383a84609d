"""Reads the vectors of a device check, on both interpreters."""

import os
from binascii import unhexlify


def rows(name):
    """Rows of bytes of a file that device_vectors.py wrote, at least one."""
    count = 0
    with open(os.getenv("TASUKI_VECTORS") + "/" + name) as lines:
        for line in lines:
            count += 1
            yield [b"" if field == "-" else unhexlify(field) for field in line.strip().split(":")]
    assert count
