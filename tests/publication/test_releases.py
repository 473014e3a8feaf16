"""Planning, moving, holding, cancelling, recalling: what people do with releases until the switch."""

from datetime import timedelta

import pytest
from builders import Given
from watching import actions_on, data_of, events, refusal

from pubflow.errors import BadInput, NotFound, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import ReleaseAction, Stage
from pubflow.publication.releases import all_releases, cancel, change, is_ended, plan, recall
from pubflow.publication.switching import release_round
from pubflow.records.tables import Release

HOUR = timedelta(hours=1)
MOVE, HOLD, RESUME = ReleaseAction.MOVE, ReleaseAction.HOLD, ReleaseAction.RESUME
CANCEL, RETRY = ReleaseAction.CANCEL, ReleaseAction.RETRY


def do(
    given: Given, release_id: str, action: ReleaseAction, by: str = "gong_lei", *, to: timedelta | None = None,
    reason: str = "核对数据",
) -> Release:  # fmt: skip
    """`to`: counted from the release's present instant."""
    now = given.tick()
    moved = None if to is None else next(r.instant for r, _ in all_releases(given.office) if r.id == release_id) + to
    return change(given.office, release_id, action, given.people[by], now=now, to=moved, reason=reason)


def test_a_plan_names_reports_and_an_instant_that_lies_ahead(given: Given) -> None:
    report_id = given.report()
    office, drafter = given.office, given.people["lin_xiao"]
    ahead = given.now + HOUR
    for instant in (given.now, given.now - timedelta(microseconds=1), given.now - 365 * 24 * HOUR):
        with refusal(office, BadInput, r"发布时间 2\d{3}-.* 已经过去。请给一个将来的时间", codes=["bad_input"]):
            plan(office, [report_id], drafter, instant=instant, now=given.now)
    for ids in ([], [report_id, report_id]):
        with refusal(office, BadInput, "没有写明报告，或同一报告写了两次", codes=["bad_input"]):
            plan(office, ids, drafter, instant=ahead, now=given.now)
    with refusal(office, NotFound, "R-2026-0099", codes=["not_found"]):
        plan(office, [report_id, "R-2026-0099"], drafter, instant=ahead, now=given.now)
    with refusal(office, StepRefused, "您的角色不能计划发布", codes=["other_role"]):
        plan(office, [report_id], given.people["shu_yan"], instant=ahead, now=given.now)
    assert plan(office, [report_id], drafter, instant=ahead, now=given.now).id == "L-2026-0001"
    with refusal(office, StepRefused, "已列入发布 L-2026-0001；改时间请用 release move", codes=["planned_already"]):
        plan(office, [report_id], drafter, instant=ahead, now=given.now)


def test_what_is_signed_or_public_joins_no_other_release(given: Given) -> None:
    report_id, other = given.report(Stage.SCHEDULED), given.report()
    with refusal(given.office, StepRefused, "在待发布阶段，不能再计划发布", codes=["stage"]):
        given.plan([other, report_id])
    given.publish(report_id)
    with refusal(given.office, StepRefused, "在已发布阶段，不能再计划发布", codes=["stage"]):
        given.plan([other, report_id])


def test_a_confirmed_release_moves_later_by_leader_or_operator_with_a_reason_never_earlier_by_one(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED, open_it=False)
    release = given.release(report_id)
    assert do(given, release.id, MOVE, to=-timedelta(seconds=1)).instant == release.instant
    with refusal(given.office, StepRefused, "已经过去", codes=["instant_past"]):
        do(given, release.id, MOVE, to=-2 * HOUR)
    with refusal(given.office, StepRefused, "由分管领导、系统管理员办理", codes=["other_role"]):
        do(given, release.id, MOVE, "lin_xiao", to=HOUR)
    with refusal(given.office, StepRefused, "请写明理由", codes=["reason_missing"]):
        do(given, release.id, MOVE, to=HOUR, reason=" ")
    with refusal(given.office, BadInput, "没有写明新的发布时间", codes=["bad_input"]):
        do(given, release.id, MOVE)
    with refusal(given.office, SecretMarkFound, "国家秘密标志"):
        do(given, release.id, MOVE, to=HOUR, reason="机密★10年")
    with refusal(given.office, NotFound, "L-2026-0099.*release list", codes=["not_found"]):
        change(given.office, "L-2026-0099", HOLD, given.people["gong_lei"], now=given.tick(), reason="核对")
    do(given, release.id, MOVE, "liao_jun", to=HOUR)
    assert given.release(report_id).instant == release.instant + HOUR


def test_a_signature_is_for_an_instant_so_one_signed_report_fixes_the_release_for_all(given: Given) -> None:
    first, second = given.report(Stage.APPROVAL), given.report(Stage.APPROVAL)
    release = given.plan([first, second])
    do(given, release.id, MOVE, "lin_xiao", to=-timedelta(minutes=5), reason="")  # nobody has signed for it yet
    given.advance(first, Stage.APPROVAL)
    with refusal(given.office, StepRefused, "由分管领导、系统管理员办理", codes=["other_role"]):
        do(given, release.id, MOVE, "lin_xiao", to=HOUR)
    before = given.release(first).instant
    do(given, release.id, MOVE, "liao_jun", to=-timedelta(minutes=5))  # asked for, and waits for a second person
    assert given.release(first).instant == before
    do(given, release.id, MOVE, "liao_jun", to=HOUR)
    assert given.release(first).state == "planned"


def test_nobody_confirms_stages_or_switches_by_hand(given: Given) -> None:
    release = given.plan([given.report(Stage.APPROVAL)])
    with refusal(given.office, StepRefused, "不能单独确认", codes=["by_signature"]):
        do(given, release.id, ReleaseAction.CONFIRM, "liao_jun")
    staged = given.release(given.report(Stage.SCHEDULED))
    for action in (ReleaseAction.SWITCH, ReleaseAction.FAIL):
        with refusal(given.office, StepRefused, "由.*办理", codes=["other_role"]):
            do(given, staged.id, action, "liao_jun")


def test_a_signed_report_is_recalled_before_its_release_is_cancelled(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    with refusal(given.office, StepRefused, f"{report_id} 已签发待发布；请先用 report recall", codes=["signed"]):
        do(given, release.id, CANCEL)
    with refusal(given.office, StepRefused, "由.*办理", codes=["other_role"]):
        recall(given.office, report_id, given.people["lin_xiao"], reason="有误", now=given.tick())
    recall(given.office, report_id, given.people["liao_jun"], reason="有误", now=given.tick())
    assert (given.release(report_id).state, given.release(report_id).held) == ("confirmed", True)
    do(given, release.id, CANCEL)
    assert given.edition(report_id).release_id is None
    ((ended, reports),) = all_releases(given.office)
    assert is_ended(ended)
    assert reports == []


def test_a_recalled_member_holds_the_release_until_it_is_signed_again_and_resumed(given: Given) -> None:
    first, second = given.together(2)
    given.flows()
    release = given.release(first)
    assert release.state == "staged"
    recall(given.office, second, given.people["liao_jun"], reason="数字有误", now=given.tick())
    given.write(second, "改正后的正文。\n")
    held = [event for event in events(given.office, subject=release.id) if event.action == "hold"]
    assert data_of(held[0]) == {"recalled": second}
    for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
        assert release_round(given.office, lambda: release.instant + HOUR) == []
        given.advance(second, stage)
    assert given.flows() == []  # held: nothing is staged
    do(given, release.id, RESUME)
    given.publish(first)
    assert {given.edition(first).stage, given.edition(second).stage} == {Stage.PUBLISHED}


def test_recall_of_one_leaves_a_release_that_still_waits_for_signatures_planned(given: Given) -> None:
    first, second = given.report(Stage.APPROVAL), given.report(Stage.APPROVAL)
    given.plan([first, second])
    given.advance(first, Stage.APPROVAL)
    recall(given.office, first, given.people["liao_jun"], reason="有误", now=given.tick())
    assert (given.release(first).state, given.release(first).held) == ("planned", True)
    given.advance(first, Stage.DRAFTING)
    given.advance(first, Stage.APPROVAL)
    given.advance(second, Stage.APPROVAL)
    release = given.release(first)
    assert release.state == "confirmed"
    assert actions_on(given.office, release.id).count("confirm") == 1


def test_a_cancelled_member_leaves_and_the_others_go_out(given: Given) -> None:
    first, second = given.together(2)
    given.flows()
    cancel(given.office, second, given.people["gong_lei"], reason="不再需要", now=given.tick())
    assert given.release(first).state == "confirmed"  # what was staged held both
    given.publish(first)
    assert given.edition(first).stage == Stage.PUBLISHED
    assert given.edition(second).stage == Stage.CANCELLED


def test_when_the_last_unsigned_member_is_cancelled_the_signed_others_are_confirmed(given: Given) -> None:
    first, second = given.report(Stage.APPROVAL), given.report(Stage.APPROVAL)
    given.plan([first, second])
    given.advance(first, Stage.APPROVAL)
    assert given.release(first).state == "planned"
    cancel(given.office, second, given.people["gong_lei"], reason="不再需要", now=given.tick())
    assert given.release(first).state == "confirmed"
    given.publish(first)
    assert given.edition(first).stage == Stage.PUBLISHED


def test_a_release_left_by_its_only_report_is_cancelled(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    release = given.release(report_id)
    cancel(given.office, report_id, given.people["gong_lei"], reason="不再需要", now=given.tick())
    ((ended, _),) = all_releases(given.office)
    assert (ended.id, ended.state) == (release.id, "cancelled")
    with refusal(given.office, StepRefused, "已取消的发布没有“恢复发布”这一步", codes=["no_such_step"]):
        do(given, release.id, RESUME)


def test_what_is_public_is_no_longer_moved_held_or_recalled(given: Given) -> None:
    report_id = given.report(Stage.SCHEDULED)
    given.publish(report_id)
    release = given.release(report_id)
    for action in (MOVE, HOLD, CANCEL, RETRY):
        with refusal(given.office, StepRefused, "已发布的发布没有", codes=["no_such_step"]):
            do(given, release.id, action, to=HOUR)
    with refusal(given.office, StepRefused, "已发布阶段没有“撤回待发”这一步", codes=["no_such_step"]):
        recall(given.office, report_id, given.people["liao_jun"], reason="有误", now=given.tick())


@pytest.mark.parametrize("action", [HOLD, CANCEL])
def test_hold_and_cancel_need_a_reason(given: Given, action: ReleaseAction) -> None:
    release = given.plan([given.report()])
    with refusal(given.office, StepRefused, "请写明理由", codes=["reason_missing"]):
        do(given, release.id, action, reason="")
