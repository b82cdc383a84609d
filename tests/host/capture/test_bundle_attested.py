"""Bundles for a purpose: consent per block, and no identity of the hub where the policy has none."""

import time
from types import SimpleNamespace

import pytest

from host import capture_examples as example
from tasuki.capture import container, export, parts, release
from tasuki.capture.check import verify
from tasuki.capture.header import ATTESTED, DEVICE_PROVED
from tasuki.capture.reading import read
from tasuki.capture.writer import CaptureWriter
from tasuki.consent import files
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.policy import builtin
from tasuki.consent.registers import Registers
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.vault import attested
from tasuki_wire import epoch

POLICY = builtin()
WEARER = files.demo_wearer(POLICY)


def released(purpose, destination, wearer=WEARER):
    """Consent for one use."""
    known = example.registers(wearer.subject)
    return release.Release(POLICY, ConsentLog(wearer.events), known, purpose, destination)


def attest(vault, session, out, purpose="service_improvement", destination="improvement", without=()):
    """(bundle, release) of an attested export."""
    made, summary = released(purpose, destination), export.Summary(ATTESTED)
    choose = export.withholding(frozenset(without), summary)
    with read(session, vault) as capture:
        export.AttestedExport(vault, made, lambda device: example.PUBLIC).write(capture, out, choose, summary)
    return out, made


def report(path, public):
    """Verification under one key."""
    with read(path) as bundle:
        return verify(bundle, lambda device: public)


def refused(made):
    """(item, reason) to blocks."""
    return {(row.item, row.reason): n for row, n in made.refusals.items()}


def rewrite(path, rows):
    """The bundle with these records and a right end."""
    path.unlink()
    writer = container.Writer(path, container.BUNDLE)
    for record in rows:
        writer.add(record.type, record.payload)
    writer.close()


def records(path):
    """All records but the end."""
    with path.open("rb") as file:
        return list(container.Scan(file))


def test_only_granted_items_leave_and_every_refusal_has_its_reason(tmp_path, vault, session):
    """The demo's wearer grants service_improvement for ecg and motion; category 2 has no such use."""
    path, made = attest(vault, session, tmp_path / "bundle")
    found = report(path, vault.signer("attestation").public)
    assert found.holds
    assert {stream: row.item for stream, row in found.streams.items()} == {
        0: "ecg",
        3: "body_motion",
        4: "body_motion",
    }
    assert (found.blocks_verified, found.streams[0].held) == (9, 12)
    assert refused(made) == {
        ("respiration", "no_consent"): 3,
        ("body_temperature", "no_consent"): 3,
        ("device_status", "purpose_not_in_policy"): 3,
    }


def test_an_attested_bundle_holds_nothing_of_the_hub(tmp_path, vault, session):
    """No id, key, record, entry, slot key, path, header or name (rules X-01, C3-04)."""
    data = attest(vault, session, tmp_path / "bundle")[0].read_bytes()
    hub = example.Hub()
    for made in (hub.epoch() for _ in range(3)):
        for block in made.blocks:
            secrets = (block.device, block.key_id, block.record[:40], block.entry, block.slot_key, block.path)
            assert all(secret not in data for secret in secrets)
            assert all(body[:16] not in data for body in block.bodies())
    assert WEARER.subject.encode() not in data


def test_the_hubs_key_does_not_verify_an_attested_bundle(tmp_path, vault, session):
    """Its kind decides which key is needed."""
    found = report(attest(vault, session, tmp_path / "bundle")[0], example.PUBLIC)
    assert not found.holds
    assert {row.reason for row in found.rejected} == {"bad_signature"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows[:1] + rows[2:], "bad_signature"),  # a block taken out
        (lambda rows: [*rows[:2], rows[1], *rows[2:]], "replayed"),
        (lambda rows: [*rows, rows[1]], "after_signature"),
        (lambda rows: rows[:-1], "the bundle's signature is missing"),
    ],
)
def test_an_attested_bundle_is_whole_or_not_at_all(tmp_path, vault, session, change, says):
    """Checksums made right, every block still signed: the bundle's own signature tells."""
    path = attest(vault, session, tmp_path / "bundle")[0]
    rewrite(path, change(records(path)))
    found = report(path, vault.signer("attestation").public)
    assert not found.holds
    assert says in {row.reason for row in found.rejected} | {damage.what for damage in found.damage}


def test_blocks_of_another_bundle_cannot_be_mixed_in(tmp_path, vault, session):
    """Signed by the same service, for another destination."""
    path = attest(vault, session, tmp_path / "bundle")[0]
    label = attested.Label(bytes(16), 0, 0, POLICY.hash, "statistics", "research-statistics")
    block = example.Hub().epoch().blocks[0]
    rows = records(path)
    rows.insert(
        2, container.Record(0, 0, parts.ATTESTED, attested.strip(block, label, vault.signer("attestation")))
    )
    rewrite(path, rows)
    found = report(path, vault.signer("attestation").public)
    assert "mixed_destinations" in [row.reason for row in found.rejected]


def test_what_the_hub_did_not_sign_is_not_attested(tmp_path, vault, session):
    """The attestation says that it was verified, so it is."""
    made, summary = released("service_improvement", "improvement"), export.Summary(ATTESTED)
    with read(session, vault) as capture, pytest.raises(Untrusted, match="another key"):
        export.AttestedExport(vault, made, lambda device: example.OTHER).write(
            capture, tmp_path / "bundle", lambda c, b: True, summary
        )
    assert not (tmp_path / "bundle").exists()


def test_what_was_refused_altogether_makes_no_bundle(tmp_path, vault, session):
    """The demo's wearer refused product development."""
    with pytest.raises(Refused, match="no block"):
        attest(vault, session, tmp_path / "bundle", "product_development", "development")
    assert not (tmp_path / "bundle").exists()


def test_an_item_can_be_withheld_on_top_of_consent(tmp_path, vault, session):
    """Consent allows ecg; the wearer leaves it out all the same."""
    path, _ = attest(vault, session, tmp_path / "bundle", without=("ecg",))
    assert set(report(path, vault.signer("attestation").public).streams) == {3, 4}


def test_service_information_goes_with_the_hubs_proof(tmp_path, vault, session):
    """The one purpose that categories 2 and 3 share; epochs outside the granted time stay out."""
    made, summary = released("service_information", "store"), export.Summary(DEVICE_PROVED)
    assert made.device_proved
    choose = export.both(export.withholding(frozenset(), summary), made)
    export.device_proved(lambda: read(session, vault), tmp_path / "bundle", choose, summary, trim=True)
    found = report(tmp_path / "bundle", example.PUBLIC)
    assert found.holds
    assert (found.kind, found.epochs_verified, found.blocks_verified) == (DEVICE_PROVED, 3, 18)


def test_epochs_before_and_after_what_may_go_are_trimmed(tmp_path):
    """Without leaving a hole that would look like an omission."""
    example.write(tmp_path / "session", 5)
    summary = export.Summary(DEVICE_PROVED)
    export.device_proved(
        lambda: read(tmp_path / "session"),
        tmp_path / "out",
        lambda c, b: b.epoch in (1, 3),
        summary,
        trim=True,
    )
    found = report(tmp_path / "out", example.PUBLIC)
    assert found.holds
    assert (found.epochs_verified, found.blocks_verified, summary.epochs) == (3, 12, 3)


@pytest.mark.parametrize("subject", ["", "somebody else"])
def test_without_the_wearers_word_nothing_goes(tmp_path, vault, subject):
    """A capture of nobody we know, or of another wearer than the consent file's."""
    how = {"plaintext": True}
    if subject:
        vault.add_subject(subject)
        how = {"keys": vault, "subject": subject}
    example.write(tmp_path / "session", **how)
    made = released("service_improvement", "improvement")
    with read(tmp_path / "session", vault) as capture:
        decided = [made.decide(capture, part.block) for part in capture if isinstance(part, parts.BlockPart)]
    assert decided == [None] * 18


def test_blocks_from_before_the_first_time_sync_do_not_go(tmp_path, vault):
    """Nobody can say whether consent held when they were acquired."""
    made = example.Hub().epoch()
    writer = CaptureWriter(tmp_path / "session", example.STREAMS, keys=vault, subject=WEARER.subject)
    writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.close({})
    use = released("service_improvement", "improvement")
    with read(tmp_path / "session", vault) as capture:
        assert [use.decide(capture, p.block) for p in capture if isinstance(p, parts.BlockPart)] == [None] * 6
    assert refused(use)["ecg", "unknown_time"] == 1


def test_a_release_made_after_the_policy_s_end_goes_by_the_next(tmp_path, vault, session, monkeypatch):
    """The policy that a program began with ends while it runs."""
    monkeypatch.setattr(release.time, "time_ns", lambda: POLICY.until_ns + 1)
    made = released("service_improvement", "improvement")
    with read(session, vault) as capture:
        decided = [made.decide(capture, p.block) for p in capture if isinstance(p, parts.BlockPart)]
    assert any(decided)
    assert "policy_not_in_force" not in {reason for _, reason in refused(made)}


@pytest.mark.parametrize(("purpose", "destination"), [("marketing", "store"), ("statistics", "nowhere")])
def test_unknown_purposes_and_destinations_are_named(purpose, destination):
    """With those that there are."""
    with pytest.raises(UsageError) as caught:
        released(purpose, destination)
    assert "service_information" in caught.value.hint or "improvement" in caught.value.hint


def test_the_bundle_signature_is_of_its_own_domain(tmp_path, vault, session):
    """An attestation of a block is none of a bundle."""
    path = attest(vault, session, tmp_path / "bundle")[0]
    with read(path) as bundle:
        signed = [(bundle.digest, part.signature) for part in bundle if isinstance(part, parts.SignaturePart)]
    digest, signature = signed[0]
    signer = vault.signer("attestation")
    assert signature == signer.sign("bundle", digest) != signer.sign("attestation", digest)
    assert epoch.signed("bundle", digest).startswith(b"tasuki/bundle/v1\0")


def test_a_hub_that_nobody_registered_or_wore_releases_nothing(tmp_path, vault, session):
    """A capture alone does not say whose it is for others."""
    for known, reason in ((Registers(), "unknown_key"), (example.registers("somebody else"), "wrong_wearer")):
        made = release.Release(POLICY, ConsentLog(WEARER.events), known, "service_improvement", "improvement")
        with read(session, vault) as capture:
            decided = [made.decide(capture, p.block) for p in capture if isinstance(p, parts.BlockPart)]
        assert decided == [None] * 18
        assert refused(made)["ecg", reason] == 3


@pytest.mark.rule("A-01", "deny")
def test_what_a_hub_sends_late_is_judged_by_when_its_earlier_life_measured_it(tmp_path, vault):
    """By the clock of the present life it would have been measured after the wearer's grant."""
    before, live = example.Hub(session=7), example.Hub(session=8)
    now_us = time.monotonic_ns() // 1000
    out = CaptureWriter(tmp_path / "file", example.STREAMS, keys=vault, subject=WEARER.subject)
    out.add_clock(now_us - 60_000_000, 10_000_000, 10_000_000, now_us - 60_000_000)
    early, late = before.epoch(), before.epoch()
    out.add_epoch(early.record, early.leaves, early.blocks)
    out.add_clock(now_us - 20_000_000, 1_000_000, 1_000_000, now_us - 20_000_000)  # the hub began anew
    for made in (late, live.epoch()):
        out.add_epoch(made.record, made.leaves, made.blocks)
    out.close({})
    granted_ns = time.time_ns() - 40 * 10**9
    said = "granted", "service_improvement", frozenset({"ecg"}), POLICY.version
    wearer = SimpleNamespace(
        subject=WEARER.subject, events=[Event(granted_ns, granted_ns, WEARER.subject, *said)]
    )

    summary, use = export.Summary(ATTESTED), released("service_improvement", "improvement", wearer)
    choose = export.withholding(frozenset(), summary)
    with read(tmp_path / "file", vault) as capture:
        exporter = export.AttestedExport(vault, use, lambda device: example.PUBLIC)
        exporter.write(capture, tmp_path / "out", choose, summary)

    assert summary.blocks == 1
    assert refused(use)["ecg", "not_at_acquisition"] == 2
