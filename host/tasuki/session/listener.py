"""Who watches a session."""

from tasuki.frames import Samples
from tasuki.pipeline.parcel import Routed
from tasuki.trust.verdict import Verdict, Verified


class Listener:
    """Sees what passes; a session without one loses nothing. Override what you need."""

    def on_samples(self, samples: list[Samples]) -> None:
        """Samples that may be viewed; provisional until their epoch verifies."""

    def on_log(self, level: int, text: str) -> None:
        """A line of the hub's log; level as in layout's `log`: 30 is a warning, 40 an error."""

    def on_verdict(self, verdict: Verdict) -> None:
        """An epoch was verified, rejected, lost."""

    def on_stored(self, epochs: list[Verified], routed: Routed) -> None:
        """These epochs are durably in the outbox, as far as the decisions let them."""

    def on_reboot(self) -> None:
        """The hub rebooted and was greeted anew: its device time, and perhaps its streams, began again."""

    def on_trouble(self, what: str) -> None:
        """Something that a person should know of, in a few words."""
