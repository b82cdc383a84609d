"""What MicroPython's compiler knows by the name const().

In a file for a device `_NAME = const(4)` costs no RAM: the compiler puts the
value where the name stands and keeps no entry for it. Public names stay for
those who import them, but a table that is written with them can then lie in
flash. CPython, and whoever calls it at run time, gets the value back.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    from typing import TypeVar

    T = TypeVar("T")


def const(value: "T") -> "T":
    """The value."""
    return value
