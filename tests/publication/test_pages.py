"""The public pages as bytes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from jinja2 import Environment

from pubflow.errors import BadInput
from pubflow.publication.pages import (
    PAGE_SIZE,
    CategoryPage,
    Entry,
    PublicItem,
    Site,
    category_page_path,
    index_pages,
    item_pages,
    item_path,
    page_count,
    page_of,
    page_slice,
    touched_pages,
)
from pubflow.publication.tree import checked_path

ITEM = "items/2016/00/R-2016-0042/"


class Page(HTMLParser):
    """The parts of a page that the tests ask about."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.metas: dict[str, str] = {}
        self.rows: dict[str, str] = {}
        self.text = ""
        self._label, self._cell = "", ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "meta" and found.get("name"):
            self.metas[str(found["name"])] = str(found["content"])
        self._cell = tag if tag == "td" or (tag == "th" and found.get("scope") == "row") else ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell == "th":
            self._label = data
        elif self._cell == "td" and self._label:
            self.rows[self._label], self._label = data, ""
        self._cell = ""


def links(page: bytes) -> list[str]:
    return [str(attrs["href"]) for tag, attrs in Page(page).tags if tag in ("a", "link")]


def test_the_item_page_holds_every_catalogue_field(item: PublicItem, site: Site, env: Environment) -> None:
    page = Page(item_pages(item, site, env)[ITEM + "index.html"])
    assert page.rows == {
        "信息名称": "东湖区统计局2016年政府信息公开年度报告",
        "索引号": "A25010-7481-1397-0846-6018-8139",
        "主题分类": "—",
        "发布机构": "东湖区人民政府",
        "责任部门": "东湖区统计局",
        "生成日期": "2017-02-27 15:06",
        "发布日期": "2017-02-27 15:06",
        "文件编号": "—",
        "有效性": "有效",
        "公开范围": "面向全社会",
        "公开方式": "主动公开",
        "目录分类": "信息公开年报",
        "体裁": "年度报告",
        "信息来源": "—",
        "关键词": "政府信息公开,年度报告",
        "内容概述": "2016年主动公开政府信息209条。",
    }


def test_the_item_page_carries_the_meta_tags_of_government_sites(
    item: PublicItem, site: Site, env: Environment
) -> None:
    metas = Page(item_pages(item, site, env)[ITEM + "index.html"]).metas
    assert metas == {
        "viewport": "width=device-width, initial-scale=1",
        "SiteName": "南昌市东湖区统计局",
        "SiteDomain": "tjj.example.gov.cn",
        "SiteIDCode": "3601020001",
        "ColumnName": "信息公开年报",
        "ColumnType": "信息公开目录",
        "ArticleTitle": "东湖区统计局2016年政府信息公开年度报告",
        "PubDate": "2017-02-27 15:06",
        "ContentSource": "东湖区统计局",
        "Keywords": "政府信息公开,年度报告",
        "Author": "东湖区统计局",
        "Description": "2016年主动公开政府信息209条。",
        "Url": "https://tjj.example.gov.cn/items/2016/00/R-2016-0042/",
    }


def test_a_page_is_chinese_has_one_h1_a_skip_link_a_breadcrumb_and_a_footer(
    item: PublicItem, site: Site, env: Environment
) -> None:
    raw = item_pages(item, site, env)[ITEM + "index.html"]
    page = Page(raw)
    assert raw.startswith(b"<!DOCTYPE html>\n")
    assert ("html", {"lang": "zh-CN"}) in page.tags
    assert [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h3", "h2", "h2"]
    assert ("a", {"class": "skip", "href": "#main"}) in page.tags
    assert ("nav", {"class": "trail", "aria-label": "当前位置"}) in page.tags
    assert "主办单位：南昌市东湖区统计局" in page.text
    assert "网站标识码：3601020001" in page.text
    assert not {"script", "style", "iframe", "form"} & {tag for tag, _ in page.tags}
    assert not any("style" in attrs or any(name.startswith("on") for name in attrs) for _, attrs in page.tags)


def test_a_hostile_title_stays_text(item: PublicItem, site: Site, env: Environment) -> None:
    hostile = replace(item, title='"><script>alert(1)</script>', keywords='" onload="x')
    page = Page(item_pages(hostile, site, env)[ITEM + "index.html"])
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.metas["ArticleTitle"] == '"><script>alert(1)</script>'
    assert page.metas["Keywords"] == '" onload="x'


def test_the_record_beside_the_page_has_the_fields_for_machines(item: PublicItem, site: Site, env: Environment) -> None:
    record = json.loads(item_pages(item, site, env)[ITEM + "item.json"])
    assert record["index_no"] == "A25010-7481-1397-0846-6018-8139"
    assert record["published_at"] == "2017-02-27T07:06:00.000000Z"
    assert "body_markdown" not in record


def test_attachments_are_listed_with_kind_and_size_under_their_own_names(
    item: PublicItem, site: Site, env: Environment
) -> None:
    page = item_pages(item, site, env)[f"{item_path(item.report_id)}index.html"].decode()
    name = "附表1 分行业R&amp;D经费.xlsx"
    assert f'<a href="files/aaaaaaaaaaaaaaaa.xlsx" download="{name}">{name}</a>' in page
    assert "电子表格，340 KB" in page
    assert "纯文本，12 字节" in page
    bare = item_pages(replace(item, attachments=()), site, env)[f"{item_path(item.report_id)}index.html"].decode()
    assert "附件" not in bare


def test_notes_and_a_later_edition_are_shown(item: PublicItem, site: Site, env: Environment) -> None:
    later = replace(item, edition=2, notes=("更正了表1的一个数字。",))
    text = Page(item_pages(later, site, env)[ITEM + "index.html"]).text
    assert "第 2 版" in text
    assert "说明：更正了表1的一个数字。" in text


def test_the_same_item_gives_the_same_bytes(item: PublicItem, site: Site, env: Environment) -> None:
    assert item_pages(item, site, env) == item_pages(item, site, env)


def test_items_lie_a_hundred_to_a_folder() -> None:
    assert item_path("R-2026-0001") == "items/2026/00/R-2026-0001/"
    assert item_path("R-2026-0099") == "items/2026/00/R-2026-0099/"
    assert item_path("R-2026-0100") == "items/2026/01/R-2026-0100/"
    assert item_path("R-2026-12345") == "items/2026/123/R-2026-12345/"
    for wrong in ("", "R-2026", "../R-2026-0001", "R-2026-0001/", "R-2026-0001\n"):
        with pytest.raises(BadInput, match="不是报告编号"):
            item_path(wrong)


# --- lists


def lists(
    site: Site, env: Environment, entries: list[Entry], touched: list[int], name: str = "annual-reports"
) -> dict[str, bytes]:
    total = len(entries)
    slices = {number: page_slice(number, total) for number in touched}
    return index_pages(
        site,
        env,
        home=list(reversed(entries))[:PAGE_SIZE],
        counts=[(name, "信息公开年报", total), ("plans", "发展规划", 0)],
        touched=[
            CategoryPage(name, "信息公开年报", number, page_count(total), entries[offset : offset + limit])
            for number, (offset, limit) in slices.items()
        ],
    )


def test_which_pages_a_publication_touches() -> None:
    assert touched_pages(0, 0) == []
    assert touched_pages(0, 1) == [0, 1]
    assert touched_pages(5, 1) == [0, 1]
    assert touched_pages(19, 1) == [0, 1]
    assert touched_pages(20, 1) == [0, 1, 2]  # page 1 is full and gains its link to page 2
    assert touched_pages(21, 1) == [0, 2]
    assert touched_pages(1778, 1) == [0, 89]
    assert touched_pages(38, 45) == [0, 2, 3, 4, 5]
    assert [page_of(n) for n in (1, 20, 21, 1778)] == [1, 1, 2, 89]
    assert page_slice(0, 45) == (25, 20)
    assert page_slice(0, 3) == (0, 20)
    assert page_slice(3, 45) == (40, 20)


@pytest.mark.parametrize(("before", "added"), [(0, 1), (19, 1), (20, 1), (39, 3), (45, 60)])
def test_pages_not_touched_are_the_same_as_if_all_were_made_again(
    site: Site, env: Environment, entries: Callable[[int], list[Entry]], before: int, added: int
) -> None:
    def whole(count: int) -> dict[str, bytes]:
        return lists(site, env, entries(count), list(range(page_count(count) + 1)))

    after = entries(before + added)
    grown = whole(before) | lists(site, env, after, touched_pages(before, added))
    assert grown == whole(before + added)


def test_every_entry_is_on_exactly_one_archive_page_newest_first(
    site: Site, env: Environment, entries: Callable[[int], list[Entry]]
) -> None:
    pages = lists(site, env, entries(45), [0, 1, 2, 3])
    numbers = {
        n: re.findall(r"统计月报 R-2026-(\d{4})<", pages[category_page_path("annual-reports", n)].decode())
        for n in (1, 2, 3)
    }
    assert numbers[3] == ["0045", "0044", "0043", "0042", "0041"]
    assert numbers[1] == [f"{n:04d}" for n in range(20, 0, -1)]
    assert sorted(number for page in numbers.values() for number in page) == [f"{n:04d}" for n in range(1, 46)]


def test_the_home_page_lists_the_newest_and_every_category_with_its_count(
    site: Site, env: Environment, entries: Callable[[int], list[Entry]]
) -> None:
    page = lists(site, env, entries(3), [0, 1])["index.html"]
    words = re.sub(r"\s+", " ", Page(page).text)
    assert words.index("R-2026-0003") < words.index("R-2026-0001")
    assert "信息公开年报 3 条" in words
    assert "发展规划 0 条" in words
    assert links(page).count("./categories/annual-reports/") == 1
    assert "./categories/plans/" not in links(page)  # an empty category has no page to lead to


def test_empty_lists_say_so(site: Site, env: Environment) -> None:
    pages = index_pages(site, env, home=[], counts=[], touched=[CategoryPage("plans", "发展规划", 0, 0, [])])
    assert "目前还没有公开的信息" in pages["index.html"].decode()
    assert "本栏目目前还没有公开的信息" in pages["categories/plans/index.html"].decode()


def test_every_relative_link_of_a_site_leads_to_a_page(
    item: PublicItem, site: Site, env: Environment, entries: Callable[[int], list[Entry]]
) -> None:
    made = entries(45)
    pages = lists(site, env, made, [0, 1, 2, 3]) | item_pages(item, site, env)
    for entry in made:
        pages |= item_pages(replace(item, report_id=entry.report_id), site, env)
    for number in (item.report_id, *(entry.report_id for entry in made)):
        pages |= {f"{item_path(number)}{one.path}": b"" for one in item.attachments}  # put there when it is staged
    for path, page in pages.items():
        assert checked_path(path) == path
        if not path.endswith(".html"):
            continue
        for link in links(page):
            target, fragment = link.partition("#")[::2]
            steps = path.split("/")[:-1] if not target.startswith("/") else []
            for step in target.lstrip("/").split("/"):
                if step == "..":
                    steps.pop()
                elif step not in (".", ""):
                    steps.append(step)
            found = "/".join(steps)
            if target == "":
                assert f'id="{fragment}"' in page.decode()
            else:
                wanted = found if "." in found.rsplit("/", 1)[-1] else f"{found}/index.html".lstrip("/")
                assert wanted in pages, f"{path} links to {link}"


def test_the_404_page_works_at_any_depth(site: Site, env: Environment) -> None:
    page = index_pages(replace(site, base_path="/xxgk/"), env, home=[], counts=[], touched=[])["404.html"]
    assert set(links(page)) == {"#main", "/xxgk/", "/xxgk/style.css", "/xxgk/#categories"}


def test_text_has_enough_contrast_everywhere(env: Environment, site: Site) -> None:
    css = index_pages(site, env, home=[], counts=[], touched=[])["style.css"].decode()
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", css))

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ink in ("text", "quiet", "link", "accent"):
        for ground in ("#ffffff", colours["ground"]):
            ratio = (luminance(ground) + 0.05) / (luminance(colours[ink]) + 0.05)
            assert ratio >= 4.5, f"{ink} on {ground}: {ratio:.1f}"
    assert all(
        float(height) >= 1.6
        for height in re.findall(r"line-height: ([\d.]+)|rem/([\d.]+)", css)
        for height in height
        if height
    )
