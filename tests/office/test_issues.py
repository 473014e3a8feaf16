"""What each kind owes next, by hand."""

import datetime as dt
from datetime import UTC, datetime

from builders import NOON, Given

from pubflow.documents.report_text import ReportText
from pubflow.drafting.actions import edit
from pubflow.drafting.starting import new_report
from pubflow.lifecycle.stages import Stage
from pubflow.office.issues import Owed, owed


def of(given: Given, kind: str, now: datetime = NOON) -> Owed:
    (found,) = [one for one in owed(given.office, now) if one.kind == kind]
    return found


def issue(given: Given, kind: str, period: str, *, publish: bool) -> str:
    """A report of a kind for a period, drafted or public."""
    report = new_report(
        given.office, given.people["lin_xiao"], kind=kind, title="一期", period=period, now=given.tick()
    )
    given.flows()
    head = given.text(report).head.model_copy(update={"subject_class": "国民经济管理、国有资产监管/统计"})
    text = ReportText(head=head, body="## 一、概况\n\n本期数据平稳。\n").canonical()
    edit(given.office, report, given.people["lin_xiao"], text, reason="写", seen=None, now=given.tick())
    if publish:
        for stage in (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL):
            given.advance(report, stage)
        given.publish(report)
    return report


def test_before_the_first_issue_the_next_one_to_fall_due_is_owed(given: Given):
    monthly = of(given, "monthly")
    assert monthly.due is not None
    # October's, by 28 November, a Saturday: on Friday the 27th.
    assert (monthly.period, monthly.due.day, monthly.section) == ("2026-10", dt.date(2026, 11, 27), "zonghe")


def test_after_an_issue_the_following_one_is_owed_even_when_it_is_late(given: Given):
    issue(given, "bulletin", "2026-08", publish=True)
    found = of(given, "bulletin", given.now)
    assert found.due is not None
    assert (found.period, found.due.day, found.due.overdue) == ("2026-09", dt.date(2026, 10, 15), True)


def test_an_old_record_does_not_make_all_years_since_overdue(given: Given):
    issue(given, "bulletin", "2016-03", publish=True)
    assert of(given, "bulletin", given.now).period == "2026-11"


def test_the_report_on_the_line_for_the_period_is_named(given: Given):
    report = issue(given, "bulletin", "2026-11", publish=False)
    assert of(given, "bulletin", given.now).report == report


def test_the_yearly_report_is_due_by_the_rule_and_provisional_until_the_notice_is_there(given: Given):
    found = of(given, "yearly_report")
    assert found.due is not None
    assert (found.period, found.due.text) == ("2026", "2027-01-29（暂定：2027年节假日安排尚未录入）")
    in_june_2024 = of(given, "yearly_report", datetime(2024, 6, 3, tzinfo=UTC))
    assert in_june_2024.due is not None
    assert (in_june_2024.period, in_june_2024.due.text) == ("2024", "2025-01-27")


def test_an_occasional_item_is_owed_by_its_own_limit(given: Given):
    assert of(given, "news").due is None
    report = given.report(Stage.DRAFTING)
    found = of(given, "news", given.now)
    assert found.due is not None
    assert (found.report, found.due.day, found.cadence) == (report, dt.date(2026, 12, 21), "临时")


def test_the_soonest_stands_first(given: Given):
    dues = [one.due.day for one in owed(given.office, NOON) if one.due]
    assert dues == sorted(dues)
    assert [one.kind for one in owed(given.office, NOON)][:2] == ["monthly", "bulletin"]
