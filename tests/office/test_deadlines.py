"""Due days by hand: make-up days, leap days, midnight in Shanghai, the year end before its notice and after."""

import datetime as dt
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import Given

from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit
from pubflow.lifecycle.stages import Stage
from pubflow.moments import SHANGHAI
from pubflow.office.deadlines import due_after
from pubflow.office.reading import inbox, report_lines, report_view
from pubflow.review.actions import approve
from pubflow.settings import shipped_config
from pubflow.workdays import Calendar, CalendarMissing, rule_deadline

NOTICE_2027 = """
[notice]
number = "国办发明电〔2026〕99号"
title = "国务院办公厅关于2027年部分节假日安排的通知"
issued = 2026-11-25
source = "为本试验虚构"

[[holiday]]
name = "元旦"
notice = "国办发明电〔2026〕99号"
wording = "1月1日（周五）至4日（周一）放假，共4天。"
from = 2027-01-01
to = 2027-01-04
workdays = []
"""


@pytest.fixture
def calendar() -> Calendar:
    return Calendar.load(shipped_config() / "calendar")


@pytest.mark.parametrize(
    ("since", "workdays", "due"),
    [
        ((2026, 11, 23), 3, dt.date(2026, 11, 26)),
        ((2026, 11, 26), 3, dt.date(2026, 12, 1)),  # a weekend between
        ((2026, 9, 29), 3, dt.date(2026, 10, 9)),  # the National Day
        ((2026, 9, 30), 3, dt.date(2026, 10, 10)),  # Saturday, worked instead
        ((2024, 2, 27), 2, dt.date(2024, 2, 29)),  # the leap day
        ((2024, 2, 28), 2, dt.date(2024, 3, 1)),
    ],
)
def test_a_due_day_counts_working_days_from_the_next_day(calendar, since, workdays, due):
    began = datetime(*since, 9, 0, tzinfo=SHANGHAI)
    found = due_after("科室审核", began, workdays, calendar, began)
    assert (found.day, found.provisional, found.text) == (due, False, str(due))
    assert (found.workdays_left, found.overdue) == (workdays, False)
    assert found.explanation[0] == f"{began.date()} 开始，不计；办理期限{workdays}个工作日"
    assert found.explanation[-1] == f"到期日：{due}"


def test_the_day_begins_at_midnight_in_shanghai(calendar):
    before, after = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    assert due_after("x", before, 3, calendar, before).day == dt.date(2026, 11, 26)
    assert due_after("x", after, 3, calendar, after).day == dt.date(2026, 11, 27)


def test_it_is_overdue_from_midnight_after_the_due_day_and_late_in_working_days(calendar):
    began = datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)  # due on Friday the 27th

    def at(*moment: int) -> tuple[bool, int]:
        found = due_after("x", began, 3, calendar, datetime(*moment, tzinfo=SHANGHAI))
        return found.overdue, found.workdays_left

    assert at(2026, 11, 27, 23, 59, 59) == (False, 0)
    assert at(2026, 11, 28, 0, 0) == (True, 0)  # Saturday: late, by no working day yet
    assert at(2026, 11, 30, 0, 0) == (True, -1)
    assert at(2026, 12, 1, 12, 0) == (True, -2)


def test_a_year_without_notice_makes_it_provisional_and_the_notice_mends_it(calendar, tmp_path: Path):
    began = datetime(2026, 12, 28, 9, 0, tzinfo=SHANGHAI)  # 29, 30, 31, [1 to 3 January], 4, 5
    found = due_after("x", began, 5, calendar, began)
    assert (found.day, found.provisional) == (dt.date(2027, 1, 5), True)
    assert found.text == "2027-01-05（暂定：2027年节假日安排尚未录入）"
    folder = shutil.copytree(shipped_config() / "calendar", tmp_path / "calendar")
    (folder / "2027.toml").write_text(NOTICE_2027, encoding="utf-8")
    settled = due_after("x", began, 5, Calendar.load(folder), began)
    assert (settled.day, settled.provisional, settled.text) == (dt.date(2027, 1, 6), False, "2027-01-06")


def test_a_leap_day_far_ahead_is_planned_as_provisional(calendar):
    began = datetime(2028, 2, 28, 9, 0, tzinfo=SHANGHAI)
    found = due_after("x", began, 1, calendar, began)
    assert (found.day, found.provisional) == (dt.date(2028, 2, 29), True)


def test_the_period_of_a_letter_is_refused_while_the_notice_is_lacking(given: Given, calendar):
    with pytest.raises(CalendarMissing, match=r"没有2027年的节假日安排，2026-12-25 .*config/calendar/2027.toml"):
        rule_deadline(given.office.settings, "reply_working_days", dt.date(2026, 12, 1), calendar)


def test_each_stage_has_its_own_days_kept_from_the_start(given: Given):
    report = given.report(Stage.DRAFTING, kind="monthly")
    everybody = given.people["xiong_ping"]

    def due() -> tuple[str, dt.date]:
        (line,) = report_lines(given.office, everybody, given.now)
        assert line.due is not None
        return line.due.about, line.due.day

    assert due() == ("修改并送审", dt.date(2026, 11, 30))  # 5 working days from Monday the 23rd
    given.advance(report, Stage.DRAFTING)
    given.flows()
    assert due() == ("科室审核", dt.date(2026, 11, 26))  # 3
    given.now = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    first, second = given.heads_waited_for(report)
    digest = given.edition(report).digest
    approve(given.office, report, given.people[first], digest=digest, remark="", now=given.tick())
    # The second round began when the first was decided, on Wednesday.
    assert due() == ("综合科数据审核", dt.date(2026, 11, 30))
    approve(given.office, report, given.people[second], digest=digest, remark="", now=given.tick())
    assert due() == ("保密审查", dt.date(2026, 12, 2))  # 5
    given.flows()
    given.clear(report)
    assert due() == ("审签", dt.date(2026, 11, 27))  # 2


def test_the_limit_of_twenty_working_days_is_shown_until_it_is_public(given: Given):
    report = given.report(Stage.SCHEDULED)
    view = report_view(given.office, report, given.people["xiong_ping"], given.now)
    assert view.line.due is None  # nobody is waited for
    assert view.line.limit is not None
    assert view.line.limit.text == "2026-12-21"
    assert view.line.limit.explanation[0].startswith("依据：条例（2019）第二十六条")
    given.publish(report)
    assert report_view(given.office, report, given.people["xiong_ping"], given.now).line.limit is None


def test_an_overdue_report_is_marked_in_list_and_inbox(given: Given):
    given.report(Stage.DEPARTMENT_REVIEW)
    later = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
    (line,) = report_lines(given.office, given.people["fang_zhi"], later)
    assert line.due is not None
    assert (line.due.overdue, line.due.workdays_left, line.due.explanation) == (True, -2, ())
    ((waiting, *_),) = inbox(given.office, given.people["fang_zhi"], later)
    assert waiting.due == line.due


def test_what_is_not_disclosed_on_the_organs_own_motion_has_no_limit(given: Given):
    report = given.report(Stage.DRAFTING)
    text = given.text(report)
    head = text.head.model_copy(update={"method": "依申请公开", "method_reason": "涉及第三方"})
    new = ReportText(head=head, body=text.body).canonical()
    edit(given.office, report, given.people["lin_xiao"], new, reason="改为依申请公开", seen=None, now=given.tick())
    (line,) = report_lines(given.office, given.people["lin_xiao"], given.now)
    assert line.limit is None
