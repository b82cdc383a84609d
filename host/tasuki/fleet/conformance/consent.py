"""Clauses on enrolment and consent tokens, with a consent key that is made for the run."""

import os
from typing import Any

import nacl.bindings as sodium
import nacl.exceptions
import nacl.signing

from tasuki.fleet.conformance.clauses import Breach, checks, require
from tasuki.fleet.conformance.probe import Probe
from tasuki_wire import codec, epoch, layout

CHECKS, clause = checks()
_ALL = (1 << 6) - 1
LIFETIME_S = 600


class Authority:
    """A consent key that nobody keeps."""

    def __init__(self) -> None:
        self._key = nacl.signing.SigningKey.generate()
        self.public = bytes(self._key.verify_key)
        self.key_id = bytes(epoch.key_id(self.public))

    def sign(self, domain: str, body: bytes) -> bytes:
        """Signature over a body of a domain."""
        return bytes(self._key.sign(epoch.signed(domain, body)).signature)


def token(probe: Probe, domain: str = "token", **changed: Any) -> list[Any]:
    """Fields of a token that holds, unless something is changed; `bad` flips a bit of the signature."""
    bad = changed.pop("bad", False)
    identity = probe.notes["enrolled"]
    authority: Authority = probe.notes["authority"]
    probe.notes["sequence"] = sequence = probe.notes.get("sequence", identity["sequence"]) + 1
    values = {
        "format": layout.TOKEN_FORMAT,
        "authority": authority.key_id,
        "device": identity["device"],
        "binding": b"conformance test",
        "items": _ALL,
        "sequence": sequence,
        "nonce": probe.boot,
        "lifetime": LIFETIME_S,
        "policy": bytes(32),
        "storage": bytes(32),
        **changed,
    }
    fields = [values[row[0]] for row in layout.TOKEN[:-1]]
    body = codec.pack(epoch.TOKEN, 0, *fields, bytes(64))[2:-64]
    signature = bytearray(authority.sign(domain, body))
    signature[0] ^= bad
    probe.notes["token"] = bytes(body) + bytes(signature)
    return [*fields, bytes(signature)]


def post(probe: Probe, **changed: Any) -> str:
    """Send a token; the name of the answer."""
    fields = token(probe, **changed)
    probe.notes.setdefault("first_token", len(probe.frames))
    with probe.patient():
        return probe.status("token", *fields)


@clause("8", "enroll makes a key, pins the authority and proves possession of the key (section 14)")
def _enroll(probe: Probe) -> None:
    authority, challenge = Authority(), os.urandom(32)
    identity = probe.ask("identify")[1]
    blank = identity[4] == layout.LIFE_CYCLE.index("blank")
    kind, fields = _ask_enroll(probe, authority, challenge, int(not blank))
    require(kind == "enrolled", f"enroll is answered by {kind} {fields}")
    device, public, signature = fields
    body = epoch.possession_body(challenge, authority.public, device, public)
    try:
        sodium.crypto_sign_open(signature + epoch.signed("possession", body), public)
    except (nacl.exceptions.BadSignatureError, ValueError):
        raise Breach("the proof of possession does not hold", "14") from None
    if not blank:
        probe.listen(2.0)  # it starts anew
    probe.notes["authority"] = authority
    probe.notes["enrolled"] = {"device": device, "public": public, "sequence": 0}
    now = probe.ask("identify")[1]
    require(now[0] == device == identity[0], "it has another device id than before")
    require(now[2] == public, "identify names another key than was proved")
    require(now[3] == authority.key_id, "identify names another authority")
    require(now[4] == layout.LIFE_CYCLE.index("dev"), "it is not `dev` now")


def _ask_enroll(probe: Probe, who: Authority, challenge: bytes, repin: int) -> tuple[str, tuple[Any, ...]]:
    with probe.patient():
        return probe.ask("enroll", who.public, challenge, repin)


@clause("8", "the first pin wins: another authority is already_pinned, the same one keeps the key")
def _pinned(probe: Probe) -> None:
    enrolled = probe.notes["enrolled"]
    kind, fields = _ask_enroll(probe, Authority(), os.urandom(32), 0)
    told = layout.ANSWERS[fields[1]] if kind == "answer" else kind
    require(told == "already_pinned", f"another authority is answered {told}")
    kind, fields = _ask_enroll(probe, probe.notes["authority"], os.urandom(32), 0)
    require(kind == "enrolled" and fields[1] == enrolled["public"], "its own authority gets another key")


_STRANGER = Authority()
_WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("malformed", {"format": 2}),
    ("malformed", {"format": 2, "device": bytes(8)}),
    ("wrong_device", {"device": bytes(8)}),
    ("wrong_device", {"device": bytes(8), "authority": bytes(8)}),
    ("wrong_authority", {"authority": _STRANGER.key_id}),
    ("wrong_authority", {"authority": _STRANGER.key_id, "nonce": bytes(16)}),
    ("wrong_nonce", {"nonce": bytes(16)}),
    ("wrong_nonce", {"nonce": bytes(16), "sequence": 0}),
    ("stale_sequence", {"sequence": 0}),
    ("stale_sequence", {"sequence": 0, "bad": True}),
    ("bad_signature", {"bad": True}),
    ("bad_signature", {"bad": True, "lifetime": 0}),
    ("bad_lifetime", {"lifetime": 0}),
    ("bad_lifetime", {"lifetime": layout.MAX_LIFETIME_S + 1}),
)


@clause("9", "a token is refused by the first rule that it breaks, and gives nothing")
def _refused(probe: Probe) -> None:
    for wanted, changed in _WRONG:
        found = post(probe, **changed)
        names = ", ".join(changed)
        require(found == wanted, f"a token with wrong {names} is answered {found}, not {wanted}")
    require(not probe.ask("status_request")[1][1], "items are in force without a token that holds")


@clause("14", "a signature of another domain does not serve for a token")
def _domains(probe: Probe) -> None:
    for domain in ("epoch", "possession", "order", "calibration"):
        found = post(probe, domain=domain)
        require(found == "bad_signature", f"one signed as {domain} is answered {found}")


@clause("9", "a token that holds is taken once; bits without an item are ignored; its sequence is kept")
def _taken(probe: Probe) -> None:
    found = post(probe, items=0xFFC0 | _ALL)
    require(found == "ok", f"a token that holds is answered {found}")
    taken, probe.notes["token_in_force"] = probe.notes["sequence"], probe.notes["token"]
    status = probe.ask("status_request")[1]
    require(status[1] == _ALL, f"the items in force are {status[1]:#x}, not {_ALL:#x}")
    require(0 < status[4] <= LIFETIME_S, f"{status[4]} s are left of {LIFETIME_S}")
    found = post(probe, sequence=taken)
    require(found == "stale_sequence", f"the sequence of the last one is answered {found}")
    told = probe.ask("identify")[1][6]
    require(told == taken, f"identify names {told} as the highest sequence, not {taken}")
