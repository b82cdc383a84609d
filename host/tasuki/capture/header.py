"""The first record of a capture or bundle: what it is, as JSON."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tasuki.frames import Stream
from tasuki_wire import items, layout

CAPTURE = "capture"
DEVICE_PROVED = "device-proved"
ATTESTED = "gateway-attested"
KINDS = (CAPTURE, DEVICE_PROVED, ATTESTED)
ID_SIZE = 16


class WrappedKey(NamedTuple):
    """A file's key of one item, under the item key with this serial."""

    serial: int
    wrapped: bytes


@dataclass(frozen=True)
class Header:
    """What a file says about itself. None of it is signed.

    Attributes:
        kind: one of KINDS.
        id: random, 16 bytes.
        created: RFC 3339 time in UTC; empty in gateway-attested bundles, where it would link.
        speed: how many times faster than life a recording was replayed.
        streams: the hub's streams; in a bundle only those that it discloses.
        owner: pseudonym of the wearer for this file, 16 bytes; empty when nothing is encrypted.
        keys: item to its wrapped key.
    """

    kind: str
    id: bytes
    created: str
    speed: float = 1.0
    streams: tuple[Stream, ...] = ()
    owner: bytes = b""
    keys: Mapping[str, WrappedKey] = field(default_factory=dict)

    @property
    def encrypted(self) -> bool:
        """True when blocks are encrypted per item."""
        return bool(self.owner)

    def to_bytes(self) -> bytes:
        """JSON, UTF-8."""
        value: dict[str, Any] = {
            "kind": self.kind,
            "id": self.id.hex(),
            "created": self.created,
            "wire": layout.VERSION,
            "speed": self.speed,
            "streams": [list(row) for row in self.streams],
        }
        if self.encrypted:
            rows = {name: [key.serial, key.wrapped.hex()] for name, key in self.keys.items()}
            value["encrypted"] = {"owner": self.owner.hex(), "keys": rows}
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """Read a header; ValueError when the bytes are none."""
        value = read_json(data)
        try:
            return _header(value)
        except (LookupError, TypeError, AttributeError, OverflowError) as e:
            raise ValueError(f"header: {type(e).__name__} at {e}") from None


def read_json(data: bytes) -> dict[str, Any]:
    """A JSON object; ValueError for anything else, however deep or long."""
    try:
        value = json.loads(data)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair could not be printed
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def _header(value: dict[str, Any]) -> Header:
    secret = value.get("encrypted")
    owner, keys = b"", {}
    if secret is not None:
        owner = _fixed(secret["owner"], ID_SIZE)
        rows = secret["keys"].items()
        keys = {name: WrappedKey(_count(serial), bytes.fromhex(text)) for name, (serial, text) in rows}
    header = Header(
        value["kind"],
        _fixed(value["id"], ID_SIZE),
        value["created"],
        float(value["speed"]),
        _streams(value["streams"]),
        owner,
        keys,
    )
    if not layout.OLDEST_VERSION <= _count(value["wire"]) <= layout.VERSION:
        raise ValueError(f"wire version {value['wire']:#x}")
    if header.kind not in KINDS or not isinstance(header.created, str):
        raise ValueError(f"kind {header.kind!r}")
    if not 0 < header.speed < 1e6 or not set(keys) <= set(items.NAMES):
        raise ValueError("speed or items out of range")
    return header


def _streams(rows: Iterable[Iterable[Any]]) -> tuple[Stream, ...]:
    streams = tuple(Stream(*(_count(number) for number in row)) for row in rows)
    if any(stream.stream >= layout.STREAMS or stream.kind > 255 for stream in streams):
        raise ValueError("stream out of range")
    return streams


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _fixed(text: Any, size: int) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes where {size} are due")
    return data
