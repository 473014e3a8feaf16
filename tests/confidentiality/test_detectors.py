"""What the detectors find and let pass, on sentences that no rule holds; expected values written by hand."""

from pathlib import Path

import pytest

from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import load_rules, scan

RULES = load_rules(Path(__file__).parents[2] / "config" / "rules" / "confidentiality.toml")
ID = "11010519491231002X"  # the example of GB 11643
CARD = "6222021234567890128"
CREDIT = "91350100M000100Y43"  # the example of GB 32100


def found(text: str, form: str = "text") -> list[tuple[str, str]]:
    """(type, the original's own spelling) of every hard finding, in reading order."""
    return [
        (one.type, text[one.start : one.end]) for one in scan(text, RULES, format=form) if one.severity is Severity.HARD
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "居民陈桂芳（女，52岁）反映邻居占用楼道，手机为138 0013 8000。",
            [("PERSON_NAME", "陈桂芳"), ("MOBILE", "138 0013 8000")],
        ),
        (
            "来访者周立新，联系方式一三八零零一三八零零零，家住青石镇柳树村四组。",
            [("PERSON_NAME", "周立新"), ("MOBILE", "一三八零零一三八零零零"), ("ADDRESS", "青石镇柳树村四组")],
        ),
        ("李春梅同志于2019年被查出乳腺癌，目前在家休养。", [("PERSON_NAME", "李春梅"), ("MEDICAL", "乳腺癌")]),
        ("李四光系尿毒症患者，需长期透析。", [("PERSON_NAME", "李四光"), ("MEDICAL", "尿毒症")]),
        ("刘小芳，45岁，初中文化，无业。", [("PERSON_NAME", "刘小芳")]),
        ("患者李秀珍，女，67岁，因脑梗死住院。", [("PERSON_NAME", "李秀珍"), ("MEDICAL", "脑梗死")]),
        ("阿依古丽·买买提，女，维吾尔族，1990年生", [("PERSON_NAME", "阿依古丽·买买提")]),
        (f"张建国（身份证号：{ID}）", [("PERSON_NAME", "张建国"), ("CN_ID", ID)]),
        ("身份证号：11010519491231OO2X", [("CN_ID", "11010519491231OO2X")]),
        ("电话1(38)0013(8000)已停机", [("MOBILE", "1(38)0013(8000")]),
        (
            "手机1\u20e33\u20e38\u20e30\u20e30\u20e31\u20e33\u20e38\u20e30\u20e30\u20e30\u20e3",
            [("MOBILE", "1\u20e33\u20e38\u20e30\u20e30\u20e31\u20e33\u20e38\u20e30\u20e30\u20e30")],
        ),
        ("卡号：6222 0212 3456 7890 128", [("BANK_CARD", "6222 0212 3456 7890 128")]),
        ("港澳通行证C12345678；护照 E 1234 5678", [("TRAVEL_PERMIT", "C12345678"), ("PASSPORT", "E 1234 5678")]),
        ("车牌号码：赣 A·8 8 8 8 8", [("PLATE", "赣 A·8 8 8 8 8")]),
        (
            "邮箱 zhangsan[at]163[dot]com，加薇：abc_12345",
            [("EMAIL", "zhangsan[at]163[dot]com"), ("WECHAT", "abc_12345")],
        ),
        ("住址：阳明路１２号３栋５０１", [("ADDRESS", "阳明路１２号３栋５０１")]),
        (
            "离异，独自抚养一子，月收入2300元，属低保家庭。",
            [("HOUSEHOLD", "离异，独自抚养一子，月收入2300元，属低保家庭")],
        ),
        (
            "宏达机械厂上半年完成产值3200万元，利润180万元。",
            [("ENT_DATA", "宏达机械厂上半年完成产值3200万元，利润180万元")],
        ),
        ("全区仅有1家卷烟企业，实现产值5600万元。", [("SMALL_CELL", "5600万元")]),
        ("统机密〔2018〕5号", [("SECRET_DOCNO", "统机密〔2018〕5号")]),
        ("机 密★1年\n份号 000123", [("SECRET_MARK", "机 密★1年"), ("COPY_NO", "000123")]),
        ("【仅限局内传阅】", [("INTERNAL_MARK", "仅限局内传阅")]),
    ],
)
def test_what_leads_to_one_person_or_firm_is_found_where_it_stands(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "局长张三丰，45岁，汉族，主持全面工作。",
        "参加座谈的有区长王大山、副区长李小河。",
        "副局长张伟宣读了表彰决定，办公室主任李娜主持会议，咨询电话0791-12345678。",
        "规模以上工业企业472家，实现营业收入2835.2亿元，比上年增长3.1%。",
        "全年用电量13812345678千瓦时；权重合计13812345678。",
        "项目编码13812345678，合同编号13912345678。",
        "身份证号110105********002X，手机138****5678。",
        "涉密文件应当标注“机密★10年”字样。",
        "确诊病例12例，其中肺结核7例；高血压患病率为12.1%。",
        f"中标供应商为某建设集团，统一社会信用代码{CREDIT}。",
        "全区低保户120户，残疾人300人，户均人口2.8人。",
        "微信公众号：tongji_weixun",
    ],
)
def test_public_facts_figures_masks_and_words_of_the_law_pass(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (
            "csv",
            f"序号,姓名,证件号码\n1,王小二,{ID}\n2,李小三,12345",
            [("PERSON_NAME", "王小二"), ("CN_ID", ID), ("PERSON_NAME", "李小三")],
        ),
        ("csv", "序号,姓名,职务,办公电话\n1,王小二,科长,0791-86123456", []),
        (
            "csv",
            "单位详细名称;营业收入;平均用工人数\n江城第一机床厂;3456;120\n长江食品厂;1234;33",
            [("ENT_DATA", "江城第一机床厂;3456;120"), ("ENT_DATA", "长江食品厂;1234;33")],
        ),
        ("csv", "乡镇,农户数(户),出栏生猪(头)\n东镇,120,3400\n西镇,2,45", [("SMALL_CELL", "45")]),
        ("csv", "行业,家数,产值\n采矿业,2家,200\n制造业,30家,3000", [("SMALL_CELL", "200")]),
        (
            "csv",
            "指标,采矿业,制造业\n企业数(家),1,35\n营业收入(万元),230,4500\n增长(%),2,3",
            [("SMALL_CELL", "230"), ("SMALL_CELL", "2")],  # the growth of one is its own figure too
        ),
        ("csv", "指标,单位,本月\n用电量,千瓦时,13812345678\n产值,万元,345.6", []),
        (
            "text",
            "姓名　　　住址　　　　　电话\n王小二　　东街3号2单元101　　13800138000\n"
            "李小三　　西街5号1栋302　　13900139000",
            [
                *(("PERSON_NAME", "王小二"), ("ADDRESS", "东街3号2单元101"), ("MOBILE", "13800138000")),
                *(("PERSON_NAME", "李小三"), ("ADDRESS", "西街5号1栋302"), ("MOBILE", "13900139000")),
            ],
        ),
        (
            "text",
            f"| 姓名 | 银行卡 |\n|---|---|\n| 张小四 | {CARD} |",
            [("PERSON_NAME", "张小四"), ("BANK_CARD", CARD)],
        ),
        (
            "html",
            "<table><tr><th>户主姓名</th><th>联系电话</th></tr>"
            "<tr><td>王 伟</td><td>138<span>0013</span>8000</td></tr></table>",
            [("PERSON_NAME", "王 伟"), ("MOBILE", "138<span>0013</span>8000")],
        ),
        ("html", "<p title='电话13800138000'>见附件</p>", [("MOBILE", "13800138000")]),
        ("html", f"<!-- {ID} --><p>正文</p>", [("CN_ID", ID)]),
        ("html", "<p>138<!-- 一 -->0013<b>8000</b></p>", [("MOBILE", "138<!-- 一 -->0013<b>8000")]),
    ],
)
def test_a_table_is_judged_by_its_columns_and_a_page_by_all_that_it_holds(
    form: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(text, form) == expected


def test_each_finding_says_in_chinese_why_and_shows_no_value() -> None:
    (finding,) = [one for one in scan(f"持有人身份证号码：{ID}", RULES) if one.type == "CN_ID"]
    assert finding.evidence == (
        "18位，末位校验码正确（GB 11643）",
        "前两位是省级行政区划代码，第7至14位是存在的出生日期",
        "前面写有“身份证”",
    )
    assert finding.masked == "110105********002X"
