"""Layouts and spellings in which the same things stand; sentences of this file's own, expected values by hand."""

from pathlib import Path

import pytest

from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.rule_kinds import Severity
from pubflow.confidentiality.scan import load_rules, scan

RULES = load_rules(Path(__file__).parents[2] / "config" / "rules" / "confidentiality.toml")
ID = "11010519491231002X"  # the example of GB 11643
CREDIT = "91350100M000100Y43"  # the example of GB 32100
ORGANISATION = "D2143569-X"  # the example of GB 11714


def found(text: str, form: str = "text") -> list[tuple[str, str]]:
    """(type, the original's own spelling) of every hard finding, in reading order."""
    return [
        (one.type, text[one.start : one.end]) for one in scan(text, RULES, format=form) if one.severity is Severity.HARD
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("住户【钱】【大】【海】（手机13800138000）", [("PERSON_NAME", "钱】【大】【海"), ("MOBILE", "13800138000")]),
        ("委托人 钱-大-海，身份证" + ID, [("PERSON_NAME", "钱-大-海"), ("CN_ID", ID)]),
        ("联系手机1_3_8_0_0_1_3_8_0_0_0", [("MOBILE", "1_3_8_0_0_1_3_8_0_0_0")]),
        ("车牌 赣_A_1_2_3_4_5", [("PLATE", "赣_A_1_2_3_4_5")]),
        ("机密★1年\n份号：0 0 0 1 2 3", [("SECRET_MARK", "机密★1年"), ("COPY_NO", "0 0 0 1 2 3")]),
        ("机密★1年\n份号：OOO123", [("SECRET_MARK", "机密★1年"), ("COPY_NO", "OOO123")]),
        ("东 统 密 〔 2 0 1 9 〕 7 号", [("SECRET_DOCNO", "东 统 密 〔 2 0 1 9 〕 7 号")]),
        ("东统密〔二〇一九〕十七号", [("SECRET_DOCNO", "东统密〔二〇一九〕十七号")]),
        ("受访者李·光·明，手机13800138000", [("PERSON_NAME", "李·光·明"), ("MOBILE", "13800138000")]),
        ("机密★1年\n密级＝机密", [("SECRET_MARK", "机密★1年"), ("SECRET_FIELD", "密级＝机密")]),
        ("（数据未公布前严禁泄露）\n正文", [("INTERNAL_MARK", "数据未公布前严禁泄露")]),
        ("未公布的数据不得对外泄露，违者依法处理。", []),
        ("驾驶赣A12345一辆", [("PLATE", "赣A12345")]),
        ("持有护照E一二三四五六七八", [("PASSPORT", "E一二三四五六七八")]),
    ],
)
def test_what_is_set_apart_or_spelt_otherwise_is_found_where_it_stands(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12345678（QQ），另附说明", [("QQ", "12345678")]),
        ("已加wxid_abc123def为好友", [("WECHAT", "wxid_abc123def")]),
        ("通行证，证号：C12345678", [("TRAVEL_PERMIT", "C12345678")]),
        ("户主留存座机0791-86123456", [("LANDLINE", "0791-86123456")]),
        ("值班室座机0791-86123456", []),
        (f"组织机构代码为{ORGANISATION}。", [("ORG_CODE", ORGANISATION)]),
        (f"{CREDIT}号企业因迟报被处以行政处罚。", []),
        ("It was looked at yesterday. Then it was closed.", []),
        ("发票核验返回 sum=13812345678，通过", []),
        ("场次号6225880012345675，请按时观看", []),
    ],
)
def test_a_label_counts_on_either_side_of_its_value(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.钱大海户（电话13800138000）", [("PERSON_NAME", "钱大海"), ("MOBILE", "13800138000")]),
        ("摊主代表钱大海（13800138000）", [("PERSON_NAME", "钱大海"), ("MOBILE", "13800138000")]),
        ("今日由钱大海顶班（手机13800138000）", [("PERSON_NAME", "钱大海"), ("MOBILE", "13800138000")]),
        ("钱大海的手机是13800138000", [("PERSON_NAME", "钱大海"), ("MOBILE", "13800138000")]),
        ("赣A12345　钱大海\n", [("PLATE", "赣A12345"), ("PERSON_NAME", "钱大海")]),
        ("钱大海：\n　　您反映的事项已收悉。", [("PERSON_NAME", "钱大海")]),
        ("钱大海：\n　　今年以来全区经济平稳运行。", []),
        ("钱大海、李小明等同志走上领导岗位，平均年龄42岁。", []),
        (
            "宏达机械厂上半年完成产值3200万元；法定代表人钱大海到会。",
            [("ENT_DATA", "宏达机械厂上半年完成产值3200万元"), ("PERSON_NAME", "钱大海")],
        ),
        ("全区产值3200亿元；法定代表人钱大海到会。", []),
    ],
)
def test_a_name_is_private_beside_something_personal_whatever_stands_between(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("村民钱大海尿毒症，手机13800138000", ["PERSON_NAME", "MEDICAL", "MOBILE"]),
        ("全区股骨头坏死手术120台，尿毒症36例。", []),
        ("配偶乙肝病毒携带，正在服药", ["MEDICAL"]),
        ("住户钱大海，2019年全家收入3万元，支出2万元。", ["PERSON_NAME", "HOUSEHOLD"]),
        ("2019年全家收入3万元的农户占两成。", []),
        ("送至柳树镇桥头村第三村民小组15号", ["ADDRESS"]),
        ("钱大海，手机13800138000，佛塔苑3-2-501", ["PERSON_NAME", "MOBILE", "ADDRESS"]),
        ("项目编号佛塔苑3-2-501已归档", []),
    ],
)
def test_illness_family_money_and_a_flat_speak_of_somebody_only_beside_somebody(text: str, expected: list[str]) -> None:
    assert [type_ for type_, _ in found(text)] == expected


def test_a_form_may_quote_marks_to_ask_about_them_but_none_stands_alone_in_quotes() -> None:
    assert found("3. 式样（“绝密★30年”“机密★20年”“秘密★10年”）是否规范：□是 □否") == []
    assert found("“机密★20年”\n关于某事的报告") == [("SECRET_MARK", "机密★20年")]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (
            "csv",
            f"# 导出\nhhid,xm,sfz,dh\nH1,钱大海,{ID},13800138000\n"
            f"H2,孙小河,{ID},13900139000\nH3,李远山,{ID},13700137000",
            [
                *(("PERSON_NAME", "钱大海"), ("CN_ID", ID), ("MOBILE", "13800138000")),
                *(("PERSON_NAME", "孙小河"), ("CN_ID", ID), ("MOBILE", "13900139000")),
                *(("PERSON_NAME", "李远山"), ("CN_ID", ID), ("MOBILE", "13700137000")),
            ],
        ),
        (
            "csv",
            f"项目,甲户,乙户\n姓名,钱大海,孙小河\n证件号码,{ID},{ID}\n登记员,周小海,吴大河",
            [("PERSON_NAME", "钱大海"), ("PERSON_NAME", "孙小河"), ("CN_ID", ID), ("CN_ID", ID)],
        ),
        (
            "csv",
            "类别,姓名,职务,办公电话,手机\n机关,钱大海,局长,0791-86123456,\n住户,孙小河,,,13800138000",
            [("PERSON_NAME", "孙小河"), ("MOBILE", "13800138000")],
        ),
        (
            "csv",
            "户别,联系电话\n家庭户,13800138000\n家庭户,139****0000\n集体户,137****0000",
            [("MOBILE", "13800138000")],
        ),
        (
            "csv",
            "行业,2018年,,2019年,\n,家数,产值,家数,产值\n采矿业,2,44,9,78\n制造业,14,150,1,46",
            [("SMALL_CELL", "44"), ("SMALL_CELL", "46")],
        ),
        ("csv", "行业,家数,产值（万元）\n采矿业,1,叁佰零贰\n制造业,9,五千", [("SMALL_CELL", "叁佰零贰")]),
        (
            "csv",
            "姓名,前六位,出生,顺序码,号段,中间,尾号\n钱大海,110105,19491231,002X,138,0013,8000",
            [("PERSON_NAME", "钱大海"), ("CN_ID", "110105,19491231,002X"), ("MOBILE", "138,0013,8000")],
        ),
        (
            "csv",
            f"企业名称,信用代码,处罚决定书文号,罚款（元）\n江城第一机床厂,{CREDIT},江统罚〔2019〕3号,5000",
            [],
        ),
        (
            "csv",
            "单位名称,负责人,营业收入\n江城第一机床厂,钱大海,3456\n长江食品厂,孙小河,1234",
            [
                *(("PERSON_NAME", "钱大海"), ("ENT_DATA", "江城第一机床厂,钱大海,3456")),
                *(("PERSON_NAME", "孙小河"), ("ENT_DATA", "长江食品厂,孙小河,1234")),
            ],
        ),
        (
            "html",
            "<table><tr><td>指标</td><td>本月</td><td>累计</td></tr><tr><td>用电量（千瓦时）</td>"
            "<td>13812345678</td><td>13912345678</td></tr></table>",
            [],
        ),
        (
            "html",
            "<table><tr><th rowspan=2>行业</th><th colspan=2>今年</th><th colspan=2>去年</th></tr>"
            "<tr><th>家数</th><th>产值</th><th>家数</th><th>产值</th></tr>"
            "<tr><td>采矿业</td><td>2</td><td>44</td><td>9</td><td>78</td></tr></table>",
            [("SMALL_CELL", "44")],
        ),
        ("csv", "指标,产值（万元）,增长\n工业,3456.7,3.4\n联系电话,13800138000,", [("MOBILE", "13800138000")]),
        (
            "html",
            "<table><tr><th>姓名</th><th>微信号</th></tr><tr><td><p>钱大海</p></td><td><p>qian_1984</p></td></tr></table>",
            [("PERSON_NAME", "钱大海"), ("WECHAT", "qian_1984")],
        ),
        (
            "csv",
            "业主,房号,电话\n钱大海,佛塔苑3栋502室,13800138000\n孙小河,桥头路8号,13900139000\n李远山,桥头路9号2门101,13700137000",
            [
                *(("PERSON_NAME", "钱大海"), ("ADDRESS", "佛塔苑3栋502室"), ("MOBILE", "13800138000")),
                *(("PERSON_NAME", "孙小河"), ("ADDRESS", "桥头路8号"), ("MOBILE", "13900139000")),
                *(("PERSON_NAME", "李远山"), ("ADDRESS", "桥头路9号2门101"), ("MOBILE", "13700137000")),
            ],
        ),
        ("csv", "科室,姓名,座机,传真\n农业科,钱大海,0791-86123456,0791-86123457", []),
        (
            "html",
            "<dl><dt>姓名</dt><dd>钱大海</dd><dt>手机</dt><dd>13800138000</dd></dl>",
            [("PERSON_NAME", "钱大海"), ("MOBILE", "13800138000")],
        ),
    ],
)
def test_a_table_is_read_whatever_way_it_lies(form: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(found(text, form)) == sorted(expected)


def test_a_term_that_a_line_breaks_in_two_is_found_and_two_words_on_two_lines_are_not() -> None:
    lexicon = Lexicon(("白桦计划",))
    text = "正文提到白桦\n计划的进度，以及白桦\n\n计划另有安排。"
    (term,) = [one for one in scan(text, RULES, lexicon) if one.type == "LEXICON"]
    assert text[term.start : term.end] == "白桦\n计划"


def test_an_x_inside_a_number_cut_over_cells_is_no_number_and_no_crash() -> None:
    assert found("编号\t110105\t19491231\tX020\n", "html") == []
