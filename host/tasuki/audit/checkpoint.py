"""Checkpoints: what the audit key signs, so that the log of today can be held against it for ever.

    tasuki/audit/3f2a9c01d47be260
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    <empty line>
    — tasuki/audit/3f2a9c01d47be260 base64(key id 4 | Ed25519 signature 64)

Origin, size and root are the lines of a C2SP tlog-checkpoint in a signed-note, so that tools and
witnesses of transparency logs can read them. The signature is of a type of our own (0xff), because
every signature of ours covers its domain first: ADR 0020.
"""

import base64

from tasuki.audit import verifier
from tasuki.vault.secret import Signer


def sign(signer: Signer, size: int, root: bytes) -> str:
    """The checkpoint of a log, as text."""
    origin = f"tasuki/audit/{signer.key_id.hex()}"
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = verifier.key_id(origin, signer.public) + signer.sign("checkpoint", text.encode())
    return f"{text}\n\u2014 {origin} {base64.b64encode(signature).decode()}\n"
