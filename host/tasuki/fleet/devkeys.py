"""Development keys: known to everybody, obeyed by images that no product keys were built into.

tasuki_hub.anchors has their public halves; an image with them calls itself "dev".
"""

from hashlib import sha256

from tasuki.vault.secret import Secret, Signer

_SEED = "tasuki development {} key"


def signer(name: str) -> Signer:
    """The development key `release` or `order`."""
    return Signer(Secret(sha256(_SEED.format(name).encode()).digest()))
