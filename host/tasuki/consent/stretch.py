"""Half-open stretches of time: when a register entry is in force, and how long an answer stays the same."""

from dataclasses import dataclass

from tasuki.consent.events import BEGINNING, FOREVER


@dataclass(frozen=True)
class Dated:
    """In force from `since_ns` up to before `until_ns` (Unix nanoseconds)."""

    since_ns: int = BEGINNING
    until_ns: int = FOREVER

    def __post_init__(self) -> None:
        if self.since_ns >= self.until_ns:
            raise ValueError(f"in force from {self.since_ns} until {self.until_ns}: never")


ALWAYS = Dated()


class Stretch:
    """The moments around one moment at which all that was looked at is as it is now.

    Every question narrows it, so that at the end it tells how long the answer holds.
    """

    __slots__ = ("at_ns", "since_ns", "until_ns")

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns
        self.since_ns = BEGINNING
        self.until_ns = FOREVER

    def reached(self, moment_ns: int) -> bool:
        """True from a moment on."""
        if self.at_ns < moment_ns:
            self.until_ns = min(self.until_ns, moment_ns)
            return False
        self.since_ns = max(self.since_ns, moment_ns)
        return True

    def within(self, dated: Dated) -> bool:
        """True while it is in force."""
        return self.reached(dated.since_ns) and not self.reached(dated.until_ns)

    @property
    def dated(self) -> Dated:
        """The stretch as it is now."""
        return Dated(self.since_ns, self.until_ns)
