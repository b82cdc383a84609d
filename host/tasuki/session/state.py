"""The state folder of one host: what is kept between runs, opened together.

register.json   hubs and their public keys
tokens.db       consent tokens handed out
outbox.db       epoch ledger, envelopes that wait, decisions
store.db        the embedded store
vault.db keys/  keys of wearers and of the service (tasuki.vault)
"""

from pathlib import Path

from tasuki.consent.policy import Policy, builtin
from tasuki.ledger import SqliteLedger
from tasuki.pipeline.outbox import Outbox
from tasuki.register import HubRegister
from tasuki.session.token_book import TokenBook
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.vault.vault import Vault


class State:
    """Everything that outlives a run. Raises UsageError when the folder cannot be used."""

    def __init__(self, folder: Path, policy: Policy | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.policy = policy or builtin()
        self.vault = Vault(folder)
        self.register = HubRegister(folder / "register.json")
        self.tokens = TokenBook(folder / "tokens.db")
        self.outbox = Outbox(folder / "outbox.db", self.vault, self.policy)
        self.ledger = SqliteLedger(folder / "outbox.db")
        self.store = EmbeddedStore(folder / "store.db")

    def close(self) -> None:
        """Close all files."""
        for part in (self.ledger, self.outbox, self.store, self.tokens, self.vault):
            part.close()

    def __enter__(self) -> "State":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
