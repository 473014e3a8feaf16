"""Steps taken in a real register: refusals recorded, re-submission, and that no way leads to a stand-still."""

import pytest
from builders import Given
from sqlmodel import select

from pubflow.audit.events import Event
from pubflow.drafting.actions import submit
from pubflow.errors import AlreadyMoved, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Action, Role, Stage
from pubflow.office.line import facts_of, take_step
from pubflow.office.reading import history
from pubflow.publication.releases import change, recall
from pubflow.records.tables import Finding, Review
from pubflow.review.actions import approve, send_back

FIRST, SECOND = "## 一、工作动态\n\n第一种写法。\n", "## 一、工作动态\n\n第二种写法。\n"


def returned(given: Given, report_id: str, by: str) -> None:
    send_back(
        given.office, report_id, given.people[by], digest=given.edition(report_id).digest, reason="请核对", place="一",
        now=given.tick(),
    )  # fmt: skip


def submitted(given: Given, report_id: str) -> str:
    return submit(given.office, report_id, given.people["lin_xiao"], now=given.tick()).stage


RETURNS = [
    (Stage.DEPARTMENT_REVIEW, "fang_zhi"),
    (Stage.CONFIDENTIALITY_CHECK, "wan_ning"),
    (Stage.APPROVAL, "liao_jun"),
]


@pytest.mark.parametrize(("stage", "by"), RETURNS)
def test_an_unchanged_text_goes_straight_back_to_the_stage_that_returned_it(
    given: Given, stage: Stage, by: str
) -> None:
    report_id = given.report(stage)
    returned(given, report_id, by)
    assert given.edition(report_id).stage == Stage.DRAFTING
    assert submitted(given, report_id) == stage


@pytest.mark.parametrize(("stage", "by"), RETURNS)
def test_an_edited_text_is_decided_by_everybody_again(given: Given, stage: Stage, by: str) -> None:
    report_id = given.report(stage)
    returned(given, report_id, by)
    given.write(report_id, SECOND)
    assert submitted(given, report_id) == Stage.DEPARTMENT_REVIEW


def test_a_text_changed_back_to_what_was_approved_goes_on_and_does_not_stand_still(given: Given) -> None:
    report_id = given.report(Stage.CONFIDENTIALITY_CHECK, body=FIRST)
    returned(given, report_id, "wan_ning")
    given.write(report_id, SECOND)
    assert submitted(given, report_id) == Stage.DEPARTMENT_REVIEW
    given.flows()
    returned(given, report_id, "fang_zhi")
    given.write(report_id, FIRST)
    assert submitted(given, report_id) == Stage.CONFIDENTIALITY_CHECK  # the head has approved this very digest
    given.flows()
    assert given.clear(report_id).stage == Stage.APPROVAL


def test_a_recalled_text_is_signed_again_and_published(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    recall(given.office, report_id, given.people["liao_jun"], reason="再核对", now=given.tick())
    assert submitted(given, report_id) == Stage.APPROVAL
    change(given.office, given.edition(report_id).release_id, "resume", given.people["liao_jun"], now=given.tick())
    given.advance(report_id, Stage.APPROVAL)
    given.publish(report_id)
    assert given.edition(report_id).stage == Stage.PUBLISHED


def test_the_re_submission_goes_to_the_same_person(given: Given) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW)
    returned(given, report_id, "fang_zhi")
    given.write(report_id, SECOND)
    submitted(given, report_id)
    given.flows()
    with given.office.records.reading() as session:
        newest = max(session.exec(select(Review)).all(), key=lambda review: review.id)
    assert (newest.state, newest.assigned_to) == ("open", "fang_zhi")


def test_an_approval_by_the_author_is_refused_and_only_the_refusal_is_recorded(given: Given) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW)
    author = Actor("lin_xiao", frozenset({Role.DRAFTER, Role.SECTION_HEAD}), "zonghe")
    before = given.edition(report_id)
    with pytest.raises(StepRefused, match="写过其中任何部分的人不能对它作决定"):
        approve(given.office, report_id, author, digest=before.digest, remark="", now=given.tick())
    assert given.edition(report_id) == before
    event = history(given.office, subject=report_id)[-1]
    assert (event.action, event.actor, event.role) == ("refused", "lin_xiao", "drafter,section_head")
    assert b'"data":{"codes":["author_decides"],"step":"approve"}' in event.body


def test_whoever_decided_a_finding_does_not_sign(given: Given) -> None:
    report_id = given.report(Stage.APPROVAL)
    edition = given.edition(report_id)
    finding = {"rule": "mobile", "type": "PHONE", "severity": "high", "start": 0, "end": 1, "masked": "1**"}
    with given.office.records.writing(given.tick()) as tx:
        tx.session.add(
            Finding(
                edition_id=edition.id, version=edition.version, digest=edition.digest, evidence=[], fingerprint="f",
                decision="pass", by="liao_jun", **finding,
            )
        )  # fmt: skip
        tx.record(Event("planted", "a", report_id))
    with given.office.records.reading() as session:
        assert facts_of(session, edition).deciders[Stage.CONFIDENTIALITY_CHECK] == {"wan_ning", "liao_jun"}
    with pytest.raises(StepRefused, match="您已在保密审查阶段对这一版本作过决定"):
        given.advance(report_id, Stage.APPROVAL)


def test_a_step_that_does_not_exist_here_and_an_unknown_report_are_refused_and_recorded(given: Given) -> None:
    report_id = given.report()
    with pytest.raises(StepRefused, match="起草阶段没有“签发”这一步"):
        take_step(given.office, report_id, Action.SIGN, given.people["liao_jun"], now=given.tick())
    assert history(given.office, subject=report_id)[-1].action == "refused"
    with pytest.raises(NotFound, match="R-2026-0404"):
        take_step(given.office, "R-2026-0404", Action.SIGN, given.people["liao_jun"], now=given.tick())
    assert history(given.office, subject="R-2026-0404")[-1].action == "refused"


def test_whoever_comes_second_is_told_and_recorded(given: Given) -> None:
    report_id = given.report(Stage.DEPARTMENT_REVIEW)

    def somebody_was_faster(*_: object) -> None:
        raise AlreadyMoved(report_id, "department_review")

    digest = given.edition(report_id).digest
    with pytest.raises(AlreadyMoved, match="刚刚有人先办理了"):
        take_step(
            given.office, report_id, Action.APPROVE, given.people["fang_zhi"], now=given.tick(), digest=digest,
            also=somebody_was_faster,
        )  # fmt: skip
    event = history(given.office, subject=report_id)[-1]
    assert (event.action, event.actor) == ("refused", "fang_zhi")
    assert b'"codes":["already_moved"]' in event.body
    assert given.edition(report_id).stage == Stage.DEPARTMENT_REVIEW
