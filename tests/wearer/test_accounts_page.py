"""Accounts: getting in and out, and what an attacker learns on the way (rule S-02)."""

import re

import pytest

from tasuki.wearer.accounts.sessions import IDLE_NS, LONGEST_NS
from wearer.conftest import ORIGIN, PASSWORD

DAY_NS = 86_400 * 10**9


def signed_in(browser):
    return browser.client.get("/en/overview", follow_redirects=False).status_code == 200


@pytest.mark.rule("C1-06", "allow", "evidence")
def test_registering_records_one_consent_for_the_address_alone(site):
    browser = site.browser()
    browser.register()
    browser.sign_in()

    (event,) = site.state.book.log.events(browser.subject)

    assert (event.items, event.purpose) == (frozenset({"email"}), "user_identification")
    assert event.origin == "web" and event.notice_hash


@pytest.mark.rule("C1-06", "deny")
def test_without_the_consent_to_be_identified_there_is_no_account(site):
    browser = site.browser()

    answer = browser.register(agree="")

    assert answer.status_code == 400
    assert site.records.accounts.by_login("hanako@example.jp") is None
    assert site.state.book.log.subjects() == []


def test_after_withdrawing_that_consent_signing_in_asks_for_it_again(site, wearer):
    subject = wearer.subject
    site.state.book.withdraw(subject, ["email"], "user_identification")
    wearer.post("/sign-out")

    refused = wearer.sign_in()

    assert refused.status_code == 401 and 'name="agree"' in refused.text
    wearer.sign_in(agree="yes")
    assert signed_in(wearer)
    assert not site.state.engine.consent(
        subject, "email", "user_identification", site.state.book.now_ns(subject)
    )


@pytest.mark.rule("S-01", "deny", "allow")
def test_an_address_that_nobody_confirmed_for_a_year_identifies_nobody_until_it_is_confirmed(
    site, wearer, clock
):
    wearer.post("/sign-out")
    clock.ahead_ns = 366 * DAY_NS

    assert "more than a year ago" in wearer.sign_in().text
    assert not signed_in(wearer)

    wearer.sign_in(agree="yes")
    assert signed_in(wearer)


@pytest.mark.rule("S-02", "deny")
@pytest.mark.parametrize(
    "path", ["overview", "signals", "consents", "profile", "takeaway", "account", "leave"]
)
def test_a_stranger_sees_no_page_of_a_wearer(site, path):
    answer = site.browser().client.get(f"/en/{path}", follow_redirects=False)

    assert answer.status_code == 303 and answer.headers["location"].startswith("/en/sign-in")


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(site, wearer):
    stranger = site.browser()

    wrong_password = stranger.post("/sign-in", login="hanako@example.jp", password="some other words here")
    wrong_name = stranger.post("/sign-in", login="nobody@example.jp", password=PASSWORD)

    assert wrong_password.status_code == wrong_name.status_code == 401
    assert wrong_password.text.replace("hanako@", "nobody@") == wrong_name.text


def test_registering_a_taken_address_gets_the_same_answer_and_changes_nothing(site, wearer):
    stranger = site.browser()

    new = stranger.register("taro@example.jp", "quite another password")
    taken = stranger.register("HANAKO@example.jp", "quite another password")

    assert (new.status_code, new.url.path, new.text) == (taken.status_code, taken.url.path, taken.text)
    assert stranger.sign_in(password="quite another password").status_code == 401
    assert stranger.sign_in().status_code == 200


def test_the_address_stands_in_no_file_of_the_state_folder(site, wearer):
    wearer.post("/profile", email="hanako@example.jp")

    for path in site.state.folder.rglob("*"):
        if path.is_file():
            assert b"hanako" not in path.read_bytes().lower(), path


def test_passwords_are_kept_as_argon2id_and_easy_ones_are_refused(site, wearer):
    assert site.browser().register("a@example.jp", "short").status_code == 400
    assert site.browser().register("a@example.jp", "aaaaaaaaaaaaaaaa").status_code == 400
    assert site.browser().register("hanako2@example.jp", "hanako2 hanako2").status_code == 400
    (kept,) = (row[0] for row in site.records._tables.rows("SELECT password FROM account"))
    assert kept.startswith("$argon2id$")


def test_the_cookie_is_for_this_host_only_and_no_script_reads_it(site, wearer):
    wearer.post("/sign-out")
    answer = wearer.client.post(
        "/en/sign-in",
        data={"login": "hanako@example.jp", "password": PASSWORD},
        headers={"Origin": ORIGIN},
        follow_redirects=False,
    )

    cookie = answer.headers["set-cookie"].lower()
    for part in ("__host-tasuki=", "httponly", "secure", "samesite=strict", "path=/"):
        assert part in cookie
    assert "max-age" not in cookie and "domain" not in cookie


@pytest.mark.rule("C2-04", "allow", "evidence")
def test_a_cookie_beyond_the_visit_needs_the_wearers_yes_which_is_recorded(site, wearer):
    subject = wearer.subject
    wearer.post("/sign-out")

    wearer.sign_in(stay="yes")

    kept = next(cookie for cookie in wearer.client.cookies.jar if cookie.name == "__Host-tasuki")
    assert kept.expires is not None
    assert site.state.book.log.events(subject)[-1].items == {"cookie"}


@pytest.mark.rule("C2-04", "deny")
def test_who_refuses_cookies_gets_none_and_everything_public_works(site):
    browser = site.browser()
    for path in ("/", "/policies", "/modules", "/inquiry", "/sign-in", "/register", "/inquiry/case"):
        answer = browser.get(path)
        assert answer.status_code == 200 and "set-cookie" not in answer.headers, path
    browser.register()
    browser.post("/sign-in", login="hanako@example.jp", password=PASSWORD)
    browser.client.cookies.clear()

    assert "does not keep the cookie" in browser.get("/welcome").text
    sent = browser.post(
        "/inquiry", topic="User information", kind="inquire", name="H", contact="x", message="m"
    )
    assert sent.status_code == 200


def test_a_form_without_the_sessions_token_does_nothing(site, wearer):
    subject = wearer.subject

    answer = wearer.post("/consents", token="0" * 64, purpose="statistics", item="ecg", say="granted")

    assert answer.status_code == 403
    assert len(site.state.book.log.events(subject)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": ""},
    ],
)
def test_a_form_from_elsewhere_does_nothing(site, wearer, headers):
    subject = wearer.subject
    wearer.get("/consents")

    answer = wearer.post("/consents", headers=headers, purpose="statistics", item="ecg", say="granted")

    assert answer.status_code == 403
    assert len(site.state.book.log.events(subject)) == 1


def test_another_host_name_is_not_served(site):
    answer = site.browser().client.get("/en/", headers={"Host": "evil.example"})

    assert answer.status_code == 421


def test_signing_out_ends_the_session_on_the_server(site, wearer):
    token = wearer.client.cookies["__Host-tasuki"]
    wearer.post("/sign-out")
    assert not signed_in(wearer)

    wearer.client.cookies.set("__Host-tasuki", token, domain="my.example.jp", path="/")

    assert not signed_in(wearer)


@pytest.mark.parametrize("after_ns", [IDLE_NS, LONGEST_NS])
def test_a_session_ends_by_itself(site, wearer, clock, after_ns):
    assert signed_in(wearer)

    clock.ahead_ns = after_ns

    assert not signed_in(wearer)


def test_a_new_password_signs_out_every_other_browser(site, wearer):
    other = site.browser()
    other.sign_in()
    assert signed_in(other)
    wearer.get("/account")

    wearer.post(
        "/account/password", password=PASSWORD, new="completely new words", again="completely new words"
    )

    assert signed_in(wearer) and not signed_in(other)
    assert other.sign_in().status_code == 401


def test_one_browser_can_be_signed_out_from_another(site, wearer):
    other = site.browser()
    other.sign_in()
    page = wearer.get("/account").text
    (id_,) = re.findall(r'name="id" value="(\w{12})"', page)

    wearer.post("/account/sessions", id=id_)

    assert signed_in(wearer) and not signed_in(other)


def test_who_tries_too_often_has_to_wait_whichever_name_it_is(site, wearer):
    codes = [
        site.browser().post("/sign-in", login=login, password="wrong wrong wrong").status_code
        for login in ["hanako@example.jp"] * 8 + ["nobody@example.jp"] * 9
    ]

    assert codes == [401] * 7 + [429] + [401] * 8 + [429]  # she has signed in once


def test_a_stolen_session_does_not_allow_to_guess_the_password(site, wearer):
    codes = []
    for _ in range(9):
        wearer.get("/takeaway")
        codes.append(wearer.post("/takeaway", password="wrong wrong wrong").status_code)

    assert codes == [403] * 8 + [429]


def test_every_answer_forbids_scripts_and_frames_of_others(site, wearer):
    for path in ("/en/overview", "/en/nothing-here", "/static/page.css", "/xx/"):
        answer = wearer.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert wearer.client.get("/en/overview").headers["cache-control"] == "no-store"


def test_no_page_has_a_script_or_a_style_inside(site, wearer):
    for path in ("overview", "consents", "profile", "account", "leave", "takeaway", "ratings", "recipients"):
        page = wearer.get(f"/{path}").text
        assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page) == [], path


def test_what_a_wearer_types_is_text_and_never_markup(site, wearer):
    wearer.get("/consents")
    wearer.post("/consents", purpose="service_information", item="name", say="granted")
    wearer.get("/profile")

    wearer.post("/profile", name="<script>alert(1)</script>", email="hanako@example.jp")

    page = wearer.get("/profile").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_a_form_that_is_too_large_is_not_read(site, wearer):
    answer = wearer.post("/sign-in", login="a" * 70_000, password="x")

    assert answer.status_code == 413


def test_an_invitation_gives_a_known_wearer_the_account_once(site):
    site.state.book.withdraw("hanako")  # known by a word that changes nothing
    site.state.vault.add_subject("hanako")
    code = site.records.accounts.invite("hanako")

    site.browser().register("h@example.jp", invitation=code)
    again = site.browser().register("evil@example.jp", invitation=code)

    assert site.records.accounts.by_login("h@example.jp").subject == "hanako"
    assert again.status_code == 403 and site.records.accounts.by_login("evil@example.jp") is None


def test_an_old_invitation_does_not_hold(site, clock):
    code = site.records.accounts.invite("hanako")
    clock.ahead_ns = 15 * DAY_NS

    assert site.browser().register("h@example.jp", invitation=code).status_code == 403
