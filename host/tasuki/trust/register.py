"""The register of hubs this host trusts: device id to public key, one JSON file.

Keys for verifying come from here or from `--key`, never from what is verified.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tasuki.errors import Refused, UsageError


@dataclass(frozen=True)
class Hub:
    """An enrolled hub; device and public are hex.

    certificate: SHA-256 of the certificate by which it was trusted, hex; product and serial are what
    that says, garment the product number of what the hub is in. Empty for a hub that was enrolled here.
    """

    device: str
    public: str
    enrolled_at: str
    board: str = ""
    certificate: str = ""
    product: str = ""
    serial: int = 0
    garment: str = ""


class HubRegister:
    """Hubs by device id; every change is on disk before it is told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hubs: dict[str, Hub] = {}
        if path.exists():
            try:
                rows = json.loads(path.read_text())["hubs"]
                self._hubs = {row["device"]: Hub(**row) for row in rows}
            except (ValueError, KeyError, TypeError) as e:
                raise UsageError(f"{path} is no hub register: {e}", "Restore it or enrol again.") from None

    def add(self, hub: Hub) -> None:
        """Trust a hub. A device that comes back with another key replaces its old row.

        Raises Refused(key_seen_before) for a public key that another device has.
        """
        for other in self._hubs.values():
            if other.public == hub.public and other.device != hub.device:
                raise Refused("key_seen_before", "another device is registered with this public key")
        self._hubs[hub.device] = hub
        self._save()

    def public_key(self, device: bytes) -> bytes:
        """Public key of a device; Refused(unknown_hub) when it is not enrolled."""
        hub = self._hubs.get(device.hex())
        if hub is None:
            raise Refused(
                "unknown_hub",
                f"hub {device.hex()} is not enrolled here",
                "Run `tasuki hub enroll --port PORT`, or give its public key with --key.",
            )
        return bytes.fromhex(hub.public)

    def find(self, device: bytes) -> Hub | None:
        """The row of a device."""
        return self._hubs.get(device.hex())

    def hubs(self) -> list[Hub]:
        """All rows."""
        return list(self._hubs.values())

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        text = json.dumps({"hubs": [asdict(hub) for hub in self._hubs.values()]}, indent=2)
        with temporary.open("w") as f:
            f.write(text + "\n")
            f.flush()
            os.fsync(f.fileno())
        temporary.replace(self._path)
