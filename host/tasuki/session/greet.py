"""The first words with a hub: who it is, what it measures, what it may sample."""

import secrets
from dataclasses import dataclass, replace

import nacl.bindings as sodium
from nacl.exceptions import BadSignatureError

from tasuki.errors import Refused, Untrusted
from tasuki.frames import Stream
from tasuki.pipeline.decode import read_streams
from tasuki.session.connection import Connection, HubRebooted
from tasuki.session.dialogue import Fields
from tasuki.vault.secret import Signer
from tasuki_wire import codec, epoch, layout

_SEEDS = {kind.number: kind.seed for kind in codec.KINDS.values()}
_STREAMS = codec.number("streams")
_KEYGEN_S = 30.0  # a hub without C works on its key for seconds


@dataclass(frozen=True)
class Identity:
    """What a hub says of itself; only an epoch's or a possession's signature proves the key.

    counter: of the firmware bundle that runs, 0 for the image's own files.
    """

    device: bytes
    key_id: bytes
    public: bytes
    authority: bytes
    life: str
    counter: int
    sequence: int
    firmware: str
    board: str

    @property
    def enrolled(self) -> bool:
        """True when the hub has a key and obeys an authority."""
        return any(self.public) and any(self.authority)


def meet(connection: Connection) -> Identity:
    """Wait for the hello, compare schemas, ask who it is.

    Raises Refused("schema_mismatch") when the hub's rows of a kind are not ours.
    """
    connection.await_hello()
    theirs = connection.seeds.items()
    differing = [codec.KINDS[n].name for n, seed in theirs if _SEEDS.get(n, seed) != seed]
    if differing:
        raise Refused(
            "schema_mismatch",
            f"the hub has another schema of {', '.join(differing)}",
            "Install firmware and host of the same release.",
        )
    fields = connection.ask("identify")
    device, key, public, authority, life, counter, sequence, firmware, board = fields
    return Identity(
        device,
        key,
        public,
        authority,
        layout.LIFE_CYCLE[life] if life < len(layout.LIFE_CYCLE) else f"life_{life}",
        counter,
        sequence,
        _printed(firmware),
        _printed(board),
    )


def _printed(field: bytes) -> str:
    """A name that a hub gives, fit for a terminal: what could move its cursor is a question mark."""
    text = field.rstrip(b"\0").decode("ascii", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def describe(connection: Connection) -> dict[int, Stream]:
    """The hub's streams by number; Untrusted("malformed") when it describes what cannot be."""
    (rows,) = connection.ask("describe")
    streams = read_streams(codec.pack(_STREAMS, 0, rows=rows))
    for row in streams.values():
        kind = codec.KINDS.get(row.kind)
        if kind is None or kind.item is None or kind.row_rest or row.stream >= layout.STREAMS:
            raise Untrusted("malformed", f"the hub describes stream {row.stream} as of kind {row.kind}")
        if not row.period_us:
            raise Untrusted("malformed", f"the hub gives stream {row.stream} no period")
    return streams


def possession(connection: Connection, authority: bytes, repin: bool = False) -> tuple[bytes, bytes]:
    """Have the hub make its key, unless it has one, and pin the authority; (device id, public key) as proved.

    authority: public key, 32 bytes. Raises Refused("already_pinned") when it obeys another authority and
    Untrusted("bad_possession") when the proof does not hold.
    """
    challenge = secrets.token_bytes(32)

    def ask(anew: bool) -> Fields:
        return connection.ask("enroll", authority, challenge, int(anew), timeout_s=_KEYGEN_S, tries=1)

    try:
        device, public, signature = ask(repin)
    except HubRebooted:  # its next life overtook the answer; whom it obeys now it says when asked again
        device, public, signature = ask(False)
    body = epoch.possession_body(challenge, authority, device, public)
    try:
        sodium.crypto_sign_open(signature + epoch.signed("possession", body), public)
    except (BadSignatureError, ValueError):
        raise Untrusted("bad_possession", "the hub does not hold the key that it showed") from None
    return device, public


def enroll(connection: Connection, authority: Signer, repin: bool = False) -> Identity:
    """Meet the hub, have it make its key and pin the authority; the proof of possession is checked.

    The key that is returned is the one that was proved: what a hub says of itself
    proves nothing, and after a repin it starts anew and says nothing for a while.
    Raises what `possession` does.
    """
    before = meet(connection)
    device, public = possession(connection, authority.public, repin)
    return replace(
        before,
        device=device,
        key_id=epoch.key_id(public),
        public=public,
        authority=epoch.key_id(authority.public),
        life="dev",
        sequence=0 if public != before.public else before.sequence,
    )
