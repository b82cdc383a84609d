"""Keys in files and in an HSM: opened by their secret only, never replaced, shared by a queue."""

import subprocess
import threading

import pytest

from factory.conftest import new_key
from tasuki.errors import LinkLost, UsageError
from tasuki.factory import keys
from tasuki.factory.hsm import HsmKey, Place
from tasuki.factory.line import KeyQueue
from tasuki.trust import certificates

PASSPHRASE = "correct horse battery"


def test_a_key_file_opens_with_its_passphrase_only_and_openssl_reads_it(tmp_path):
    path = tmp_path / "keys" / "key"
    made = keys.create(path, PASSPHRASE)

    assert keys.open_file(path, PASSPHRASE).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    for wrong in ("", "wrong horse battery"):
        with pytest.raises(UsageError, match="does not open"):
            keys.open_file(path, wrong)
    command = ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSPHRASE}", "-noout", "-text_pub"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert made.public.hex() in "".join(c for c in shown if c in "0123456789abcdef")


def test_a_key_is_never_replaced_and_needs_a_passphrase(tmp_path):
    keys.create(tmp_path / "keys" / "key", PASSPHRASE)

    with pytest.raises(UsageError, match="is there"):
        keys.create(tmp_path / "keys" / "key", PASSPHRASE)
    with pytest.raises(UsageError, match="too short"):
        keys.create(tmp_path / "keys" / "other", "short")


def test_a_key_in_an_hsm_signs_for_the_chain(hsm_key, chain):
    chain.station_key = HsmKey(Place.of(hsm_key.format("station")), "1234", create=True)

    identity = certificates.verify_hub(chain.packed(chain.hub(1000, new_key().public)), [chain.root])

    assert identity.serial == 1000
    again = HsmKey(Place.of(hsm_key.format("station")), "1234")
    assert again.public == chain.station_key.public
    with pytest.raises(UsageError, match="has an object"):
        HsmKey(Place.of(hsm_key.format("station")), "1234", create=True)
    with pytest.raises(UsageError, match="has no key"):
        HsmKey(Place.of(hsm_key.format("other")), "1234")
    again.close()
    chain.station_key.close()


def test_an_hsm_whose_session_was_lost_signs_in_a_new_one(hsm_key):
    key = HsmKey(Place.of(hsm_key.format("lost")), "1234", create=True)
    before = key.sign(b"x")
    key._session.close()

    assert key.sign(b"x") == before
    key.close()


@pytest.mark.parametrize(
    "uri", ["pkcs11:", "pkcs11:token=a", "pkcs11:token=a;object=b", "pkcs11:object=b?module-path=c"]
)
def test_a_uri_that_names_no_key_is_refused(uri):
    with pytest.raises(UsageError, match="does not name a key"):
        Place.of(uri)


def test_the_queue_serves_many_and_survives_a_failure():
    class Breaking:
        public = bytes(32)

        def sign(self, data):
            if data == b"3":
                raise LinkLost("away")
            return data * 2

        def close(self):
            pass

    line, got = KeyQueue(Breaking(), 5.0), {}

    def ask(n):
        try:
            got[n] = line.sign(b"%d" % n)
        except LinkLost as e:
            got[n] = str(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.close()

    assert got == {n: b"%d" % n * 2 if n != 3 else "away" for n in range(8)}
