"""The register of outside parties as a TOML file: processors, modules, operators and their destinations.

`parties-example.toml` beside this file shows every key. Periods are half-open, times carry their
offset from UTC. What is not understood in full is refused as a whole, with the place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from tasuki.consent import strict
from tasuki.consent.parties import BASES, HOME, MODULE_ITEMS, Contract, Module, Processor, chain
from tasuki.consent.policy import Policy
from tasuki.consent.registers import ATTESTED, DESTINATIONS, MODULE, PROVED, Destination, Registers
from tasuki.consent.stretch import Dated
from tasuki.consent.tickets import Approver
from tasuki.errors import UsageError

FORMAT = 1

_NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
_COUNTRY = r"[A-Z]{2}"
_KEY = r"[0-9a-f]{64}"


@dataclass(frozen=True)
class Parties:
    """What a file registers; by default nobody.

    Attributes:
        operators: name to when the training is current (rule S-07).
        approvers: those of the operators who may sign exception tickets.
    """

    destinations: tuple[Destination, ...] = ()
    processors: tuple[Processor, ...] = ()
    modules: tuple[Module, ...] = ()
    operators: Mapping[str, Dated] = field(default_factory=dict)
    approvers: tuple[Approver, ...] = ()

    def register(self, registers: Registers) -> None:
        """Add all of it; what was registered under the same name is replaced."""
        for processor in self.processors:
            registers.add_processor(processor)
        for module in self.modules:
            registers.add_module(module)
        for operator, dated in self.operators.items():
            registers.train(operator, dated)
        registers.approvers |= {approver.name: approver for approver in self.approvers}
        for destination in self.destinations:
            registers.add_destination(destination)


def read(path: Path, policy: Policy) -> Parties:
    """The parties in a file; UsageError says which entry cannot be used and why."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "is not UTF-8 text"
        raise UsageError(f"register {path}: {reason}", "Give the path of a register file.") from e
    return parse(text, policy, str(path))


def example_text() -> str:
    """A file with every key: a processor at home, one abroad, a module; none of them exists."""
    return resources.files("tasuki.consent").joinpath("parties-example.toml").read_text("utf-8")


def example(policy: Policy) -> Parties:
    """What the example registers."""
    return parse(example_text(), policy, "parties-example.toml")


def parse(text: str, policy: Policy, name: str = "register") -> Parties:
    """Parties of a file given as text; UsageError as for `read`."""
    top = strict.read(text, name)
    if top.integer("format", FORMAT, FORMAT) != FORMAT:
        top.fail("format", "unknown")
    processors = {n: _processor(n, t, policy) for n, t in top.table("processor", True).children(_NAME)}
    modules = {n: _module(n, t, policy) for n, t in top.table("module", True).children(_NAME)}
    people = [_operator(n, t) for n, t in top.table("operator", True).children(_NAME)]
    places = top.table("destination", True)
    destinations = tuple(_destination(n, t, policy, processors, modules) for n, t in places.children(_NAME))
    top.done()
    for processor in processors.values():
        if None in chain(processors, processor.name):
            top.fail("processor", f"{processor.name} hands on to a processor that is not in the register")
    return Parties(
        destinations,
        tuple(processors.values()),
        tuple(modules.values()),
        {name: dated for name, dated, _ in people},
        tuple(approver for _, _, approver in people if approver),
    )


def _processor(name: str, table: strict.Table, policy: Policy) -> Processor:
    country = table.text("country", pattern=_COUNTRY)
    contract, vetting, supervision = (table.table(each) for each in ("contract", "vetting", "supervision"))
    sha256 = contract.text("sha256", pattern=_KEY) if contract.has("sha256") else ""
    fields = table.table("fields")
    information = {}
    if country != HOME:  # what the wearer is told before agreeing (APPI 28)
        told = table.table("information")
        information = {key: told.text(key) for key in ("country", "regime", "measures")}
        told.done()
    processor = Processor(
        name=name,
        country=country,
        vetting=_dated(vetting, "by"),
        contract=Contract(_dated(contract, "security"), contract.text("security"), sha256),
        supervision=_dated(supervision, "by"),
        fields={purpose: _items(fields, purpose, policy) for purpose in fields.data},
        basis=table.one_of("basis", BASES) if country != HOME else "",
        basis_dated=_dated(table.table("basis_period")) if table.has("basis_period") else Dated(),
        suspended=table.flag("suspended"),
        subprocessors=table.names("subprocessors", _NAME) if table.has("subprocessors") else (),
        key=_key(table),
        vetted_by=vetting.text("by"),
        supervised_by=supervision.text("by"),
        information=information,
    )
    table.done()
    return processor


def _items(fields: strict.Table, purpose: str, policy: Policy) -> frozenset[str]:
    if purpose not in policy.purposes:
        fields.fail(purpose, "unknown purpose", f"The policy has {', '.join(policy.purposes)}.")
    items = fields.some_of(purpose, policy.category_of)
    for item in items:
        if not policy.allows(item, purpose):
            fields.fail(purpose, f"{item!r} cannot serve {purpose}")
    return frozenset(items)


def _module(name: str, table: strict.Table, policy: Policy) -> Module:
    module = Module(
        name=name,
        vendor=table.text("vendor"),
        country=table.text("country", pattern=_COUNTRY),
        items=frozenset(table.some_of("items", sorted(MODULE_ITEMS))),
        purposes=frozenset(table.some_of("purposes", policy.module_purposes)),
        dated=_dated(table.table("period")),
        notice=table.text("notice"),
        key=_key(table),
    )
    table.done()
    return module


def _operator(name: str, table: strict.Table) -> tuple[str, Dated, Approver | None]:
    """A person of ours; one with a role and a key may sign exception tickets."""
    dated = Dated(*_period(table))
    approver = None
    if table.has("role") or table.has("key"):
        role, key = table.text("role", pattern=_NAME), table.text("key", pattern=_KEY)
        approver = Approver(name, role, bytes.fromhex(key), dated)
    table.done()
    return name, dated, approver


def _destination(
    name: str,
    table: strict.Table,
    policy: Policy,
    processors: Mapping[str, Processor],
    modules: Mapping[str, Module],
) -> Destination:
    """A processor's or a module's destination; its kind follows from who is behind it."""
    if name in DESTINATIONS:
        table.fail("", "is a destination of the service itself", "Give it another name.")
    party = table.one_of("party", [*processors, *modules])
    purpose = table.one_of("purpose", [*policy.purposes, *policy.module_purposes])
    form = table.one_of("form", (ATTESTED, PROVED), ATTESTED)
    table.done()
    known = modules[party] if party in modules else processors[party]
    if not known.key:
        table.fail("party", f"{party} has no key", "Whatever leaves is encrypted: add its `key`.")
    if (
        party in processors
        and form == PROVED
        and "device_id" not in processors[party].fields.get(purpose, ())
    ):
        table.fail("form", f"{party} has no device_id among its fields of {purpose}")
    if party in modules:
        return Destination(name, MODULE, purpose, form, party)
    kind = "processor_foreign" if processors[party].abroad else "processor_jp"
    return Destination(name, kind, purpose, form, party)


def _key(table: strict.Table) -> bytes:
    """An X25519 public key to which something can be encrypted; empty when the table has none."""
    if not table.has("key"):
        return b""
    key = bytes.fromhex(table.text("key", pattern=_KEY))
    try:
        SealedBox(PublicKey(key)).encrypt(b"")
    except CryptoError:
        table.fail("key", "nothing can be encrypted to this key", "Ask its owner for the right one.")
    return key


def _dated(table: strict.Table, *more: str) -> Dated:
    """A period with a beginning and an end; `more` are texts that stand beside it."""
    period = _period(table)
    for key in more:
        table.text(key)
    table.done()
    return Dated(*period)


def _period(table: strict.Table) -> tuple[int, int]:
    since_ns, until_ns = table.when("since"), table.when("until")
    if since_ns >= until_ns:
        table.fail("until", "is not after `since`")
    return since_ns, until_ns
