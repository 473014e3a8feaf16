"""Markdown as the public will get it."""

import pytest

from pubflow.documents.markdown import to_html


def test_a_table_gets_scopes_alignment_by_class_and_a_region_that_scrolls() -> None:
    html = to_html("| 类别 | 条数 |\n|---|--:|\n| 法规文件 | 144 |\n")
    assert html == (
        '<div class="scroll" role="region" tabindex="0" aria-label="表格，可左右滚动">\n<table>\n<thead>\n<tr>\n'
        '<th scope="col">类别</th>\n<th scope="col" class="right">条数</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n'
        '<td>法规文件</td>\n<td class="right">144</td>\n</tr>\n</tbody>\n</table>\n</div>\n'
    )


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([2, 3, 3, 2], [2, 3, 3, 2]),
        ([1, 2, 3], [2, 3, 4]),
        ([2, 4, 3], [2, 3, 3]),
        ([3, 2], [2, 2]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
    ],
)
def test_headings_start_below_the_pages_h1_and_skip_no_level(levels: list[int], expected: list[int]) -> None:
    html = to_html("\n\n".join(f"{'#' * level} 标题" for level in levels))
    assert [line[2] for line in html.splitlines()] == [str(level) for level in expected]


def test_a_first_heading_that_repeats_the_title_is_left_out() -> None:
    assert to_html("# 年度报告\n\n## 一、概述\n", title="年度报告") == "<h2>一、概述</h2>\n"
    assert to_html("# 另一个\n\n## 一、概述\n", title="年度报告") == "<h2>另一个</h2>\n<h3>一、概述</h3>\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a <img src=x onerror=alert(1)>", "<p>a &lt;img src=x onerror=alert(1)&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](data:text/html;base64,PHNjcmlwdD4=)", "<p>[x](data:text/html;base64,PHNjcmlwdD4=)</p>\n"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>\n"),
    ],
)
def test_no_html_and_no_script_of_the_text_becomes_active(text: str, shown: str) -> None:
    assert to_html(text).removeprefix("<p>").removesuffix("</p>\n") == shown.removeprefix("<p>").removesuffix("</p>\n")


@pytest.mark.parametrize("src", ["https://tracker.example/x.png", "//tracker.example/x.png", "HTTP://x/y.png"])
def test_a_picture_from_elsewhere_is_replaced_by_its_description(src: str) -> None:
    assert to_html(f"![走势图]({src})") == "<p>走势图</p>\n"


def test_a_picture_of_our_own_keeps_its_description() -> None:
    assert to_html("![走势图](figures/a.svg)") == '<p><img src="figures/a.svg" alt="走势图"></p>\n'


def test_a_line_end_between_chinese_characters_is_no_gap_and_between_words_it_is() -> None:
    assert to_html("主动公开\n政府信息，\n累计") == "<p>主动公开政府信息，累计</p>\n"
    assert to_html("open\ndata") == "<p>open\ndata</p>\n"


def test_links_to_elsewhere_give_nothing_away() -> None:
    assert 'rel="noopener noreferrer"' in to_html("[条例](https://www.gov.cn/)")
