"""Runs in the image: what a signature and its check take, and the longest step of each."""

from counting import steps

_MESSAGE = bytes(range(113))  # as long as a signed epoch record
_SEED = bytes(range(32))


def figures(engine):
    """(sign, longest step of it, verify, longest step of it) in instructions."""
    public = engine.public_key(_SEED)
    sign, sign_step, signature = steps(lambda: engine.sign_steps(_SEED, public, _MESSAGE))
    verify, verify_step, holds = steps(lambda: engine.verify_steps(public, _MESSAGE, signature))
    if not holds:
        raise ValueError("signature")
    return sign, sign_step, verify, verify_step
