"""Order `rotate`: another key for this hub, certified by the one it has (SPEC section 8.3).

A module in the place of an object, imported on use, since most lives of a hub
never hear of it. As a taker of blobs it has max_size and refuses: the statement
is read and never written.
"""

from tasuki_hub.commands import REBOOT
from tasuki_wire import epoch, succession

max_size = 0


def refuses(hub):
    """Nobody brings a statement: the hub makes it."""
    return "not_allowed"


def refusal(hub):
    """Why there can be no other key now, one of layout.ANSWERS; None when there can."""
    if not hub.keys.keyed or not any(hub.public):
        return "no_key"
    if hub.keys.authority is None:
        return "no_authority"
    return "busy" if hub.sampling or hub.leaving or not hub.jobs.idle() else None


def rotate(hub, request):
    """Change the key, answer, start anew. The order's signature holds."""
    status = "busy" if hub.sampling else (yield from _changed(hub))
    hub.commands.answer(request, "order", status)


def _changed(hub):
    hub.wipe()  # nothing starts meanwhile, and no token of before reaches the new key
    keys = hub.keys
    body = succession.head(hub.device, epoch.key_id(keys.authority), hub.public, keys.session)
    try:
        yield from keys.succeed_steps(hub.crypto, hub.board, hub.public, succession.DOMAIN, body)
    except NotImplementedError:
        return "no_entropy"
    except OSError:
        hub.leaving = REBOOT  # which key it is the next start finds out
        return "full"
    hub.jobs.drop()  # what was asked of the old key
    hub.leaving = REBOOT
    return "ok"


def kept(hub):
    """The statement about this hub's key; empty for a first key."""
    return hub.keys.succession()


def before(hub):
    """Public key that certified this hub's; empty for a first key."""
    statement = hub.keys.succession()
    return succession.fields(statement)[3] if statement else b""
