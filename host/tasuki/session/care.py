"""What an operator does to a hub beyond its daily work: update, lock, unlock, restart."""

import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.session.connection import Connection, HubRebooted
from tasuki.session.greet import Identity, meet
from tasuki.vault.secret import Signer
from tasuki_wire import codec, layout

_PART = 200  # bytes in a command
_UNDER_WAY = 4  # parts whose answers are not there yet; the hub's line takes that many
_PART_S = 20.0  # flash is erased meanwhile
_CHECK_S = 60.0  # a hub without C verifies for seconds
_RESTART_S = 60.0
_PROVE_S = 120.0  # ten seconds of the hub's time, on a machine that may be busy
_PROVE_PAUSE_S = 0.5
_SHOWN_S, _ALL_SHOWN_S = 2.0, 60.0
_MOST_SHOWN = 4096  # bytes of a blob

Progress = Callable[[int, int], None]


def _quiet(done: int, size: int) -> None:
    """Nobody wants to know."""


def send_blob(connection: Connection, name: str, data: bytes, progress: Progress = _quiet) -> None:
    """Bring a blob of layout.BLOBS to the hub; Refused has its reason, LinkLost says that it fell silent."""
    kind = layout.BLOBS.index(name)
    connection.ask("blob_begin", kind, len(data), sha256(data).digest(), timeout_s=_PART_S, tries=1)
    waiting: list[int] = []
    for at in range(0, len(data), _PART):
        if len(waiting) == _UNDER_WAY:
            _await(connection, waiting.pop(0))
        waiting.append(connection.post("blob_data", at, data[at : at + _PART]))
        progress(at, len(data))
    for request in waiting:
        _await(connection, request)
    connection.ask("blob_end", timeout_s=_CHECK_S, tries=1)
    progress(len(data), len(data))


def _await(connection: Connection, request: int) -> None:
    if connection.await_answer("blob_data", request, _PART_S) is None:
        raise LinkLost("the hub does not answer blob_data", "Try again; what arrived so far is dropped.")


def read_certificate(connection: Connection) -> bytes:
    """The chain of certificates that the hub keeps for its key; empty when it keeps none.

    Nothing is verified here but that it arrived whole; Untrusted("malformed") when it did not.
    """
    return _read_blob(connection, "certificate")


def read_succession(connection: Connection) -> bytes:
    """How the key before certified the hub's (tasuki_wire.succession); empty for a first key. As above."""
    return _read_blob(connection, "succession")


def _read_blob(connection: Connection, name: str) -> bytes:
    try:
        answer = connection.ask("blob_begin", layout.BLOBS.index(name), 0, bytes(32))
    except Refused as refused:
        if refused.reason in ("not_found", "not_allowed"):  # the latter: a hub of before such blobs
            return b""
        raise
    if len(answer) != 3 or not isinstance(answer[2], bytes) or answer[1] > _MOST_SHOWN:
        raise Untrusted("malformed", f"the hub does not say what {name} it keeps")
    _, size, digest = answer
    data, deadline = b"", time.monotonic() + _ALL_SHOWN_S
    while len(data) < size:
        if time.monotonic() > deadline:
            raise LinkLost(f"the hub takes too long to show its {name}", "Try again.")
        data += _shown_parts(connection, name, len(data), size)
    if sha256(data).digest() != digest:
        raise Untrusted("malformed", f"the {name} that the hub shows is not the one that it announced")
    return data


def _shown_parts(connection: Connection, name: str, start: int, size: int) -> bytes:
    """Some parts of a blob from an offset on, of which several are asked for as if all were full."""
    offsets = range(start, size, _PART)[:_UNDER_WAY]
    requests = connection.post_all([("blob_data", at, b"") for at in offsets])
    data = b""
    for at, request in zip(offsets, requests, strict=True):
        if at == start + len(data):
            data += _shown_part(connection, name, at, request)
        else:  # they have another length
            connection.forget(request)
    return data


def _shown_part(connection: Connection, name: str, at: int, request: int) -> bytes:
    """A blob's part at an offset, asked for as `request`, and again when no answer comes."""
    answer = connection.await_answer("blob_data", request, _SHOWN_S)
    offset, part = (answer or connection.ask("blob_data", at, b""))[:2]
    if offset != at or not isinstance(part, bytes) or not part:
        raise Untrusted("malformed", f"the hub shows its {name} in parts that do not fit")
    return part


def _ask_last(connection: Connection, name: str, *values: Any, timeout_s: float = _PART_S) -> None:
    """A command that ends the hub's life: its answer may be overtaken by the next life's hello."""
    with suppress(HubRebooted):
        connection.ask(name, *values, timeout_s=timeout_s, tries=1)


def restart(connection: Connection) -> Identity:
    """Have the hub start anew and meet it again."""
    old = connection.nonce
    _ask_last(connection, "reboot")
    return await_restart(connection, old)


def await_restart(connection: Connection, old: bytes, timeout_s: float = _RESTART_S) -> Identity:
    """Wait for the hello of another boot than `old`, then ask who it is; LinkLost when none comes."""
    deadline = time.monotonic() + timeout_s
    while connection.nonce == old:
        if time.monotonic() > deadline:
            raise LinkLost("the hub did not start anew", "Switch it off and on.")
        connection.poke("hello_request")
        connection.pump(0.25)
    connection.skip_lives()
    return meet(connection)


def update(connection: Connection, bundle: bytes, progress: Progress = _quiet) -> Identity:
    """Bring a signed bundle to the hub and start it; what the hub says of itself then.

    The new version is on trial: it stays when it ran for ten seconds and a host
    spoke to it, which this call alone does not wait for.
    """
    send_blob(connection, "bundle", bundle, progress)
    return restart(connection)


def await_proved(connection: Connection) -> None:
    """Wait until the version that runs stays: it has proved itself, to which a host that speaks belongs.

    LinkLost when it does not; HubRebooted when it may have gone back to the version before.
    """
    deadline = time.monotonic() + _PROVE_S
    while time.monotonic() < deadline:
        try:  # of a bundle of no bytes: `busy` while on trial, and nothing is begun
            connection.ask("blob_begin", layout.BLOBS.index("bundle"), 0, bytes(32))
        except Refused as refused:
            if refused.reason != "busy":
                return
        connection.pump(_PROVE_PAUSE_S)
    raise LinkLost("the hub's new firmware does not prove itself", "Switch it off and on, then try again.")


def lock(connection: Connection) -> Identity:
    """Lock the hub on this line for good; Refused("not_allowed") when its board cannot be."""
    old = connection.nonce
    device = meet(connection).device
    _ask_last(connection, "lock", device)
    identity = await_restart(connection, old)
    if identity.life != "locked":
        raise Refused("not_locked", f"the hub says that it is {identity.life}", "Do not ship this hub.")
    return identity


def unlock(connection: Connection, order_key: Signer) -> Identity:
    """Destroy the key of a locked hub, and what hangs on it, and open it.

    Raises Refused with the hub's reason, and Refused("not_unlocked") when it comes back with its key.
    """
    opened = _order(connection, "unlock", order_key)
    if opened.life == "locked" or opened.enrolled:
        raise Refused("not_unlocked", "the hub still has its key", "Give the order again.")
    return opened


def change_key(connection: Connection, authority: Signer) -> Identity:
    """Have the hub make another key, certified by the one it has; who it is then.

    authority: the consent authority that it obeys. Refused with the hub's reason. Whether it shows another
    key, and how that was certified, is for the caller to look at: an answer may be lost, the deed is not.
    """
    return _order(connection, "rotate", authority)


def _order(connection: Connection, action: str, signer: Signer) -> Identity:
    """Give the hub of this life a signed order of layout.ORDERS; who it is in its next life."""
    old = connection.nonce
    identity = meet(connection)
    fields = layout.ORDER_FORMAT, layout.ORDERS.index(action), identity.device, old
    body = codec.pack(codec.number("order"), 0, *fields, bytes(layout.SIGNATURE_SIZE))
    signature = signer.sign("order", body[2 : -layout.SIGNATURE_SIZE])
    _ask_last(connection, "order", *fields, signature, timeout_s=_CHECK_S)
    return await_restart(connection, old)
