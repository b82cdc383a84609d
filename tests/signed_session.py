"""A hub in a few lines: real frames, real signatures, for tests and benchmarks.

It follows the wire alone (tasuki_wire and PyNaCl), not tasuki_hub, and every
part can be changed before it is sent: change one thing, assert one error.
"""

import hashlib
import random
from dataclasses import dataclass, field

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from tasuki_wire import cobs, codec, epoch, items, layout

SAMPLE_KINDS = tuple(k.number for k in codec.KINDS.values() if k.item is not None)
EVERY_KIND = tuple((stream, kind, 3) for stream, kind in enumerate(SAMPLE_KINDS))
"""(stream, kind, frames) with each sample kind once."""

DEFAULT_EPOCH = ((0, 1, 40), (1, 2, 4), (2, 3, 1), (3, 4, 40), (4, 5, 40), (5, 7, 1))
"""The default profile in 4 s: 126 frames of 6 streams."""

_SPAN_US = 4_000_000


def stuff(raw):
    """A frame as it goes over the wire: COBS and the delimiter."""
    out = bytearray(len(raw) + 2)
    size = cobs.encode_into(out, raw, len(raw))
    return bytes(out[:size]) + b"\x00"


def payload(kind, rng, size=None):
    """Random payload that the kind allows, of about `size` bytes."""
    k = codec.KINDS[kind]
    if k.row_rest or size is None:
        return rng.randbytes(k.row_size * 3 if not k.row_rest else k.row_size + 9)
    return rng.randbytes(k.row_size * max(1, size // k.row_size))


@dataclass
class Signed:
    """One epoch: frames (not stuffed, with CRC), record, opening, and what they were made of."""

    frames: list
    record: bytes
    opening: bytes
    entries: dict
    secret: bytes
    bodies: dict = field(default_factory=dict)

    def wire(self):
        """All of it as sent: frames, record, opening in fragments."""
        return (
            b"".join(map(stuff, self.frames))
            + message(epoch.RECORD, self.record)
            + message(epoch.OPENING, self.opening)
        )


def message(kind, whole, message_id=1, seq=0):
    """A link message as sent, in fragments where its kind has them."""
    parts = [whole]
    if codec.KINDS[kind].mode == layout.FRAGMENTS:
        parts = codec.fragments(message_id, whole)
    return b"".join(stuff(codec.frame(kind, layout.LINK_STREAM, 0, seq, 0, 0, part)) for part in parts)


class Hub:
    """Makes signed epochs; deterministic from its seed."""

    def __init__(self, seed=1, session=1):
        self.rng = random.Random(seed)
        self.public, self.secret_key = crypto_sign_seed_keypair(self.rng.randbytes(32))
        self.device = self.rng.randbytes(8)
        self.token = self.rng.randbytes(16)
        self.session = session
        self.epoch = 0
        self.prev = epoch.NO_PREV
        self.seqs = {}
        self.start_us = 1_000_000

    def signed_epoch(self, profile=EVERY_KIND, size=None, reason="length"):
        """The next epoch; profile is rows of (stream, kind, frames), size the payload's bytes."""
        rng = self.rng
        secret = rng.randbytes(layout.SECRET_SIZE)
        frames, bodies, entries = [], {}, {}
        for stream, kind, count in profile:
            made = self._frames(stream, kind, count, size)
            frames += made
            bodies[stream] = [frame[: -layout.CRC_SIZE] for frame in made]
            entries[stream] = self._entry(secret, stream, kind, bodies[stream])
        frames.sort(
            key=lambda frame: (
                int.from_bytes(frame[8:12], "little") << 30 | int.from_bytes(frame[12:16], "little")
            )
        )
        self.start_us += _SPAN_US
        meta = epoch.pack_meta(layout.CLOSE_REASONS.index(reason), items.ALL_ITEMS, 0)
        record = self.record(epoch.slot_leaves(secret, entries, meta))
        opening = self.opening(secret, meta, entries)
        self.epoch += 1
        return Signed(frames, record, opening, entries, secret, bodies)

    def _frames(self, stream, kind, count, size):
        first = self.seqs.get(stream, 0)
        self.seqs[stream] = first + count
        out = []
        for i in range(count):
            hi, lo = epoch.codec.time_words(self.start_us + _SPAN_US * i // count)
            out.append(codec.frame(kind, stream, 0, first + i, hi, lo, payload(kind, self.rng, size)))
        return out

    def _entry(self, secret, stream, kind, bodies):
        key = epoch.slot_key(secret, stream)
        leaves = b"".join(epoch.frame_leaf(key, body) for body in bodies)
        first = int.from_bytes(bodies[0][4:8], "little")
        t0, t1 = self.start_us, self.start_us + _SPAN_US - 1
        words = codec.time_words
        return epoch.pack_entry(stream, kind, first, len(bodies), words(t0), words(t1), epoch.root(leaves))

    def record(self, slot_leaves, **changes):
        """A signed record over 16 slot leaves; changes replace fields of its body."""
        fields = {
            "device": self.device,
            "key": epoch.key_id(self.public),
            "session": self.session,
            "epoch": self.epoch,
            "prev": self.prev,
            "token_hash": self.token,
            "epoch_root": epoch.root(slot_leaves),
        }
        return self.sign(epoch.record_body(**{**fields, **changes}))

    def sign(self, body, domain="epoch"):
        """A record from its body, signed in a domain; also becomes the prev of the next."""
        signature = crypto_sign(epoch.signed(domain, body), self.secret_key)[: layout.SIGNATURE_SIZE]
        self.prev = hashlib.sha256(body + signature).digest()
        return body + signature

    def opening(self, secret, meta, entries):
        """The opening of the current epoch."""
        head = self.session.to_bytes(4, "little") + self.epoch.to_bytes(4, "little")
        return head + secret + meta + b"".join(entries.values())
