"""SIMULATED FAULTS on a real line: what the hub sends is damaged before the host reads it."""

import random

from tasuki.pipeline.acquire import SerialLine


class FaultyLine(SerialLine):
    """A serial line that flips, drops and inserts bytes on the way in.

    Args:
        rate: share of bytes that are damaged.
        kind: "flip", "drop", "insert" or "cut" (64 bytes at once).
        seed: makes the damage repeatable.
    """

    def __init__(self, port, kind, rate, seed=1):
        super().__init__(port)
        self.kind = kind
        self.rate = rate
        self.damaged = 0
        self.on = False
        self._random = random.Random(seed)

    def read(self, timeout_s):
        """Read, and damage some of it."""
        data = super().read(timeout_s)
        if not self.on or not data:
            return data
        out = bytearray()
        skip = 0
        for byte in data:
            if skip:
                skip -= 1
                continue
            if self._random.random() >= self.rate:
                out.append(byte)
                continue
            self.damaged += 1
            if self.kind == "flip":
                out.append(byte ^ 1 << self._random.randrange(8))
            elif self.kind == "insert":
                out += bytes([byte, self._random.randrange(256)])
            elif self.kind == "cut":
                skip = 63
        return bytes(out)
