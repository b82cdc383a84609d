"""The register of hubs this host trusts: device id to public key, one JSON file.

Keys for verifying come from here or from `--key`, never from what is verified.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tasuki.errors import Refused, UsageError


@dataclass(frozen=True)
class Hub:
    """An enrolled hub; device and public are hex.

    certificate: SHA-256 of the certificate by which it was trusted, hex; product and serial are what
    that says, garment the product number of what the hub is in. Empty for a hub that was enrolled here.
    revoked_at: since when its key counts no longer.
    """

    device: str
    public: str
    enrolled_at: str
    board: str = ""
    certificate: str = ""
    product: str = ""
    serial: int = 0
    garment: str = ""
    revoked_at: str = ""


class HubRegister:
    """Hubs by device id; every change is on disk before it is told, and heard by other processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hubs: dict[str, Hub] = {}
        self._seen: tuple[int, int] = (0, 0)
        self._refresh()

    def add(self, hub: Hub) -> None:
        """Trust a hub. A device that comes back with another key replaces its old row.

        Raises Refused(key_seen_before) for a public key that another device has, and
        Refused(hub_revoked) for one that was lost and still has the key of then.
        """
        self._refresh()
        for other in self._hubs.values():
            if other.public == hub.public and other.device != hub.device:
                raise Refused("key_seen_before", "another device is registered with this public key")
        before = self._hubs.get(hub.device)
        if before and before.revoked_at and before.public == hub.public:
            raise _revoked(before)
        self._hubs[hub.device] = hub
        self._save()

    def revoke(self, device: bytes) -> None:
        """Let a lost hub's key count no longer; what it signed before stays provable.

        Should it be found, it needs a new key. Refused(unknown_hub) when it is not enrolled.
        """
        self._refresh()
        hub = self._of(device)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._hubs[hub.device] = replace(hub, revoked_at=hub.revoked_at or now)
        self._save()

    def check(self, device: bytes) -> None:
        """Refused(hub_revoked) for a hub that was reported lost; nothing for any other."""
        self._refresh()
        hub = self._hubs.get(device.hex())
        if hub and hub.revoked_at:
            raise _revoked(hub)

    def public_key(self, device: bytes) -> bytes:
        """Public key of a device, also of a revoked one; Refused(unknown_hub) when not enrolled."""
        self._refresh()
        return bytes.fromhex(self._of(device).public)

    def find(self, device: bytes) -> Hub | None:
        """The row of a device."""
        self._refresh()
        return self._hubs.get(device.hex())

    def hubs(self) -> list[Hub]:
        """All rows."""
        self._refresh()
        return list(self._hubs.values())

    def _of(self, device: bytes) -> Hub:
        hub = self._hubs.get(device.hex())
        if hub is None:
            raise Refused(
                "unknown_hub",
                f"hub {device.hex()} is not enrolled here",
                "Run `tasuki hub enroll --port PORT`, or give its public key with --key.",
            )
        return hub

    def _refresh(self) -> None:
        """Read what another process wrote since."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return
        seen = (found.st_mtime_ns, found.st_ino)
        if seen == self._seen:
            return
        try:
            rows = json.loads(self._path.read_text())["hubs"]
            self._hubs = {row["device"]: Hub(**row) for row in rows}
        except (ValueError, KeyError, TypeError) as e:
            raise UsageError(f"{self._path} is no hub register: {e}", "Restore it or enrol again.") from None
        self._seen = seen

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        text = json.dumps({"hubs": [asdict(hub) for hub in self._hubs.values()]}, indent=2)
        with temporary.open("w") as f:
            f.write(text + "\n")
            f.flush()
            os.fsync(f.fileno())
        temporary.replace(self._path)
        found = self._path.stat()
        self._seen = (found.st_mtime_ns, found.st_ino)


def _revoked(hub: Hub) -> Refused:
    return Refused(
        "hub_revoked",
        f"hub {hub.device} was reported lost at {hub.revoked_at}",
        "If it was found, run `tasuki hub enroll --repin --port PORT`: it gets a new key.",
    )
