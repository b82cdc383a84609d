"""A processor's bundle: its fields and no others, for its key alone, proved by what it can check itself."""

import dataclasses
import json
import time

import pytest
from nacl.public import PrivateKey

from host import capture_examples as example
from host.capture.test_bundle_secrecy import TEMPERATURE, blocks, guess
from host.consent.test_party_book import GRANTS
from tasuki.capture import encrypted, export, release
from tasuki.capture.check import verify
from tasuki.capture.header import ATTESTED
from tasuki.capture.reading import read
from tasuki.consent import files, parties_file, scopes
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.party_book import third_party
from tasuki.consent.policy import builtin
from tasuki.consent.stretch import ALWAYS, Dated
from tasuki.consent.tickets import Ticket
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki_wire import epoch, layout

POLICY = builtin()
PRIVATE = PrivateKey(bytes(range(32)))
WEARER = files.parse(GRANTS.replace('"ecg"', '"ecg", "body_motion", "body_temperature"'), POLICY)


def registers():
    """The example's parties for good, with a key whose private half we have."""
    known = example.registers(WEARER.subject)
    parties_file.example(POLICY).register(known)
    processor = known.processors["kanto-analysis"]
    known.add_processor(
        dataclasses.replace(
            processor,
            key=bytes(PRIVATE.public_key),
            vetting=ALWAYS,
            supervision=ALWAYS,
            contract=dataclasses.replace(processor.contract, dated=ALWAYS),
        )
    )
    known.train("tanaka", ALWAYS)
    return known


def made(
    purpose="service_improvement", destination="kanto-improvement", known=None, events=WEARER.events, **more
):
    known = registers() if known is None else known
    more = {"operator": "tanaka"} | more
    return release.Release(POLICY, ConsentLog(events), known, purpose, destination, **more)


def write(vault, session, out, use):
    """The bundle of a release, in its form, as `tasuki export` writes it."""
    summary = export.Summary("")
    choose = export.withholding(frozenset(), summary)
    if use.device_proved:
        both = export.both(choose, use)
        export.device_proved(lambda: read(session, vault), out, both, summary, True, use.recipient)
    else:
        with read(session, vault) as capture:
            writer = export.AttestedExport(vault, use, lambda device: example.PUBLIC, use.recipient)
            writer.write(capture, out, choose, summary)
    return out


def opened(path):
    """What the processor has on its disk after decrypting."""
    plain = path.with_name("plain")
    encrypted.decrypt(path, PRIVATE, plain)
    return plain


def report(path, public):
    with read(path) as bundle:
        return verify(bundle, lambda device: public)


@pytest.mark.rule("P-02", "allow", "deny", "evidence")
@pytest.mark.rule("P-03", "allow", "evidence")
@pytest.mark.rule("C3-04", "allow")
def test_only_the_listed_fields_go_and_the_processor_proves_them_with_the_service_s_key(
    tmp_path, vault, session
):
    """The wearer granted the temperature, too; the processor's list for this purpose has none."""
    use = made()
    plain = opened(write(vault, session, tmp_path / "bundle", use))

    found = report(plain, vault.signer("attestation").public)
    assert found.holds and found.kind == ATTESTED
    assert {row.item for row in found.streams.values()} == {"ecg", "body_motion"}
    assert (found.use, found.blocks_whole) == (
        ("service_improvement", "kanto-improvement"),
        found.blocks_verified,
    )
    refused = {(row.item, row.reason): row.rules for row in use.refusals}
    assert "P-02" in refused["body_temperature", "field_not_listed"]
    assert found.pseudonyms == {vault.pseudonym(WEARER.subject, *found.use, time.gmtime().tm_year).hex()}


@pytest.mark.rule("P-02", "deny")
def test_the_proved_form_holds_under_the_hub_s_key_and_only_the_listed_stream_is_in_it(
    tmp_path, vault, session
):
    use = made("service_information", "kanto-reports")
    plain = opened(write(vault, session, tmp_path / "bundle", use))

    found = report(plain, example.PUBLIC)
    assert found.holds and found.devices == {example.DEVICE.hex()}
    assert [row.item for row in found.streams.values()] == ["ecg"]
    assert (found.slots_undisclosed, found.times) == (3 * 15, {7: (0, 9_000_000)})
    assert "tell neither what they hold" in "\n".join(found.lines())


@pytest.mark.rule("X-01", "deny")
def test_the_hub_s_proof_needs_device_id_among_the_fields(vault, session):
    known = registers()
    processor = known.processors["kanto-analysis"]
    without = {**processor.fields, "service_information": frozenset({"ecg"})}
    known.add_processor(dataclasses.replace(processor, fields=without))

    use = made("service_information", "kanto-reports", known)

    with pytest.raises(Refused, match="no block"):
        write(vault, session, session.with_name("bundle"), use)
    assert ("ecg", "field_not_listed") in {(row.item, row.reason) for row in use.refusals}


@pytest.mark.rule("S-06", "deny")
def test_what_is_withheld_from_a_processor_can_neither_be_found_nor_guessed(tmp_path, vault):
    """The attack of test_bundle_secrecy, by somebody who has the bundle of the neighbouring stream."""
    again = example.Hub(frames=1)
    hub = example.write(tmp_path / "session", 1, example.Hub(frames=1), keys=vault, subject=WEARER.subject)
    known = registers()
    processor = known.processors["kanto-analysis"]
    listed = {**processor.fields, "service_information": frozenset({"body_motion", "device_id"})}
    known.add_processor(dataclasses.replace(processor, fields=listed))
    events = [e for e in WEARER.events if e.purpose != "service_information"]
    events.append(Event(1, 1, WEARER.subject, "granted", "service_information",
                        frozenset({"ecg", "body_motion"}), POLICY.version))  # fmt: skip
    use = made("service_information", "kanto-reports", known, events)

    plain = opened(write(vault, tmp_path / "session", tmp_path / "bundle", use))

    shown = blocks(plain)
    assert hub.number == 1 and {block.stream for block in shown} == {3, 4}
    neighbour = [block for block in shown if block.stream == TEMPERATURE ^ 1]
    salts = {bytes(layout.KEY_SIZE), b"", *(block.slot_key for block in shown)}
    assert neighbour and guess(shown, salts) == []
    for block in again.epoch().blocks:
        if block.stream not in (3, 4):
            data = plain.read_bytes()
            traces = (block.entry, block.slot_key, *block.bodies())
            assert all(trace not in data for trace in traces)
            assert all(epoch.frame_leaf(block.slot_key, body) not in data for body in block.bodies())


@pytest.mark.rule("S-06", "allow", "evidence")
def test_only_the_processor_s_own_key_opens_the_bundle_and_nothing_of_it_is_plain(tmp_path, vault, session):
    bundle = write(vault, session, tmp_path / "bundle", made())

    data, plain = bundle.read_bytes(), opened(bundle).read_bytes()
    assert all(plain[at : at + 16] not in data for at in range(0, len(plain) - 16, 16))
    assert bundle.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="another key"):
        encrypted.decrypt(bundle, PrivateKey(bytes(31) + b"1"), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_every_altered_cut_or_trailing_byte_is_found_and_leaves_no_file(tmp_path, vault, session):
    data = write(vault, session, tmp_path / "bundle", made()).read_bytes()
    broken = [data[:n] for n in range(0, len(data), 997)] + [data[:-1], data + b"\0"]
    broken += [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(0, len(data), 499)]

    for altered in broken:
        (tmp_path / "broken").write_bytes(altered)
        with pytest.raises((UsageError, Untrusted)):
            encrypted.decrypt(tmp_path / "broken", PRIVATE, tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "out"))] == []


@pytest.mark.parametrize(
    "size", [0, 1, encrypted.CHUNK - 1, encrypted.CHUNK, encrypted.CHUNK + 1, 3 * encrypted.CHUNK]
)
def test_any_length_comes_back_and_a_missing_end_shows(tmp_path, size):
    for name, ends in (("whole", True), ("cut", False)):
        with (tmp_path / name).open("wb") as raw:
            file = encrypted.Encrypting(raw, bytes(PRIVATE.public_key))
            file.write(bytes(size))
            if ends:
                file.end()
            file.close()
    encrypted.decrypt(tmp_path / "whole", PRIVATE, tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == bytes(size)
    with pytest.raises(Untrusted, match="cut"):
        encrypted.decrypt(tmp_path / "cut", PRIVATE, tmp_path / "none")


@pytest.mark.rule("S-07", "deny", "evidence")
def test_an_untrained_operator_hands_nothing_out(tmp_path, vault, session):
    known = registers()
    known.train("tanaka", Dated(0, 1))
    use = made(known=known)

    with pytest.raises(Refused, match="no block"):
        write(vault, session, tmp_path / "bundle", use)
    assert {row.reason for row in use.refusals if row.item == "ecg"} == {"operator_untrained"}


@pytest.mark.rule("P-01", "deny")
def test_without_the_wearer_s_word_on_entrusting_nothing_is_in_it(tmp_path, vault, session):
    events = [event for event in WEARER.events if event.purpose != scopes.ENTRUST]

    with pytest.raises(Refused, match="no block"):
        write(vault, session, tmp_path / "bundle", made(events=events))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"operator": ""}, "outside of the service"),
        ({"known": "keyless"}, "no key"),
        ({"known": "broken"}, "broken"),
    ],
)
def test_a_bundle_for_outside_needs_an_operator_a_key_and_a_whole_register(change, says):
    known = registers()
    if change.get("known") == "keyless":
        known.add_processor(dataclasses.replace(known.processors["kanto-analysis"], key=b""))
    known.trouble = "the register is broken" if change.get("known") == "broken" else ""

    with pytest.raises(UsageError, match=says):
        made(known=known, **{name: value for name, value in change.items() if name == "operator"})


@pytest.mark.rule("T-03", "allow")
@pytest.mark.rule("T-02", "deny")
def test_under_a_ticket_a_third_party_gets_what_it_names_and_without_one_it_is_unknown(
    tmp_path, vault, session
):
    known = registers()
    ever = Dated(0, 2**62)
    ticket = Ticket(
        "1", "law", "court", frozenset({WEARER.subject}), frozenset({"respiration"}), ever, ever, {}, 1
    )
    with pytest.raises(UsageError, match="no destination"):
        made("service_improvement", "court", known)
    known.add_destination(third_party("court", (ticket,)))
    known.admit(ticket)

    bundle = write(vault, session, tmp_path / "bundle", made("exception", "court", known))

    found = report(bundle, vault.signer("attestation").public)
    assert found.holds and {row.item for row in found.streams.values()} == {"respiration"}


def test_verify_shows_whose_when_and_what_the_service_checked(tmp_path, vault, session):
    plain = opened(write(vault, session, tmp_path / "bundle", made()))

    found = report(plain, vault.signer("attestation").public)

    text = "\n".join(found.lines())
    assert f"wearer {min(found.pseudonyms)}, a name for kanto-improvement alone" in text
    assert "by the hour, for service_improvement" in text
    assert f"{found.blocks_verified} of {found.blocks_verified} blocks are whole" in text
    assert json.dumps(found.to_json())
