"""The items of consent: what a token bit stands for, and its category.

Rules C1-01, C2-01 and C3-01: body motion, temperature, ECG, respiration and
subjective ratings are category 3, what tells of the device is category 2.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    from collections.abc import Iterable

# (name, category); the place in this tuple is the bit. Only ever append.
ITEMS = (
    ("ecg", 3),
    ("respiration", 3),
    ("body_temperature", 3),
    ("body_motion", 3),
    ("subjective", 3),
    ("device_status", 2),
)
ALL_ITEMS = (1 << len(ITEMS)) - 1
NAMES = tuple([name for name, _ in ITEMS])


def bit(name: str) -> int:
    """Consent bit of an item; ValueError for a name that is no item."""
    return 1 << NAMES.index(name)


def mask(names: "Iterable[str]") -> int:
    """Consent bits of several items."""
    bits = 0
    for name in names:
        bits |= bit(name)
    return bits


def names(bits: int) -> "list[str]":
    """Names of the items whose bits are set; unknown bits are left out."""
    return [name for i, name in enumerate(NAMES) if bits >> i & 1]


def category(name: str) -> int:
    """Category of an item, 2 or 3."""
    return ITEMS[NAMES.index(name)][1]
