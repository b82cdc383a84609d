"""Consent at the source: the token that says what may be sampled, and until when.

Cheap checks come first, in the order of SPEC.md; only then the signature.
"""

from tasuki_wire import codec, epoch, items, layout

_BEFORE_END_US = 1_000_000  # time to sign and send the last epoch while the token still holds


class Consent:
    """What the hub may sample now. Nothing, until a token says otherwise."""

    def __init__(self):
        self.token = None  # bytes with signature
        self.token_id = b""
        self.storage = bytes(32)  # the host's X25519 key for stored epochs; zeros for none
        self._items = 0
        self._expires_us = 0
        self._ends_us = 0

    def items(self, now_us):
        """Consent bits in force."""
        return self._items if self.token and now_us < self._expires_us else 0

    def remaining_s(self, now_us):
        """Seconds until the token ends."""
        return max(0, (self._expires_us - now_us) // 1_000_000) if self.token else 0

    def live(self, now_us):
        """True while a token holds, whatever it allows."""
        return self.token is not None and now_us < self._expires_us

    def ending(self, now_us):
        """True from a second before the token's end: no sampling any more."""
        return self.token is None or now_us >= self._ends_us

    def accept(self, token, now_us):
        """Put a checked token in force."""
        fields = fields_of(token)
        self.token = token
        self.token_id = epoch.token_id(token)
        self.storage = fields[9]
        self._items = fields[4] & items.ALL_ITEMS
        self._expires_us = now_us + fields[7] * 1_000_000
        self._ends_us = self._expires_us - _BEFORE_END_US

    def narrow(self, mask):
        """Keep only these items until the next token; needs no signature, since it only removes."""
        self._items &= mask

    def drop(self):
        """Forget the token."""
        self.token = None
        self.storage = bytes(32)
        self._items = 0


def fields_of(token):
    """The token's fields in the order of layout.TOKEN."""
    return codec.unpack(epoch.TOKEN, b"\x00\x00" + token)[1:]


def refusal(token, device, nonce, keys):
    """Name of the first cheap check that a token fails, or None."""
    form, authority, for_device, _, _, sequence, for_nonce, _, _, _, _ = fields_of(token)
    if form != layout.TOKEN_FORMAT:
        return "malformed"
    if not keys.keyed:
        return "no_key"
    if for_device != device:
        return "wrong_device"
    if keys.authority is None:
        return "no_authority"
    if authority != epoch.key_id(keys.authority):
        return "wrong_authority"
    if for_nonce != nonce:
        return "wrong_nonce"
    if sequence <= keys.sequence:
        return "stale_sequence"
    return None


def lifetime_holds(token):
    """True when the lifetime is one that a hub takes; looked at behind the signature."""
    return 0 < fields_of(token)[7] <= layout.MAX_LIFETIME_S


def signed_part(token):
    """What the authority signed, and its signature."""
    return (
        epoch.signed("token", token[: -layout.SIGNATURE_SIZE]),
        token[-layout.SIGNATURE_SIZE :],
    )
