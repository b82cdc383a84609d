"""Vectors of consent tokens, and of one signature a domain."""

import struct

from nacl.signing import SigningKey

from epoch_by_hand import flip, session
from tasuki_wire import layout
from wire_by_hand import AUTHORITY_KEY, DEVICE_ID, DEVICE_KEY, OTHER_KEY, key_id, noise, sha256, sign

Lines = list[tuple[str, object]]
PUBLIC = DEVICE_KEY.verify_key.encode()
SELF = key_id(AUTHORITY_KEY)
NONCE = noise("boot nonce", 16)


def _token(
    form: int = 1,
    device: bytes = DEVICE_ID,
    authority: bytes = SELF,
    items: int = 0x3F,
    sequence: int = 42,
    nonce: bytes = NONCE,
    lifetime: int = 3600,
    signer: SigningKey = AUTHORITY_KEY,
    domain: str = "token",
) -> bytes:
    head = struct.pack(
        "<B8s8s16sHI16sI", form, authority, device, noise("binding", 16), items, sequence, nonce, lifetime
    )
    signed = head + sha256(b"policy") + bytes(32)
    return signed + sign(signer, domain, signed)


def tokens() -> list[Lines]:
    """Tokens, good and bad, and pairs of faults that show the order of the hub's checks."""
    good, stranger, old = _token(), bytes(8), noise("nonce of the boot before", 16)
    hub = {
        "device": DEVICE_ID,
        "nonce": NONCE,
        "authority": AUTHORITY_KEY.verify_key.encode(),
    }
    rows: list[tuple[str, str, bytes]] = [
        ("valid", "ok", good),
        ("sequence may jump", "ok", _token(sequence=1000)),
        ("no item at all", "ok", _token(items=0)),
        ("item bits of a later version", "ok", _token(items=0x8001)),
        ("a byte short", "malformed", good[:-1]),
        ("a byte long", "malformed", good + b"\0"),
        ("format 2", "malformed", _token(form=2)),
        ("for another hub", "wrong_device", _token(device=stranger)),
        ("of another authority", "wrong_authority", _token(authority=key_id(OTHER_KEY), signer=OTHER_KEY)),
        ("of the boot before", "wrong_nonce", _token(nonce=old)),
        ("stale: sequence of the last one", "stale_sequence", _token(sequence=41)),
        ("stale: sequence 0", "stale_sequence", _token(sequence=0)),
        ("bad signature: a bit of it", "bad_signature", flip(good, -1)),
        ("bad signature: another key under the authority's id", "bad_signature", _token(signer=OTHER_KEY)),
        ("bad signature: items widened", "bad_signature", flip(_token(items=0x3E), 33)),
        ("bad signature: lifetime stretched", "bad_signature", flip(good, 56)),
        *[
            (f"bad signature: another type, {d}", "bad_signature", _token(domain=d))
            for d in layout.DOMAINS
            if d != "token"
        ],
        ("no lifetime", "bad_lifetime", _token(lifetime=0)),
        ("lifetime of a day", "ok", _token(lifetime=86_400)),
        ("lifetime above a day", "bad_lifetime", _token(lifetime=86_401)),
        ("order: format before hub", "malformed", _token(form=2, device=stranger)),
        ("order: hub before authority", "wrong_device", _token(device=stranger, authority=stranger)),
        ("order: authority before nonce", "wrong_authority", _token(authority=stranger, nonce=old)),
        ("order: nonce before sequence", "wrong_nonce", _token(nonce=old, sequence=41)),
        ("order: sequence before signature", "stale_sequence", flip(_token(sequence=41), -1)),
        ("order: signature before lifetime", "bad_signature", flip(_token(lifetime=0), -1)),
    ]
    return [
        [
            ("case", case),
            ("answer", answer),
            *hub.items(),
            ("accepted", 41),
            ("payload", struct.pack("<H", 6) + token),
        ]
        for case, answer, token in rows
    ]


def signatures() -> list[Lines]:
    """One a domain; of those not in use yet the body is noise."""
    bodies = {
        "epoch": (DEVICE_KEY, session()[0].record_body()),
        "token": (AUTHORITY_KEY, _token()[:-64]),
        "possession": (
            DEVICE_KEY,
            noise("challenge", 32) + AUTHORITY_KEY.verify_key.encode() + DEVICE_ID + PUBLIC,
        ),
        "succession": (
            DEVICE_KEY,
            struct.pack("<B8s8s32sI32s", 1, DEVICE_ID, SELF, PUBLIC, 7, OTHER_KEY.verify_key.encode()),
        ),
    }
    out: list[Lines] = []
    for domain in layout.DOMAINS:
        key, signed = bodies.get(domain, (OTHER_KEY, noise(domain, 40)))
        prefixed = b"tasuki/" + domain.encode() + b"/v1\0" + signed
        lines: Lines = [
            ("case", domain),
            ("public", key.verify_key.encode()),
            ("body", signed),
            ("signed", prefixed),
        ]
        out.append([*lines, ("signature", sign(key, domain, signed))])
    return out
