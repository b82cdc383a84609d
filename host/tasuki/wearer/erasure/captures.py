"""Takes items out of a capture, or a capture out of the world."""

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from tasuki import durable
from tasuki.capture import container, parts
from tasuki.capture.header import Header
from tasuki.capture.reading import read
from tasuki.errors import LinkLost

_OF_ITEMS = (parts.BLOCK, parts.TAIL)


def file_id(path: Path) -> bytes:
    """The id in a capture's or bundle's header; empty for any other file."""
    header = _header(path)
    return header.id if header else b""


def remove(path: Path) -> None:
    """Overwrite a file once and remove it, durably. LinkLost when it cannot be done now."""
    try:
        with path.open("r+b", buffering=0) as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(os.urandom(min(left, 1 << 20)))
            os.fsync(file.fileno())
        path.unlink()
        durable.sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as e:
        raise LinkLost(f"{path} cannot be removed: {e.strerror}", "Make it writable; try again.") from e


def without(path: Path, items: Collection[str]) -> int:
    """Write a capture anew without some items; how many records went. LinkLost when it cannot be done now.

    In an encrypted capture a record of another item is bound to its number, so an empty one keeps the
    place of each that goes; its key goes from the header. Nothing says what the empty ones were but
    the item. The index goes, too: it names places that are others now, and is a hint only.
    """
    draft, old = (path.with_name(f".{path.name}.{word}") for word in ("new", "erased"))
    gone = 0
    try:
        for left in (draft, old):  # by a crash
            remove(left)
        with path.open("rb") as file:
            scan = container.Scan(file)
            records = iter(scan)
            first = next(records, None)
            if first is None or first.type != parts.HEADER:
                raise LinkLost(f"{path} is damaged from its beginning", "Remove it by hand.")
            head = Header.from_bytes(first.payload)
            writer = container.Writer(draft, scan.content)
            kept = {item: key for item, key in head.keys.items() if item not in items}
            writer.add(parts.HEADER, replace(head, keys=kept).to_bytes())
            for record in records:
                while head.encrypted and writer.number < record.number:  # what was damaged
                    writer.add(parts.EVENT, parts.pack_event("damaged"))
                if record.type == parts.INDEX:
                    if head.encrypted:
                        writer.add(parts.EVENT, parts.pack_event("index"))
                    continue
                if record.type not in _OF_ITEMS or parts.read_item(record.payload)[0] not in items:
                    writer.add(record.type, record.payload)
                    continue
                gone += 1
                if head.encrypted:
                    writer.add(record.type, record.payload[:1])
        if scan.damage:
            writer.flush()
            writer.abandon()  # as it was: readers will say that it was cut
        else:
            writer.close()
        os.link(path, old)
        draft.replace(path)
        durable.sync_folder(path.parent)
        remove(old)
    except (OSError, ValueError) as e:
        raise LinkLost(
            f"{path} cannot be written anew: {e}", "Make it readable and writable; try again."
        ) from e
    return gone


def holds(path: Path, items: Collection[str]) -> int:
    """How many records of these items a capture has with something in them."""
    found = 0
    with path.open("rb") as file:
        for record in container.Scan(file):
            if record.type in _OF_ITEMS and record.payload[1:]:
                found += parts.read_item(record.payload)[0] in items
    return found


def key_markers(path: Path, items: Collection[str] | None) -> list[bytes]:
    """What stands in a capture's header for its keys of these items, and for its owner when for all."""
    header = _header(path)
    if header is None:
        return []
    rows = [key.wrapped.hex().encode() for item, key in header.keys.items() if items is None or item in items]
    return [*rows, header.owner.hex().encode()] if items is None and header.owner else rows


def _header(path: Path) -> Header | None:
    try:
        if container.content_of(path) is None:
            return None
        with read(path) as capture:
            return capture.header
    except OSError:
        return None
