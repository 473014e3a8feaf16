"""Remarks on a passage: by whoever may read, sealed, in threads, found again in the next version, in nobody's way."""

import pytest
from builders import Given
from watching import data_of, events, files_with, refusal

from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.reading import report_view
from pubflow.review.remarks import RemarkView, answer_remark, remark, remarks, resolve_remark

BODY = "## 一、工作动态\n\n增加值同比增长8.2%。\n\n投资同比增长3.1%，增加值占比上升。\n"
PASSAGE, WORDS = "同比增长8.2%", "与公报的数字不一致，请核对"


@pytest.fixture
def reviewed(given: Given) -> str:
    """A report before its section head."""
    return given.report(Stage.DEPARTMENT_REVIEW, body=BODY)


def say(given: Given, report_id: str, by: str = "fang_zhi", text: str = WORDS, **where: object) -> int:
    place = where or {"passage": PASSAGE}
    digest = place.pop("digest", None)
    return remark(given.office, report_id, given.people[by], text, digest=digest, now=given.tick(), **place)  # type: ignore[arg-type]


def seen(given: Given, report_id: str, by: str = "lin_xiao") -> list[RemarkView]:
    return remarks(given.office, given.people[by], report_id, given.tick())


def test_a_remark_stands_at_its_passage_and_leaves_text_and_digest_alone(given: Given, reviewed: str) -> None:
    digest = given.edition(reviewed).digest
    assert say(given, reviewed) == 1
    (one,) = seen(given, reviewed)
    text = given.text(reviewed).canonical()
    assert text[one.start : one.end] == PASSAGE == one.passage
    assert (one.text, one.by, one.version, one.resolved_by) == (WORDS, "fang_zhi", 2, None)
    assert given.edition(reviewed).digest == digest


def test_a_place_is_as_good_as_words_but_only_in_the_version_that_was_read(given: Given, reviewed: str) -> None:
    text = given.text(reviewed).canonical()
    start = text.index("增加值占比")
    say(given, reviewed, start=start, end=start + 3, digest=given.edition(reviewed).digest)
    assert seen(given, reviewed)[0].passage == "增加值"
    with refusal(given.office, StepRefused, "摘要", codes=["digest_missing"]):
        say(given, reviewed, start=start, end=start + 3)
    with refusal(given.office, StepRefused, "稿件已变动", codes=["digest_moved"]):
        say(given, reviewed, start=start, end=start + 3, digest="0" * 64)
    with refusal(given.office, BadInput, "位置 5-99999 不对", codes=["bad_input"]):
        say(given, reviewed, start=5, end=99999, digest=given.edition(reviewed).digest)


def test_words_that_are_not_there_once_are_refused(given: Given, reviewed: str) -> None:
    with refusal(given.office, BadInput, "找不到", codes=["bad_input"]):
        say(given, reviewed, passage="环比")
    with refusal(given.office, BadInput, "有 2 处", codes=["bad_input"]):
        say(given, reviewed, passage="增加值")
    with refusal(given.office, BadInput, "没有内容", codes=["bad_input"]):
        say(given, reviewed, text=" ")
    with refusal(given.office, BadInput, "找不到", codes=["bad_input"]):
        say(given, reviewed, passage=" ")


def test_passage_and_words_are_sealed_and_no_event_holds_them(given: Given, reviewed: str) -> None:
    say(given, reviewed)
    answer_remark(given.office, reviewed, given.people["lin_xiao"], 1, "公报的数字是初步数", now=given.tick())
    assert files_with(given.office, WORDS, PASSAGE, "公报的数字是初步数") == []
    (noted,) = (event for event in events(given.office, subject=reviewed) if event.action == "remark")
    assert set(data_of(noted)) == {"remark", "start", "end"}


def test_remarks_make_threads_and_are_resolved_by_who_began_or_who_decides(given: Given, reviewed: str) -> None:
    office, people = given.office, given.people
    say(given, reviewed, "tang_yue")
    say(given, reviewed, passage="投资")
    assert answer_remark(office, reviewed, people["lin_xiao"], 1, "已核对", now=given.tick()) == 3
    assert answer_remark(office, reviewed, people["tang_yue"], 3, "谢谢", now=given.tick()) == 4
    assert [(one.number, one.answers) for one in seen(given, reviewed)] == [(1, None), (3, 1), (4, 1), (2, None)]
    with refusal(office, StepRefused, "批注 1 由 tang_yue 提出", codes=["not_own_remark"]):
        resolve_remark(office, reviewed, people["lin_xiao"], 1, now=given.tick())
    resolve_remark(office, reviewed, people["tang_yue"], 4, now=given.tick())  # any number of the thread
    with refusal(office, BadInput, "批注 1 已由 tang_yue 了结", codes=["bad_input"]):
        resolve_remark(office, reviewed, people["fang_zhi"], 1, now=given.tick())
    with refusal(office, NotFound, "批注 9", codes=["not_found"]):
        answer_remark(office, reviewed, people["lin_xiao"], 9, "已核对", now=given.tick())
    assert report_view(office, reviewed, people["lin_xiao"], given.now).open_remarks == 1


def test_in_a_new_version_a_remark_is_found_again_or_says_that_the_words_were_changed(
    given: Given, reviewed: str
) -> None:
    say(given, reviewed)
    say(given, reviewed, passage="投资同比增长3.1%")
    given.advance(reviewed, Stage.DEPARTMENT_REVIEW)
    given.flows()
    from masked import back

    back(given, reviewed)
    given.write(reviewed, BODY.replace("## 一、工作动态\n", "## 一、工作动态\n\n新的一段。\n").replace("3.1%", "3.2%"))
    moved, changed = seen(given, reviewed)
    text = given.text(reviewed).canonical()
    assert moved.start is not None
    assert text[moved.start : moved.end] == PASSAGE
    assert (changed.start, changed.passage) == (None, "投资同比增长3.1%")


def test_an_open_remark_stops_nothing(given: Given, reviewed: str) -> None:
    say(given, reviewed)
    for stage in (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(reviewed, stage)
        assert report_view(given.office, reviewed, given.people["liao_jun"], given.now).open_remarks == 1
    say(given, reviewed, "liao_jun", passage="投资")
    given.publish(reviewed)
    with refusal(given.office, StepRefused, "已公开", codes=["stage"]):
        say(given, reviewed)


def test_who_may_not_read_a_draft_neither_remarks_nor_sees_remarks(given: Given, reviewed: str) -> None:
    say(given, reviewed)
    for person in ("peng_cheng", "gong_lei", "shu_yan"):
        with refusal(given.office, StepRefused, "只向本科室", codes=["may_not_read"]):
            say(given, reviewed, person)
        with refusal(given.office, StepRefused, "只向本科室", codes=["may_not_read"]):
            seen(given, reviewed, person)


def test_a_secret_mark_does_not_come_in_by_a_remark(given: Given, reviewed: str) -> None:
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        say(given, reviewed, text="原件是机密★10年")
    say(given, reviewed)
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        answer_remark(given.office, reviewed, given.people["lin_xiao"], 1, "机密★10年", now=given.tick())
