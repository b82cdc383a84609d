"""The command group `tasuki audit`: the log of consents, registers and decisions, checked and proved."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tasuki.audit import check, proofs, verifier
from tasuki.audit.collecting import OUTBOX, SOURCES
from tasuki.audit.explain import block as look_up
from tasuki.audit.names import parse_block_id
from tasuki.capture.trust import parse_key
from tasuki.cli.frame import print_json, state_option
from tasuki.errors import TasukiError, UsageError
from tasuki.session.state import State

_FILE = click.Path(dir_okay=False, path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_since = click.option("--since", multiple=True, type=_FILE, help="A checkpoint that you kept.")
_output = click.option("-o", "--output", type=_FILE, help="Write it to this file instead.")


@click.group()
def audit() -> None:
    """The audit log: what was said, registered and decided, and that nothing of it was changed.

    \b
    Example:
      tasuki audit verify
    """


@audit.command()
@state_option
@_since
@click.option("--proof", type=_FILE, help="Check this proof instead; needs no state folder, but --key.")
@click.option("--key", help="The audit key's public half, hex or a file, instead of the state folder's.")
@_json
def verify(state: Path, since: tuple[Path, ...], proof: Path | None, key: str | None, as_json: bool) -> None:
    """Check the whole log, or a proof. Exit code 1 when something does not hold, with a sentence for each.

    Whoever holds the audit key can write history anew; only a checkpoint kept elsewhere shows that:
    keep one now and then (`tasuki audit checkpoint`) and give it with --since.

    \b
    Examples:
      tasuki audit verify --since last-month.checkpoint
      tasuki audit verify --proof why.json --key audit.pub
    """
    notes = [_read(path) for path in since]
    if proof:
        if not key:
            raise UsageError("a proof needs the audit key", "Give --key; `tasuki audit key` prints it.")
        found = _check_proof(proof, parse_key(key), notes)
    else:
        found = _check_log(state, parse_key(key) if key else None, notes)
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            click.echo(line)
    if found["faults"]:
        raise TasukiError(
            f"the {'proof' if proof else 'audit log'} does not hold: {found['faults'][0]}",
            "Keep the files as they are and compare them with a backup.",
        )


@audit.command()
@state_option
@click.argument("entry", type=click.IntRange(min=0), required=False)
@click.option("--block", help="Everything that the log says about this block, by its id.")
@_since
@_output
def prove(
    state: Path, entry: int | None, block: str | None, since: tuple[Path, ...], output: Path | None
) -> None:
    """Prove that an entry is in the log, or what it says of a block, to somebody with the audit key.

    With --since alone: prove that the log continues that checkpoint.

    \b
    Examples:
      tasuki audit prove 1700 -o why.json
      tasuki audit prove --block 9c41d07a.3.118.0 -o why.json
    """
    if entry is None and block is None and not since:
        raise UsageError("nothing to prove", "Give the number of an ENTRY, --block ID or --since CHECKPOINT.")
    with _opened(state) as opened:
        indices = [] if entry is None else [entry]
        if block is not None:
            indices += look_up(opened.audit, parse_block_id(block)).entries
        made = proofs.prove(opened.audit, indices, [_read(path) for path in since])
    _write(json.dumps(made, ensure_ascii=False, indent=1) + "\n", output)


@audit.command()
@state_option
@_output
def checkpoint(state: Path, output: Path | None) -> None:
    """Sign the log as it is now. Keep checkpoints where whoever runs this host cannot change them.

    \b
    Example:
      tasuki audit checkpoint -o today.checkpoint
    """
    with _opened(state) as opened:
        _write(opened.audit.sign(), output)


@audit.command()
@state_option
@_output
def key(state: Path, output: Path | None) -> None:
    """The public half of the audit key, for whoever checks proofs.

    \b
    Example:
      tasuki audit key -o audit.pub
    """
    with _opened(state) as opened:
        _write(opened.audit.public.hex() + "\n", output)


@contextmanager
def _opened(folder: Path, auditing: bool = True) -> Iterator[State]:
    """The state folder, which has to be there; opening it takes what waits into the log, or not."""
    if not (folder / "audit.db").exists():
        raise UsageError(f"{folder} has no audit log yet", "Run a hub first, or give --state FOLDER.")
    with State(folder, auditing=auditing) as state:
        yield state


def _check_log(folder: Path, public: bytes | None, notes: list[str]) -> dict[str, Any]:
    with _opened(folder, auditing=False) as state:
        log = state.audit
        handed = {source: log.collected(source) for source in SOURCES}
        handed[OUTBOX] = max(handed[OUTBOX], state.outbox.audit_handed_over())
        found = check.examine(log, public or log.public, handed, notes)
    return {
        "entries": found.entries,
        "entries_by_type": found.types,
        "root": found.root.hex(),
        "checkpoints": found.checkpoints,
        "entries_signed": found.signed,
        "faults": found.faults,
    }


def _check_proof(path: Path, public: bytes, notes: list[str]) -> dict[str, Any]:
    try:
        document = json.loads(_read(path))
    except ValueError as e:
        raise UsageError(f"{path} is no proof: {e}", "Give a file of `tasuki audit prove`.") from e
    found: dict[str, Any] = {"size": 0, "entries": {}, "continues": []}
    faults = []
    try:
        found = verifier.check_proof(document, public)
        for note in notes:
            verifier.check_proof(document, public, note)
    except verifier.ProofError as e:
        faults.append(str(e))
    return {**found, "faults": faults}


def _lines(found: dict[str, Any]) -> list[str]:
    if "size" in found:
        proved = [
            f"entry {index}: {json.dumps(entry, ensure_ascii=False)}"
            for index, entry in found["entries"].items()
        ]
        older = [f"continues the checkpoint of {size} entries" for size in found["continues"]]
        return [*proved, *older] if not found["faults"] else []
    kinds = ", ".join(f"{kind} {n}" for kind, n in found["entries_by_type"].items())
    return [
        f"{found['entries']} entries ({kinds or 'none'}), root {found['root'][:16]}",
        f"{found['checkpoints']} checkpoints hold; {found['entries_signed']} entries are under the newest",
        *(f"✗ {fault}" for fault in found["faults"]),
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "is not text"
        raise UsageError(f"{path}: {reason}", "Give a file that `tasuki audit` wrote.") from e


def _write(text: str, output: Path | None) -> None:
    if output:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
