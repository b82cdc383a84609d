"""Tasuki: a garment's signals from hub to service, signed and never without consent.

for reading in tasuki.open("/dev/ttyACM0", consent="wearer.toml"):
    print(reading.item, reading.start, reading.values().fields)
for reading in tasuki.open("walk.tsk", items=["ecg"]):
    print(reading.start, reading.values().fields["ecg"])
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasuki.library import open_ as open

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def __getattr__(name: str) -> Any:
    # imported on use: the stages bring SciPy and SQLite, `tasuki.block` alone needs neither
    if name == "open":
        from tasuki.library import open_

        return open_
    raise AttributeError(name)
