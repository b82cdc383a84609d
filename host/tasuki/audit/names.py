"""Who and what entries speak of: keyed names only, which nobody can compute once the keys are gone.

A wearer's name and that of a hub that he wears are HMACs under the wearer's secret in the vault, so they
die with it. What no wearer is behind has a name under a key of the service.
"""

import re
from dataclasses import dataclass

from tasuki.errors import Refused, UsageError
from tasuki.vault.vault import PSEUDONYM_SIZE, Vault

STRANGER = bytes(PSEUDONYM_SIZE)  # a subject without keys: unknown, or erased
HUB_SIZE = 8
_PURPOSE = "audit"
_BLOCK = re.compile(r"([0-9a-f]{8})\.(\d{1,10})\.(\d{1,10})\.(\d{1,2})")


def subject_name(vault: Vault, subject: str) -> bytes:
    """A wearer's name in the log, 16 bytes; STRANGER when there are no keys for him."""
    try:
        return vault.pseudonym(subject, _PURPOSE, "decisions", 0)
    except Refused:
        return STRANGER


def hub_name(vault: Vault, subject: str, key_id: bytes) -> bytes:
    """A hub's name in the log while this wearer wears it, 8 bytes."""
    try:
        return vault.pseudonym(subject, _PURPOSE, f"hub-{key_id.hex()}", 0)[:HUB_SIZE]
    except Refused:
        return vault.service_pseudonym(_PURPOSE, f"hub-{key_id.hex()}")[:HUB_SIZE]


@dataclass(frozen=True)
class BlockId:
    """What people call a block by: nothing in it is personal, and only this host can tell which hub it is.

    Attributes:
        hub: the first 4 bytes of the hub's name in the log, hexadecimal.
    """

    hub: str
    session: int
    epoch: int
    stream: int

    def __str__(self) -> str:
        return f"{self.hub}.{self.session}.{self.epoch}.{self.stream}"

    @property
    def in_epoch(self) -> str:
        """The name under which the log finds the block's epoch."""
        return f"epoch/{self.hub}.{self.session}.{self.epoch}/"

    @property
    def late(self) -> str:
        """The name under which the log finds what was decided about the block afterwards."""
        return f"block/{self}/"


def block_id(vault: Vault, subject: str, key_id: bytes, session: int, epoch: int, stream: int) -> BlockId:
    """The id of a block."""
    return BlockId(hub_name(vault, subject, key_id).hex()[:8], session, epoch, stream)


def parse_block_id(text: str) -> BlockId:
    """Read an id as summary and report print it; UsageError."""
    found = _BLOCK.fullmatch(text.strip())
    if not found:
        raise UsageError(
            f"{text!r} is no block id", "It looks like 9c41d07a.3.118.0: hub, session, epoch, stream."
        )
    return BlockId(found[1], *(int(number) for number in found.groups()[1:]))
