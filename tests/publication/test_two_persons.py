"""An earlier instant by two, release actions by deputies, and what becomes of a release whose deciders were lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import Given
from watching import actions_on, data_of, events, refusal

from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.office.people import OPERATOR_ON_SITE, deactivate, set_password, sign_in, who
from pubflow.office.reading import report_view
from pubflow.office.roles import change_roles
from pubflow.office.standing_in import set_absence
from pubflow.office.story import board
from pubflow.publication.releases import change, plan
from pubflow.publication.switching import release_round
from pubflow.publication.voiding import ask_void, confirm_void
from pubflow.records.tables import Release
from pubflow.review.actions import approve

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
MOVE, HOLD = ReleaseAction.MOVE, ReleaseAction.HOLD


def move(given: Given, release: str, to: datetime, by: str | Actor = "gong_lei", *, confirm: bool = False) -> Release:
    actor = by if isinstance(by, Actor) else given.people[by]
    return change(given.office, release, MOVE, actor, now=given.tick(), to=to, reason="提前公布", confirm=confirm)


def signed_in(given: Given, person: str) -> Actor:
    """As the API sees a person: with whom the person stands in for."""
    set_password(given.office, OPERATOR_ON_SITE, person, "a long enough password", now=given.tick())
    token, _ = sign_in(given.office, person, "a long enough password", now=given.tick())
    return who(given.office, token, now=given.tick())


def public(given: Given) -> list[str]:
    """What a round of the release loop makes public now."""
    return [one.release_id for one in release_round(given.office, lambda: given.now)]


# An earlier instant


def test_a_second_person_confirms_the_very_instant_and_only_then_the_release_moves(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    before = given.release(report)
    to = before.instant - timedelta(minutes=20)
    assert move(given, before.id, to).instant == before.instant
    assert given.release(report).row_version == before.row_version  # what was staged stays staged
    with refusal(given.office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        move(given, before.id, to + SECOND, "liao_jun", confirm=True)
    alone = replace(given.people["gong_lei"], roles=frozenset({"operator", "leader"}))
    with refusal(given.office, StepRefused, "另一人", codes=["second_person"]):
        move(given, before.id, to, alone, confirm=True)
    moved = move(given, before.id, to, "liao_jun", confirm=True)
    assert (moved.instant, moved.state) == (to, "confirmed")
    last = [event for event in events(given.office, subject=before.id) if event.action in ("earlier_asked", "move")]
    assert [(event.action, event.actor) for event in last] == [("earlier_asked", "gong_lei"), ("move", "liao_jun")]
    assert data_of(last[1])["asked_by"] == "gong_lei"
    given.flows()
    given.now = to - SECOND
    assert public(given) == []
    given.now = to
    assert public(given) == [before.id]


def test_one_of_the_two_is_a_leader(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    to = release.instant - timedelta(minutes=20)
    second = replace(given.people["tang_yue"], roles=frozenset({"operator"}))
    move(given, release.id, to)
    with refusal(given.office, StepRefused, "须有一位分管领导", codes=["no_leader"]):
        move(given, release.id, to, second, confirm=True)
    move(given, release.id, to, "yan_fei", confirm=True)
    assert given.release(report).instant == to


def test_an_earlier_instant_is_never_in_the_past_not_even_at_the_confirmation(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    with refusal(given.office, StepRefused, "已经过去", codes=["instant_past"]):
        move(given, release.id, given.now)
    to = given.now + timedelta(minutes=5)
    move(given, release.id, to)
    given.now = to
    with refusal(given.office, StepRefused, "已经过去", codes=["instant_past"]):
        move(given, release.id, to, "liao_jun", confirm=True)


def test_a_request_ends_with_its_time_and_with_another_move(given: Given) -> None:
    report = given.report(Stage.SCHEDULED, release_in=timedelta(days=3))
    release = given.release(report)
    to = release.instant - HOUR
    move(given, release.id, to)
    given.now += timedelta(hours=24)
    with refusal(given.office, StepRefused, "已过期", codes=["nothing_asked"]):
        move(given, release.id, to, "liao_jun", confirm=True)
    move(given, release.id, to)
    move(given, release.id, release.instant + HOUR)
    with refusal(given.office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        move(given, release.id, to, "liao_jun", confirm=True)
    with refusal(given.office, StepRefused, "只有提前", codes=["nothing_asked"]):
        move(given, release.id, release.instant + 2 * HOUR, "liao_jun", confirm=True)


def test_a_request_ends_with_the_account_of_the_one_who_asked(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    to = release.instant - timedelta(minutes=20)
    move(given, release.id, to, "liao_jun")
    deactivate(given.office, given.people["gong_lei"], "liao_jun", reason="调离", now=given.tick())
    with refusal(given.office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        move(given, release.id, to, "yan_fei", confirm=True)


# Deputies


def test_the_deputy_of_an_absent_leader_holds_and_plans_and_the_history_says_for_whom(given: Given) -> None:
    office, operator = given.office, given.people["gong_lei"]
    release = given.release(given.report(Stage.SCHEDULED))
    change_roles(office, operator, "yan_fei", give=["drafter"], take=["leader"], reason="兼职", now=given.tick())
    before = signed_in(given, "yan_fei")
    with refusal(office, StepRefused, "由分管领导、系统管理员办理", codes=["other_role"]):
        change(office, release.id, HOLD, before, now=given.tick(), reason="核对")
    set_absence(office, operator, "liao_jun", until=given.now + 9 * HOUR, reason="出差", now=given.tick())
    deputy = signed_in(given, "yan_fei")
    change(office, release.id, HOLD, deputy, now=given.tick(), reason="核对")
    held = events(office, subject=release.id)[-1]
    assert (held.actor, held.role, data_of(held)["stands_in_for"]) == ("yan_fei", "leader", ["liao_jun"])
    drafted = given.report()
    planned = plan(office, [drafted], deputy, instant=given.now + HOUR, now=given.tick())
    assert data_of(events(office, subject=planned.id)[-1])["stands_in_for"] == ["liao_jun"]


# Roles lost, and persons deactivated, between decision and release


def lose(given: Given, person: str, how: str) -> None:
    operator = given.people["gong_lei"]
    if how == "deactivated":
        deactivate(given.office, operator, person, reason="调离", now=given.tick())
    else:
        role = sorted(given.people[person].roles)
        change_roles(
            given.office, operator, person, give=["auditor"], take=role, reason="调整分工", now=given.tick()
        )  # fmt: skip


def with_rule(given: Given, **rules: str) -> None:
    """The office configured to hold releases on lost roles of these stages."""
    exceptional = given.office.settings.exceptional
    changed = exceptional.model_copy(update={"lost_role": exceptional.lost_role.model_copy(update=rules)})
    given.office = replace(given.office, settings=given.office.settings.model_copy(update={"exceptional": changed}))
    given.__post_init__()


DECIDERS = [("fang_zhi", "部门审核"), ("wan_ning", "保密审查"), ("liao_jun", "审签")]


@pytest.mark.parametrize("how", ["deactivated", "other role"])
@pytest.mark.parametrize(("person", "stage"), DECIDERS)
def test_a_decision_taken_in_office_stands_and_the_loss_is_shown(
    given: Given, person: str, stage: str, how: str
) -> None:
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    assert report_view(given.office, report, given.people["yan_fei"], given.now).notes == ()
    given.now = release.instant - 2 * SECOND
    lose(given, person, how)  # one second before the instant
    note = f"{person} 在{stage}作决定后已停用或不再担任该职务；按规则其决定仍有效"
    assert report_view(given.office, report, given.people["yan_fei"], given.now).notes == (note,)
    assert [story.notes for story in board(given.office, given.now) if story.subject == report] == [(note,)]
    given.now = release.instant
    assert public(given) == [release.id]


@pytest.mark.parametrize("how", ["deactivated", "other role"])
@pytest.mark.parametrize(
    ("person", "stage"),
    [("fang_zhi", "department_review"), ("wan_ning", "confidentiality_check"), ("liao_jun", "approval")],
)
def test_where_the_rule_says_hold_the_loop_holds_the_release_up_to_the_last_second(
    given: Given, person: str, stage: str, how: str
) -> None:
    with_rule(given, **{stage: "hold"})
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    given.now = release.instant - 2 * SECOND
    lose(given, person, how)
    given.now = release.instant
    assert public(given) == []
    assert (given.release(report).state, given.release(report).held) == ("staged", True)
    held = events(given.office, subject=release.id)[-1]
    assert (held.action, held.actor) == ("hold", "release-loop")
    assert person in held.reason
    assert given.edition(report).stage == Stage.SCHEDULED
    assert "发布将因此暂停" in report_view(given.office, report, given.people["yan_fei"], given.now).notes[0]


def test_a_decision_taken_as_a_deputy_is_not_lost_with_a_role_the_deputy_never_had(given: Given) -> None:
    office, operator = given.office, given.people["gong_lei"]
    with_rule(given, department_review="hold")
    report = given.report(Stage.DEPARTMENT_REVIEW)
    set_absence(office, operator, "fang_zhi", until=given.now + HOUR, reason="会议", now=given.tick())
    deputy = signed_in(given, "deng_bo")
    approve(given.office, report, deputy, digest=given.edition(report).digest, remark="代", now=given.tick())
    for stage in (Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        given.advance(report, stage)
    change_roles(office, operator, "deng_bo", give=["auditor"], take=["section_head"], reason="调整", now=given.tick())
    assert report_view(given.office, report, given.people["yan_fei"], given.now).notes == ()
    given.publish(report)
    assert given.edition(report).stage == Stage.PUBLISHED


def void(given: Given, person: str) -> list[str]:
    deactivate(given.office, given.people["gong_lei"], person, reason="违纪", now=given.tick())
    ask_void(given.office, given.people["gong_lei"], person, reason="违纪，决定不可信", now=given.tick())
    return confirm_void(given.office, given.people["xiong_ping"], person, reason="同意", now=given.tick())


@pytest.mark.parametrize(
    ("person", "stage"),
    [("fang_zhi", Stage.DEPARTMENT_REVIEW), ("wan_ning", Stage.CONFIDENTIALITY_CHECK), ("liao_jun", Stage.APPROVAL)],
)
def test_voided_decisions_send_a_signed_report_back_to_their_stage_in_the_last_second(
    given: Given, person: str, stage: Stage
) -> None:
    report, untouched = given.report(Stage.SCHEDULED), given.report(Stage.DEPARTMENT_REVIEW)
    release = given.release(report)
    given.now = release.instant - 4 * SECOND
    assert void(given, person) == [report]
    assert given.now < release.instant
    assert given.edition(report).stage == stage
    assert (given.release(report).state, given.release(report).held) == ("confirmed", True)
    given.now = release.instant
    assert public(given) == []
    assert given.edition(untouched).stage == Stage.DEPARTMENT_REVIEW
    gone = [event for event in events(given.office, subject=report) if event.action == "void"][-1]
    assert (gone.actor, gone.from_state, gone.to_state) == ("xiong_ping", "scheduled", stage)
    assert data_of(gone)["person"] == person


def test_what_was_voided_is_decided_anew_by_another_and_then_goes_out(given: Given) -> None:
    report = given.report(Stage.SCHEDULED)
    release = given.release(report)
    void(given, "wan_ning")
    given.flows()
    given.clear(report, by="tu_hua")
    given.flows()
    given.advance(report, Stage.APPROVAL)
    change(given.office, release.id, ReleaseAction.RESUME, given.people["gong_lei"], now=given.tick(), reason="已重办")
    given.publish(report)
    assert given.edition(report).stage == Stage.PUBLISHED
    assert "void" in actions_on(given.office, report)


def test_voiding_needs_the_operator_and_the_chief_a_deactivated_person_and_reasons(given: Given) -> None:
    office, operator, chief = given.office, given.people["gong_lei"], given.people["xiong_ping"]
    given.report(Stage.SCHEDULED)

    def ask(by: Actor = operator, person: str = "fang_zhi", reason: str = "违纪") -> Any:
        return ask_void(office, by, person, reason=reason, now=given.tick())

    def confirm(by: Actor = chief, reason: str = "同意") -> Any:
        return confirm_void(office, by, "fang_zhi", reason=reason, now=given.tick())

    with refusal(office, BadInput, "仍在使用", codes=["bad_input"]):
        ask()
    deactivate(office, operator, "fang_zhi", reason="违纪", now=given.tick())
    with refusal(office, StepRefused, "系统管理员", codes=["other_role"]):
        ask(by=given.people["liao_jun"])
    with refusal(office, NotFound, "nobody", codes=["not_found"]):
        ask(person="nobody")
    with refusal(office, BadInput, "理由", codes=["bad_input"]):
        ask(reason=" ")
    with refusal(office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        confirm()
    ask()
    with refusal(office, StepRefused, "主要领导", codes=["other_role"]):
        confirm(by=given.people["liao_jun"])
    with refusal(office, BadInput, "理由", codes=["bad_input"]):
        confirm(reason=" ")
    both = replace(operator, roles=frozenset({"operator", "chief"}))
    with refusal(office, StepRefused, "另一人", codes=["second_person"]):
        confirm(by=both)
    assert len(confirm()) == 1
    with refusal(office, StepRefused, "没有人申请", codes=["nothing_asked"]):
        confirm()


def test_what_is_public_stays_and_what_rests_on_an_older_text_does_not_move(given: Given) -> None:
    public_one = given.report(Stage.SCHEDULED)
    given.publish(public_one)
    drafted = given.report(Stage.CONFIDENTIALITY_CHECK)
    assert void(given, "fang_zhi") == [drafted]
    assert given.edition(public_one).stage == Stage.PUBLISHED
    assert given.edition(drafted).stage == Stage.DEPARTMENT_REVIEW
