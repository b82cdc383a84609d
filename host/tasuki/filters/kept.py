"""What most filters share: all that they carry from sample to sample lies in one core."""

from typing import Generic, Protocol, TypeVar

from tasuki.native.filters import Memory


class Core(Protocol):
    """A filter of tasuki.native."""

    memory: Memory

    def reset(self) -> None:
        """As before the first sample."""


C = TypeVar("C", bound=Core)


class Kept(Generic[C]):
    """reset(), state() and restore() of a filter whose memory is all in its core."""

    _core: C

    def reset(self) -> None:
        """As before the first sample, which is number 0 again."""
        self._core.reset()

    def state(self) -> bytes:
        """All that process() depends on besides its input."""
        return self._core.memory.save()

    def restore(self, data: bytes) -> None:
        """Go on from state(); ValueError, and no change, for that of another filter or other settings."""
        self._core.memory.load(data)
