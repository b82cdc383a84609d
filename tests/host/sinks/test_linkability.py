"""Two destinations that lay what they got side by side cannot tell which of it is about one wearer.

Every field but the samples (and their grid: which rows a gap cuts out is of the samples) is compared
between two destinations' views of one wearer. What is alike must be alike for every other wearer, too.
"""

import json

import pytest

from host import capture_examples as example
from tasuki.capture import container, export, parts, release
from tasuki.capture.header import ATTESTED
from tasuki.capture.reading import read
from tasuki.consent import files
from tasuki.consent.events import ConsentLog
from tasuki.consent.policy import builtin
from tasuki.sinks.embedded import open_row
from tasuki.vault import attested
from tasuki.vault.vault import Vault
from worlds import ECG, World

CONSENT = """
format = 1
subject = "{}"
notice = "2026-1"
""" + "".join(
    f"""
[[consent]]
decision = "granted"
purpose = "{purpose}"
items = ["ecg"]
at = 2026-01-01T09:00:00+09:00
"""
    for purpose in ("service_improvement", "product_development", "service_information")
)
USES = {"improvement": "service_improvement", "development": "product_development"}
SHARED = {"kind", "stream", "verified", "period_us", "hour", "policy", "form", "item", "runs"}


def of_block(block):
    """Every field of an attested block but its samples, and what the destination is called anyway."""
    label = vars(block.label) | vars(block)
    return {
        name: value
        for name, value in label.items()
        if name not in ("rows", "label", "purpose", "destination")
    }


def delivered(folder, epochs):
    """Destination to the fields of the last block that it got of a wearer who was measured for so long."""
    world = World(folder, CONSENT.format(folder.name))
    for number in range(10 - epochs, 10):
        world.put(number, [ECG])
    world.uploader.drain()
    found = {}
    for row in world.store.rows():
        d = row.delivery
        if d.destination in USES:
            sent = {"form": d.form, "item": d.item, "content": d.content, "sent_number": d.number}
            sent |= {"sent_pseudonym": d.pseudonym, "tags": d.tags}
            found[d.destination] = sent | of_block(open_row(row, world.vault))
    return found


def bundled(folder, epochs):
    """Destination to all fields of its bundle: header, records, blocks, signatures."""
    vault = Vault(folder)
    wearer = files.parse(CONSENT.format(folder.name), builtin())
    vault.add_subject(wearer.subject)
    hub = example.Hub(seed=len(folder.name))
    for _ in range(10 - epochs):
        hub.epoch()
    example.write(folder / "session", 2, hub, keys=vault, subject=wearer.subject)
    found = {}
    for destination, purpose in USES.items():
        known = example.registers(wearer.subject)
        made = release.Release(builtin(), ConsentLog(wearer.events), known, purpose, destination)
        with read(folder / "session", vault) as capture:
            writer = export.AttestedExport(vault, made, lambda device: example.PUBLIC)
            writer.write(capture, folder / destination, lambda c, b: True, export.Summary(ATTESTED))
        found[destination] = of_bundle(folder / destination, vault)
    vault.close()
    return found


def of_bundle(path, vault):
    found = {}
    with path.open("rb") as file:
        for record in container.Scan(file):
            name = f"{record.type}.{record.number}"
            if record.type == parts.ATTESTED:
                block = attested.read(record.payload, vault.signer("attestation").public)
                found |= {f"{name}.{key}": value for key, value in of_block(block).items()}
                found[f"{name}.signature"] = record.payload[-64:]
            elif record.type == parts.HEADER:
                found |= {f"{name}.{key}": value for key, value in json.loads(record.payload).items()}
            else:
                found[name] = record.payload
    return found


def links(view):
    """Fields by which the two destinations could tell that it is the same wearer, and not the other one."""
    one, two = view
    assert one["improvement"].keys() == two["development"].keys()
    return {
        name
        for name, value in one["improvement"].items()
        if value == one["development"][name] and value != two["development"][name]
    }


@pytest.fixture(params=[delivered, bundled])
def view(request, tmp_path):
    """What two destinations got of a wearer who has been measured for long, and of a new one."""
    return lambda: [request.param(made(tmp_path / name), epochs) for name, epochs in (("an", 9), ("ben", 2))]


def made(folder):
    folder.mkdir()
    return folder


@pytest.mark.rule("X-01", "evidence")
@pytest.mark.rule("C3-04", "evidence")
def test_no_field_that_two_destinations_compare_leads_from_one_to_the_other(view):
    assert links(view()) == set()


def test_what_is_alike_is_alike_for_everybody(tmp_path):
    one, two = (delivered(made(tmp_path / name), epochs) for name, epochs in (("an", 9), ("ben", 2)))

    alike = {name for name, value in one["improvement"].items() if value == one["development"][name]}
    assert alike == {*SHARED, "tags"}
    assert all(one["improvement"][name] == two["development"][name] for name in alike)


def test_numbers_that_all_begin_at_zero_would_be_such_a_link(tmp_path, monkeypatch):
    """Why they do not: whoever has had 9 blocks of two destinations each has number 8 at both."""
    monkeypatch.setattr(attested, "first_number", lambda: 0)

    view = [delivered(made(tmp_path / name), epochs) for name, epochs in (("an", 9), ("ben", 2))]

    assert links(view) == {"number", "sent_number"}
