"""The import as a whole: the real 2016 report by hand-written figures, and each warning if and only if its cause is."""

import datetime as dt
import hashlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubflow.documents.report_text import ReportText
from pubflow.drafting.import_decisions import Mend, mend, read_decisions
from pubflow.drafting.import_figures import CategoryName
from pubflow.drafting.import_oddities import oddities
from pubflow.drafting.import_report import read_import
from pubflow.drafting.import_rules import ImportRules
from pubflow.errors import BadInput

ROOT = Path(__file__).parents[2]
SEED = ROOT / "tests" / "data" / "donghu-2016-annual-report.txt"
RULES = ImportRules.model_validate(tomllib.loads((ROOT / "config/rules/import.toml").read_text("utf-8")))
DEMO = tomllib.loads((ROOT / "config/demo/2016-report.toml").read_text("utf-8"))
TITLE = "南昌市东湖区统计局2016年政府信息公开工作年度报告"
BUREAU = "南昌市东湖区统计局"
NINE = (
    "概况信息",
    "法规文件",
    "发展规划",
    "工作动态",
    "人事信息",
    "财经信息",
    "行政执法",
    "公共服务",
    "其他需要公开的信息",
)
CATEGORIES = (
    *(CategoryName(f"c{number}", name) for number, name in enumerate(NINE)),
    CategoryName("annual_reports", "信息公开年报", ("政府信息公开年报",), named_in_scheme=False),
)

# A report in which nothing is odd. 8 annual reports by the end of 2016: 2008 to 2015.
CLEAN = f"""\
{TITLE}
索引号: | A25010/2016-00001 | 主题分类: | 综合政务 |
发布机构: | {BUREAU} | 生成日期: | 2017-02-27 15:06 |
文件编号: | 东统字〔2017〕3号 | 有效性: | 有效 |
公开范围: | 面向全社会 | 公开方式: | 主动公开 |
一、概述
我局各科室认真落实《条例》。
二、主动公开政府信息情况
(一)数量:2016年度主动公开政府信息共209条,编印《东湖统计月报》12期。
(二)类别:主要分为:工作动态、公共服务和信息公开年报三类。截止到2016年12月31日累计公开信息100条,\
其中:工作动态90条,公共服务2条,信息公开年报8条。已公开的政府信息中未涉及国家秘密、商业秘密和个人隐私。
三、存在的问题及改进情况
(一)主要问题
1.发布的及时性有待提高。
2.人员培训不足。
(二)改进措施
1.及时上网。
2.组织业务培训。
"""


def imported(text=CLEAN, **changes):
    raw = text if isinstance(text, bytes) else text.encode()
    given = {
        "title": None, "kind": "年度报告", "category": "信息公开年报", "categories": CATEGORIES,
        "rules": RULES, "on": dt.date(2026, 12, 1), "author_org": BUREAU,
    } | changes  # fmt: skip
    return read_import(raw, "a.txt", **given)


def codes(report):
    return [warning.code for warning in report.warnings]


@pytest.fixture(scope="module")
def seed():
    return imported(SEED.read_bytes(), title=TITLE)


def test_the_real_report_has_its_eight_catalogue_fields(seed):
    assert seed.fields == {
        "index_no": "A25010-7481-1397-0846-6018-8139",
        "subject_class": "",
        "publisher": "东湖区人民政府",
        "date_created": "2017-02-27 15:06",
        "doc_no": "",
        "validity": "有效",
        "scope": "面向全社会",
        "method": "主动公开",
    }
    head = seed.text.head
    assert (head.title, head.category, head.period, head.author_org) == (TITLE, "信息公开年报", "2016", BUREAU)
    assert (head.publisher, head.subject_class, head.doc_no) == ("东湖区人民政府", "", "")


def test_the_real_report_has_its_six_sections(seed):
    assert [section.heading for section in seed.sections] == [
        "一、概述",
        "二、主动公开政府信息情况",
        "三、依申请公开政府信息办理情况",
        "四、政府信息公开的收费及减免情况",
        "五、因政府信息公开申请行政复议、提起行政诉讼的情况",
        "六、政府信息公开工作存在的主要问题及改进情况",
    ]
    assert seed.sections[2].text == "2016年度我局政府信息依申请公开的情况为零。"
    assert [line for line in seed.text.body.split("\n") if line.startswith("### ")] == [
        "### (一)加强组织领导,不断健全工作机制",
        "### (二)严把信息质量,全力提升工作水平",
        "### (三)充分运用载体,不断完善公开形式",
        "### (一)工作中存在的主要问题和困难",
        "### (二)具体的解决办法和改进措施",
    ]
    assert "\n\n2.政务公开长效机制有待进一步完善。\n\n" in seed.text.body


def test_the_real_report_has_its_figures_and_they_add_up(seed):
    figures = seed.figures
    assert figures.counts == {
        "概况信息": 3,
        "信息公开年报": 7,
        "法规文件": 144,
        "发展规划": 9,
        "工作动态": 1778,
        "人事信息": 11,
        "行政执法": 12,
        "财经信息": 3,
    }
    assert (figures.total, figures.sum, figures.as_of) == (1967, 1967, dt.date(2016, 12, 31))
    assert (figures.year, figures.items_in_year) == ("2016", 209)
    assert figures.serial_issues == {"东湖统计动态": 12, "东湖统计月报": 12}
    assert (figures.named, figures.named_stated) == (NINE, 9)
    assert (figures.no_protected_content, figures.no_override) == (True, True)


def test_the_real_report_is_kept_by_digest_with_the_difference(seed):
    assert seed.raw_digest == hashlib.sha256(SEED.read_bytes()).hexdigest()
    assert (seed.encoding, seed.pinyin_removed) == ("utf-8", 150)
    assert "\n-發(fā)布機(jī)構(gòu): " in seed.diff
    assert ReportText.parse(seed.text.canonical()).digest == seed.text.digest


def test_the_real_report_has_exactly_the_nine_known_oddities(seed):
    assert codes(seed) == ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9"]
    assert all(warning.blocks and warning.remedy for warning in seed.warnings)
    quotes = {warning.code: [(place.line, place.quote) for place in warning.places] for warning in seed.warnings}
    assert quotes["W1"] == [(15, "信息公开年报"), (15, "公共服务"), (15, "其他需要公开的信息")]
    assert quotes["W2"] == [(15, "信息公开年报7")]
    assert [(line, words[:12]) for line, words in quotes["W3"]] == [
        (25, "公文类信息公开属性界定还"),
        (25, "对政府信息公开的指导力度"),
        (29, "2.规范、优化申请?zh"),
        (30, "3.拓展公开形式。改善形"),
        (28, "1.加大统计公开力度。根"),
    ]
    assert quotes["W4"] == [(28, "统计结果和整改情况")]
    assert quotes["W5"] == [
        (0, "信息名称"),
        (1, "主题分类"),
        (3, "文件编号"),
        (2, "东湖区人民政府"),
        (8, "处室"),
        (8, "科室"),
        (25, "度还有待加强,,信息发布的及"),
    ]
    assert quotes["W7"] == [(1, "A25010-7481-1397-0846-6018-8139")]
    assert [line for line, _ in quotes["W8"]] == [15, 15]
    assert quotes["W9"] == [(29, "优化申请?zhí)幚砹鞒獭<讧?qiáng)政府信息")]
    texts = {warning.code: warning.text for warning in seed.warnings}
    assert "问题5项，措施4项" in texts["W3"]
    assert "拼音150处" in texts["W6"]
    assert "仅为推断" in texts["W2"]


def test_a_clean_report_has_no_warning():
    report = imported()
    assert report.warnings == ()
    assert report.text.head.title == TITLE
    assert report.figures.no_override is None


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("、公共服务和信息公开年报三类", "和信息公开年报两类", "W1", "公共服务"),
        ("公共服务2条,", "行政执法2条,", "W1", "行政执法"),
        ("年报三类", "年报四类", "W1", "称4类，实际列名3类"),
        ("工作动态90条,公共服务2条,信息公开年报8条", "工作动态91条,公共服务2条,信息公开年报7条", "W2", "应为8份"),
        ("2.人员培训不足。\n", "", "W3", "2.组织业务培训。"),
        ("2.组织业务培训。\n", "", "W3", "人员培训不足"),
        ("2.组织业务培训。", "2.改善网站。", "W3", "人员培训不足"),
        ("及时性有待提高", "及时性有待提高、制度不够健全", "W3", "制度不够健全"),
        ("1.及时上网", "1.统计结果和整改情况及时上网", "W4", "审计机关"),
        ("主题分类: | 综合政务", "主题分类: | ", "W5", "主题分类"),
        ("文件编号: | 东统字〔2017〕3号 | ", "文件编号: | ", "W5", "文件编号"),
        ("公开范围: | 面向全社会 | ", "", "W5", "公开范围"),
        (f"发布机构: | {BUREAU}", "发布机构: | 东湖区人民政府", "W5", "不是责任部门"),
        ("| 有效 |", "| 有效 | 责任人: | 张三 |", "W5", "不认识的栏目"),
        ("各科室", "各科室、处室", "W5", "混用"),
        ("209条,", "209条,,", "W5", "标点重复"),
        ("认真落实", "認真落實", "W6", "繁体转为简体2字"),
        ("认真落实", "认真落(luò)实", "W6", "拼音1处"),
        ("A25010/2016-00001", "A25010-7481-1397-0846-6018-8139", "W7", "A25010"),
        ("个人隐私。", "个人隐私,也没有经权利人同意公开的政府信息。", "W8", "没有经权利人同意公开的政府信息"),
        ("我局各科室", "我局?各科室", "W9", "半角问号"),
        ("认真落实《条例》", "认真落实《条例", "W9", "不成对"),
        ("累计公开信息100条", "累计公开信息101条", "W10", "90+2+8 = 100，不是101"),
        ("公共服务2条", "公共服务2条,公共服务0条", "W10", "计了两次"),
        ("公共服务2条", "公共服务2条,若干条", "W10", "读不出条数"),
        ("认真落实《条例》", "2016年2月30日起落实《条例》", "W11", "2016年2月30日"),
        ("三、存在", "四、存在", "W12", "这里应为“三、”"),
    ],
)  # fmt: skip
def test_a_warning_comes_with_its_cause_and_alone(old, new, code, told):
    assert old in CLEAN
    report = imported(CLEAN.replace(old, new))
    assert codes(report) == [code]
    assert told in str(report.warnings[0])


def test_two_statements_in_two_sentences_are_two_booleans_and_no_warning():
    report = imported(CLEAN.replace("个人隐私。", "个人隐私。没有经权利人同意公开的政府信息。"))
    assert (report.figures.no_protected_content, report.figures.no_override) == (True, True)
    assert report.warnings == ()


def test_before_the_due_day_the_last_annual_report_may_be_missing():
    text = CLEAN.replace("信息公开年报8条", "信息公开年报7条").replace("90条", "91条")
    assert codes(imported(text.replace("2016年12月31日", "2016年3月31日"))) == []
    assert codes(imported(text.replace("2016年12月31日", "2016年4月1日"))) == ["W2"]


def test_without_a_known_author_the_text_itself_tells_that_it_is_not_the_publisher():
    assert codes(imported(author_org="")) == []
    assert codes(imported(CLEAN.replace(f"| {BUREAU}", "| 东湖区人民政府"), author_org="")) == ["W5"]


def test_a_rule_that_no_longer_holds_warns_no_more():
    old = tuple(entry.model_copy(update={"valid_to": dt.date(2026, 1, 1)}) for entry in RULES.boilerplate)
    text = CLEAN.replace("1.及时上网", "1.统计结果和整改情况及时上网")
    rules = RULES.model_copy(update={"boilerplate": old})
    assert codes(imported(text, rules=rules, on=dt.date(2026, 1, 1))) == ["W4"]
    assert codes(imported(text, rules=rules, on=dt.date(2026, 1, 2))) == []


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("2", 2),
        ("两", 2),
        ("九", 9),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("三十一", 31),
        ("十十", None),
        ("二一", None),
    ],
)
def test_a_number_of_categories_is_read_in_digits_and_in_characters(words, number):
    assert imported(CLEAN.replace("三类", f"{words}类")).figures.named_stated == number


@given(
    st.lists(st.sampled_from([*CLEAN.split("\n"), "十十类", "主要分为:九类", "标题:", "|", "# ", "(", "2016-02-30"]))
)
def test_any_order_of_lines_is_read_or_refused_in_words(lines):
    try:
        report = imported("\n".join(lines))
    except BadInput:
        return
    assert ReportText.parse(report.text.canonical()).body == report.text.body


def test_markdown_input_reads_the_same():
    marked = CLEAN.replace(TITLE, f"# {TITLE}").replace("\n一、", "\n## 一、").replace("\n(一)主要", "\n### (一)主要")
    assert imported(marked).text == imported().text


def test_a_gbk_file_reads_the_same():
    assert imported(CLEAN.encode("gbk")).text == imported().text


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        ((TITLE + "\n", ""), {}, "文件中没有标题"),
        ((TITLE + "\n", ""), {"title": "  "}, "文件中没有标题"),
        ((TITLE, f"{TITLE}\n另一个标题"), {}, "有两个标题：第1行“" + TITLE + "”，第2行“另一个标题”"),
        ((TITLE, f"# {TITLE}\n# 另一个标题"), {}, "有两个标题"),
        (("索引号:", "标题: | 另一个标题 | 索引号:"), {}, "有两个标题"),
        (("二、主动", "# 另一个标题\n二、主动"), {}, "有两个标题"),
        (("", ""), {"title": "另一个标题"}, "--title 给出的是“另一个标题”"),
        ((TITLE + "\n", ""), {"title": "一\n二"}, "有两个标题"),
        (("", ""), {"category": "天气"}, "没有名为“天气”的目录分类"),
        (("公共服务2条", "天气预报2条"), {}, "a.txt 第10行：没有名为“天气预报”的目录分类"),
        (("2017-02-27", "2017-02-30"), {}, "a.txt 第3行：生成日期“2017-02-30 15:06”不存在"),
        (("2017-02-27 15:06", "2017-02-27 25:06"), {}, "a.txt 第3行：生成日期“2017-02-27 25:06”不存在"),
        (("2017-02-27 15:06", "去年"), {}, "a.txt 第3行：生成日期“去年”读不懂"),
        (("有效性: | 有效", "有效性: | 有效 | 有效性: | 失效"), {}, "“有效性”写了两次"),
        ((TITLE, "+++\n" + TITLE), {}, "不必导入"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words(change, given, message):
    with pytest.raises(BadInput) as refused:
        imported(CLEAN.replace(*change), **given)
    assert message in str(refused.value)
    assert refused.value.remedy


def test_an_unknown_category_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match=r"概况信息、法规文件、.*、信息公开年报"):
        imported(category="天气")


def test_the_demo_answers_every_warning_and_its_mend_heals_the_text(seed):
    demo = read_decisions(DEMO, "config/demo/2016-report.toml")
    assert (demo.file, demo.title, demo.category) == (SEED.name, TITLE, "信息公开年报")
    accepted = [entry.code for entry in demo.decisions if entry.decision == "accept"]
    mends = [change for entry in demo.decisions for change in entry.mends]
    assert accepted == ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"]
    body = seed.text.body
    for change in mends:
        body = mend(body, change)
    assert "2.规范、优化申请处理流程。加强政府信息公开咨询服务工作,规范信息公开流程,方便公众获取政府信息。" in body
    assert oddities(body) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("没有", "有", "正文中找不到“没有”"), ("公开", "开", "正文中有2处“公开”"), ("主动", "主动", "替换前后相同")],
)
def test_a_mend_that_is_not_exact_is_refused(old, new, message):
    with pytest.raises(BadInput, match=message):
        mend("主动公开，依申请公开", Mend(old=old, new=new, reason="核对原件"))


@pytest.mark.parametrize(
    "change",
    [
        {"decisions": [{"code": "W1", "decision": "accept"}]},
        {"decisions": [{"code": "W1", "decision": "accept", "reason": ""}]},
        {"decisions": [{"code": "W9", "decision": "mend", "reason": "核对原件"}]},
        {"decisions": [{"code": "W1", "decision": "accept", "reason": "是"}] * 2},
        {"title": ""},
        {"colour": "红"},
    ],
)
def test_decisions_that_are_incomplete_are_refused(change):
    with pytest.raises(BadInput, match=r"demo\.toml"):
        read_decisions(DEMO | change, "demo.toml")


def test_the_misread_run_is_the_restored_one_shifted_by_one_byte():
    """The evidence the demo's reason gives: GBK bytes read one too late make the very characters of the run."""
    assert "請處理流程。加強".encode("gbk")[1:-1].decode("gbk") == "執幚砹鞒獭＜訌"
