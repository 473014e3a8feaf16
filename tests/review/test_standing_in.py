"""Absence, deputies, exemptions and conflicts of interest on a real register; parallel reviews with a quorum."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import Given
from sqlmodel import select
from watching import data_of, events, refusal

from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Stage
from pubflow.office.people import OPERATOR_ON_SITE, set_password, sign_in, who
from pubflow.office.standing_in import debts, exempt, set_absence
from pubflow.records.tables import Review
from pubflow.review.actions import approve
from pubflow.review.approval import sign
from pubflow.review.conflict import declare_conflict


def signed_in(given: Given, person: str) -> Actor:
    """As the API sees a person: with whom the person stands in for."""
    password = "a long enough password"
    set_password(given.office, OPERATOR_ON_SITE, person, password, now=given.tick())
    token, _ = sign_in(given.office, person, password, now=given.tick())
    return who(given.office, token, now=given.tick())


def test_the_deputy_of_an_absent_head_approves_and_the_history_says_for_whom(given: Given) -> None:
    report = given.report(Stage.DEPARTMENT_REVIEW)
    digest = given.edition(report).digest
    deputy = signed_in(given, "deng_bo")
    with refusal(given.office, StepRefused, "zonghe", codes=["other_section"]):
        approve(given.office, report, deputy, digest=digest, remark="同意", now=given.tick())
    until = given.now + timedelta(days=3)
    set_absence(given.office, given.people["gong_lei"], "fang_zhi", until=until, reason="出差", now=given.tick())
    approve(given.office, report, signed_in(given, "deng_bo"), digest=digest, remark="代为同意", now=given.tick())
    last = [event for event in events(given.office, subject=report) if event.action == "approve"]
    assert (last[-1].actor, data_of(last[-1])["stands_in_for"]) == ("deng_bo", ["fang_zhi"])
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK


def test_a_deputy_stands_in_only_until_the_absent_is_back(given: Given) -> None:
    office, operator = given.office, given.people["gong_lei"]
    until = given.now + timedelta(hours=1)
    set_absence(office, operator, "fang_zhi", until=until, reason="会议", now=given.tick())
    assert [one.id for one in signed_in(given, "deng_bo").stands_in_for] == ["fang_zhi"]
    set_absence(office, operator, "fang_zhi", until=None, reason="", now=given.tick())
    assert signed_in(given, "deng_bo").stands_in_for == ()
    set_absence(office, operator, "fang_zhi", until=until, reason="会议", now=given.tick())
    given.now = until
    assert signed_in(given, "deng_bo").stands_in_for == ()


def test_absences_are_noted_by_oneself_or_the_operator_with_a_time_to_come(given: Given) -> None:
    office, later = given.office, given.now + timedelta(days=1)
    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        set_absence(office, given.people["lin_xiao"], "fang_zhi", until=later, reason="", now=given.tick())
    with refusal(office, BadInput, "已经过去", codes=["bad_input"]):
        set_absence(office, given.people["fang_zhi"], "fang_zhi", until=given.now, reason="", now=given.tick())
    with refusal(office, BadInput, "没有代理人", codes=["bad_input"]):
        set_absence(office, given.people["gong_lei"], "gong_lei", until=later, reason="", now=given.tick())
    with refusal(office, NotFound, "nobody", codes=["not_found"]):
        set_absence(office, given.people["gong_lei"], "nobody", until=later, reason="", now=given.tick())


def test_only_the_chief_exempts_others_for_two_stages_with_an_end_and_a_reason(given: Given) -> None:
    office, chief = given.office, given.people["xiong_ping"]
    both, later = ["confidentiality_check", "approval"], given.now + timedelta(days=30)

    def grant(by: Actor = chief, person: str = "wan_ning", **changes: object) -> None:
        asked: dict[str, object] = {"stages": both, "until": later, "reason": "人员不足"} | changes
        stages = asked.pop("stages")
        exempt(office, by, person, stages, **asked, now=given.tick())  # type: ignore[arg-type]

    with refusal(office, StepRefused, "主要领导", codes=["other_role"]):
        grant(by=given.people["liao_jun"])
    with refusal(office, StepRefused, "不能批准自己", codes=["own_exemption"]):
        grant(person="xiong_ping")
    with refusal(office, BadInput, "两个不同的阶段", codes=["bad_input"]):
        grant(stages=["approval", "approval"])
    with refusal(office, BadInput, "两个不同的阶段", codes=["bad_input"]):
        grant(stages=["drafting", "approval"])
    with refusal(office, BadInput, "期限", codes=["bad_input"]):
        grant(until=given.now + timedelta(days=400))
    with refusal(office, BadInput, "理由", codes=["bad_input"]):
        grant(reason=" ")
    grant()
    assert [(one.person_id, one.by) for one in debts(office, given.now)] == [("wan_ning", "xiong_ping")]
    assert debts(office, later) == []


def test_an_exempt_officer_may_sign_what_the_same_person_cleared(given: Given) -> None:
    report = given.report(Stage.APPROVAL)
    given.plan([report])
    digest = given.edition(report).digest
    two_hats = replace(given.people["wan_ning"], roles=frozenset({"officer", "leader"}))
    with refusal(given.office, StepRefused, "不同的人", codes=["same_person"]):
        sign(given.office, report, two_hats, digest=digest, remark="", now=given.tick())
    exempt(
        given.office,
        given.people["xiong_ping"],
        "wan_ning",
        ["confidentiality_check", "approval"],
        until=given.now + timedelta(days=1),
        reason="人员不足",
        now=given.tick(),
    )
    sign(given.office, report, two_hats, digest=digest, remark="", now=given.tick())
    assert given.edition(report).stage == Stage.SCHEDULED


def test_after_a_declared_conflict_another_decides(given: Given) -> None:
    report = given.report(Stage.DEPARTMENT_REVIEW)
    head, digest = given.people["fang_zhi"], given.edition(report).digest
    with refusal(given.office, BadInput, "理由", codes=["bad_input"]):
        declare_conflict(given.office, report, head, reason=" ", now=given.tick())
    with refusal(given.office, StepRefused, "作决定", codes=["other_role"]):
        declare_conflict(given.office, report, given.people["lin_xiao"], reason="亲属", now=given.tick())
    declare_conflict(given.office, report, head, reason="撰稿人是我的亲属", now=given.tick())
    with refusal(given.office, StepRefused, "利益冲突", codes=["conflict"]):
        approve(given.office, report, head, digest=digest, remark="同意", now=given.tick())
    with refusal(given.office, BadInput, "已声明", codes=["bad_input"]):
        declare_conflict(given.office, report, head, reason="撰稿人是我的亲属", now=given.tick())


@pytest.mark.parametrize("first", ["fang_zhi", "deng_bo"])
def test_two_departments_side_by_side_with_a_quorum_of_one(given: Given, first: str) -> None:
    settings = given.office.settings
    news = settings.kinds["news"]
    own = news.reviews[0].model_copy(update={"round": 1})
    other = own.model_copy(update={"id": "gongye", "by": "section:gongye"})
    kind = news.model_copy(update={"reviews": (own, other), "quorum": {"1": 1}})
    given.office = replace(
        given.office, settings=settings.model_copy(update={"kinds": {**settings.kinds, "news": kind}})
    )
    given.__post_init__()
    report = given.report(Stage.DEPARTMENT_REVIEW)
    digest = given.edition(report).digest
    approve(given.office, report, given.people[first], digest=digest, remark="同意", now=given.tick())
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK
    with given.office.records.reading() as session:
        states = {review.by: review.state for review in session.exec(select(Review)).all()}
    assert states == {first: "approved", None: "not_needed"}


def test_a_changed_workflow_does_not_change_reports_on_the_line(given: Given) -> None:
    report = given.report(Stage.DRAFTING)
    settings = given.office.settings
    monthly = settings.kinds["monthly"]
    changed = {**settings.kinds, "news": settings.kinds["news"].model_copy(update={"reviews": monthly.reviews})}
    given.office = replace(given.office, settings=settings.model_copy(update={"kinds": changed}))
    given.__post_init__()
    given.advance(report, Stage.DRAFTING)
    given.flows()
    digest = given.edition(report).digest
    approve(given.office, report, given.people["fang_zhi"], digest=digest, remark="同意", now=given.tick())
    assert given.edition(report).stage == Stage.CONFIDENTIALITY_CHECK  # one review, as when it started
    assert len(given.edition(given.report(Stage.DRAFTING)).workflow["reviews"]) == 2
