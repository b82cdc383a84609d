"""What docs/factory.md says under "When something is compromised", done by who has the stolen key."""

from datetime import UTC, datetime, timedelta

import pytest

from factory.conftest import Chain, new_key
from factory.test_host import listing, row_of
from tasuki.errors import Refused, Untrusted, UsageError
from tasuki.factory import after, examine, issuing, record
from tasuki.factory.folder import Authority
from tasuki.factory.journal import Journal
from tasuki.trust import certificates
from tasuki.trust.anchors import Anchors
from tasuki.trust.names import Quota

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def chain():
    """Whose last day was an hour ago."""
    return Chain(now=YESTERDAY, until=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture
def anchors(tmp_path, chain):
    made = Anchors(tmp_path / "trust")
    made.trust(certificates.pem([chain.root]))
    return made


def test_what_a_stolen_station_certifies_after_its_last_day_is_refused(anchors, chain):
    """The thief keeps the clock of the station, and signs as before."""
    before = chain.packed(chain.hub(1000, new_key().public))
    after = chain.packed(chain.hub(1001, new_key().public, issued=datetime.now(UTC)))

    assert anchors.identify(before).serial == 1000
    with pytest.raises(Untrusted) as refusal:
        anchors.identify(after)
    assert refusal.value.reason == "issued_late"


def test_what_a_thief_dates_back_is_found_by_the_journal_and_refused_once_revoked(tmp_path, anchors, chain):
    """Its chain holds: that is why the certificate goes on the list, alone, and its honest twins stay."""
    journal = Journal(tmp_path / "journal.db")
    log = record.open_log(tmp_path, chain.station_key)
    journal.note("shift_started", {"operator": "sato"})
    record.collect(journal, log)
    log.sign()
    honest, forged = (chain.hub(serial, new_key().public) for serial in (1000, 1001))
    above = [chain.station, chain.factory]
    account = examine.examine(journal, log, above, [chain.root], found=[certificates.packed([forged])])
    log.close()
    journal.close()
    was_taken = anchors.identify(chain.packed(forged)).serial

    anchors.take(listing(chain, 1, row_of(forged)))

    assert was_taken == 1001
    assert [
        fault for fault in account.faults if "serialNumber=00001001" in fault or "2.5.4.5=00001001" in fault
    ]
    assert anchors.identify(chain.packed(honest)).serial == 1000
    with pytest.raises(Refused, match="was revoked"):
        anchors.identify(chain.packed(forged))


def test_a_new_station_goes_on_with_the_rest_of_the_range(anchors, chain):
    """The stolen one is revoked whole; what it certified is refused, what its successor does is taken."""
    later = Chain(Quota("demo-garment", 1500, 1999), now=YESTERDAY)
    later.root_key, later.factory_key, later.orders_key = chain.root_key, chain.factory_key, chain.orders_key
    later.__dict__.update(root=chain.root, factory=chain.factory, orders=chain.orders)
    anchors.take(listing(chain, 1, row_of(chain.station)))

    with pytest.raises(Refused, match="was revoked"):
        anchors.identify(chain.packed(chain.hub(1000, new_key().public)))
    assert anchors.identify(later.packed(later.hub(1500, new_key().public))).serial == 1500
    with pytest.raises(Untrusted) as refusal:
        anchors.identify(later.packed(later.hub(1001, new_key().public)))
    assert refusal.value.reason == "serial_out_of_range"


def test_a_station_is_put_on_the_list_once_and_takes_its_hubs_with_it(tmp_path, anchors, chain):
    orders = Authority(tmp_path, chain.orders_key, [chain.orders, chain.factory], chain.root)
    path = tmp_path / "revocations.json"
    hub = chain.packed(chain.hub(1000, new_key().public))

    first = after.revoke_issuer([chain.station, chain.factory], "stolen", orders, path, 1)
    again = after.revoke_issuer([chain.station, chain.factory], "stolen", orders, path, 2)
    anchors.take(path.read_text())

    assert first == again and first.number == 1 and first.rows[0].name == "line 1"
    with pytest.raises(Refused, match="was revoked: stolen"):
        anchors.identify(hub)


def test_only_stations_and_factories_under_the_same_root_are_revoked_whole(tmp_path, chain):
    orders = Authority(tmp_path, chain.orders_key, [chain.orders, chain.factory], chain.root)
    stranger = Chain(now=YESTERDAY)
    hub = chain.hub(1000, new_key().public)
    for wrong, reason in (
        ([hub, chain.station, chain.factory], "not_an_issuer"),
        ([chain.orders, chain.factory], "not_an_issuer"),
        ([], "not_an_issuer"),
        ([chain.root], "is_root"),
        ([stranger.station, stranger.factory], "untrusted_root"),
    ):
        with pytest.raises((Refused, Untrusted)) as refusal:
            after.revoke_issuer(wrong, "stolen", orders, tmp_path / "revocations.json", 1)
        assert refusal.value.reason == reason

    assert not (tmp_path / "revocations.json").exists()


def test_a_new_order_key_is_obeyed_at_once_and_takes_the_old_ones_place(anchors, chain):
    second = new_key()
    certificate = issuing.orders(chain.factory, chain.factory_key, second.public, "orders 2", YESTERDAY)
    renewed = Chain(now=YESTERDAY)
    renewed.__dict__.update(orders=certificate, factory=chain.factory)
    stolen = chain.hub(1000, new_key().public)
    anchors.take(listing(chain, 1))

    anchors.take(listing(renewed, 2, row_of(stolen), key=second))

    assert anchors.revocations().number == 2
    with pytest.raises(Refused, match="was revoked"):
        anchors.identify(chain.packed(stolen))


def factory_under(chain):
    """Another factory under the same root, with a station of its own."""
    other = Chain(Quota("demo-garment", 5000, 5999), now=YESTERDAY)
    other.root_key = chain.root_key
    other.__dict__.update(root=chain.root)
    return other


def test_a_stolen_factory_is_revoked_whole_and_another_one_works_under_the_same_root(anchors, chain):
    other = factory_under(chain)
    anchors.take(listing(other, 1, row_of(chain.factory)))

    with pytest.raises(Refused, match="was revoked"):
        anchors.identify(chain.packed(chain.hub(1000, new_key().public)))
    assert anchors.identify(other.packed(other.hub(5000, new_key().public))).serial == 5000


def test_a_stolen_root_is_trusted_no_more_and_a_new_one_takes_its_place(anchors, chain):
    """Each hub is rotated: another key, another chain."""
    renewed = Chain(now=YESTERDAY, maker="Acme 2")
    old, new = (made.packed(made.hub(1000, new_key().public)) for made in (chain, renewed))
    with pytest.raises(Untrusted) as stranger:
        anchors.identify(new)

    anchors.trust(certificates.pem([renewed.root]), development=True)
    anchors.distrust(certificates.pem([chain.root]))

    assert stranger.value.reason == "untrusted_root"
    assert anchors.identify(new).maker == "Acme 2"
    with pytest.raises(Untrusted) as refusal:
        anchors.identify(old)
    assert refusal.value.reason == "untrusted_root"
    with pytest.raises(Untrusted):
        anchors.take(listing(chain, 1))
    with pytest.raises(UsageError, match="not trusted here"):
        anchors.distrust(certificates.pem([chain.root]))


def test_a_factory_that_nobody_certified_is_refused(anchors, chain):
    """It has the names of the real one, and a root's name above it."""
    forged = Chain(now=YESTERDAY)

    with pytest.raises(Untrusted) as refusal:
        anchors.identify(forged.packed(forged.hub(1000, new_key().public)))
    assert refusal.value.reason == "untrusted_root"
