"""All versions of all documents, and which of them are in force at a moment (rules L-03, L-04)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path

from tasuki.consent import layers, reading
from tasuki.consent.documents import INDIVIDUAL, Base, Document, Overlay
from tasuki.consent.policy import FOREVER, Policy
from tasuki.errors import Refused, UsageError


class Library:
    """Published documents by version. Raises UsageError when they do not go together.

    Every version has a name of its own; the versions of one document follow each other without
    sharing a moment; no two individual terms speak for one product; a row's id names one document.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_version: dict[str, Document] = {}
        self._kept: list[Policy] = []  # one for each stretch of time without a change
        for document in documents:
            if document.version in self._by_version:
                raise UsageError(f"two documents have the version {document.version}", "Rename one of them.")
            self._by_version[document.version] = document
        ordered = self.versions()
        self.bases = [each for each in ordered if isinstance(each, Base)]
        self.overlays = [each for each in ordered if isinstance(each, Overlay)]
        _check_order("policy", self.bases)
        for id_ in sorted({each.id for each in self.overlays}):
            self._check_chain(id_, self._of(id_))
        for each in self.overlays:
            if not isinstance(self._by_version.get(each.base), Base):
                raise UsageError(f"{each.version}: there is no policy {each.base}", "Add the document.")
        self._check_owners()

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> "Library":
        """A library from texts by name; policies are read first, then what is laid over them."""
        named = {name: reading.base_of(text, name) for name, text in texts.items()}
        bases: dict[str, Base] = {}
        for name, base in named.items():
            if not base:
                document = reading.parse(texts[name], name)
                assert isinstance(document, Base)
                if document.version in bases:
                    raise UsageError(
                        f"two documents have the version {document.version}", "Rename one of them."
                    )
                bases[document.version] = document
        overlays = [reading.parse(texts[name], name, bases.get(base)) for name, base in named.items() if base]
        return cls([*bases.values(), *overlays])

    def versions(self) -> list[Document]:
        """All documents, in the order in which they came into force."""
        return sorted(self._by_version.values(), key=lambda each: (each.effective_ns, each.version))

    def get(self, name: str, at_ns: int | None = None) -> Document:
        """A document by version or by at least 8 digits of its hash.

        Raises UsageError when there is none, and Refused("unpublished_version") when it was not yet
        published at a moment (rule L-04).
        """
        found = self._by_version.get(name) or self._by_hash(name)
        if at_ns is not None and found.published_ns > at_ns:
            raise Refused(
                "unpublished_version", f"{found.version} was not yet published", "Use one that was."
            )
        return found

    def effective(self, at_ns: int, product: str | None = None) -> Policy:
        """What is in force at a moment (Unix nanoseconds), for no product or for one.

        Raises Refused("unpublished_version") when no policy was in force, and
        Refused("unknown_product") for a product without individual terms (rule G-03).
        """
        policy = next((kept for kept in self._kept if kept.since_ns <= at_ns < kept.until_ns), None)
        if policy is None:
            policy = self._effective(at_ns)
            self._kept.append(policy)
        if product is None:
            return policy
        found = policy.for_product(product)
        if found is None:
            raise Refused(
                "unknown_product",
                f"no individual terms are in force for the product {product}",
                f"Registered: {', '.join(policy.products)}.",
            )
        return found

    def alone(self, version: str) -> Policy:
        """The policy under one document: a base by itself, an overlay over the policy that it names."""
        document = self.get(version)
        if isinstance(document, Base):
            return layers.lay(document, (), document.effective_ns)
        assert isinstance(document, Overlay)
        base = self._by_version[document.base]
        assert isinstance(base, Base)
        return layers.lay(base, [document], document.effective_ns)

    def _effective(self, at_ns: int) -> Policy:
        bases = [each for each in self.bases if _in_force(each, at_ns)]
        if not bases:
            raise Refused("unpublished_version", "no version of the policy was in force then", "Publish one.")
        base, earlier = bases[-1], bases[:-1]
        ids = dict.fromkeys(each.id for each in self.overlays)
        chains = {id_: [each for each in self._of(id_) if _in_force(each, at_ns)] for id_ in ids}
        chains = {id_: chain for id_, chain in chains.items() if chain}
        shared = [chain[-1] for chain in chains.values() if chain[-1].kind != INDIVIDUAL]
        products: dict[str, Policy] = {}
        changes = [*(each.effective_ns for each in self._by_version.values()), base.review_due_ns]
        since = max(change for change in changes if change <= at_ns)
        until = min([FOREVER, *(change for change in changes if change > at_ns)])

        def lay(own: list[Overlay], before: list[Overlay]) -> Policy:
            policy = layers.lay(base, [*shared, *own], at_ns, earlier, before)
            return replace(policy, products=products, since_ns=since, until_ns=until)

        for chain in chains.values():
            if chain[-1].kind == INDIVIDUAL:
                for product in chain[-1].applies_to:
                    products[product] = lay([chain[-1]], chain[:-1])
        return lay([], [])

    def _of(self, id_: str) -> list[Overlay]:
        return [each for each in self.overlays if each.id == id_]

    def _by_hash(self, digits: str) -> Document:
        found = [
            each
            for each in self._by_version.values()
            if len(digits) >= 8 and each.hash.hex().startswith(digits.lower())
        ]
        if len(found) != 1:
            known = ", ".join(each.version for each in self.versions())
            raise UsageError(f"there is no version {digits!r}", f"There are {known}.")
        return found[0]

    def _check_chain(self, id_: str, chain: list[Overlay]) -> None:
        if len({(each.kind, each.jurisdiction) for each in chain}) > 1:
            raise UsageError(f"{id_}: its versions are of different kinds", "Give each document its own id.")
        _check_order(id_, chain)
        expected = ["", *(each.version for each in chain)]
        for each, before in zip(chain, expected, strict=False):
            if each.supersedes != before:
                says = each.supersedes or "nothing"
                raise UsageError(
                    f"{each.version}: supersedes {says}, but follows {before or 'nothing'}",
                    "Each version names the one before it; there is no way round and no branch.",
                )

    def _check_owners(self) -> None:
        products: dict[str, str] = {}
        rows: dict[str, str] = {}
        for each in self.overlays:
            for product in each.applies_to:
                if products.setdefault(product, each.id) != each.id:
                    raise UsageError(
                        f"{products[product]} and {each.id} both speak for {product}",
                        "One product, one document.",
                    )
            for row in each.rows:
                if rows.setdefault(row.id, each.id) != each.id:
                    raise UsageError(
                        f"{rows[row.id]} and {each.id} both have a row {row.id}", "Rename one of them."
                    )


def _check_order(name: str, chain: list[Base] | list[Overlay]) -> None:
    for a, b in pairwise(chain):
        if a.effective_ns == b.effective_ns:
            raise UsageError(
                f"{name}: {a.version} and {b.version} are in force from the same moment",
                "Change one of them.",
            )


def _in_force(document: Document, at_ns: int) -> bool:
    return max(document.published_ns, document.effective_ns) <= at_ns


@cache
def shipped() -> Library:
    """The documents that ship with the package."""
    folder = resources.files("tasuki.consent").joinpath("policies")
    return Library.read(
        {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".toml")}
    )


def with_files(names: Iterable[str]) -> tuple[Library, list[str]]:
    """What ships and the documents in files; the version that each name stands for.

    A name that is a file is read; any other is a version or the beginning of a hash. UsageError when
    a file cannot be read or used, or there is no such version.
    """
    names = list(names)
    texts = {name: _read(Path(name)) for name in names if name.endswith(".toml") or Path(name).is_file()}
    ours = {each.version: each.text for each in shipped().versions()}
    new = {name: text for name, text in texts.items() if text not in ours.values()}
    library = Library.read(ours | new)
    named = {each.text: each.version for each in library.versions()}
    return library, [named[texts[name]] if name in texts else library.get(name).version for name in names]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "is not UTF-8 text"
        raise UsageError(f"{path}: {reason}", "Give the path of a policy document (TOML).") from e
