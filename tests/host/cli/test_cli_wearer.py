"""The commands of `tasuki wearer` and `tasuki keys`, as an operator meets them."""

import json

import pytest

from erasing_world import GONE, STAYS, ErasingWorld
from tasuki.consent.book import ConsentBook
from tasuki.vault.vault import Vault


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = ErasingWorld(tmp_path)
    world.fill()
    monkeypatch.setenv("TASUKI_STATE", str(world.state.folder))
    monkeypatch.setenv("LANG", "C.UTF-8")
    yield world
    world.state.close()


def erased(tasuki, *words):
    code, out, err = tasuki("wearer", "erase", *words, "--json")
    return code, json.loads(out) if out else err


@pytest.mark.rule("D-03", "deny", "evidence")
def test_erase_ends_with_3_while_a_hub_was_not_met_and_goes_on_with_the_same_command(world, tasuki, tmp_path):
    code, first = erased(tasuki, GONE, "--yes")
    assert (code, first["complete"], first["ended"]) == (3, False, None)
    waits = {row["name"] for row in first["stores"] if row["state"] == "pending"}
    assert f"hub {world.hubs[GONE].device.hex()}" in waits

    world.meet(GONE)
    code, second = erased(tasuki, GONE, "--yes")

    assert (code, second["complete"], second["case"]) == (0, True, first["case"])
    file = tmp_path / "receipt.json"
    code, out, err = tasuki("wearer", "erasures", first["case"], "-o", file, "--language", "en")
    assert (code, err) == (0, "")
    assert "complete since" in out
    public = world.state.vault.signer("authority").public.hex()
    code, out, _ = tasuki("wearer", "receipt", file, "--key", public, "--language", "ja")
    assert code == 0 and "真正です" in out and "対象外" in out
    code, _, err = tasuki("wearer", "receipt", file, "--key", "00" * 32)
    assert code == 1 and "another key" in err


def test_it_asks_before_it_destroys_anything(world, tasuki):
    code, _, _ = tasuki("wearer", "erase", GONE)

    assert code == 1
    assert world.state.vault.identity(GONE)


@pytest.mark.parametrize(("language", "words"), [("en", "not done: "), ("ja", "未完了")])
def test_a_person_reads_what_is_done_and_what_is_waited_for(world, tasuki, language, words):
    tasuki("wearer", "erase", GONE, "--yes")

    code, out, _ = tasuki("wearer", "erasures", "--language", language)

    assert code == 3
    assert words in out and GONE not in out


def test_one_item_of_a_wearer_is_erased(world, tasuki):
    code, said = erased(tasuki, GONE, "--item", "ecg", "--yes")

    assert (code, said["items"]) == (3, ["ecg"])
    book = ConsentBook(world.state.folder / "consent.db")
    book.close()
    assert GONE in book.log.subjects()


def test_an_acknowledgement_and_a_lost_hub_are_noted_with_who_said_so(world, tasuki):
    case = erased(tasuki, GONE, "--yes")[1]["case"]
    device = world.hubs[GONE].device.hex()

    code, _, err = tasuki("wearer", "erasures", case, "--lost", device)
    assert code == 2 and "nobody is named" in err
    code, out, _ = tasuki("wearer", "erasures", case, "--lost", device, "--by", "the officer", "--json")

    assert code == 0
    (row,) = [row for row in json.loads(out)["stores"] if row["name"] == f"hub {device}"]
    assert "the officer" in row["what"] and row["state"] == "out_of_scope"
    code, _, err = tasuki("wearer", "erasures", case, "--acknowledge", "sink store", "--by", "x")
    assert code == 2 and "not waited for" in err


MISTAKES = {
    "unknown wearer": (("wearer", "erase", "nobody", "--yes"), 2, "no wearer of this name"),
    "unknown item": (("wearer", "erase", GONE, "--item", "eeg", "--yes"), 2, "no item eeg"),
    "unknown case": (("wearer", "erasures", "er-00000000"), 2, "no open erasure"),
    "no case": (("wearer", "erasures", "--lost", "00"), 2, "which erasure"),
    "no folder": (("wearer", "purge", "--state", "nowhere"), 2, "nobody's data"),
    "no vault": (("keys", "show", "--state", "nowhere"), 2, "no vault"),
    "no receipt file": (("wearer", "receipt", "nothing", "--key", "00" * 32), 2, "no file"),
    "no key store": (("keys", "rotate", "--to", "cloud"), 2, "names no key store"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_with_a_way_out(world, tasuki, name):
    words, code, said = MISTAKES[name]

    found = tasuki(*words)

    assert (found[0], found[1]) == (code, "")
    assert said in found[2] and "Traceback" not in found[2]


def test_there_is_no_receipt_before_the_end(world, tasuki, tmp_path):
    case = erased(tasuki, GONE, "--yes")[1]["case"]

    code, _, err = tasuki("wearer", "erasures", case, "-o", tmp_path / "receipt.json")

    assert code == 2 and "no receipt yet" in err
    assert not (tmp_path / "receipt.json").exists()


def test_purge_says_that_nothing_is_too_old(world, tasuki):
    assert tasuki("wearer", "purge", "--language", "en")[:2] == (0, "nothing is older than it may be\n")
    code, out, _ = tasuki("wearer", "purge", "--json")
    assert code == 0 and {row["count"] for row in json.loads(out)["purged"]} == {0}


def test_keys_are_moved_and_the_place_beside_the_data_is_warned_of(world, tasuki, tmp_path):
    code, out, err = tasuki("keys", "show")
    assert code == 0 and "same disk" in err

    elsewhere = tmp_path / "stick"
    code, out, _ = tasuki("keys", "rotate", "--to", f"file:{elsewhere}", "--json")

    said = json.loads(out)
    assert (code, said["store"], said["to_destroy"]) == (0, f"file:{elsewhere}", 0)
    assert said["rotated"] == said["epoch_keys"] == len(list(elsewhere.iterdir()))
    assert not list((world.state.folder / "keys").glob("vault-*"))
    again = Vault(world.state.folder)
    assert again.item_key(STAYS, "ecg", create=False)
    again.close()
