"""Every page in a real browser: seen, enlarged, on a phone, without JavaScript, by keyboard.

Each page is opened as its visitors come to it (tests/pages.py), in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ViewportSize

from tests.factories import rows_of
from tests.pages import LANGUAGES, PAGES, PEOPLE, a_browser, a_site, fill_in, press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.pages import Site

    Opening = Callable[..., Page]
    Looking = Callable[[str, str], "Look"]

pytestmark = pytest.mark.xdist_group("pages")  # one server and one browser

every_page = pytest.mark.parametrize("name", PAGES)
every_language = pytest.mark.parametrize("lang", LANGUAGES)

TWICE: Final = ViewportSize(width=640, height=512)
PHONE: Final = ViewportSize(width=320, height=640)
#: The rules of axe that a page violates, with the elements.
VIOLATIONS: Final = """options => axe.run({resultTypes: ["violations"], ...options}).then(
  ({violations}) => violations.map(({id, nodes}) => id + ": " + nodes.map(({html}) => html)))"""
#: The widest element that stands out of the window, or of a box that cuts it off.
CUT_OFF: Final = """() => {
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
  for (const each of document.querySelectorAll("main *")) {
    if (each.closest(".unseen, [hidden]")) continue;
    const box = each.getBoundingClientRect();
    const isOut = box.width && (box.left < 0 || box.right > width + 0.5);
    const isCut = each.scrollWidth > each.clientWidth + 1 && each.clientWidth &&
      !["INPUT", "SELECT", "TEXTAREA"].includes(each.tagName);
    if (isOut || isCut) found.push(each.outerHTML.slice(0, 80));
  }
  return found;
}"""
#: What can be reached by keyboard, as it is seen: from top to bottom, from left to right.
IN_SIGHT: Final = """() =>
  [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")]
    .filter(each => each.type !== "hidden" && !each.closest(".unseen"))
    .filter((each, n, all) =>  // Tab comes to one of a group of choices, the arrows to the others
      each.type !== "radio" || all.find(({name}) => name === each.name) === each)
    .map(each => [each.getBoundingClientRect(), each])
    .sort(([one], [other]) => one.top - other.top || one.left - other.left)
    .map(([, each]) => each.name || each.textContent.trim())"""
#: What has the focus, and how that is marked.
FOCUSED: Final = """() => {
  const found = document.activeElement;
  const style = getComputedStyle(found);
  const isSeen = found.getBoundingClientRect().left >= 0;
  return {
    name: found === document.body ? "" : found.name || found.textContent.trim(),
    isMarked: isSeen && style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2,
  };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("pages") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    del site  # is made first: beside a browser no loop of asyncio can be started in this thread
    with a_browser() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, site: Site) -> Iterator[Opening]:
    """Give a function that opens a page of the app in a window of its own."""
    contexts = []

    def open_page(name: str, lang: str, **options: Any) -> Page:  # noqa: ANN401 - playwright's
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        PAGES[name](page, site, lang)
        return page

    yield open_page
    for context in contexts:
        context.close()


@dataclass
class Look:
    """What a look at one page has shown.

    Attributes:
        complaints: of the browser, while the page was loaded.
        asked: every address that was asked for.
        expected: the controls, in the order in which they are seen.
        reached: what the key Tab comes to, one press after the other.
        cut_off: what does not fit, by the way in which the page was enlarged.
        violations: of axe's rules, by color scheme.
    """

    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    expected: list[str] = field(default_factory=list)
    reached: list[dict[str, Any]] = field(default_factory=list)
    cut_off: dict[str, list[str]] = field(default_factory=dict)
    violations: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def looks(browser: Browser, site: Site) -> Callable[[str, str], Look]:
    """Give a function that looks at a page of the app; each page is opened once."""

    @cache
    def look(name: str, lang: str) -> Look:
        found = Look()
        with browser.new_context(viewport=TWICE, device_scale_factor=2) as context:
            page = context.new_page()
            page.on("console", lambda message: found.complaints.append(message.text))
            page.on("pageerror", lambda error: found.complaints.append(str(error)))
            page.on("request", lambda request: found.asked.add(request.url))
            PAGES[name](page, site, lang)
            found.complaints = list(found.complaints)  # what follows is not the page's doing
            found.expected = page.evaluate(IN_SIGHT)
            found.reached = [focus_next(page) for _ in found.expected]
            _enlarge(page, found)
            _run_axe(page, found)
        return found

    return look


def focus_next(page: Page, key: str = "Tab") -> dict[str, Any]:
    page.keyboard.press(key)
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found


def _enlarge(page: Page, found: Look) -> None:
    found.cut_off["a window of 1280 points at 200 %"] = page.evaluate(CUT_OFF)
    page.set_viewport_size(PHONE)
    found.cut_off["a small phone"] = page.evaluate(CUT_OFF)
    page.set_viewport_size(TWICE)
    style = page.add_style_tag(content="html { font-size: 200% }")
    found.cut_off["letters of twice the size"] = page.evaluate(CUT_OFF)
    style.evaluate("each => each.remove()")


def _run_axe(page: Page, found: Look) -> None:
    page.evaluate(AXE_SCRIPT)
    found.violations["light"] = page.evaluate(VIOLATIONS, {})
    page.emulate_media(color_scheme="dark")
    found.violations["dark"] = page.evaluate(VIOLATIONS, {"runOnly": ["color-contrast"]})


@every_page
@every_language
def test_page_violates_no_rule_of_axe(looks: Looking, name: str, lang: str) -> None:
    assert looks(name, lang).violations == {"light": [], "dark": []}


@every_page
@every_language
def test_page_fits_a_phone_and_twice_the_size(looks: Looking, name: str, lang: str) -> None:
    found = looks(name, lang).cut_off
    assert {way: cut for way, cut in found.items() if cut} == {}


@every_page
@every_language
def test_page_asks_for_nothing_that_its_own_policy_forbids(
    looks: Looking, site: Site, name: str, lang: str
) -> None:
    found = looks(name, lang)
    # that a page is an error page is all that the browser may remark
    assert [said for said in found.complaints if "responded with a status of" not in said] == []
    assert {url.startswith(site.url) for url in found.asked} == {True}


@every_page
@every_language
def test_tab_reaches_every_control_in_the_order_in_which_it_is_seen(
    looks: Looking, name: str, lang: str
) -> None:
    found = looks(name, lang)
    assert [each["name"] for each in found.reached] == found.expected
    assert all(each["isMarked"] for each in found.reached)


@every_language
def test_form_is_refused_corrected_and_sent_without_javascript(
    opened: Opening, site: Site, lang: str
) -> None:
    page = opened("errors", lang, java_script_enabled=False)
    assert page.locator("[name=email]").input_value() == "lauren@", "what was typed is kept"
    assert page.locator("#error-email").is_visible()
    count = len(rows_of(site.work, "submissions"))
    fill_in(page, site, lang)
    press(page)
    assert page.url.startswith(f"{site.url}/forms/everything")
    assert page.locator("h1").inner_text() in {"Thank you", "送信を受け付けました"}
    *_, stored = rows_of(site.work, "submissions")
    assert len(rows_of(site.work, "submissions")) == count + 1
    assert (stored["raw"]["full_name"], stored["state"]) == (PEOPLE[lang]["full_name"], "new")
    assert stored["raw"]["consent"] == "true"


@every_language
def test_lead_is_unsubscribed_without_javascript(opened: Opening, site: Site, lang: str) -> None:
    page = opened("unsubscribed", lang, java_script_enabled=False)
    assert page.locator("h1").inner_text() in {"You are unsubscribed", "配信を停止しました"}
    assert {row["cause"] for row in rows_of(site.work, "suppressions")} == {"unsubscribe"}


@every_language
@pytest.mark.parametrize("state", ["accepted", "declined"])
def test_rep_answers_without_javascript(opened: Opening, site: Site, state: str, lang: str) -> None:
    before = _count(site, state)
    opened(state, lang, java_script_enabled=False)
    assert _count(site, state) == before + 1


@every_language
def test_form_is_filled_in_and_sent_by_keyboard_alone(
    opened: Opening, site: Site, lang: str
) -> None:
    page = opened("form", lang)
    said = {**PEOPLE[lang], "email": site.an_address()}
    while (name := focus_next(page)["name"]) not in {"Send", "送信する"}:
        if name in said:
            page.keyboard.insert_text(said[name])
        elif name in {"timeframe", "decision_role", "consent"}:
            page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Space")
    *_, stored = rows_of(site.work, "submissions")
    assert stored["raw"]["email"] == said["email"]
    assert stored["raw"]["message"].splitlines() == said["message"].splitlines()
    assert stored["raw"]["consent"] == "true"


@every_language
def test_enter_in_a_field_sends_the_form(opened: Opening, lang: str) -> None:
    page = opened("form", lang)
    page.locator("[name=email]").focus()
    with page.expect_navigation() as sent:
        page.keyboard.press("Enter")
    assert sent.value is not None
    assert sent.value.status == 422


@every_language
def test_link_of_the_error_summary_leads_to_its_field(opened: Opening, lang: str) -> None:
    page = opened("errors", lang)
    for name in ("full_name", "email", "company", "message"):
        page.locator(f".errors a[href='#field-{name}']").focus()
        assert focus_next(page, "Enter")["name"] == name


@every_language
def test_error_page_is_told_by_its_title_and_read_out_with_its_field(
    opened: Opening, lang: str
) -> None:
    page = opened("errors", lang)
    assert page.title().startswith("エラー: " if lang == "ja" else "Error: ")
    described = page.locator("[name=email]").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").inner_text() != ""


def _count(site: Site, state: str) -> int:
    return sum(row["state"] == state for row in rows_of(site.work, "assignments"))
