"""The page in a real browser: whole journeys in both languages, by keyboard alone, on a phone."""

import re

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
AXE = """options => axe.run(options).then(found => found.violations.map(
  one => [one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160))]))"""
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
    """What axe-core finds wrong with the page, (rule, some elements); its long lists stay in the browser."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    tab.page.evaluate(Axe().axe_script)
    found = tab.page.evaluate(AXE, options)
    return [(rule, nodes) for rule, nodes in found]


# What a Japanese page may say in Latin letters beside single capitals: names, and how things are written.
NAMES = {"User information", "demo-garment", "full-garment", "tasuki verify", "everything.json"}
NAMES |= {"Cookie", "Xenoma", "store.db", "outbox.db", "wearer.db", "law-jp-2026", "internal-2026"}
TEXT = r"""() => {
  const body = document.body.cloneNode(true);
  for (const each of body.querySelectorAll("[lang=en], code, pre, script, style")) each.remove();
  const said = [...body.querySelectorAll("[aria-label], [title], [alt]")].map(
    each => ["aria-label", "title", "alt"].map(name => each.getAttribute(name) || "").join(" "));
  return [document.title, body.textContent, ...said].join("\n");
}"""


def english(tab):
    """Words of a Japanese page that are English; none on an English one, where they belong."""
    if tab.language == "en":
        return []
    text = re.sub("[0-9a-f]{16}", "", tab.page.evaluate(TEXT))  # ids of hubs
    for name in sorted(NAMES, key=len, reverse=True):
        text = text.replace(name, "")
    return [word for word in re.findall(r"[A-Za-z_]{3,}", text) if not word.isupper()]


def test_these_checks_find_a_violation_and_an_english_word(browser, world):
    """Without this the tests below could not fail."""
    tab = Tab(browser, world.origin, "ja")
    tab.open("/sign-in")
    assert english(tab) == []

    tab.page.evaluate("document.querySelector('label[for=login]').remove()")
    tab.page.evaluate("document.querySelector('h1').textContent = 'ログイン please'")

    assert [id_ for id_, _ in violations(tab)] == ["label"]
    assert english(tab) == ["please"]
    tab.close()


@pytest.mark.parametrize("tab", [("en", DESK), ("ja", PHONE)], indirect=True, ids=["en-desk", "ja-phone"])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways_or_speaks_another_language(tab):
    for path in PUBLIC:
        assert tab.open(path).status == 200
        assert (violations(tab), english(tab)) == ([], []), path
    sign_in(tab)
    for path in SIGNED_IN:
        assert tab.open(path).status == 200
        assert (violations(tab), english(tab)) == ([], []), path
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
    assert (violations(tab), english(tab)) == ([], [])
    assert world.state.vault.identity(subject) is None
    assert page.evaluate("document.documentElement.lang") == tab.language


@pytest.mark.parametrize("tab", [("en", DESK), ("ja", DESK)], indirect=True, ids=["en", "ja"])
def test_the_offices_pages_have_no_violation_either(tab, world):
    working, year_ns = "office work words here", 365 * 86_400 * 10**9
    world.records.accounts.add_officer("tanaka", working, world.state.book.now_ns("") + year_ns)
    content = {"name": "H", "contact": "x", "agent_for": "", "message": "m", "language": "ja"}
    number, *_ = world.records.cases.open(world.state.policy, "inquire", "User information", content)
    tab.open("/sign-in")
    tab.page.fill("#login", "tanaka")
    tab.page.fill("#password", working)
    tab.press(text("sign_in.do", tab.language))

    for path in ("/office", f"/office/cases/{number}", "/office/breaches"):
        assert tab.open(path).status == 200
        assert (violations(tab), english(tab)) == ([], []), path


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
