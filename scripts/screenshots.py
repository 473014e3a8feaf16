"""The pictures of the README, taken from a real run: `python scripts/screenshots.py`. Needs Debian's chromium."""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

from chromium import CHROMIUM, FLAGS
from playwright.sync_api import Page, sync_playwright
from pylopdf_fonts_zh_cn import __file__ as fonts_package
from rich.console import Console
from rich.progress import Progress

from pubflow.cli import demo
from pubflow.service.pages import BOARD_KEY
from pubflow.service.prefect_guard import auth_string
from pubflow.service.supervisor import running

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir>
<alias><family>sans-serif</family><prefer><family>Noto Sans SC</family></prefer></alias>
<alias><family>serif</family><prefer><family>Noto Serif SC</family></prefer></alias></fontconfig>
"""


def main() -> int:
    """Take all pictures anew."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS.format(fonts=Path(fonts_package).parent, cache=Path(folder) / "cache"))
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        home = Path(folder) / "office"
        passwords = demo.new_workspace(home)
        addresses, _ = stack.enter_context(running(home, say=lambda _line: None))
        office = demo.Office(home, addresses)
        for person, password in passwords.items():
            office.sign_in(person, password)
        console = Console(file=io.StringIO())
        show = demo.Show(console, stack.enter_context(Progress(console=console)))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        scenario = demo.read_scenario()
        report = demo.draft(office, show, scenario)
        office.wait_until_open(demo.HEAD, report, "approve")
        page.wait_for_timeout(3000)  # the pages are refreshed every two seconds
        _enter(page, addresses.prefect, auth_string(home))
        _newest(page, f"{addresses.prefect}/artifacts/key/{BOARD_KEY}", "prefect-board")
        digest = demo.review(office, show, report)
        path = demo.release_it(office, show, report, digest)
        page.wait_for_timeout(3000)
        _newest(page, f"{addresses.prefect}/artifacts/key/{report.lower()}", "prefect-report")
        page.set_viewport_size({"width": 1280, "height": 1500})
        _shot(page, f"{addresses.prefect}/runs", "prefect-runs")
        page.set_viewport_size({"width": 1280, "height": 1100})
        _shot(page, f"{addresses.portal}/{path}", "public-page")
        browser.close()
    return 0


def _enter(page: Page, prefect: str, auth: str) -> None:
    page.goto(prefect)
    page.locator("input[type=password]").fill(auth)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")


def _newest(page: Page, address: str, name: str) -> None:
    """The newest artifact of a key, as the operator sees it after a click."""
    page.goto(address)
    page.locator("a[href*='/artifacts/artifact/']").first.click()
    page.wait_for_url("**/artifacts/artifact/**")
    _shot(page, page.url, name)


def _shot(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
