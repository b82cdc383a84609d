"""Keys: who can open what, and that erased means gone."""

import logging
import pickle

import pytest
from nacl.signing import VerifyKey

from tasuki.errors import Refused, UsageError
from tasuki.vault import keyfiles
from tasuki.vault.secret import Secret, Signer
from tasuki.vault.vault import Vault, key_epoch
from tasuki_wire import epoch

PLACE = ("service_information", "store", 2026)


@pytest.fixture
def vault(vault_of, tmp_path):
    return vault_of("a", "b", folder=tmp_path)


def epoch_keys(folder):
    return list((folder / "keys").glob("vault-*.key"))


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_keys_survive_a_restart(vault, tmp_path):
    serial, key = vault.item_key("a", "ecg")
    name = vault.pseudonym("a", *PLACE)
    vault.close()

    again = Vault(tmp_path)

    assert again.item_key("a", "ecg")[0] == serial
    assert again.item_key("a", "ecg")[1].reveal() == key.reveal()
    assert again.pseudonym("a", *PLACE) == name


def test_every_subject_and_item_has_its_own_key(vault):
    keys = {vault.item_key(subject, item)[1].reveal() for subject in "ab" for item in ("ecg", "respiration")}

    assert len(keys) == 4


def test_no_key_stands_in_any_file_of_the_data_folder(vault, tmp_path):
    secrets = [vault.item_key("a", "ecg")[1].reveal()]
    secrets += [vault._subject("a").key.reveal(), vault._subject("a").secret.reveal()]

    for path, content in files_of(tmp_path).items():
        for secret in secrets:
            assert secret not in content, path
            assert secret.hex().encode() not in content, path


def test_only_the_owner_can_read_what_the_vault_writes(vault, tmp_path):
    vault.signer("authority")
    vault.private_key("storage")

    for path in files_of(tmp_path):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_an_erased_item_key_is_gone_from_every_file_and_the_other_items_stay(vault, tmp_path):
    vault.item_key("a", "respiration")
    vault.item_key("a", "ecg")
    wrapped = vault._db.execute("SELECT wrapped FROM item_key WHERE item = 'ecg'").fetchone()[0]
    assert any(wrapped in content for content in files_of(tmp_path).values())

    vault.erase_item("a", "ecg")

    assert not any(wrapped in content for content in files_of(tmp_path).values())
    with pytest.raises(Refused, match="ecg"):
        vault.item_key("a", "ecg", create=False)
    vault.item_key("a", "respiration", create=False)


def test_a_new_key_after_erasure_is_not_the_old_one(vault):
    old = vault.item_key("a", "ecg")[1].reveal()
    vault.erase_item("a", "ecg")

    assert vault.item_key("a", "ecg")[1].reveal() != old


def test_an_erased_subject_leaves_no_key_and_no_pseudonym_and_harms_nobody_else(vault, tmp_path):
    kept = vault.item_key("b", "ecg")[1].reveal()
    name = vault.pseudonym("a", *PLACE)
    vault.item_key("a", "ecg")
    wrapped = vault._db.execute("SELECT wrapped FROM subject WHERE name = 'a'").fetchone()[0]

    vault.erase_subject("a")

    assert not any(wrapped in content for content in files_of(tmp_path).values())
    with pytest.raises(Refused):
        vault.pseudonym("a", *PLACE)
    with pytest.raises(Refused):
        vault.subject_of(name, *PLACE)
    with pytest.raises(Refused):
        vault.item_key("a", "ecg")
    assert vault.item_key("b", "ecg")[1].reveal() == kept


def test_pseudonyms_differ_in_every_part_that_they_are_made_of(vault, tmp_path):
    other = Vault(tmp_path, tenant="other")
    names = [
        vault.pseudonym("a", *PLACE),
        vault.pseudonym("b", *PLACE),
        vault.pseudonym("a", "statistics", "store", 2026),
        vault.pseudonym("a", "service_information", "stor", 2026),
        vault.pseudonym("a", "service_information", "store", 2027),
        vault.pseudonym("a", "service_informations", "tore", 2026),
        other.pseudonym("a", *PLACE),
    ]

    assert len(set(names)) == len(names)
    assert vault.subject_of(names[0], *PLACE) == "a"


def test_two_vaults_name_the_same_wearer_differently(tmp_path):
    vaults = [Vault(tmp_path / name) for name in "xy"]
    for one in vaults:
        one.add_subject("a")

    assert vaults[0].pseudonym("a", *PLACE) != vaults[1].pseudonym("a", *PLACE)


def test_a_vault_without_its_key_is_refused_and_never_given_a_new_one(vault, tmp_path):
    vault.close()
    for path in epoch_keys(tmp_path):
        path.unlink()

    with pytest.raises(UsageError, match=r"vault-.*\.key is missing"):
        Vault(tmp_path)
    assert not epoch_keys(tmp_path)


def test_another_vaults_key_opens_nothing(vault, tmp_path):
    vault.item_key("a", "ecg")
    vault.close()
    for path in epoch_keys(tmp_path):
        path.write_text("ab" * 32)

    with pytest.raises(UsageError, match="does not open"):
        Vault(tmp_path).item_key("a", "ecg")


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 32, "ab" * 33])
def test_a_damaged_key_file_is_said_so(tmp_path, text):
    path = tmp_path / "x.key"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(UsageError, match="damaged"):
        keyfiles.read(path)


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "x.key"
    keyfiles.create(path)
    path.chmod(0o640)

    with pytest.raises(UsageError, match="read by others") as caught:
        keyfiles.read(path)
    assert "chmod 600" in caught.value.hint


def test_a_key_file_is_never_written_over(tmp_path):
    path = tmp_path / "x.key"
    first = keyfiles.create(path).reveal()

    assert keyfiles.create(path).reveal() == first
    assert [p.name for p in tmp_path.iterdir()] == ["x.key"]


def test_secrets_do_not_show_in_repr_log_or_pickle(caplog):
    secret = Secret(b"\xaa" * 32)
    signer = Signer(secret)

    with caplog.at_level(logging.INFO):
        logging.getLogger("t").info("%s %r %s %r", secret, secret, signer, signer)

    assert "aa" * 8 not in caplog.text
    assert "\\xaa" not in caplog.text
    for value in (secret, signer):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_a_signer_signs_under_its_domain_only(vault):
    signer = vault.signer("authority")

    signature = signer.sign("token", b"body")

    VerifyKey(signer.public).verify(epoch.signed("token", b"body"), signature)
    with pytest.raises(ValueError, match="no signature domain"):
        signer.sign("tokens", b"body")


@pytest.mark.parametrize("name", ["vault", "../x", "", "destination-../x", "destination-"])
def test_key_names_lead_nowhere_else(vault, name):
    with pytest.raises(ValueError, match="no "):
        vault.signer(name)
    with pytest.raises(ValueError, match="no "):
        vault.private_key(name)


@pytest.mark.parametrize(("t0_s", "year"), [(0, 1970), (1_798_761_599, 2026), (1_798_761_600, 2027)])
def test_the_key_epoch_is_the_utc_year(t0_s, year):
    assert key_epoch(t0_s * 1_000_000_000) == year
