"""Verifies gateway-attested bundles: every block's signature, the bundle's, and the numbering."""

from itertools import pairwise

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.capture import parts
from tasuki.capture.container import Damage
from tasuki.capture.reading import Capture
from tasuki.capture.report import Omission, Rejection, Report, StreamCount
from tasuki.errors import Untrusted
from tasuki.vault import attested
from tasuki_wire import codec, epoch


class AttestedCheck:
    """The check of one bundle under the service's attestation key."""

    def __init__(self, public: bytes, report: Report) -> None:
        self._public = public
        self._report = report
        self._numbers: dict[tuple[bytes, int], set[int]] = {}
        self._use: tuple[str, str] | None = None

    def run(self, capture: Capture) -> None:
        """Read the whole bundle; its signature must stand at its end, once."""
        signed = False
        for part in capture:
            if signed:
                self._reject(part, "after_signature")
            elif isinstance(part, parts.AttestedPart):
                self._block(part)
            elif isinstance(part, parts.SignaturePart):
                signed = True
                if not _holds(self._public, capture.digest, part.signature):
                    self._reject(part, "bad_signature")
            else:
                self._reject(part, "stray_record")
        if not signed:
            capture.add_damage(Damage(capture.size, "the bundle's signature is missing"))
        self._skipped()

    def _block(self, part: parts.AttestedPart) -> None:
        try:
            block = attested.read(part.data, self._public)
        except Untrusted:
            self._reject(part, "bad_signature")
            return
        label, kind = block.label, codec.KINDS[block.kind]
        use = label.purpose, label.destination
        self._use = self._use or use
        numbers = self._numbers.setdefault((label.pseudonym, block.stream), set())
        if label.number in numbers or use != self._use:
            self._reject(part, "replayed" if label.number in numbers else "mixed_destinations")
            return
        numbers.add(label.number)
        self._report.blocks_verified += 1
        self._report.pseudonyms.add(label.pseudonym.hex())
        self._report.hours.add(label.hour)
        self._report.use = use
        self._report.blocks_whole += bool(block.verified & attested.EVERY_FRAME)
        row = self._report.streams.setdefault(block.stream, StreamCount(str(kind.item)))
        row.held += len(block.rows) // kind.row_size
        self._report.gaps += max(len(block.runs) - 1, 0)

    def _skipped(self) -> None:
        for (_, stream), numbers in self._numbers.items():
            known = sorted(numbers)
            for before, after in pairwise(known):
                if after - before > 1:
                    self._report.omitted.append(Omission(-1, stream, before + 1, after - 1))

    def _reject(self, part: parts.Part, reason: str) -> None:
        self._report.rejected.append(Rejection(-1, -1, -1, reason, part.offset))


def _holds(public: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public).verify(epoch.signed("bundle", digest), signature)
    except (BadSignatureError, ValueError):
        return False
    return True
