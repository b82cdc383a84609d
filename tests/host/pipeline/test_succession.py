"""A key that the trusted key certified is trusted, and nothing that an old key says or signs afterwards."""

import json
from dataclasses import replace

import pytest
from nacl.signing import SigningKey

from receiving import Host
from signed_session import Hub as Signing
from tasuki.errors import Refused, Untrusted
from tasuki.trust import proof, succession
from tasuki.trust.anchors import Anchors
from tasuki.trust.chain import Chain
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.register import Hub, HubKeys, HubRegister
from tasuki.trust.revocations import FORMAT
from tasuki_wire import epoch
from tasuki_wire import succession as wire

DEVICE = bytes(range(8))
AUTHORITY = b"the host"
KEYS = [SigningKey(bytes([n]) * 32) for n in range(1, 5)]
PUBLIC = [bytes(key.verify_key) for key in KEYS]


def statement(old=0, new=1, session=7, device=DEVICE, public=None):
    """What a hub shows, made of the wire's own description alone."""
    body = wire.head(device, AUTHORITY, PUBLIC[old], session) + (public or PUBLIC[new])
    certified = KEYS[old].sign(wire.DOMAIN + body).signature
    return body + certified + KEYS[new].sign(wire.DOMAIN + body + certified).signature


def row(public, device=DEVICE):
    return Hub(device.hex(), public.hex(), "2026-01-01T00:00:00+00:00", "unix", serial=4)


@pytest.fixture
def register(tmp_path):
    made = HubRegister(tmp_path / "register.json")
    made.add(row(PUBLIC[0]))
    return made


def test_a_statement_says_what_both_keys_signed():
    found = succession.read(statement())

    assert (found.device, found.authority, found.session) == (DEVICE, AUTHORITY, 7)
    assert (found.old, found.public) == (PUBLIC[0], PUBLIC[1])


def test_no_bit_of_a_statement_can_be_changed_and_no_byte_be_missing():
    good = statement()
    assert len(good) == wire.SIZE == 213
    for at in range(len(good)):
        for bit in (1, 128):
            bad = good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :]
            with pytest.raises(Untrusted):
                succession.read(bad)
    for size in range(len(good)):
        with pytest.raises(Untrusted):
            succession.read(good[:size])
    with pytest.raises(Untrusted):
        succession.read(good + b"\0")


def test_both_keys_have_to_sign_and_each_its_own():
    body = statement()[:85]
    old, new = (KEYS[n].sign(wire.DOMAIN + body).signature for n in (0, 1))
    for certified, possessed in ((old, old), (new, new), (new, old), (old, new), (bytes(64), bytes(64))):
        with pytest.raises(Untrusted, match="did not sign"):
            succession.read(body + certified + possessed)


@pytest.mark.parametrize("domain", ["epoch", "possession", "order", "rotation"])
def test_what_was_signed_for_something_else_certifies_no_key(domain):
    body = statement()[:85]
    certified = KEYS[0].sign(epoch.signed(domain, body)).signature
    possessed = KEYS[1].sign(wire.DOMAIN + body + certified).signature
    with pytest.raises(Untrusted, match="did not sign"):
        succession.read(body + certified + possessed)


def test_a_key_that_succeeds_itself_or_a_point_of_small_order_is_refused():
    with pytest.raises(Untrusted):
        succession.read(statement(0, 0))
    with pytest.raises(Untrusted):
        succession.read(statement(public=bytes(32)))


def test_the_certified_key_is_trusted_and_the_old_one_remembered(register, tmp_path):
    register.succeed(succession.read(statement()))
    again = HubRegister(tmp_path / "register.json")

    assert again.public_key(DEVICE) == PUBLIC[1] and again.find(DEVICE).serial == 4
    assert again.before(DEVICE) == [(PUBLIC[0], 7)]
    for session, key in ((7, PUBLIC[0]), (8, PUBLIC[1])):
        assert again.signing_key(DEVICE, epoch.key_id(PUBLIC[0]), session) == key


def test_the_same_statement_twice_changes_nothing(register, tmp_path):
    """As when an answer was lost, or a host was killed before it could say so."""
    first = register.succeed(succession.read(statement()))
    before = (tmp_path / "register.json").read_bytes()

    assert register.succeed(succession.read(statement())) == first
    assert (tmp_path / "register.json").read_bytes() == before


def test_keys_change_again_and_again(register):
    register.succeed(succession.read(statement()))
    register.succeed(succession.read(statement(1, 2, session=9)))

    assert register.before(DEVICE) == [(PUBLIC[0], 7), (PUBLIC[1], 9)]
    assert register.public_key(DEVICE) == PUBLIC[2]


@pytest.mark.parametrize(
    ("what", "error", "reason"),
    [
        (statement(0, 2, session=9), Refused, "key_superseded"),  # the stolen old key certifies another one
        (statement(2, 3, session=9), Untrusted, "wrong_key"),  # a stranger's key
        (statement(1, 0, session=9), Refused, "key_superseded"),  # back to the old key
        (statement(1, 2, session=6), Untrusted, "stale_succession"),  # sessions run backwards
        (statement(1, 2, session=9, device=bytes(8)), Refused, "unknown_hub"),  # another hub's
        (statement(1, 3, session=9), Refused, "key_seen_before"),  # a key of another hub
    ],
)
def test_after_a_change_only_the_new_key_certifies_the_next(register, tmp_path, what, error, reason):
    register.add(row(PUBLIC[3], device=b"another!"))
    register.succeed(succession.read(statement()))
    before = (tmp_path / "register.json").read_bytes()

    with pytest.raises(error) as refusal:
        register.succeed(succession.read(what))
    assert refusal.value.reason == reason
    assert (tmp_path / "register.json").read_bytes() == before


def test_statements_out_of_order_are_refused_until_theirs_is_the_next(register):
    with pytest.raises(Untrusted):
        register.succeed(succession.read(statement(1, 2, session=9)))
    register.succeed(succession.read(statement()))
    assert register.succeed(succession.read(statement(1, 2, session=9))).public == PUBLIC[2].hex()


def test_an_old_key_cannot_be_entered_again_by_certificate_or_manifest(register):
    register.succeed(succession.read(statement()))

    with pytest.raises(Refused) as refusal:
        register.add(row(PUBLIC[0]))
    assert refusal.value.reason == "key_superseded"
    with pytest.raises(Refused) as refusal:
        register.add(row(PUBLIC[0], device=b"another!"))
    assert refusal.value.reason == "key_seen_before"


def test_a_hub_that_was_reported_lost_changes_no_key(register):
    register.revoke(DEVICE)

    with pytest.raises(Refused, match="reported lost"):
        register.succeed(succession.read(statement()))


def signing(session, key_seed=1):
    """A hub that signs as another one of a test's: one device, one authority."""
    return Signing(seed=key_seed, session=session)


def chain_of(old, new, last, ledger=None):
    return Chain(new.public, old.device, ledger or ForgetfulLedger(), before=[(old.public, last)])


def test_each_session_has_one_key():
    """Old epochs by the old key, new ones by the new, and neither the other way round."""
    outcomes = {}
    for name, seed, session in (
        ("old, old session", 1, 3),
        ("old, new session", 1, 4),
        ("new, new session", 2, 4),
        ("new, old session", 2, 3),
    ):
        hub, old, new = signing(session, seed), signing(3, 1), signing(4, 2)
        hub.device = new.device = old.device
        chain = chain_of(old, new, 3)
        try:
            chain.check(hub.signed_epoch().record)
            outcomes[name] = ""
        except Untrusted as error:
            outcomes[name] = error.reason
    assert outcomes == {
        "old, old session": "",
        "old, new session": "superseded_key",
        "new, new session": "",
        "new, old session": "wrong_key",
    }


def test_an_epoch_that_the_old_key_signed_is_accepted_once_also_after_the_change():
    ledger = ForgetfulLedger()
    old, new = signing(3, 1), signing(4, 2)
    sent = old.signed_epoch()
    ledger.record(epoch.key_id(old.public), 3, 0)

    chain = chain_of(old, new, 3, ledger)
    with pytest.raises(Untrusted) as refusal:
        chain.check(sent.record)
    assert refusal.value.reason == "replayed"
    assert chain.last() == (3, 0), "sessions go on being counted"


@pytest.mark.parametrize(("last", "proved"), [(3, True), (2, False)])
def test_a_block_of_before_is_proved_by_the_key_of_before_and_no_later_one(tmp_path, last, proved):
    """Captures and bundles of before the change verify on, by the same register."""
    hub = Signing(session=3)
    [verified] = Host(hub).feed(hub.signed_epoch().wire())
    register = HubRegister(tmp_path / "register.json")
    register.add(row(hub.public, hub.device))
    register.succeed(succession.Succession(hub.device, AUTHORITY, hub.public, last, PUBLIC[1]))

    outcome = True
    try:
        for block in verified.blocks():
            proof.check_by(block, HubKeys(register))
    except Untrusted as error:
        assert error.reason == "wrong_key"
        outcome = False
    assert outcome is proved
    for block in verified.blocks():
        proof.check_by(block, lambda device: hub.public)


@pytest.mark.parametrize(
    ("reason", "refused"), [("stolen", True), ("key_compromise", True), ("superseded", False)]
)
def test_a_revoked_key_takes_its_successors_with_it_unless_it_was_only_superseded(tmp_path, reason, refused):
    line = {"certificate": "ab", "public": PUBLIC[0].hex(), "reason": reason, "at": 0, "name": ""}
    body = json.dumps({"format": FORMAT, "number": 1, "revoked": [line]})
    (tmp_path / "revocations.json").write_text(json.dumps({"body": body}))
    anchors = Anchors(tmp_path)

    with pytest.raises(Refused):
        anchors.refuse_revoked(PUBLIC[0])
    anchors.refuse_revoked(PUBLIC[1])
    caught = ""
    try:
        anchors.refuse_revoked(PUBLIC[1], [PUBLIC[0]])
    except Refused as error:
        caught = error.reason
    assert caught == ("revoked" if refused else "")


def test_a_register_of_before_is_read(tmp_path):
    """Rows that know of no predecessor, as earlier versions wrote them."""
    old = {key: value for key, value in vars(row(PUBLIC[0])).items() if key != "before"}
    (tmp_path / "register.json").write_text(json.dumps({"hubs": [old]}))

    assert HubRegister(tmp_path / "register.json").find(DEVICE) == replace(row(PUBLIC[0]), before=())
