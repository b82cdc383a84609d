"""`tasuki policy explain`: why a block went where it did, or where something would go."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from tasuki.audit import explain as explaining
from tasuki.audit.log import AuditLog
from tasuki.audit.names import parse_block_id
from tasuki.cli import explain_lines
from tasuki.cli.frame import print_json, state_option
from tasuki.consent import files, library
from tasuki.consent.book import ConsentBook
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.documents import Words
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog
from tasuki.consent.party_book import PartyBook
from tasuki.consent.policy import Policy, builtin
from tasuki.consent.registers import PRODUCTS, Binding, Garment, Manifest, Registers, Source
from tasuki.errors import UsageError
from tasuki.session.state import known_subject
from tasuki.vault.vault import Vault
from tasuki.view.words import LANGUAGES, language_of
from tasuki_wire import codec

_SOME = bytes(8)  # a device for the question's sake


@click.command()
@click.argument("block", required=False)
@click.option("--item", help="Ask about this item, e.g. ecg.")
@click.option("--purpose", help="For this purpose, e.g. statistics; the destination's own unless given.")
@click.option("--to", "destination", help="At this destination, e.g. research-statistics.")
@click.option("--subject", help="Whose; needed when several wearers are recorded.")
@click.option("--consent", type=click.Path(path_type=Path), help="A wearer's consent file, not the recorded.")
@click.option("--product", default="demo-garment", show_default=True, help="Which garment would measure it.")
@click.option(
    "--language", "--lang", "lang", type=click.Choice(LANGUAGES), default=language_of, help="en or ja."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@state_option
def explain(block: str | None, state: Path, lang: str, as_json: bool, **asked: Any) -> None:
    """Say which rules decided about BLOCK, or would decide about an item measured now.

    BLOCK is an id as the summary and the report print it.

    \b
    Examples:
      tasuki policy explain 9c41d07a.3.118.0
      tasuki policy explain --item ecg --purpose statistics --to research-statistics
    """
    if block is not None:
        if asked["item"] or asked["purpose"] or asked["destination"]:
            raise UsageError("a BLOCK and --item, --purpose or --to", "Ask about one of the two.")
        _past(block, state, lang, as_json)
    else:
        _supposed(state, lang, as_json, **asked)


def _past(block: str, state: Path, lang: str, as_json: bool) -> None:
    id_ = parse_block_id(block)
    if not (state / "audit.db").exists():
        raise UsageError(f"{state} has no audit log yet", "Give --state FOLDER of the run.")
    vault = Vault(state)
    log = AuditLog(state / "audit.db", vault.signer("audit"))
    try:
        found = explaining.block(log, id_)
    finally:
        log.close()
        vault.close()
    if as_json:
        print_json(explaining.as_json(found, lambda one: _sentences(one.decision, one.policy)))
        return
    for line in explain_lines.of_block(found, lambda one: _sentences(one.decision, one.policy), lang):
        click.echo(line)


def _supposed(
    state: Path,
    lang: str,
    as_json: bool,
    item: str | None,
    purpose: str | None,
    destination: str | None,
    subject: str | None,
    consent: Path | None,
    product: str,
) -> None:
    if not item or not destination:
        raise UsageError("nothing to explain", "Give the id of a BLOCK, or --item and --to.")
    policy = builtin()
    registers, log, subject = _wearer(state, policy, subject, consent)
    place = registers.destinations.get(destination)
    if not purpose and place is None:
        known = ", ".join(registers.destinations)
        raise UsageError(f"unknown destination {destination!r}", f"There are {known}; or give --purpose.")
    purpose = purpose or (place.purpose if place else "")
    if product not in PRODUCTS:
        raise UsageError(f"unknown product {product}", f"There are {', '.join(PRODUCTS)}.")
    now = log.present(subject, time.time_ns())
    context = _acquired_now(policy, PRODUCTS[product], item, subject, now)
    engine = Engine(policy, log, registers, library.shipped().effective)
    decision = engine.decide(subject, item, purpose, destination, now, context)
    rules = _sentences(decision, policy.hash.hex())
    if as_json:
        print_json(explaining.decision_json(decision, rules))
        return
    for line in explain_lines.of_decision(decision, rules, lang):
        click.echo(line)


def _wearer(
    state: Path, policy: Policy, subject: str | None, consent: Path | None
) -> tuple[Registers, ConsentLog, str]:
    """Registers, consents and the wearer: of a file, else of the state folder, else the built-in one."""
    if consent or not (state / "consent.db").exists():
        said = files.read(consent, policy) if consent else files.demo_wearer(policy)
        return Registers(), ConsentLog(said.events), said.subject
    book = ConsentBook(state / "consent.db")
    book.close()
    PartyBook(state, book.registers, policy).close()
    return book.registers, book.log, known_subject(book, subject)


def _acquired_now(policy: Policy, manifest: Manifest, item: str, subject: str, now: int) -> Context:
    """As if the garment, worn by the wearer and known to us, had measured the item just now."""
    places = ((stream, kind) for stream, kinds in manifest.streams.items() for kind in kinds)
    stream, kind = next((at for at in places if codec.KINDS[at[1]].item == item), (-1, -1))
    category = policy.category(item)
    fitting = sorted(category.contexts) if category else ["product_use"]
    source = Source(
        Garment(_SOME, _SOME, manifest),
        _SOME,
        stream,
        kind,
        Binding(bytes(16), _SOME, subject, BEGINNING, FOREVER),
        "product_use" if "product_use" in fitting else fitting[0],
    )
    return Context(Interval(now, now, 0), source)


def _sentences(decision: Decision, policy: str) -> dict[str, Words]:
    """Rule id to its sentence, of the policy version that it was decided under."""
    found = library.shipped()
    by_hash = {document.hash.hex(): document.version for document in found.versions()}
    under = [decision.under] if decision.under else []
    under += [found.alone(by_hash[policy])] if policy in by_hash else []
    under += [builtin(), *builtin().products.values()]  # the log names the documents by one hash
    return {id_: _words(id_, under) for id_ in decision.rules}


def _words(id_: str, policies: Iterable[Policy]) -> Words:
    """A rule's sentence by the first of these policies that has it."""
    for policy in policies:
        clause = policy.clauses.get(id_)
        if words := clause.words if clause else policy.words.get(id_):
            return words
    return Words("", "")
