"""The register of hubs this host trusts: device id to public key, one JSON file.

Keys for verifying come from here or from `--key`, never from what is verified.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasuki import durable
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.trust.succession import Succession
from tasuki_wire import epoch

_BY_ORDER = "Order another key for it (docs/factory.md), or enrol it anew."


@dataclass(frozen=True)
class Predecessor:
    """A key that a hub had before and that certified the next one: hex, its last session, until when."""

    public: str
    session: int
    until: str


@dataclass(frozen=True)
class Hub:
    """An enrolled hub; device and public are hex.

    certificate: SHA-256 of the certificate by which it was trusted, hex; product and serial are what
    that says, garment the product number of what the hub is in. Empty for a hub that was enrolled here.
    revoked_at: since when its key counts no longer.
    before: keys that certified their successor, oldest first. Each counts up to its last session.
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
    before: tuple[Predecessor, ...] = ()

    def publics(self) -> list[str]:
        """Every public key that was trusted for this hub, hex."""
        return [self.public, *(one.public for one in self.before)]


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
        Refused(hub_revoked) for one that was lost and still has the key of then, and
        Refused(key_superseded) for a key that certified its successor here.
        """
        self._refresh()
        self._refuse_foreign(hub.device, hub.public)
        before = self._hubs.get(hub.device)
        if before and hub.public in before.publics()[1:]:
            raise _superseded(before)
        if before and before.revoked_at and before.public == hub.public:
            raise _revoked(before)
        self._hubs[hub.device] = hub
        self._save()

    def succeed(self, found: Succession) -> Hub:
        """Trust the key that the trusted one certified; the old one counts up to its last session.

        Durable in one step, and nothing happens the second time. Untrusted(wrong_key) unless the key
        that is trusted now certified it, Untrusted(stale_succession) for sessions that run backwards;
        Refused(unknown_hub, hub_revoked, key_seen_before, key_superseded).
        """
        self._refresh()
        hub = self._of(found.device)
        old, new = found.old.hex(), found.public.hex()
        if hub.public == new and hub.before and hub.before[-1].public == old:
            return hub
        if hub.revoked_at:
            raise _revoked(hub)
        if old in hub.publics()[1:] or new in hub.publics():
            raise _superseded(hub)
        if hub.public != old:
            raise Untrusted(
                "wrong_key", "the new key was certified by another one than is trusted", _BY_ORDER
            )
        self._refuse_foreign(hub.device, new)
        if hub.before and found.session < hub.before[-1].session:
            raise Untrusted("stale_succession", "the old key ends before the one before it did", _BY_ORDER)
        until = datetime.now(UTC).isoformat(timespec="seconds")
        last = Predecessor(old, found.session, until)
        self._hubs[hub.device] = replace(hub, public=new, before=(*hub.before, last))
        self._save()
        return self._hubs[hub.device]

    def _refuse_foreign(self, device: str, public: str) -> None:
        for other in self._hubs.values():
            if other.device != device and public in other.publics():
                raise Refused("key_seen_before", "another device is registered with this public key")

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

    def signing_key(self, device: bytes, key_id: bytes, session: int) -> bytes:
        """The public key of this key id if it signed that session of the device, else its key of now.

        Refused(unknown_hub) when it is not enrolled.
        """
        self._refresh()
        hub = self._of(device)
        for one in hub.before:
            public = bytes.fromhex(one.public)
            if session <= one.session and epoch.key_id(public) == key_id:
                return public
        return bytes.fromhex(hub.public)

    def before(self, device: bytes) -> list[tuple[bytes, int]]:
        """The keys that led to the key of now, oldest first, each with its last session."""
        hub = self.find(device)
        return [(bytes.fromhex(one.public), one.session) for one in hub.before] if hub else []

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
            self._hubs = {row["device"]: _row(row) for row in rows}
        except (ValueError, KeyError, TypeError) as e:
            raise UsageError(f"{self._path} is no hub register: {e}", "Restore it or enrol again.") from None
        self._seen = seen

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"hubs": [asdict(hub) for hub in self._hubs.values()]}, indent=2)
        durable.replace(self._path, f"{text}\n".encode())
        found = self._path.stat()
        self._seen = (found.st_mtime_ns, found.st_ino)


class HubKeys:
    """The keys of a register for whoever verifies (tasuki.trust.proof.KeyOf)."""

    def __init__(self, register: HubRegister) -> None:
        self._register = register

    def __call__(self, device: bytes) -> bytes:
        """The key of now."""
        return self._register.public_key(device)

    def of_session(self, device: bytes, key_id: bytes, session: int) -> bytes:
        """The key that signed a session."""
        return self._register.signing_key(device, key_id, session)


def _row(row: dict[str, Any]) -> Hub:
    before = tuple(Predecessor(**one) for one in row.pop("before", ()))
    return Hub(**row, before=before)


def _superseded(hub: Hub) -> Refused:
    return Refused(
        "key_superseded",
        f"a key of hub {hub.device} that certified another one is shown as its key of now",
        "Who has it is not the hub; a hub that shows it needs a new key: `tasuki hub enroll --repin`.",
    )


def _revoked(hub: Hub) -> Refused:
    return Refused(
        "hub_revoked",
        f"hub {hub.device} was reported lost at {hub.revoked_at}",
        "If it was found, run `tasuki hub enroll --repin --port PORT`: it gets a new key.",
    )
