"""What can be wrong with bytes, by name.

`fault` is one of layout.FAULTS, or `fragment` or `content` for what only the
whole message shows.
"""


class WireError(ValueError):
    """Bytes that are not a valid frame or message."""

    def __init__(self, fault: str, detail: str = "") -> None:
        super().__init__("%s: %s" % (fault, detail) if detail else fault)
        self.fault = fault


class Damaged(WireError):
    """Noise or a broken transmission: count it, ask again."""


class Unsupported(WireError):
    """Intact, but from another version or schema: say so, never guess."""


class Malformed(WireError):
    """Intact, but breaks a rule of this version: drop and alarm."""


def error(fault: str, detail: str = "") -> WireError:
    """The error of the class that the fault belongs to."""
    if fault in ("long", "cobs", "short", "crc", "fragment"):
        return Damaged(fault, detail)
    if fault in ("schema_mismatch", "unknown_kind", "version"):
        return Unsupported(fault, detail)
    return Malformed(fault, detail)
