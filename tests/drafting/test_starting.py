"""A report comes onto the line, or is refused whole: bad files, bad words, marks of state secrets."""

import re
from typing import Any

import pytest
from builders import SEED, Given
from processes import at_once
from watching import actions_on, data_of, events, files_with, refusal, rows

from pubflow.drafting.actions import edit
from pubflow.drafting.starting import LARGEST, import_report, make_draft, new_report
from pubflow.errors import BadInput, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.access import open_sealed, open_source
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.office.reading import warnings_of
from pubflow.publication.releases import cancel
from pubflow.records.tables import Source

OLD = """\
南昌市东湖区统计局2015年政府信息公开工作年度报告
索引号: | A25010/2015-00001 | 主题分类: | 综合政务 |
发布机构: | 东湖区统计局 | 生成日期: | 2016-02-27 |
一、概述
我局各科室认真落实条例，按时公开各项统计信息，方便公众查询。
二、主动公开政府信息情况
(一)数量:2015年度主动公开政府信息共209条。
"""
HEADER = "indicator,unit,month_value,prior_ytd_value,ytd_value,ytd_yoy_pct,prior_year_ytd_value,basis"
FIGURES = f"{HEADER}\n规模以上工业增加值,亿元,12.5,100.1,112.6,5.4,106.8,可比价\n"


def bring(given: Given, raw: bytes | str, name: str = "a.txt", by: str = "lin_xiao", **changes: str | None) -> str:
    content = raw.encode() if isinstance(raw, str) else raw
    asked = {"title": None, "kind": "yearly_report", "category": ""} | changes
    return import_report(given.office, given.people[by], content, name, now=given.tick(), **asked)[0]


def start(given: Given, by: str = "lin_xiao", **changes: Any) -> str:
    asked = {"kind": "monthly", "title": "2026-10统计月报", "period": "2026-10"} | changes
    return new_report(given.office, given.people[by], now=given.tick(), **asked)


@pytest.mark.parametrize(
    ("raw", "name", "message"),
    [
        (OLD.encode(), "报告.pdf", r"报告\.pdf：不认识的文件类型“\.pdf”"),
        (OLD.encode(), "报告", "文件名没有后缀"),
        (b"%PDF-1.7", "报告.txt", "内容不是文本，而是 PDF"),
        (b"", "报告.txt", "文件是空的"),
        (b" \n\t\n", "报告.txt", "文件是空的"),
        (b"\xef\xbb\xbf", "报告.txt", "文件是空的"),
        # 6 characters of 3 bytes each, then a byte that begins nothing
        ("南昌市东湖区".encode() + b"\xff\xfe", "报告.txt", "第 18 字节（0xFF）不是 UTF-8 编码"),
        ("统".encode("gbk") + b"\xff", "报告.txt", "第 2 字节（0xFF）也不是 GBK/GB18030 编码"),
        (OLD.encode("utf-16"), "报告.txt", "UTF-16"),
        (OLD.replace("2016-02-27", "2017-02-30").encode(), "报告.txt", "2017-02-30"),
        (("# 第一个标题\n# 第二个标题\n" + OLD).encode(), "报告.txt", "标题"),
        (OLD.split("\n", 1)[1].encode(), "报告.txt", "文件中没有标题"),
        (b"x" * (LARGEST + 1), "报告.txt", "超过 20 MB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(refusing: Given, raw: bytes, name: str, message: str) -> None:
    with refusal(refusing.office, BadInput, message, codes=["bad_input"]):
        bring(refusing, raw, name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "另一个标题"}, "有两个标题：文件中是“南昌市东湖区统计局2015年.*--title 给出的是“另一个标题”"),
        ({"title": "第一行\n第二行"}, "有两个标题"),
        ({"category": "天气预报"}, "天气预报"),
        ({"kind": "诗歌"}, "没有名为“诗歌”的体裁"),
    ],
)
def test_an_import_with_a_wrong_title_category_or_kind_is_refused_whole(
    refusing: Given, changes: dict[str, str], message: str
) -> None:
    with refusal(refusing.office, BadInput, message, codes=["bad_input"]):
        bring(refusing, OLD, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "  "}, "没有标题"),
        ({"title": "第一个标题\n第二个标题"}, "信息名称不止一行"),
        ({"period": "10月\n11月"}, "报告期不止一行"),
        ({"category": "天气预报"}, "没有名为“天气预报”的目录分类"),
        ({"kind": "诗歌"}, "没有名为“诗歌”的体裁"),
        ({"figures": ("十月.xlsx", b"PK\x03\x04")}, r"十月\.xlsx：不认识的文件类型“\.xlsx”.*\.csv"),
        ({"figures": ("十月.csv", b"")}, r"十月\.csv：文件是空的"),
        ({"figures": ("十月.csv", b"x" * (LARGEST + 1))}, "超过 20 MB"),
    ],
)
def test_a_new_report_with_a_wrong_field_is_refused_whole(
    refusing: Given, changes: dict[str, object], message: str
) -> None:
    with refusal(refusing.office, BadInput, message, codes=["bad_input"]):
        start(refusing, **changes)


@pytest.mark.parametrize("who", ["fang_zhi", "wan_ning", "liao_jun", "gong_lei", "shu_yan"])
def test_only_a_drafter_starts_a_report(refusing: Given, who: str) -> None:
    with refusal(refusing.office, StepRefused, "由起草人办理", codes=["other_role"]):
        bring(refusing, OLD, by=who)
    with refusal(refusing.office, StepRefused, "由起草人办理", codes=["other_role"]):
        start(refusing, by=who)


MARKED = "机密★10年"
WORDS = "东湖水文站高程异常"  # so that a search for the text itself finds what was kept


@pytest.mark.parametrize(
    "door",
    ["import", "import gbk", "import title", "import name", "new title", "new period", "figures", "figures gbk"],
)
def test_a_state_secret_mark_is_refused_at_every_door_and_nothing_of_the_text_is_kept(
    refusing: Given, door: str
) -> None:
    secret = OLD.replace("一、概述\n", f"一、概述\n{MARKED}\n{WORDS}\n")
    cells = FIGURES.replace("可比价", f"{WORDS} {MARKED}")
    doors = {
        "import": lambda: bring(refusing, secret, f"{WORDS}.txt"),
        "import gbk": lambda: bring(refusing, secret.encode("gbk"), f"{WORDS}.txt"),
        "import title": lambda: bring(refusing, OLD.split("\n", 1)[1], title=f"{WORDS} {MARKED}"),
        "import name": lambda: bring(refusing, OLD, f"{WORDS}（机密）.txt"),
        "new title": lambda: start(refusing, title=f"{WORDS}{MARKED}"),
        "new period": lambda: start(refusing, period=f"{WORDS} {MARKED}"),
        "figures": lambda: start(refusing, figures=(f"{WORDS}.csv", cells.encode())),
        "figures gbk": lambda: start(refusing, figures=(f"{WORDS}.csv", cells.encode("gbk"))),
    }
    with refusal(refusing.office, SecretMarkFound, "内容带有国家秘密标志.*内容未保存.*保密员"):
        doors[door]()
    assert files_with(refusing.office, MARKED, WORDS) == []
    kept = data_of(events(refusing.office)[-1])
    assert set(kept) == {"step", "code", "rules", "name"}
    assert re.fullmatch("[0-9a-f]{64}", kept["name"])


def test_the_search_for_plain_text_finds_what_is_kept_in_plain(given: Given) -> None:
    bring(given, OLD)  # a title stands in the lists of the register
    assert [found.split(":")[0] for found in files_with(given.office, "2015年政府信息公开工作")] != []
    assert files_with(given.office, "按时公开各项统计信息") == []  # the text itself never does


def test_a_gbk_file_is_read_like_the_same_file_in_utf_8(given: Given) -> None:
    first, second = bring(given, OLD.encode("gbk")), bring(given, OLD.encode())
    given.flows()
    assert given.text(first) == given.text(second)
    assert "共209条" in given.text(first).body


def test_the_same_file_is_imported_once_unless_the_first_was_cancelled(given: Given) -> None:
    first = bring(given, OLD)
    with refusal(given.office, BadInput, f"同一份文件已导入为 {first}", codes=["bad_input"]):
        bring(given, OLD, "另一个名字.txt")
    cancel(given.office, first, given.people["lin_xiao"], reason="导错了", now=given.tick())
    assert bring(given, OLD) == "R-2026-0002"


def test_numbers_of_reports_have_no_gap_after_refusals(given: Given) -> None:
    assert bring(given, OLD) == "R-2026-0001"
    with refusal(given.office, BadInput, "同一份文件"):
        bring(given, OLD)
    assert start(given) == "R-2026-0002"


def test_the_raw_file_and_the_difference_are_kept_sealed(given: Given) -> None:
    raw = SEED.read_bytes()
    report_id = bring(given, raw, SEED.name, title="南昌市东湖区统计局2016年政府信息公开工作年度报告")
    with given.office.records.reading() as session:
        edition = newest_edition(session, report_id)
        source = session.get_one(Source, edition.id)
        assert open_source(given.office, session, edition) == raw
        assert source.difference is not None
        difference = open_sealed(given.office, session, edition, source.difference, f"{edition.id}/difference")
    assert "-索引號:" in difference.decode()
    assert "+索引号:" in difference.decode()
    assert source.sha256 == "1d69c0ec8aae1d50cbc8efdae925bb7bf91ba268ab88ffb85a0fc5e020fce7f4"  # sha256sum
    assert files_with(given.office, "编印《东湖统计动态》12期", "編印《東湖") == []


def test_the_first_version_is_made_once_from_figures_by_the_template(given: Given) -> None:
    report_id = start(given, figures=("十月.csv", FIGURES.encode()))
    assert given.edition(report_id).version == 0
    assert make_draft(given.office, report_id, given.tick()).changed
    assert "112.6" in given.text(report_id).body
    assert given.text(report_id).head.title == "2026-10统计月报"
    before, known = rows(given.office), len(events(given.office))
    again = make_draft(given.office, report_id, given.tick())
    assert not again.changed
    assert again.text.startswith(f"not due: drafting {report_id}")
    assert rows(given.office) == before
    assert len(events(given.office)) == known


def test_two_drafting_flows_at_once_make_one_version(given: Given) -> None:
    report_id = bring(given, OLD)
    now = given.tick()

    def flow(office: Office) -> bool:
        return make_draft(office, report_id, now).changed

    assert sorted(at_once(given.office, [flow, flow, flow])) == [False, False, True]
    assert given.edition(report_id).version == 1
    assert actions_on(given.office, report_id).count("edit") == 1


def test_nobody_edits_past_the_import_before_its_warnings_are_written(given: Given) -> None:
    report_id = bring(given, SEED.read_bytes(), SEED.name, title="南昌市东湖区统计局2016年政府信息公开工作年度报告")
    text = '+++\ntitle = "甲"\nkind = "新闻"\ncategory = "工作动态"\n+++\n\n正文\n'
    with refusal(given.office, StepRefused, "drafting 尚未由来源生成第一版", codes=["not_drafted"]):
        edit(given.office, report_id, given.people["lin_xiao"], text, reason="抢先", seen=None, now=given.tick())
    given.flows()
    assert len(warnings_of(given.office, report_id)) == 9
    assert given.edition(report_id).stage == Stage.DRAFTING
