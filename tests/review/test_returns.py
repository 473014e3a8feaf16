"""Returns from every stage: with place and reason, and where the text goes when it comes back."""

import pytest
from builders import Given
from sqlmodel import col, select
from watching import actions_on, data_of, events, refusal

from pubflow.drafting.actions import submit
from pubflow.errors import BadInput, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage
from pubflow.publication.releases import recall
from pubflow.records.tables import Review
from pubflow.review.actions import approve, send_back

REVIEW, CHECK, APPROVAL = Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL
DECIDES = {REVIEW: "fang_zhi", CHECK: "wan_ning", APPROVAL: "liao_jun"}


def give_back(
    given: Given,
    report_id: str,
    by: str,
    *,
    reason: str = "数据有误",
    place: str = "第一部分",
    digest: str | None = None,
) -> None:
    digest = given.edition(report_id).digest if digest is None else digest
    send_back(given.office, report_id, given.people[by], digest=digest, reason=reason, place=place, now=given.tick())


def resubmit(given: Given, report_id: str) -> str:
    submit(given.office, report_id, given.people[given.drafter(report_id)], now=given.tick())
    return given.edition(report_id).stage


def reviews(given: Given, report_id: str) -> list[Review]:
    with given.office.records.reading() as session:
        found = select(Review).where(Review.edition_id == given.edition(report_id).id)
        return list(session.exec(found.order_by(col(Review.id))).all())


@pytest.mark.parametrize("stage", [REVIEW, CHECK, APPROVAL])
def test_an_unchanged_text_goes_straight_back_to_the_one_who_returned_it(given: Given, stage: Stage) -> None:
    report_id = given.report(stage)
    give_back(given, report_id, DECIDES[stage])
    assert given.edition(report_id).stage == Stage.DRAFTING
    returned = events(given.office, subject=report_id)[-1]
    assert (returned.action, returned.from_state, returned.reason) == ("return", stage, "数据有误")
    assert data_of(returned)["place"] == "第一部分"
    row = reviews(given, report_id)[-1]
    assert (row.state, row.place, row.by) == ("returned", "第一部分", DECIDES[stage])
    assert resubmit(given, report_id) == stage
    given.flows()
    if stage is REVIEW:
        assert reviews(given, report_id)[-1].assigned_to == "fang_zhi"
    given.advance(report_id, stage)
    following = {REVIEW: CHECK, CHECK: APPROVAL, APPROVAL: Stage.SCHEDULED}[stage]
    assert given.edition(report_id).stage == following


@pytest.mark.parametrize("stage", [REVIEW, CHECK, APPROVAL])
def test_an_edited_text_begins_again_and_no_earlier_decision_counts(given: Given, stage: Stage) -> None:
    report_id = given.report(stage)
    give_back(given, report_id, DECIDES[stage])
    given.write(report_id, "## 一、工作动态\n\n改正后的正文。\n")
    assert resubmit(given, report_id) == REVIEW
    given.flows()
    (waiting,) = (review for review in reviews(given, report_id) if review.state == "open")
    assert (waiting.assigned_to, waiting.digest) == ("fang_zhi", given.edition(report_id).digest)
    for passed in (REVIEW, CHECK, APPROVAL):
        given.advance(report_id, passed)
    steps = actions_on(given.office, report_id)
    assert (steps.count("approve"), steps.count("clear")) == {REVIEW: (1, 1), CHECK: (2, 1), APPROVAL: (2, 2)}[stage]


def test_a_text_edited_away_and_back_keeps_its_decisions_and_is_not_stuck(given: Given) -> None:
    report_id = given.report(CHECK)
    body = given.text(report_id).body
    give_back(given, report_id, "wan_ning")
    given.write(report_id, "## 一、工作动态\n\n另一种正文。\n")
    assert resubmit(given, report_id) == REVIEW
    given.flows()
    give_back(given, report_id, "fang_zhi")
    given.write(report_id, body)
    assert resubmit(given, report_id) == CHECK  # the department approved this very text
    given.advance(report_id, CHECK)
    assert given.edition(report_id).stage == APPROVAL


def test_a_recalled_text_is_signed_again_unchanged_or_reviewed_again_changed(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    recall(given.office, report_id, given.people["liao_jun"], reason="再核对", now=given.tick())
    assert resubmit(given, report_id) == APPROVAL
    given.advance(report_id, APPROVAL)
    assert given.edition(report_id).stage == Stage.SCHEDULED
    recall(given.office, report_id, given.people["gong_lei"], reason="数字有误", now=given.tick())
    given.write(report_id, "## 一、工作动态\n\n改正后的正文。\n")
    assert resubmit(given, report_id) == REVIEW


@pytest.fixture
def monthly(given: Given) -> str:
    """A monthly report of the industry section: its own head reviews first, then the general section."""
    return given.report(REVIEW, kind="monthly", drafter="peng_cheng")


def yes(given: Given, report_id: str, by: str) -> None:
    digest = given.edition(report_id).digest
    approve(given.office, report_id, given.people[by], digest=digest, remark="同意", now=given.tick())


def test_two_departments_review_in_their_order(given: Given, monthly: str) -> None:
    with refusal(given.office, StepRefused, "现在等待 gongye 科室负责人的意见", codes=["other_section"]):
        yes(given, monthly, "fang_zhi")
    yes(given, monthly, "deng_bo")
    assert given.edition(monthly).stage == REVIEW
    with refusal(given.office, StepRefused, "现在等待 zonghe 科室负责人的意见", codes=["other_section"]):
        yes(given, monthly, "deng_bo")
    yes(given, monthly, "fang_zhi")
    assert given.edition(monthly).stage == CHECK


def test_the_second_department_alone_is_asked_again_about_an_unchanged_text(given: Given, monthly: str) -> None:
    yes(given, monthly, "deng_bo")
    give_back(given, monthly, "fang_zhi")
    assert resubmit(given, monthly) == REVIEW
    given.flows()
    assert given.heads_waited_for(monthly) == ["fang_zhi"]
    yes(given, monthly, "fang_zhi")
    assert given.edition(monthly).stage == CHECK


def test_both_departments_are_asked_again_about_an_edited_text(given: Given, monthly: str) -> None:
    yes(given, monthly, "deng_bo")
    give_back(given, monthly, "fang_zhi")
    given.write(monthly, "## 一、工业\n\n改正后的正文。\n", by="peng_cheng")
    assert resubmit(given, monthly) == REVIEW
    given.flows()
    assert given.heads_waited_for(monthly) == ["deng_bo", "fang_zhi"]


@pytest.mark.parametrize("stage", [REVIEW, CHECK, APPROVAL])
def test_a_return_needs_place_reason_and_the_digest_that_was_seen(given: Given, stage: Stage) -> None:
    report_id, by = given.report(stage), DECIDES[stage]
    with refusal(given.office, BadInput, "没有写明退回哪一处.*--place", codes=["bad_input"]):
        give_back(given, report_id, by, place=" ")
    with refusal(given.office, StepRefused, "请写明理由", codes=["reason_missing"]):
        give_back(given, report_id, by, reason=" ")
    with refusal(given.office, StepRefused, "稿件已变动", codes=["digest_moved"]):
        give_back(given, report_id, by, digest="0" * 64)
    for words in ({"reason": "机密★10年"}, {"place": "机密★10年"}):
        with refusal(given.office, SecretMarkFound, "国家秘密标志"):
            give_back(given, report_id, by, **words)
