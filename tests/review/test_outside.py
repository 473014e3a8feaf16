"""Fact checks and consents by one-time links, below the page: what is kept, what ends a link, what an answer does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import Given
from sqlmodel import select
from watching import data_of, events, files_with, refusal

from pubflow.drafting.actions import edit
from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.office.reading import report_view
from pubflow.publication.releases import cancel
from pubflow.records.tables import OutsideCheck
from pubflow.review.actions import send_back
from pubflow.review.answering import LinkEnded, answer, look_at
from pubflow.review.approval import sign
from pubflow.review.outside import ask_outside, checks_of, erase_person, respond, token_hash, void_check

PASSAGE = "本月完成了统计数据发布"
NAME, ORGAN = "欧阳核对", "某某统计学会"
PARTNER = "南昌市发展研究中心"


def ask(given: Given, report: str, by: str = "fang_zhi", **changes: Any) -> tuple[OutsideCheck, str]:
    asked: dict[str, Any] = {
        "kind": "fact_check",
        "name": NAME,
        "organ": ORGAN,
        "passages": [PASSAGE],
        "digest": given.edition(report).digest,
        "workdays": None,
    }
    return ask_outside(given.office, report, given.people[by], **{**asked, **changes}, now=given.tick())


def say(given: Given, token: str, given_answer: str = "correct", **changes: str) -> str:
    words = {"where": "", "what": "", "name": NAME} | changes
    return answer(given.office, token, given=given_answer, **words, now=given.tick())


@pytest.fixture
def report(given: Given) -> str:
    return given.report(Stage.DEPARTMENT_REVIEW)


@pytest.fixture
def joint(given: Given) -> str:
    """A report that another organ produces jointly, waiting for its department review."""
    started = given.report()
    text = given.text(started)
    new = text.model_copy(update={"head": text.head.model_copy(update={"co_producers": PARTNER})}).canonical()
    edit(given.office, started, given.people["lin_xiao"], new, reason="联合", seen=None, now=given.tick())
    given.advance(started, Stage.DRAFTING)
    given.flows()
    return started


def test_only_a_hash_of_the_token_is_kept_and_nothing_personal_in_plain(given: Given, report: str) -> None:
    check, token = ask(given, report)
    say(given, token, "wrong", where="第一段", what="应为十一月独家")
    assert check.token_hash == token_hash(token)
    assert len(token) == 43  # 256 bits
    assert files_with(given.office, token, NAME, ORGAN, "独家", PASSAGE) == []
    told = [event for event in events(given.office, subject=report) if event.action.startswith("outside_")]
    assert [event.action for event in told] == ["outside_asked", "outside_answered"]
    assert data_of(told[1])["answer"] == "wrong"


def test_opening_a_link_is_recorded_and_ends_nothing(given: Given, report: str) -> None:
    _, token = ask(given, report)
    for _ in range(3):
        shown = look_at(given.office, token, given.tick())
        assert (shown.passages, shown.text) == ([PASSAGE], None)
    say(given, token)
    actions = [event.action for event in events(given.office, subject=report)]
    assert actions.count("outside_opened") == 3


def ended(given: Given, report: str, token: str, why: str) -> None:
    for again in (lambda: look_at(given.office, token, given.now), lambda: say(given, token)):
        with refusal(given.office, LinkEnded, "不能再使用", codes=[f"link_{why}"]):
            again()


def test_a_link_answers_once(given: Given, report: str) -> None:
    _, token = ask(given, report)
    say(given, token)
    ended(given, report, token, "used")


def test_a_link_ends_with_the_last_second_of_its_last_working_day_in_shanghai(given: Given, report: str) -> None:
    check, token = ask(given, report, workdays=3)  # asked on Monday, 23 November 2026
    assert check.expires_at == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    given.now = check.expires_at - timedelta(seconds=1)
    look_at(given.office, token, given.now)
    given.now = check.expires_at
    ended(given, report, token, "expired")


def test_a_link_ends_when_it_is_voided_or_the_report_is_over(given: Given, report: str) -> None:
    check, token = ask(given, report)
    with refusal(given.office, BadInput, "理由", codes=["bad_input"]):
        void_check(given.office, report, given.people["fang_zhi"], check.id, reason=" ", now=given.tick())
    void_check(given.office, report, given.people["fang_zhi"], check.id, reason="发错了人", now=given.tick())
    ended(given, report, token, "voided")
    with refusal(given.office, BadInput, "已结束", codes=["bad_input"]):
        void_check(given.office, report, given.people["fang_zhi"], check.id, reason="再作废", now=given.tick())
    _, other = ask(given, report)
    cancel(given.office, report, given.people["gong_lei"], reason="不再发布", now=given.tick())
    ended(given, report, other, "over")


def test_an_edit_ends_a_link_for_what_was_read_is_no_more(given: Given) -> None:
    report = given.report()
    _, token = ask(given, report)
    given.write(report, "## 一、动态\n\n本月完成了两次统计数据发布。\n")
    ended(given, report, token, "edited")


def test_an_unknown_token_shows_nothing_and_is_no_report(given: Given) -> None:
    before = len(events(given.office))
    with pytest.raises(NotFound, match="链接"):
        look_at(given.office, "x" * 43, given.now)
    with pytest.raises(NotFound, match="链接"):
        say(given, "x" * 43)
    assert len(events(given.office)) == before  # the page counts and records them


@pytest.mark.parametrize(
    ("by", "changes", "error", "codes"),
    [
        ("lin_xiao", {}, StepRefused, ["other_role"]),
        ("deng_bo", {}, StepRefused, ["other_role"]),
        ("gong_lei", {}, StepRefused, ["other_role"]),
        ("fang_zhi", {"digest": "0" * 64}, StepRefused, ["digest_moved"]),
        ("fang_zhi", {"name": " "}, BadInput, ["bad_input"]),
        ("fang_zhi", {"passages": ["没有这一段"]}, BadInput, ["bad_input"]),
        ("fang_zhi", {"passages": [PASSAGE, " "]}, BadInput, ["bad_input"]),
        ("fang_zhi", {"workdays": 11}, BadInput, ["bad_input"]),
        ("fang_zhi", {"workdays": 0}, BadInput, ["bad_input"]),
        ("fang_zhi", {"kind": "consent", "passages": []}, BadInput, ["bad_input"]),
    ],
)
def test_who_may_ask_and_for_what(
    given: Given, report: str, by: str, changes: dict[str, Any], error: Any, codes: list[str]
) -> None:
    with refusal(given.office, error, ".", codes=codes):
        ask(given, report, by, **changes)


def test_a_secret_mark_passes_no_door_and_leaves_the_link_as_it_was(given: Given, report: str) -> None:
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        ask(given, report, organ="机密★10年")
    _, token = ask(given, report)
    for words in ({"what": "机密★10年"}, {"where": "机密★10年", "what": "有误"}, {"name": "机密★10年"}):
        with refusal(given.office, SecretMarkFound, "国家秘密标志"):
            say(given, token, "wrong", **words)
    say(given, token)


@pytest.mark.parametrize(
    ("given_answer", "words", "why"),
    [
        ("agreed", {}, "没有选择"),
        ("", {}, "没有选择"),
        ("wrong", {"what": " "}, "没有写明意见"),
        ("correct", {"name": ""}, "没有写姓名"),
        ("wrong", {"what": "字" * 2001}, "超过"),
    ],
)
def test_an_answer_that_is_not_whole_leaves_the_link_as_it_was(
    given: Given, report: str, given_answer: str, words: dict[str, str], why: str
) -> None:
    _, token = ask(given, report)
    with refusal(given.office, BadInput, why, codes=["bad_input"]):
        say(given, token, given_answer, **words)
    say(given, token)


def test_a_fault_returns_nothing_but_keeps_the_report_from_being_signed_until_somebody_responds(given: Given) -> None:
    office = given.office
    report = given.report(Stage.APPROVAL)
    check, token = ask(given, report)
    say(given, token, "wrong", where="第一段", what="应为两次")
    assert given.edition(report).stage == Stage.APPROVAL
    assert (
        f"外部核对 {check.id} 指出有误，尚无回应"
        in report_view(office, report, given.people["liao_jun"], given.now).notes
    )
    (told,) = checks_of(office, report, given.now)
    assert (told.answer, told.where, told.what) == ("wrong", "第一段", "应为两次")
    assert (told.person, told.answered_by) == (f"{NAME}\n{ORGAN}", NAME)
    given.plan([report])
    digest = given.edition(report).digest
    with refusal(office, StepRefused, check.id, codes=["fault_open"]):
        sign(office, report, given.people["liao_jun"], digest=digest, remark="", now=given.tick())
    for person, codes in (("lin_xiao", ["other_role", "author_decides"]), ("gong_lei", ["other_role"])):
        with refusal(office, StepRefused, "科室负责人", codes=codes):
            respond(office, report, given.people[person], check.id, reason="没有错", now=given.tick())
    respond(office, report, given.people["fang_zhi"], check.id, reason="已与原始表核对，原文无误", now=given.tick())
    with refusal(office, BadInput, "没有等待回应", codes=["bad_input"]):
        respond(office, report, given.people["fang_zhi"], check.id, reason="再", now=given.tick())
    sign(office, report, given.people["liao_jun"], digest=digest, remark="", now=given.tick())
    assert given.edition(report).stage == Stage.SCHEDULED


def test_an_edit_alone_is_no_response_to_a_fault(given: Given) -> None:
    report = given.report()
    check, token = ask(given, report)
    say(given, token, "wrong", what="应为两次")
    given.write(report, "## 一、动态\n\n本月完成了统计数据发布。。\n")
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK):
        given.advance(report, stage)
    given.flows()
    given.plan([report])
    with refusal(given.office, StepRefused, check.id, codes=["fault_open"]):
        given.advance(report, Stage.APPROVAL)


# Consents of co-producing organs


def consent(given: Given, report: str) -> str:
    return ask(given, report, kind="consent", organ=PARTNER, passages=[])[1]


def test_a_joint_report_is_signed_only_with_every_organs_consent_to_this_very_text(given: Given, joint: str) -> None:
    early = consent(given, joint)
    assert look_at(given.office, early, given.tick()).text is not None
    for stage in (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK):
        given.advance(joint, stage)
    given.flows()
    given.plan([joint])
    with refusal(given.office, StepRefused, PARTNER, codes=["consent_missing"]):
        given.advance(joint, Stage.APPROVAL)
    say(given, early, "agreed")
    given.advance(joint, Stage.APPROVAL)
    assert given.edition(joint).stage == Stage.SCHEDULED


def test_an_edit_voids_a_consent(given: Given, joint: str) -> None:
    say(given, consent(given, joint), "agreed")
    send_back(
        given.office, joint, given.people["fang_zhi"], digest=given.edition(joint).digest, reason="请改", place="全文",
        now=given.tick(),
    )  # fmt: skip
    text = given.text(joint)
    changed = text.model_copy(update={"body": text.body + "\n补充一句。\n"}).canonical()
    edit(given.office, joint, given.people["lin_xiao"], changed, reason="改", seen=None, now=given.tick())
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK):
        given.advance(joint, stage)
    given.flows()
    given.plan([joint])
    with refusal(given.office, StepRefused, PARTNER, codes=["consent_missing"]):
        given.advance(joint, Stage.APPROVAL)


def test_a_refused_consent_sends_the_report_back_and_its_reason_is_sealed(given: Given, joint: str) -> None:
    token = consent(given, joint)
    say(given, token, "refused", what="第二段的口径不一致")
    assert given.edition(joint).stage == Stage.DRAFTING
    back = [event for event in events(given.office, subject=joint) if event.action == "refuse"][-1]
    assert (back.actor, back.role, back.from_state) == ("outside", "outside", "department_review")
    assert "口径" not in back.reason
    assert files_with(given.office, "口径不一致") == []
    assert checks_of(given.office, joint, given.now)[0].what == "第二段的口径不一致"


# Erasure


def test_the_name_is_erased_by_the_operator_after_the_end_and_the_history_stays_whole(
    given: Given, report: str
) -> None:
    office, operator = given.office, given.people["gong_lei"]
    check, token = ask(given, report)
    with refusal(office, BadInput, "仍可使用", codes=["bad_input"]):
        erase_person(office, report, operator, check.id, reason="本人申请", now=given.tick())
    say(given, token)
    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        erase_person(office, report, given.people["fang_zhi"], check.id, reason="本人申请", now=given.tick())
    erase_person(office, report, operator, check.id, reason="本人申请", now=given.tick())
    (told,) = checks_of(office, report, given.now)
    assert (told.person, told.answered_by, told.answer) == (None, None, "correct")
    with office.records.reading() as session:
        assert session.exec(select(OutsideCheck)).one().answer == "correct"
