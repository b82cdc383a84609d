"""The commands of `tasuki consent`, as a wearer meets them."""

import json

import pytest

from tasuki.cli import consent, consent_records
from tasuki.consent import library, notice
from tasuki.consent.book import ConsentBook

NOON = 1_795_000_000 * 10**9  # in November 2026


@pytest.fixture
def run(tasuki, tmp_path, monkeypatch):
    """The command on a state folder of its own; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("TASUKI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    return lambda *words: tasuki("consent", *words)


def done(answer):
    """What a command that went well printed."""
    code, out, err = answer
    assert (code, err) == (0, "")
    return out


def recorded(tmp_path):
    """What the wearer said, as the book has it."""
    book = ConsentBook(tmp_path / "state" / "consent.db")
    book.close()
    return book.log.events("wearer")


def held(run, *words):
    """(item, purpose) to state."""
    found = json.loads(done(run("show", "--json", *words)))
    return {(row["item"], row["purpose"]): row["state"] for row in found["state"]}


def grant(run, *items, purpose="service_information", words=()):
    names = [word for item in items for word in ("--item", item)]
    return run("grant", *names, "--purpose", purpose, *words)


@pytest.mark.rule("A-02", "allow", "deny", "evidence")
def test_a_grant_is_for_these_items_and_this_purpose_only(run):
    out = done(grant(run, "ecg", "respiration"))

    assert "recorded: granted  information within the service: ECG, respiration" in out
    assert "2026-1" in out
    assert held(run) == {
        ("ecg", "service_information"): "granted",
        ("respiration", "service_information"): "granted",
    }


def test_withdrawing_is_one_call_by_item_by_purpose_or_all(run):
    grant(run, "ecg", "respiration")
    grant(run, "ecg", "body_motion", purpose="statistics")

    assert "in effect now" in done(run("withdraw", "--item", "ecg"))
    assert [key for key, state in held(run).items() if state == "granted"] == [
        ("body_motion", "statistics"),
        ("respiration", "service_information"),
    ]
    done(run("withdraw", "--purpose", "statistics"))
    assert held(run)["body_motion", "statistics"] == "withdrawn"
    done(run("withdraw", "--all"))

    assert set(held(run).values()) == {"withdrawn"}
    assert "nothing had to be withdrawn" in done(run("withdraw", "--all"))


def test_what_was_withdrawn_can_be_granted_again(run):
    for _ in range(3):
        done(grant(run, "ecg"))
        assert held(run)["ecg", "service_information"] == "granted"
        done(run("withdraw", "--item", "ecg"))
        assert held(run)["ecg", "service_information"] == "withdrawn"


def test_everything_is_said_in_japanese_too(run):
    out = done(grant(run, "ecg", words=("--language", "ja")))
    assert "記録しました: 同意  サービスにおける情報提供: 心電" in out
    assert "撤回" in done(run("withdraw", "--item", "ecg", "--language", "ja"))
    assert "撤回  サービスにおける情報提供: 心電" in done(run("show", "--language", "ja"))
    assert "該当する同意はありません" in done(run("withdraw", "--all", "--language", "ja"))
    assert "いつでも一度の操作で撤回できます" in done(run("notice", "--language", "ja"))


def test_a_record_says_which_notice_in_which_language_was_shown(run, tmp_path):
    grant(run, "ecg", words=("--language", "ja"))

    (event,) = recorded(tmp_path)

    assert (event.notice, event.language, event.origin) == ("2026-1", "ja", "command")
    assert len(event.notice_hash) == 64


def test_the_past_is_shown_as_it_was_and_as_it_was_known(run):
    grant(run, "ecg")
    run("withdraw", "--item", "ecg")
    (row,) = json.loads(done(run("show", "--json")))["state"]
    moment = row["since"][:19] + "Z"  # the second before

    assert held(run, "--at", "2020-01-01T00:00:00Z") == {("ecg", "service_information"): "never"}
    assert held(run, "--known", "2020-01-01T00:00:00Z") == {}
    assert "withdrawn" not in held(run, "--at", moment).values()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("grant", "--item", "ecq", "--purpose", "statistics"), "unknown item 'ecq'"),
        (("grant", "--item", "ecg", "--purpose", "marketing"), "unknown purpose 'marketing'"),
        (("grant", "--item", "ecg", "--purpose", "user_identification"), "cannot serve"),
        (("grant", "--item", "ecg", "--purpose", "module:stats"), "cannot serve"),
        (("grant", "--item", "ecg", "--purpose", "entrust_foreign:usa"), "unknown purpose"),
        (("grant", "--item", "ecg", "--purpose", "statistics", "--by", "mother"), "--as"),
        (("grant", "--item", "ecg", "--purpose", "statistics", "--subject", "a\nb"), "printable"),
        (("withdraw",), "not clear"),
        (("withdraw", "--all", "--item", "ecg"), "not clear"),
        (("withdraw", "--item", "ecq"), "unknown item"),
        (("withdraw", "--purpose", "marketing"), "unknown purpose"),
        (("withdraw", "--all", "--subject", "stranger"), "no consent of this wearer"),
        (("show", "--at", "yesterday"), "no time with an offset"),
        (("show", "--at", "2026-01-01T00:00:00"), "no time with an offset"),
        (("show", "--subject", "stranger"), "no consent of this wearer"),
        (("receipt", "stranger"), "no consent of this wearer"),
        (("receipt", "--verify", "none.jsonld"), "public key"),
        (("receipt", "--verify", "none.jsonld", "-o", "x"), "--verify goes with"),
        (("import", "none.jsonld", "--subject", "wearer"), "No such file"),
        (("guardian", "me", "--subject", "me", "--as", "parent"), "own guardian"),
    ],
)
def test_a_mistake_is_one_sentence_with_a_way_out_and_changes_nothing(run, words, says):
    grant(run, "ecg")
    before = held(run)

    code, out, err = run(*words)

    assert (code, out) == (2, "")
    assert says in err and "Traceback" not in err
    assert len(err.splitlines()) == 2
    assert held(run) == before


def test_without_a_record_the_way_to_one_is_told(run):
    code, _, err = run("show")

    assert code == 2 and "tasuki consent grant" in err


def test_with_several_wearers_the_one_meant_has_to_be_named_and_no_name_is_told(run):
    grant(run, "ecg", words=("--subject", "hanako"))
    grant(run, "ecg", words=("--subject", "taro"))

    code, out, err = run("withdraw", "--all")

    assert (code, out) == (2, "")
    assert "--subject" in err and "hanako" not in err and "taro" not in err
    done(run("withdraw", "--all", "--subject", "taro"))
    assert set(held(run, "--subject", "hanako").values()) == {"granted"}


def test_separate_consents_are_recorded_like_the_others(run):
    done(grant(run, "ecg", purpose="entrust"))
    done(grant(run, "all", purpose="entrust_foreign:US"))
    done(grant(run, "all", purpose="module:analytics"))
    done(grant(run, "location", purpose="location"))

    granted = {key for key, state in held(run).items() if state == "granted"}
    assert ("ecg", "entrust") in granted and ("ecg", "entrust_foreign:US") in granted
    assert ("cookie", "module:analytics") in granted and ("ecg", "module:analytics") not in granted
    assert "processor abroad: US" in done(run("show"))


@pytest.mark.rule("G-04", "allow", "deny")
def test_what_only_a_products_terms_allow_is_granted_under_those_terms(run, tmp_path, monkeypatch):
    """DG-03: the access log for improving the service; and it moves to another host like the rest."""
    in_time = library.shipped().effective(NOON)  # an overdue review (L-02) suspends what terms widen
    for module in (consent, consent_records):
        monkeypatch.setattr(module, "builtin", lambda: in_time)
    words = ("--item", "access_log", "--purpose", "service_improvement")
    code, _, err = run("grant", *words)
    assert code == 2 and "cannot serve" in err
    code, _, err = run("grant", *words, "--terms", "demo-garment-1")
    assert code == 2 and "not in force" in err

    said = done(run("grant", *words, "--terms", "demo-garment-2", "--language", "en"))

    assert "tasuki consent notice --terms demo-garment-2" in said
    assert "access log: only if you agree" in done(run("notice", "--terms", "demo-garment-2"))
    (event,) = recorded(tmp_path)
    assert event.notice_hash == notice.text_hash("demo-garment-2", "en") != ""
    (row,) = json.loads(done(run("show", "--json")))["state"]
    assert (row["state"], row["notice"]) == ("granted", "demo-garment-2")
    done(run("export", "-o", "consent.jsonld"))
    other = ("--state", tmp_path / "elsewhere")
    assert "recorded" in done(run("import", "consent.jsonld", "--subject", "wearer", *other))


def test_a_refusal_is_shown_as_one(run):
    done(run("refuse", "--item", "all", "--purpose", "statistics"))

    assert set(held(run).values()) == {"refused"}


def test_a_receipt_is_issued_verified_and_when_altered_refused(run, tmp_path):
    grant(run, "ecg")
    run("withdraw", "--item", "ecg")
    done(run("receipt", "wearer", "-o", "receipt.jsonld", "--key-file", "authority.pub"))
    code, _, err = run("receipt", "-o", "receipt.jsonld")
    assert code == 2 and "exists" in err

    assert "is genuine" in done(run("receipt", "--verify", "receipt.jsonld"))
    out = done(run("receipt", "--verify", "receipt.jsonld", "--key", "authority.pub", "--json"))
    assert json.loads(out)["state"][0]["state"] == "withdrawn"

    file = tmp_path / "receipt.jsonld"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(file.read_text().replace("ConsentWithdrawn", "ConsentGiven"))
    code, out, err = run("receipt", "--verify", "receipt.jsonld", "--key", "authority.pub")
    assert (code, out) == (1, "") and "altered" in err


def test_a_record_moves_to_another_host_whole_and_once(run, tmp_path, monkeypatch):
    grant(run, "ecg", "respiration")
    run("withdraw", "--item", "ecg")
    done(run("export", "-o", "consent.jsonld"))
    monkeypatch.setenv("TASUKI_STATE", str(tmp_path / "elsewhere"))

    assert done(run("import", "consent.jsonld", "--subject", "wearer")).count("recorded") == 2
    assert "nothing new" in done(run("import", "consent.jsonld", "--subject", "wearer"))

    assert held(run) == {
        ("ecg", "service_information"): "withdrawn",
        ("respiration", "service_information"): "granted",
    }
    code, _, err = run("import", "consent.jsonld", "--subject", "somebody")
    assert code == 1 and "another wearer" in err


def test_for_a_child_only_the_guardian_can_say_yes(run):
    done(run("guardian", "hanako", "--subject", "taro", "--as", "parent"))
    code, _, err = grant(run, "ecg", words=("--subject", "taro"))
    assert code == 1 and "guardian" in err and "taro" not in err

    done(grant(run, "ecg", words=("--subject", "taro", "--by", "hanako", "--as", "parent")))

    assert "(said by a parent)" in done(run("show", "--subject", "taro"))
    done(run("withdraw", "--all", "--subject", "taro"))
    assert set(held(run, "--subject", "taro").values()) == {"withdrawn"}


def test_a_run_without_a_consent_file_goes_by_the_record_and_says_how_to_make_one(tasuki, run):
    code, _, err = tasuki("run", "--port", "/dev/null")
    assert code == 2 and "tasuki consent grant" in err

    grant(run, "ecg")
    code, _, err = tasuki("run", "--port", "/dev/null", "--subject", "stranger")
    assert code == 2 and "no consent of this wearer" in err


def test_a_run_with_another_wearers_file_is_refused(tasuki, run, tmp_path):

    (tmp_path / "w.toml").write_text('format = 1\nsubject = "taro"\nnotice = "2026-1"\n')

    code, _, err = tasuki("run", "--port", "/dev/null", "--consent", "w.toml", "--subject", "hanako")

    assert code == 2 and "another wearer's" in err


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_time_that_no_register_can_hold_is_refused_in_one_sentence(run, tasuki, tmp_path, year):
    grant(run, "ecg")
    far = f"{year}-06-01T00:00:00+09:00"
    wearer = tmp_path / "far.toml"
    wearer.write_text(
        'format = 1\nsubject = "w"\nnotice = "2026-1"\n[[consent]]\ndecision = "granted"\n'
        f'purpose = "statistics"\nitems = "all"\nat = {far}\n'
    )

    for code, out, err in (
        run("show", "--at", far),
        run("show", "--known", far),
        run("guardian", "hanako", "--subject", "taro", "--as", "parent", "--until", far),
        tasuki("policy", "explain", "--item", "ecg", "--to", "store", "--consent", wearer),
    ):
        assert (code, out) == (2, "")
        assert "not between the years" in err and len(err.splitlines()) == 2
