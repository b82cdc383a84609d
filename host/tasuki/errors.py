"""Errors by what the caller can do about them.

| class | the caller |
| --- | --- |
| LinkLost | tries again: the hub, the port or the store is away |
| Untrusted | drops what it got and raises an alarm: forged, replayed, altered |
| Refused | never retries: consent, policy or the hub's state says no |
| UsageError | asks the person: the file, the port or the option is wrong |
"""


class TasukiError(Exception):
    """Base of all errors that this package raises on purpose.

    `hint` is the way out, a sentence that can follow the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LinkLost(TasukiError):
    """The other side is away; nothing is lost by trying again."""


class Untrusted(TasukiError):
    """Bytes that do not prove what they claim. `reason` is a stable code."""

    def __init__(self, reason: str, message: str = "", hint: str = "") -> None:
        super().__init__(message or reason, hint)
        self.reason = reason


class Refused(TasukiError):
    """Not allowed. `reason` is a stable code."""

    def __init__(self, reason: str, message: str = "", hint: str = "") -> None:
        super().__init__(message or reason, hint)
        self.reason = reason


class UsageError(TasukiError):
    """Something the person gave cannot be used as it is."""
