"""Editing, answering import warnings, submitting: what is refused, and that nothing is half written then."""

import pytest
from builders import SEED, Given
from watching import data_of, events, files_with, refusal

from pubflow.drafting.actions import answer_warning, edit, submit
from pubflow.drafting.starting import import_report, new_report
from pubflow.errors import AlreadyMoved, BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.access import open_text
from pubflow.office.line import newest_edition
from pubflow.office.reading import warnings_of

TITLE = "南昌市东湖区统计局2016年政府信息公开工作年度报告"
BODY = "## 一、工作动态\n\n本月完成了统计数据发布。\n"


def save(
    given: Given, report_id: str, text: str, *, by: str = "lin_xiao", reason: str = "改", seen: str | None = None
) -> str:
    return edit(given.office, report_id, given.people[by], text, reason=reason, seen=seen, now=given.tick()).digest


def changed(given: Given, report_id: str, old: str, new: str) -> str:
    text = given.text(report_id).canonical()
    assert old in text
    return text.replace(old, new)


@pytest.fixture(scope="module")
def untouched(refusing: Given) -> str:
    """A draft of the office that refuses."""
    return refusing.report(Stage.DRAFTING)


@pytest.fixture
def draft(given: Given) -> str:
    return given.report(Stage.DRAFTING)


@pytest.fixture
def imported(given: Given) -> str:
    report_id, _ = import_report(
        given.office, given.people["lin_xiao"], SEED.read_bytes(), SEED.name,
        title=TITLE, kind="yearly_report", category="", now=given.tick(),
    )  # fmt: skip
    given.flows()
    return report_id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("## 一、工作动态", "# 另一个标题\n\n## 一、工作动态", "有两个标题：元数据中是“东湖区.*正文中是“另一个标题”"),
        ("+++\ntitle", '+++\ntitle = "甲"\ntitle', "有两个标题"),
        ('category = "工作动态"', 'category = "天气预报"', "没有名为“天气预报”的目录分类.*可用的分类"),
        ('kind = "新闻"', 'kind = "诗歌"', "没有名为“诗歌”的体裁"),
        ('kind = "新闻"', 'kind = "新闻"\nauthour = "甲"', "没有名为 authour 的字段"),
        ('date_created = "2026-11-23"', 'date_created = "2026-02-30"', "“2026-02-30”不是一个存在的日期"),
        ("+++\n\n", "\n\n", "元数据没有结束"),
        ("+++\ntitle", "title", "开头没有元数据"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_read_is_not_saved(
    refusing: Given, untouched: str, old: str, new: str, message: str
) -> None:
    text = changed(refusing, untouched, old, new)
    with refusal(refusing.office, BadInput, message, codes=["bad_input"]):
        save(refusing, untouched, text)


def test_an_empty_or_unchanged_text_or_one_without_a_reason_is_not_saved(refusing: Given, untouched: str) -> None:
    same = refusing.text(untouched).canonical()
    for text, reason, message in [
        (" \n", "改", "保存的内容为空"),
        (same, "改", "内容没有变化"),
        (same.replace("\n", "\r\n") + "\n\n", "改", "内容没有变化"),  # another editor's line ends are no change
        (same + "新的一句\n", "  ", "没有写明修改理由"),
    ]:
        with refusal(refusing.office, BadInput, message, codes=["bad_input"]):
            save(refusing, untouched, text, reason=reason)


def test_a_newer_version_is_never_overwritten(given: Given, draft: str) -> None:
    seen = given.edition(draft).digest
    first = save(given, draft, changed(given, draft, "本月", "十月"), seen=seen[:8].upper())
    with refusal(given.office, AlreadyMoved, "刚刚有人先办理了.*report show", codes=["already_moved"]):
        save(given, draft, changed(given, draft, "十月", "十一月"), seen=seen)
    with refusal(given.office, AlreadyMoved, "再看一次", codes=["already_moved"]):
        save(given, draft, changed(given, draft, "十月", "十一月"), seen=first[:7])  # too short to mean one version
    assert "十月" in given.text(draft).body


def test_every_save_is_a_version_and_the_earlier_ones_stay_as_they_were(given: Given, draft: str) -> None:
    before = given.text(draft)
    save(given, draft, changed(given, draft, "本月", "十月"))
    with given.office.records.reading() as session:
        edition = newest_edition(session, draft)
        assert edition.version == 3  # the template's, the builder's, and this
        assert open_text(given.office, session, edition, 2) == before
        with pytest.raises(NotFound):
            open_text(given.office, session, edition, 4)


@pytest.mark.parametrize(
    ("by", "codes"),
    [
        ("peng_cheng", ["not_own_draft"]),
        ("fang_zhi", ["other_role"]),
        ("wan_ning", ["other_role", "not_own_draft"]),
        ("liao_jun", ["other_role", "not_own_draft"]),
        ("gong_lei", ["other_role", "not_own_draft"]),
    ],
)
def test_only_drafters_of_the_section_edit_and_submit(
    refusing: Given, untouched: str, by: str, codes: list[str]
) -> None:
    with refusal(refusing.office, StepRefused, "起草人", codes=codes):
        save(refusing, untouched, changed(refusing, untouched, "本月", "十月"), by=by)
    with refusal(refusing.office, StepRefused, "起草人", codes=codes):
        submit(refusing.office, untouched, refusing.people[by], now=refusing.tick())


def test_nobody_edits_what_others_are_deciding_on(given: Given, draft: str) -> None:
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(draft, stage)
        with refusal(given.office, StepRefused, "阶段没有“修改”这一步", codes=["no_such_step"]):
            save(given, draft, changed(given, draft, "本月", "十月"))
    assert given.edition(draft).stage == Stage.SCHEDULED


@pytest.mark.parametrize("door", ["text", "reason", "answer"])
def test_a_state_secret_mark_is_refused_in_text_and_reason_and_nothing_of_it_is_kept(
    given: Given, imported: str, door: str
) -> None:
    words = "东湖水文站高程异常"
    with refusal(given.office, SecretMarkFound, "国家秘密标志.*内容未保存"):
        if door == "text":
            save(given, imported, given.text(imported).canonical() + f"\n{words}\n\n绝密★启用前30年\n")
        elif door == "reason":
            save(given, imported, given.text(imported).canonical() + "\n一句\n", reason=f"{words} 机密★10年")
        else:
            answer_warning(
                given.office, imported, given.people["lin_xiao"], "W1", "accepted", reason=f"{words} 机密★10年",
                now=given.tick(),
            )  # fmt: skip
    assert files_with(given.office, words) == []


def answer(
    given: Given, report_id: str, code: str, answer: str, reason: str = "按原文保留", by: str = "lin_xiao"
) -> None:
    answer_warning(given.office, report_id, given.people[by], code, answer, reason=reason, now=given.tick())


def test_a_warning_is_answered_once_by_a_drafter_with_a_reason(given: Given, imported: str) -> None:
    office = given.office
    with refusal(office, NotFound, "W77.*report warnings", codes=["not_found"]):
        answer(given, imported, "W77", "accepted")
    with refusal(office, BadInput, "须写明接受或已修正", codes=["bad_input"]):
        answer(given, imported, "W1", "ignored")
    with refusal(office, BadInput, "写明理由", codes=["bad_input"]):
        answer(given, imported, "W1", "accepted", reason=" ")
    with refusal(office, StepRefused, "起草人", codes=["other_role", "not_own_draft"]):
        answer(given, imported, "W1", "accepted", by="liao_jun")
    answer(given, imported, "w1", "accepted")
    with refusal(office, BadInput, "W1 已处理", codes=["bad_input"]):
        answer(given, imported, "W1", "accepted")
    last = [event for event in events(office, subject=imported) if event.action == "warning_answered"]
    assert [data_of(event) for event in last] == [{"code": "W1", "answer": "accepted"}]


def test_the_destroyed_run_counts_as_mended_only_when_the_text_is_mended(given: Given, imported: str) -> None:
    with refusal(given.office, BadInput, "正文中仍有损坏的文字", codes=["bad_input"]):
        answer(given, imported, "W9", "mended")
    save(given, imported, changed(given, imported, "申请?zhí)幚砹鞒獭<讧?qiáng)政府", "申请?处理流程。加强政府"))
    assert state(given, imported, "W9") == "open"  # half mended is not mended
    save(given, imported, changed(given, imported, "申请?处理流程", "申请处理流程"))
    assert state(given, imported, "W9") == "mended"
    save(given, imported, changed(given, imported, "申请处理流程", "申请?zhí)处理流程"))
    assert state(given, imported, "W9") == "open"  # it is back, and so is the question


def state(given: Given, report_id: str, code: str) -> str:
    return next(warning.state for warning in warnings_of(given.office, report_id) if warning.code == code)


def test_submit_names_everything_that_is_missing_at_once(given: Given, imported: str) -> None:
    with refusal(
        given.office, StepRefused, "W1、W2、W3、W4、W5、W6、W7、W8、W9.*report warnings", codes=["warning_open"]
    ):
        submit(given.office, imported, given.people["lin_xiao"], now=given.tick())
    blank = new_report(given.office, given.people["lin_xiao"], kind="news", title="空白新闻", now=given.tick())
    with refusal(given.office, StepRefused, "正文", codes=["metadata_missing"]):  # its flow has not run
        submit(given.office, blank, given.people["lin_xiao"], now=given.tick())
    given.flows()
    with refusal(given.office, StepRefused, "还缺目录字段：主题分类.*待填", codes=["metadata_missing", "check_failed"]):
        submit(given.office, blank, given.people["lin_xiao"], now=given.tick())


@pytest.mark.parametrize("method", ["不予公开", "依申请公开"])
def test_only_a_report_for_everybody_is_submitted(given: Given, draft: str, method: str) -> None:
    save(given, draft, changed(given, draft, 'method = "主动公开"', f'method = "{method}"'))
    with refusal(given.office, StepRefused, "不能走发布流程", codes=["metadata_missing", "check_failed"]):
        submit(given.office, draft, given.people["lin_xiao"], now=given.tick())


def test_an_unknown_report_is_not_found_and_the_attempt_is_recorded(refusing: Given) -> None:
    with refusal(refusing.office, NotFound, "找不到 报告 R-2099-0001", codes=["not_found"]):
        submit(refusing.office, "R-2099-0001", refusing.people["lin_xiao"], now=refusing.tick())
