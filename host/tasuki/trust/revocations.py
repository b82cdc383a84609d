"""The list of what is revoked: hubs by public key and certificate, stations and factories by certificate.

A later list has a higher number and all that the one before had; hosts refuse a lower one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tasuki.errors import Untrusted

FORMAT = "tasuki-revocations-1"
SUPERSEDED = "superseded"  # by the key that it certified: its successors stay trusted
REASONS = ("key_compromise", "lost", "stolen", "replaced", "decommissioned", SUPERSEDED, "quality")


@dataclass(frozen=True)
class Revoked:
    """One line.

    Attributes:
        certificate: SHA-256, hex. public: key of a hub, hex; empty for an authority.
        reason: one of REASONS. at: Unix seconds. What was signed before stays provable.
    """

    certificate: str
    public: str
    reason: str
    at: int
    name: str = ""


@dataclass(frozen=True)
class Revocations:
    """A list, as its signature left it."""

    number: int = 0
    rows: tuple[Revoked, ...] = field(default=())

    def of_key(self, public: bytes) -> Revoked | None:
        """The line of a hub's key."""
        return next((row for row in self.rows if row.public and row.public == public.hex()), None)

    def of_certificate(self, digest: bytes) -> Revoked | None:
        """The line of a certificate."""
        return next((row for row in self.rows if row.certificate == digest.hex()), None)

    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {"format": FORMAT, "number": self.number, "revoked": [asdict(row) for row in self.rows]}

    def adding(self, row: Revoked) -> "Revocations":
        """The next list; the same one when the line is there."""
        if any(old.certificate == row.certificate for old in self.rows):
            return self
        return Revocations(self.number + 1, (*self.rows, row))


def of_body(body: Mapping[str, Any]) -> Revocations:
    """From what was signed; Untrusted("malformed") for anything else."""
    try:
        if body["format"] != FORMAT or type(body["number"]) is not int:
            raise ValueError("format")
        rows = tuple(Revoked(**row) for row in body["revoked"])
    except (ValueError, KeyError, TypeError) as e:
        raise Untrusted("malformed", "this is no list of revocations") from e
    return Revocations(body["number"], rows)
