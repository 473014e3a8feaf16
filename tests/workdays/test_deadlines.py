"""Proactive disclosure, and the next due day of each cadence."""

from datetime import date

import pytest

from pubflow.settings import ConfigError, Rule, Settings
from pubflow.workdays import (
    Calendar,
    CalendarMissing,
    Occasional,
    Regular,
    Schedule,
    Standing,
    next_due,
    proactive_due,
    regular_due,
    rule_deadline,
    yearly_report_due,
)

MONTHLY = Schedule(every_months=1, lag_months=1, day=28)
YEARLY = Schedule(every_months=12, lag_months=1, day=31)


def with_rule(settings: Settings, **changes: object) -> Settings:
    """The settings with one rule only, changed."""
    return settings.model_copy(update={"rules": (settings.rules[1].model_copy(update=changes),)})


def test_the_proactive_period_tells_its_rule_its_first_day_and_every_day_up_to_its_end(settings, calendar):
    lines = proactive_due(settings, date(2024, 9, 23), calendar).explained()
    assert lines[:3] == (
        "依据：条例（2019）第二十六条，20个工作日",
        "2024-09-23 不计：期限自次日起算",
        "2024-09-24 第1个工作日：周二，工作日",
    )
    assert lines[-2:] == ("2024-10-24 第20个工作日：周四，工作日", "到期日：2024-10-24")
    assert len(lines) == 2 + 31 + 1  # 24 September to 24 October are 31 days


@pytest.mark.parametrize(
    ("created", "source"), [(date(2019, 5, 14), "条例（2007）第十八条"), (date(2019, 5, 15), "条例（2019）第二十六条")]
)
def test_the_law_in_force_on_the_day_of_creation_is_the_one_cited(settings, calendar, created, source):
    assert proactive_due(settings, created, calendar).rule.source == source


def test_an_office_that_sets_itself_a_shorter_limit_has_it_counted(settings: Settings, calendar: Calendar):
    assert proactive_due(with_rule(settings, value=5), date(2024, 9, 23), calendar).due.day == date(2024, 9, 29)


def test_a_proactive_period_into_a_year_without_notice_is_planned_but_never_asserted(settings, calendar):
    with pytest.raises(CalendarMissing):
        proactive_due(settings, date(2026, 12, 1), calendar)
    planned = proactive_due(settings, date(2026, 12, 1), calendar, planning=True)
    assert planned.due.provisional
    assert planned.explained()[-1] == "到期日：2026-12-29（暂定：2027年节假日安排尚未录入）"


@pytest.mark.parametrize("changes", [{"value": "20"}, {"value": 0}, {"unit": "days"}])
def test_a_rule_that_is_no_number_of_working_days_is_named_with_file_and_key(settings, calendar, changes):
    with pytest.raises(ConfigError, match=r"rules/disclosure\.toml: proactive_working_days from 2019-05-15"):
        proactive_due(with_rule(settings, **changes), date(2024, 9, 23), calendar)


def test_a_day_before_any_rule_has_no_period(settings, calendar):
    with pytest.raises(ConfigError, match="no rule is valid on 2018-01-02"):
        rule_deadline(settings, "correction_notice_working_days", date(2018, 1, 2), calendar)


@pytest.mark.parametrize("value", ["02-30", "31 January", 31])
def test_a_yearly_limit_that_is_no_date_is_named_with_file_and_key(settings, calendar, value):
    rule = Rule.model_construct(**{**settings.rule("yearly_report_due", date(2025, 1, 1)).model_dump(), "value": value})
    with pytest.raises(ConfigError, match=r"rules/disclosure\.toml: yearly_report_due from 2019-05-15"):
        yearly_report_due(settings.model_copy(update={"rules": (rule,)}), 2024, calendar)


@pytest.mark.parametrize(
    ("schedule", "period", "due"),
    [
        (MONTHLY, date(2016, 11, 1), date(2016, 12, 28)),
        (MONTHLY, date(2024, 12, 1), date(2025, 1, 27)),  # 28 January 2025 is 除夕
        (MONTHLY, date(2024, 8, 1), date(2024, 9, 27)),  # 28 September 2024 is a Saturday, not made up
        (MONTHLY, date(2025, 8, 1), date(2025, 9, 28)),  # 28 September 2025 is a Sunday that is worked
        (Schedule(3, 1, 20), date(2024, 7, 1), date(2024, 10, 18)),  # third quarter; 20 October is a Sunday
        (YEARLY, date(2024, 1, 1), date(2025, 1, 27)),
        (Schedule(1, 1, 31), date(2024, 1, 1), date(2024, 2, 29)),  # February has no 31st
        (Schedule(1, 0, 31), date(2023, 12, 1), date(2023, 12, 29)),  # 30 and 31 December 2023 are a weekend
    ],
)
def test_a_regular_issue_is_due_on_the_last_working_day_up_to_its_day(settings, calendar, schedule, period, due):
    assert regular_due(schedule, period, calendar).day == due
    before = date(period.year - (period.month <= schedule.every_months), 1, 1)
    month = (period.month - schedule.every_months - 1) % 12 + 1
    assert (
        next_due(Regular(schedule, before.replace(month=month, day=31 if month == 1 else 1)), settings, calendar).day
        == due
    )


def test_an_occasional_item_is_due_with_the_proactive_period(settings, calendar):
    assert next_due(Occasional(date(2024, 9, 23)), settings, calendar).day == date(2024, 10, 24)


def test_a_standing_item_is_looked_through_again_before_its_months_are_over(settings, calendar):
    assert next_due(Standing(date(2023, 10, 7), 12), settings, calendar).day == date(2024, 9, 30)  # 1-7 Oct. is 国庆
    assert next_due(Standing(date(2024, 2, 29), 12), settings, calendar).day == date(2025, 2, 28)


def test_planning_dates_of_a_year_without_notice_say_so(settings, calendar):
    assert str(regular_due(MONTHLY, date(2026, 12, 1), calendar)) == "2027-01-28（暂定：2027年节假日安排尚未录入）"
    assert next_due(Standing(date(2026, 5, 6), 12), settings, calendar).provisional


@pytest.mark.parametrize("wrong", [(0, 1, 28), (1, -1, 28), (1, 1, 0), (1, 1, 32)])
def test_a_schedule_that_cannot_be_kept_is_refused(wrong):
    with pytest.raises(ValueError, match="is no schedule"):
        Schedule(*wrong)


def test_a_standing_item_needs_a_month_at_least():
    with pytest.raises(ValueError, match="every month or more seldom"):
        Standing(date(2026, 5, 6), 0)
