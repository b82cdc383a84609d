"""Another key for a hub that is trusted here, certified by the one it has.

The hub itself keeps the proof until its next change of key, so that whatever is lost on the way, the
same call again finds out how far it came: docs/adr/0031-a-key-certifies-the-next.md.
"""

from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.errors import Refused, Untrusted
from tasuki.session import care, greet, known
from tasuki.session.connection import Connection
from tasuki.session.state import State
from tasuki.trust.register import Hub
from tasuki_wire import epoch


def rotate(connection: Connection, state: State) -> Hub:
    """Have the hub on this line change its key, unless it already did so unheard, and trust the new one.

    Raises Refused("unknown_hub", "hub_revoked", "revoked"), Refused("erasure_waits") while an erasure
    needs the old key destroyed and not succeeded, what the hub refuses with, and Untrusted for a new
    key that is not proved by the one that is trusted.
    """
    identity = greet.meet(connection)
    state.register.check(identity.device)
    trusted = state.register.public_key(identity.device)
    state.anchors.refuse_revoked(trusted, [public for public, _ in state.register.before(identity.device)])
    if state.wipes.due(identity.device):
        raise Refused(
            "erasure_waits",
            f"hub {identity.device.hex()} is to be wiped for an erasure",
            "Connect it with `tasuki run`, or enrol it anew with --repin; then it has a new key.",
        )
    if identity.public == trusted:
        authority = state.vault.signer("authority")
        if identity.authority != epoch.key_id(authority.public):
            raise Refused(
                "wrong_authority", "the hub obeys another host", "Only the host that it obeys may do this."
            )
        identity = care.change_key(connection, authority)
        if identity.public == trusted:
            raise Refused("not_rotated", "the hub still has its key", "Give the command again.")
    return _adopt(connection, identity, state)


def _adopt(connection: Connection, identity: greet.Identity, state: State) -> Hub:
    found = known.proved(connection, identity, state.register.public_key(identity.device))
    last = state.ledger.last(epoch.key_id(found.old))
    if last is not None and last[0] > found.session:
        raise Untrusted(
            "stale_succession",
            f"the old key signed session {last[0]}, and the hub says that it ended with {found.session}",
            "Order another key for it (docs/factory.md), or enrol it anew.",
        )
    # the garment first: a hub that is trusted without one would be taken for the product of the run
    garment = state.book.registers.garments.get(epoch.key_id(found.old))
    manifest = garment.manifest if garment else DEMO_GARMENT
    state.book.enrol(Garment(epoch.key_id(found.public), found.device, manifest))
    return state.register.succeed(found)
