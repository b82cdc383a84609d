"""The receiving side in one object, for tests: decoder, assembler and verifier in a row."""

from tasuki.pipeline.decode import Decoder, Messages
from tasuki.pipeline.verify import Verifier
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.verdict import Rejected, Verified


class Host:
    """Takes the bytes of a link; `verdicts` collects what the verifier says."""

    def __init__(self, hub, **options):
        self.ledger = options.pop("ledger", ForgetfulLedger())
        self.decoder, self.messages = Decoder(), Messages()
        self.verifier = Verifier(hub.public, hub.device, self.ledger, **options)
        self.verdicts = []

    def feed(self, data, keep=None):
        """Verdicts of these bytes; keep makes the gate's answer from the rows."""
        batch = self.decoder.feed(data)
        out = self.verifier.frames(batch, keep(batch.rows) if keep else None)
        for link in filter(None, map(self.messages.join, batch.links())):
            out += self.verifier.message(link.kind, link.payload)
        self.verdicts += out
        return out

    def reasons(self):
        """Reason codes of the rejected, in order."""
        return [v.reason for v in self.verdicts if isinstance(v, Rejected)]

    def verified(self):
        """The verified epochs, in order."""
        return [v for v in self.verdicts if isinstance(v, Verified)]


def held(verified):
    """{stream: frame bodies} of an epoch's blocks."""
    return {block.stream: block.bodies() for block in verified.blocks()}
