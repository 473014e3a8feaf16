"""The public pages in a real browser, as people with a keyboard, a phone, or no JavaScript read them."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from jinja2 import Environment
from playwright.sync_api import Browser, Page, sync_playwright

from pubflow.publication.pages import CategoryPage, Entry, PublicItem, Site, category_path, index_pages, item_pages
from pubflow.publication.pages import item_path as path_of

pytestmark = pytest.mark.browser

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
FOCUSED = "document.activeElement.getAttribute('class') || document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def address(web: httpx.Client, publish: Callable[..., None], item: PublicItem, site: Site, env: Environment) -> str:
    """The address of a portal that shows one item."""
    path = path_of(item.report_id)
    entry = Entry(item.report_id, item.title, path, item.category_id, item.category_name, item.published_at)
    category = (item.category_id, item.category_name)
    touched = [CategoryPage(*category, number, 1, [entry]) for number in (0, 1)]
    lists = index_pages(site, env, home=[entry], counts=[(*category, 1)], touched=touched)
    publish("g1", lists | item_pages(item, site, env))
    return str(web.base_url)


def phone(browser: Browser) -> Page:
    return browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)


def test_the_way_from_home_to_the_figures_needs_only_a_keyboard(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # seen once it has the focus
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # past the masthead, to the first thing of the page itself
    assert page.evaluate(FOCUSED) == "东湖区统计局2016年政府信息公开年度报告"
    page.keyboard.press("Enter")
    page.wait_for_url("**/R-2016-0042/")
    seen = []
    while page.evaluate(FOCUSED) != "scroll":
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert seen == ["skip", "南昌市东湖区统计局", "首页", "信息公开年报", "scroll"]
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")
    page.close()


def test_a_phone_without_javascript_shows_every_page_without_scrolling_sideways(
    browser: Browser, address: str, item: PublicItem
) -> None:
    page = phone(browser)
    blocked = []
    page.on("console", lambda message: blocked.append(message.text) if "Security Policy" in message.text else None)
    category = category_path(item.category_id)
    for path in ("", path_of(item.report_id), category, f"{category}pages/00/1.html", "nowhere/at/all"):
        page.goto(f"{address}/{path}")
        assert page.locator("h1").is_visible()
        for box in (each.bounding_box() for each in page.locator("body, main, h1, footer, .catalogue, .body").all()):
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        assert page.locator("html").evaluate("html => html.scrollWidth") == 390
        assert page.locator("header").evaluate("header => getComputedStyle(header).borderTopWidth") == "5px"
    assert blocked == []
    page.close()


def test_a_screen_reader_meets_the_catalogue_as_a_table_on_a_phone_too(
    browser: Browser, address: str, item: PublicItem
) -> None:
    page = phone(browser)
    page.goto(f"{address}/{path_of(item.report_id)}")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    met = [(node["role"]["value"], node.get("name", {}).get("value")) for node in tree]
    start = met.index(("table", "政府信息目录"))
    cells = [pair for pair in met[start:] if pair[0] in ("rowheader", "cell")]
    assert cells[2:6] == [
        ("rowheader", "索引号"),
        ("cell", "A25010-7481-1397-0846-6018-8139"),
        ("rowheader", "主题分类"),
        ("cell", "—"),
    ]
    page.close()
