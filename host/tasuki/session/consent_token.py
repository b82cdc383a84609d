"""Consent tokens: what a hub may sample, signed by the consent authority.

Bytes and checks are those of SPEC.md; the hub persists the highest sequence,
so an older, wider token can never come back.
"""

from tasuki.vault.secret import Signer
from tasuki_wire import codec, epoch, layout

DEFAULT_LIFETIME_S = 3600


def build(
    authority: Signer,
    *,
    device: bytes,
    binding: bytes,
    items: int,
    sequence: int,
    nonce: bytes,
    policy: bytes,
    lifetime_s: int = DEFAULT_LIFETIME_S,
    storage: bytes = bytes(32),
) -> bytes:
    """A signed token, 187 bytes.

    Args:
        device: device id, 8 bytes.
        binding: wearer binding id, 16 bytes.
        items: consent bits.
        sequence: higher than any the hub has accepted.
        nonce: boot nonce of the hub's hello, 16 bytes.
        policy: SHA-256 of the policy, 32 bytes.
        lifetime_s: seconds of device time.
        storage: X25519 public key for stored epochs, 32 bytes, zeros for none.
    """
    body: bytes = codec.pack(
        epoch.TOKEN,
        0,
        layout.TOKEN_FORMAT,
        authority.key_id,
        device,
        binding,
        items,
        sequence,
        nonce,
        lifetime_s,
        policy,
        storage,
        bytes(layout.SIGNATURE_SIZE),
    )[2 : -layout.SIGNATURE_SIZE]
    return body + authority.sign("token", body)
