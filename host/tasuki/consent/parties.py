"""Who is no part of the service and may still get data: processors, modules, operators, each with dates.

What is not in the register, or not in force at the moment of deciding, is denied. Only a contract
that has run out is waited for (hold): it can be renewed, and the data was acquired rightfully.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tasuki.consent.stretch import ALWAYS, Dated, Stretch

HOME = "JP"

# How a country may be handed data to (APPI 28): the wearer's own consent, a designated country, or a
# recipient with an equivalent system. Only the first needs a consent of its own.
CONSENT = "consent"
BASES = (CONSENT, "adequate_country", "equivalent_system")


@dataclass(frozen=True)
class Contract:
    """A contract with security terms (rule P-06).

    security: names the terms; empty is none.
    sha256: of the signed document, hexadecimal; empty when not given.
    """

    dated: Dated
    security: str
    sha256: str = ""


@dataclass(frozen=True)
class Processor:
    """One processor (rules P-01 to P-07, T-01).

    Attributes:
        name: unique among processors.
        country: ISO 3166 code of where the data goes; empty when unknown.
        vetting: when the examination of its fitness is current; None when there was none.
        contract: None when there is none.
        supervision: when our evidence of its care is in date; None when there is none.
        fields: purpose to the items that it needs for it.
        basis: for a country abroad, one of BASES or empty; `basis_dated` when that basis is in force.
        suspended: since a deletion was not acknowledged in time.
        subprocessors: names of those that it hands data to.
        key: X25519 public key that everything for it is encrypted to, 32 bytes; empty when it gave none.
        vetted_by, supervised_by: who examined it, and who looked after it since; for the record.
        information: what a wearer is told of a country abroad: `country`, `regime`, `measures` (APPI 28).
    """

    name: str
    country: str
    vetting: Dated | None
    contract: Contract | None
    supervision: Dated | None
    fields: Mapping[str, frozenset[str]]
    basis: str = ""
    basis_dated: Dated = ALWAYS
    suspended: bool = False
    subprocessors: tuple[str, ...] = ()
    key: bytes = b""
    vetted_by: str = ""
    supervised_by: str = ""
    information: Mapping[str, str] = field(default_factory=dict)

    @property
    def abroad(self) -> bool:
        """True when it is not known to be at home."""
        return self.country != HOME


@dataclass(frozen=True)
class Module:
    """One third-party module (rule M-01): off until the wearer opts in.

    Attributes:
        items: what it may get; only category 2, and nothing that identifies.
        purposes: of section 6.
        notice: the published words on what goes where and why (Telecommunications Business Act 27-12).
        key: as a processor's.
    """

    name: str
    vendor: str
    country: str
    items: frozenset[str]
    purposes: frozenset[str]
    dated: Dated
    notice: str
    key: bytes = b""


# Items of category 2 that name neither a person nor a device. Everything else there is an identifier,
# or like the access log carries one (rule C2-01).
MODULE_ITEMS = frozenset({"product_number", "device_status"})


def chain(processors: Mapping[str, Processor], name: str) -> Iterator[Processor | None]:
    """A processor and all that data goes on to from there, each once; None for one that is missing."""
    waiting, seen = [name], set()
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        found = processors.get(current)
        yield found
        if found is not None:
            waiting.extend(found.subprocessors)


def trained(operators: Mapping[str, Dated], name: str, stretch: Stretch) -> bool:
    """True when a person is registered and the training is current (rule S-07)."""
    training: Dated | None = operators.get(name)
    return training is not None and stretch.within(training)


def standing(processor: Processor, stretch: Stretch) -> str:
    """Reason code against handing anything to a processor; empty when none.

    `contract_expired` is the one that is waited for.
    """
    if processor.suspended:
        return "processor_suspended"
    if processor.vetting is None or not stretch.within(processor.vetting):
        return "processor_not_vetted"
    contract = processor.contract
    if contract is None or not contract.security or not stretch.reached(contract.dated.since_ns):
        return "no_contract"
    if processor.supervision is None or not stretch.within(processor.supervision):
        return "supervision_overdue"
    if processor.abroad and not _basis(processor, stretch):
        return "country_unknown"
    return "contract_expired" if stretch.reached(contract.dated.until_ns) else ""


def _basis(processor: Processor, stretch: Stretch) -> bool:
    known = bool(processor.country) and processor.basis in BASES
    return known and stretch.within(processor.basis_dated)
