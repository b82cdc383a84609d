"""A hub is who its chain says only when every level holds: signatures, names, quota, time."""

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from factory.conftest import NOW, PRODUCT, Chain, new_key
from tasuki.errors import Untrusted, UsageError
from tasuki.factory import issuing
from tasuki.factory.keys import ForX509
from tasuki.trust import certificates, der, names
from tasuki.trust.names import Quota

LATER = NOW + timedelta(days=1)


def verify(chain, hub, roots=None, now=LATER):
    return certificates.verify_hub(chain.packed(hub), roots or [chain.root], now)


def refused(chain, hub, **how):
    with pytest.raises(Untrusted) as refusal:
        verify(chain, hub, **how)
    return refusal.value.reason


def test_a_chain_says_who_the_hub_is(chain):
    key = new_key()

    found = verify(chain, chain.hub(1234, key.public))

    assert (found.product, found.serial, found.device) == (PRODUCT, 1234, b"\1" * 8)
    assert (found.public, found.life, found.station) == (key.public, "production", "line 1")


def test_the_same_plan_makes_the_same_certificate_byte_for_byte(chain):
    key = new_key()

    assert certificates.packed([chain.hub(1234, key.public)]) == certificates.packed(
        [chain.hub(1234, key.public)]
    )


@pytest.mark.parametrize("serial", [1, 999, 2000, 99_999_999])
def test_a_serial_outside_the_stations_quota_fails(chain, serial):
    assert refused(chain, chain.hub(serial, new_key().public)) == "serial_out_of_range"


def test_the_quota_is_exact_inside_its_block():
    chain = Chain(Quota(PRODUCT, 1100, 1199))

    assert verify(chain, chain.hub(1199, new_key().public)).serial == 1199
    assert refused(chain, chain.hub(1200, new_key().public)) == "serial_out_of_range"


def test_another_product_fails(chain):
    assert refused(chain, chain.hub(1234, new_key().public, product="other")) == "serial_out_of_range"


def test_what_a_station_issues_after_its_end_fails():
    chain = Chain(until=NOW + timedelta(days=30))

    late = chain.hub(1234, new_key().public, issued=NOW + timedelta(days=31))

    assert refused(chain, late, now=NOW + timedelta(days=40)) == "issued_late"


def test_what_it_issued_before_its_end_holds_for_ever():
    chain = Chain(until=NOW + timedelta(days=30))

    assert verify(chain, chain.hub(1234, new_key().public), now=NOW + timedelta(days=40_000))


def test_another_makers_root_is_not_trusted(chain):
    assert refused(chain, chain.hub(1234, new_key().public), roots=[Chain().root]) == "untrusted_root"


def test_no_root_at_all_trusts_nothing(chain):
    with pytest.raises(Untrusted, match="does not end at a root"):
        certificates.verify_hub(chain.packed(chain.hub(1234, new_key().public)), [], LATER)


def test_a_station_of_another_factory_fails(chain):
    other = Chain()
    hub = chain.hub(1234, new_key().public)

    with pytest.raises(Untrusted) as refusal:
        certificates.verify_hub(
            certificates.packed([hub, other.station, chain.factory]), [chain.root, other.root], LATER
        )
    assert refusal.value.reason == "bad_chain"


def test_a_hub_cannot_certify_a_hub(chain):
    first = new_key()
    parent = chain.hub(1234, first.public)
    plan = issuing.Plan(PRODUCT, 1235, b"\2" * 8, new_key().public, True, int(NOW.timestamp()))
    child = issuing.hub(parent, first, plan)

    with pytest.raises(Untrusted) as refusal:
        certificates.verify_hub(
            certificates.packed([child, parent, chain.station, chain.factory]), [chain.root], LATER
        )
    assert refusal.value.reason == "bad_chain"


def test_a_station_without_a_quota_certifies_nothing(chain):
    """Signed by the factory, but only as an authority."""
    subject = names.authority_name("Acme", "line 1")
    plain = (
        issuing._authority(chain.station_key.public, subject, NOW, 0)
        .issuer_name(chain.factory.subject)
        .sign(ForX509(chain.factory_key), None)
    )
    hub = chain.hub(1234, new_key().public)

    with pytest.raises(Untrusted) as refusal:
        certificates.verify_hub(certificates.packed([hub, plain, chain.factory]), [chain.root], LATER)
    assert refusal.value.reason == "bad_chain"


def test_an_order_key_certifies_no_hub(chain):
    plan = issuing.Plan(PRODUCT, 1234, b"\1" * 8, new_key().public, True, int(NOW.timestamp()))
    hub = issuing.hub(chain.orders, chain.orders_key, plan)

    with pytest.raises(Untrusted) as refusal:
        certificates.verify_hub(certificates.packed([hub, chain.orders, chain.factory]), [chain.root], LATER)
    assert refusal.value.reason == "bad_chain"


def test_every_byte_of_the_hubs_certificate_counts(chain):
    hub = chain.hub(1234, new_key().public)
    whole = bytearray(chain.packed(hub))
    size = len(certificates.packed([hub]))

    for at in range(size):
        whole[at] ^= 0x01
        with pytest.raises(Untrusted):
            certificates.verify_hub(bytes(whole), [chain.root], LATER)
        whole[at] ^= 0x01


@pytest.mark.parametrize("length", [0, 1, 5, 200, -1])
def test_a_chain_that_is_cut_is_malformed_or_bad(chain, length):
    whole = chain.packed(chain.hub(1234, new_key().public))

    with pytest.raises(Untrusted):
        certificates.verify_hub(whole[:length], [chain.root], LATER)


def test_a_development_hub_says_so(chain):
    assert verify(chain, chain.hub(1234, new_key().public, production=False)).life == "development"


def test_a_device_identifier_is_as_802_1ar_has_it(chain):
    hub = chain.hub(1234, new_key().public)
    alternative = hub.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (name,) = alternative

    assert hub.not_valid_after_utc.year == 9999
    assert hub.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value == "00001234"
    assert name.type_id == names.HARDWARE_MODULE
    assert der.body(der.split(der.body(name.value))[1]) == b"00001234"


@pytest.mark.parametrize(("first", "last"), [(0, 5), (5, 4), (1, 10**8), (1, 300_000)])
def test_a_range_that_no_station_can_have_is_refused(first, last):
    with pytest.raises(UsageError):
        _ = Chain(Quota(PRODUCT, first, last)).station


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed: make services")
@pytest.mark.parametrize(("serial", "holds"), [(1234, True), (2000, False), (999, False)])
def test_openssl_holds_the_same_blocks_of_serials(chain, tmp_path, serial, holds):
    hub = chain.hub(serial, new_key().public)
    for name, some in (("root", [chain.root]), ("between", [chain.station, chain.factory]), ("hub", [hub])):
        (tmp_path / f"{name}.pem").write_bytes(certificates.pem(some))
    command = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "between.pem", "hub.pem"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == holds, done.stderr
    assert holds or "permitted subtree" in done.stderr


def test_a_quota_is_read_as_it_was_written():
    quota = Quota("TS-1", 1, 99_999_999)

    assert names.read_quota(names.quota_value(quota)) == quota
    value = names.quota_value(quota)
    for bad in (b"", b"\x30\x00", value[:-1], value + b"\0"):
        with pytest.raises(ValueError, match=r"quota|unpack|cut|decode"):
            names.read_quota(bad)
    assert replace(quota, first=2) != quota
