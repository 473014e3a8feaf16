"""Reminders from the register: the escalation day by day, once each, through absences, year ends and wrong clocks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from builders import Given
from notices.conftest import GROUP, written
from office.test_deadlines import NOTICE_2027
from watching import data_of, events

from pubflow.lifecycle.stages import Stage
from pubflow.moments import SHANGHAI
from pubflow.office.office import Office
from pubflow.office.reminders import overdue_reports, rung_for
from pubflow.office.standing_in import set_absence
from pubflow.settings import load_settings, shipped_config
from pubflow.wiring import open_workspace

HEAD, DEPUTY, LEADERS = "fang_zhi", "deng_bo", ["liao_jun", "yan_fei"]


def look(given: Given, day: datetime) -> list[tuple[str, str | None]]:
    """The daily flow on the morning of a day in Shanghai: which rung told whom anew, apart from issues."""
    known = {one.id for one in written(given.office.records)}
    given.line.run_step("daily", f"{day:%Y-%m-%d}", day)
    new = [one for one in written(given.office.records) if one.id not in known and not one.kind.startswith("issue")]
    return sorted((one.kind, one.person_id) for one in new)


def morning(month: int, day: int, year: int = 2026) -> datetime:
    """06:05 in Shanghai, when the daily flow runs: still the day before in UTC."""
    return datetime(year, month, day, 6, 5, tzinfo=SHANGHAI)


def test_the_escalation_goes_from_the_actor_to_the_deputy_to_the_leader_by_working_days(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)  # opened on Monday 2026-11-23, 3 working days: due on Thursday the 26th
    told = {f"{day:%m-%d}": look(given, day) for day in (morning(11, 24) + timedelta(n) for n in range(17))}
    assert {day: what for day, what in told.items() if what} == {
        "11-25": [("due_soon", HEAD)],  # one working day before
        "11-27": [("overdue", HEAD)],  # Friday, the first day after
        "11-30": [("overdue_deputy", DEPUTY), ("overdue_deputy", HEAD)],  # Monday: the weekend counts for nothing
        "12-02": [("overdue_leader", who) for who in sorted([DEPUTY, HEAD, *LEADERS])],
        "12-09": [("overdue_leader", who) for who in sorted([DEPUTY, HEAD, *LEADERS])],  # again after five
    }


def test_a_day_is_done_once_however_often_the_flow_runs(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    assert look(given, morning(11, 25)) == [("due_soon", HEAD)]
    assert look(given, morning(11, 25)) == []
    assert look(given, morning(11, 25) + timedelta(hours=9)) == []


def test_days_on_which_nothing_ran_are_not_made_up_for(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    assert look(given, morning(12, 2)) == [("overdue_leader", who) for who in sorted([DEPUTY, HEAD, *LEADERS])]
    assert look(given, morning(12, 3)) == []


def test_a_clock_that_jumps_ahead_and_back_reminds_nobody_twice(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    assert look(given, morning(11, 25)) != []
    assert look(given, morning(11, 27)) != []
    assert look(given, morning(11, 25)) == []
    assert look(given, morning(11, 27)) == []


def test_an_absent_actors_deputy_is_told_in_the_actors_place_and_not_twice(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    back = datetime(2026, 12, 31, tzinfo=UTC)
    set_absence(given.office, given.people[HEAD], HEAD, until=back, reason="休假", now=given.tick())
    assert look(given, morning(11, 25)) == [("due_soon", DEPUTY)]
    assert look(given, morning(11, 30)) == [("overdue_deputy", DEPUTY)]
    assert look(given, morning(12, 2)) == [("overdue_leader", who) for who in sorted([DEPUTY, *LEADERS])]


def test_an_absent_leaders_deputy_is_told_too(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    back = datetime(2026, 12, 31, tzinfo=UTC)
    set_absence(given.office, given.people["liao_jun"], "liao_jun", until=back, reason="学习", now=given.tick())
    assert look(given, morning(12, 2)) == [("overdue_leader", who) for who in sorted([DEPUTY, HEAD, "yan_fei"])]


def test_a_decision_ends_the_reminders_and_the_next_stage_has_its_own_days(given: Given):
    report = given.report(Stage.DEPARTMENT_REVIEW)
    assert look(given, morning(11, 27)) == [("overdue", HEAD)]
    given.now = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    given.advance(report, Stage.DEPARTMENT_REVIEW)
    given.flows()  # Friday the 27th; news has three working days for the check: Wednesday 2 December
    assert look(given, morning(11, 30)) == []
    assert look(given, morning(12, 1)) == [("due_soon", "tu_hua"), ("due_soon", "wan_ning")]


def test_the_twenty_day_limit_is_told_five_working_days_ahead_and_after_it(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)  # on the line since 2026-11-23: the 20th working day is Monday 2026-12-21
    assert ("limit_near", HEAD) not in look(given, morning(12, 11))
    assert ("limit_near", HEAD) in look(given, morning(12, 14))
    passed = [what for what in look(given, morning(12, 22)) if what[0] == "limit_passed"]
    assert passed == [("limit_passed", who) for who in sorted([HEAD, *LEADERS])]


def test_a_group_gets_one_message_that_names_the_task_and_neither_title_nor_text(with_channels: Callable[..., Office]):
    given = Given(with_channels(GROUP))
    report = given.report(Stage.DEPARTMENT_REVIEW, title="绝密标题", body="## 一、正文\n\n不可外传的句子。\n")
    assert look(given, morning(11, 27)) == [("overdue", None)]
    (message,) = [one for one in written(given.office.records) if one.kind == "overdue"]
    assert message.headline == f"{report} 的科室审核已逾期"
    assert message.body == (
        f"{report}：科室审核期限为 2026-11-26，已逾期1个工作日，请科室负责人（zonghe，fang_zhi）尽快办理。"
        "请登录办公台，或运行 pubflow review inbox。"
    )
    assert not any("绝密" in one.body + one.headline or "外传" in one.body for one in written(given.office.records))


def test_without_a_channel_nothing_is_written_and_the_day_says_what_is_overdue(with_channels: Callable[..., Office]):
    given = Given(with_channels())
    report = given.report(Stage.DEPARTMENT_REVIEW)
    given.line.run_step("daily", "2026-11-27", morning(11, 27))
    assert written(given.office.records) == []
    assert data_of(events(given.office, subject="2026-11-27")[-1])["overdue"] == [report]


def test_the_event_of_the_day_counts_the_reminders_and_names_nobody(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    look(given, morning(11, 27))
    event = events(given.office, subject="2026-11-27")[-1]
    assert data_of(event)["reminders"] == len([one for one in written(given.office.records) if one.kind != "asked"])
    assert b"donghu.example" not in event.body
    assert b"fang_zhi" not in event.body


def test_at_midnight_in_shanghai_and_not_of_utc_a_report_becomes_overdue(given: Given):
    report = given.report(Stage.DEPARTMENT_REVIEW)
    assert overdue_reports(given.office, datetime(2026, 11, 26, 15, 59, 59, tzinfo=UTC)) == {}
    late = overdue_reports(given.office, datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    assert list(late) == [report]


def test_at_the_year_end_a_provisional_due_day_says_so_in_the_message(given: Given):
    given.now = datetime(2026, 12, 29, 2, 0, tzinfo=UTC)
    given.report(Stage.DEPARTMENT_REVIEW)  # Tuesday; Wed, Thu, [1 January and the weekend], Monday 2027-01-04
    assert look(given, morning(12, 31)) == [("due_soon", HEAD)]
    (message,) = [one for one in written(given.office.records) if one.kind == "due_soon"]
    assert "2027-01-04（暂定：2027年节假日安排尚未录入）" in message.body


def test_a_due_day_that_a_new_notice_moves_is_reminded_of_anew(given: Given):
    given.now = datetime(2026, 12, 29, 2, 0, tzinfo=UTC)
    given.report(Stage.DEPARTMENT_REVIEW)
    assert look(given, morning(12, 31)) == [("due_soon", HEAD)]  # for Monday 2027-01-04, provisionally
    (given.office.home.config / "calendar" / "2027.toml").write_text(NOTICE_2027, encoding="utf-8")
    after = open_workspace(given.office.home.path)  # a restart; the notice makes that Monday a day off
    again = Given(after)
    assert look(again, morning(1, 4, 2027)) == [("due_soon", HEAD)]
    (old, new) = [one.body for one in written(after.records) if one.kind == "due_soon"]
    assert "将于 2027-01-04（暂定：2027年节假日安排尚未录入） 到期" in old
    assert "将于 2027-01-05 到期" in new
    after.close()


def test_the_head_of_the_section_is_told_of_the_next_issue_once(given: Given):
    given.line.run_step("daily", "2026-11-23", morning(11, 23))
    given.line.run_step("daily", "2026-11-24", morning(11, 24))
    issues = [one for one in written(given.office.records) if one.kind == "issue_near"]
    assert [(one.headline, one.person_id) for one in issues] == [("统计月报（2026-10） 应于 2026-11-27 前发布", HEAD)]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (2, None),
        (1, ("due_soon", 0)),
        (0, ("due_soon", 0)),
        (-1, ("overdue", 0)),
        (-2, ("overdue_deputy", 0)),
        (-3, ("overdue_deputy", 0)),
        (-4, ("overdue_leader", 0)),
        (-8, ("overdue_leader", 0)),
        (-9, ("overdue_leader", 1)),
        (-14, ("overdue_leader", 2)),
    ],
)
def test_the_rung_reached_is_the_highest(left: int, expected: tuple[str, int] | None):
    found = rung_for(load_settings(shipped_config()).notices.rungs, "step", left)
    assert (found and (found[0].id, found[1])) == expected
