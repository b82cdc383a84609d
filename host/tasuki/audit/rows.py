"""Register entries as the log knows them: a name that tells nobody who, and a keyed hash of the rest."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from tasuki.audit.names import STRANGER, hub_name, subject_name
from tasuki.consent.registers import Registers
from tasuki.vault.vault import Vault

# Registers of organisations: their names are no personal data and stand in the log.
_OPEN = ("destinations", "processors", "modules")


@dataclass(frozen=True)
class Row:
    """One register entry.

    Attributes:
        register: e.g. "destinations", "bindings".
        name: its own name where that is no personal data, else a keyed one.
        subject: whose it is, STRANGER when no wearer's.
        state: keyed hash of its content; it changes with any field.
    """

    register: str
    name: str
    subject: bytes
    state: str


def rows(registers: Registers, vault: Vault) -> Iterator[Row]:
    """Every entry of every register that decisions look things up in."""
    for each in fields(registers):
        register = getattr(registers, each.name)
        if isinstance(register, Mapping):
            for key, value in register.items():
                for entry in value if isinstance(value, list) else [value]:
                    yield _row(vault, each.name, key, entry)


def _row(vault: Vault, register: str, key: object, entry: Any) -> Row:
    subject = str(getattr(entry, "subject", ""))
    content = json.dumps(_plain(entry), sort_keys=True)
    state = vault.service_pseudonym("audit-state", f"{register}/{content}")
    owner = subject_name(vault, subject) if subject else STRANGER
    if register in _OPEN:
        name = str(key)
    elif isinstance(getattr(entry, "id", None), bytes):
        name = hub_name(vault, subject, entry.id).hex()
    else:
        name = vault.service_pseudonym("audit-row", f"{register}/{_plain(key)}")[:8].hex()
    return Row(register, name, owner, state.hex())


def _plain(value: Any) -> Any:
    """A value as JSON has it, the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(held) for key, held in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(held) for held in value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value.hex() if isinstance(value, bytes) else value if isinstance(value, int | bool) else str(value)
