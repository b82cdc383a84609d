"""The page in a real browser: whole journeys in both languages, by keyboard alone, on a phone."""

import pytest

from tasuki.consent.events import GRANTED, Event
from tasuki.wearer.page.words import text
from wearer.browsing import DESK, PHONE, Tab, chromium, needs_chromium, served
from wearer.conftest import PASSWORD

pytestmark = needs_chromium

PUBLIC = (
    "/",
    "/register",
    "/sign-in",
    "/policies",
    "/policies/2026-1",
    "/modules",
    "/inquiry",
    "/inquiry/case",
)
SIGNED_IN = (
    "/overview",
    "/signals",
    "/consents",
    "/recipients",
    "/profile",
    "/ratings",
    "/garments",
    "/takeaway",
    "/account",
    "/leave",
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world(measured):
    """The page over a measured session; its wearer can sign in as demo@example.jp."""
    records = measured.records
    code = records.accounts.invite(measured.subject)
    records.accounts.register("demo@example.jp", PASSWORD, "en", code)
    said = GRANTED, "user_identification", frozenset({"email"}), measured.state.policy.version
    at_ns = measured.state.book.now_ns(measured.subject)
    measured.state.book.say(Event(at_ns, at_ns, measured.subject, *said))
    with served(records) as origin:
        measured.origin = origin
        yield measured


@pytest.fixture
def tab(browser, world, request):
    """A browser of a person; parametrize with (language, viewport)."""
    language, viewport = getattr(request, "param", ("en", DESK))
    tab = Tab(browser, world.origin, language, viewport)
    yield tab
    tab.close()


def sign_in(tab, login="demo@example.jp"):
    tab.open("/sign-in")
    tab.page.fill("#login", login)
    tab.page.fill("#password", PASSWORD)
    tab.press(text("sign_in.do", tab.language))


def violations(tab):
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(tab.page, options=options)
    return [(v["id"], [node["html"][:160] for node in v["nodes"]][:3]) for v in found.response["violations"]]


def test_this_check_finds_a_violation(tab):
    """Without this the test below could not fail."""
    tab.open("/sign-in")
    tab.page.evaluate("document.querySelector('label[for=login]').remove()")

    assert [id_ for id_, _ in violations(tab)] == ["label"]


@pytest.mark.parametrize("tab", [("en", DESK), ("ja", PHONE)], indirect=True, ids=["en-desk", "ja-phone"])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(tab):
    for path in PUBLIC:
        assert tab.open(path).status == 200
        if tab.language == "en":
            assert violations(tab) == [], path
    sign_in(tab)
    for path in SIGNED_IN:
        assert tab.open(path).status == 200
        if tab.language == "en" or path in ("/overview", "/signals"):  # the templates are the same
            assert violations(tab) == [], path
        wide = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    tab.open("/signals")
    assert tab.page.locator("figure svg").count() >= 5


@pytest.mark.parametrize("tab", [("en", DESK), ("ja", PHONE)], indirect=True, ids=["en-desk", "ja-phone"])
def test_a_whole_visit_in_one_language(tab, world):
    def t(key, **values):
        return text(key, tab.language, **values)

    login = f"{tab.language}@example.jp"
    tab.register(login, {"do": t("register.do"), "in": t("sign_in.do")})
    page = tab.page
    subject = page.locator("main code").first.inner_text()

    tab.open("/consents")
    page.check("#service_information-ecg")
    page.check("#service_information-subjective")
    page.locator("section", has=page.locator("#service_information")).get_by_role(
        "button", name=t("consents.grant"), exact=True
    ).click()
    page.wait_for_url("**told=granted*")
    assert t("told.granted") in page.locator("[role=status]").first.inner_text()
    tab.open("/ratings")
    page.select_option("#question", "comfort")
    page.select_option("#value", "7")
    tab.press(t("ratings.add"))
    assert "7" in page.locator("ul.rows").last.inner_text()
    tab.open("/overview")
    name = world.state.policy.words["ecg"].in_(tab.language)
    tab.press(t("stop", item=name))
    assert page.get_by_role("button", name=t("stop", item=name), exact=True).count() == 0
    tab.open("/leave")
    page.check("#sure")
    page.fill("#password-all", PASSWORD)
    tab.press(t("leave.all.do"))
    for _ in range(50):
        if t("erasure.done") in page.locator("[role=status]").first.inner_text():
            break
        page.wait_for_timeout(200)
        page.reload()

    assert t("erasure.done") in page.locator("[role=status]").first.inner_text()
    assert world.state.vault.identity(subject) is None
    assert page.evaluate("document.documentElement.lang") == tab.language


def test_the_offices_pages_have_no_violation_either(tab, world):
    working, year_ns = "office work words here", 365 * 86_400 * 10**9
    world.records.accounts.add_officer("tanaka", working, world.state.book.now_ns("") + year_ns)
    content = {"name": "H", "contact": "x", "agent_for": "", "message": "m", "language": "ja"}
    number, *_ = world.records.cases.open(world.state.policy, "inquire", "User information", content)
    tab.open("/sign-in")
    tab.page.fill("#login", "tanaka")
    tab.page.fill("#password", working)
    tab.press("Sign in")

    for path in ("/office", f"/office/cases/{number}", "/office/breaches"):
        assert tab.open(path).status == 200
        assert violations(tab) == [], path


def test_by_keyboard_alone_somebody_gets_in_and_takes_a_consent_back(tab, world):
    page = tab.page

    def reach(condition, most=120):
        """Press Tab until what has the focus is it."""
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate(f"(e => {condition})(document.activeElement)"):
                return
        raise AssertionError(f"Tab never reaches {condition}")

    tab.open("/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    reach("e.id === 'login'", 3)
    page.keyboard.type("demo@example.jp")
    reach("e.id === 'password'", 2)
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach("e.textContent === 'Stop Respiration' || e.textContent === 'Stop respiration'")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    now = world.state.book.now_ns(world.subject)
    world.state.book.refresh()
    state = world.state.book.log.span(world.subject, "respiration", "service_information", now).state
    assert state == "withdrawn"


def test_everything_works_without_script(browser, world):
    tab = Tab(browser, world.origin, "en", script=False)
    sign_in(tab)

    tab.open("/signals")

    assert tab.page.locator("figure svg").count() >= 5
    tab.close()


def test_what_somebody_typed_runs_nowhere(tab, world):
    sign_in(tab)
    tab.open("/ratings")
    tab.page.fill("#note", "<img src=x onerror=alert(1)><script>document.title='owned'</script>")

    tab.press("Keep it")

    assert "owned" not in tab.page.title()
    assert "<img" in tab.page.locator("ul.rows").inner_text()
