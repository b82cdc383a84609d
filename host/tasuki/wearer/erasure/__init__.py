"""Erasure across everything that holds something of a wearer: begun, carried on, proved by a receipt.

`Erasures` is the one call; the other files are its stores, one idea each.
"""

from tasuki.wearer.erasure.erasures import Erasures
from tasuki.wearer.erasure.progress import DONE, OUT_OF_SCOPE, PENDING, Progress, StoreProgress

__all__ = ["DONE", "OUT_OF_SCOPE", "PENDING", "Erasures", "Progress", "StoreProgress"]
