"""The fixtures of dossier 1.4, each counted by hand."""

from datetime import date

import pytest

from pubflow.settings import Settings
from pubflow.workdays import Calendar, proactive_due, rule_deadline, yearly_report_due

PERIODS = {
    "reply: received Tue 2024-09-10, 20 wd over 中秋 and 国庆": (date(2024, 9, 10), 20, date(2024, 10, 14)),
    "the same with the extension of 20 wd": (date(2024, 9, 10), 40, date(2024, 11, 11)),
    "reply over Spring Festival: received Wed 2025-01-15": (date(2025, 1, 15), 20, date(2025, 2, 18)),
    "2007 rule, 15 wd: received Mon 2017-01-16": (date(2017, 1, 16), 15, date(2017, 2, 9)),
    "the same with the extension of 15 wd": (date(2017, 1, 16), 30, date(2017, 3, 2)),
    "correction notice, 7 wd: received 2025-01-15": (date(2025, 1, 15), 7, date(2025, 1, 24)),
    "reply to the corrected request received 2025-02-06": (date(2025, 2, 6), 20, date(2025, 3, 5)),
    "third party, 15 wd from 2024-09-12": (date(2024, 9, 12), 15, date(2024, 10, 10)),
    "reply with 8 wd suspended for the third party": (date(2024, 9, 10), 20 + 8, date(2024, 10, 24)),
    "proactive: created Mon 2024-09-23": (date(2024, 9, 23), 20, date(2024, 10, 24)),
}


@pytest.mark.parametrize("case", PERIODS)
def test_a_period_ends_on_the_day_counted_by_hand(calendar: Calendar, case: str):
    start, days, due = PERIODS[case]
    result = calendar.add_workdays(start, days)
    assert (result.day, result.provisional) == (due, False)


def test_eight_working_days_lie_between_the_letter_to_the_third_party_and_the_answer(calendar: Calendar):
    assert calendar.workdays_between(date(2024, 9, 12), date(2024, 9, 25)).days == 8


@pytest.mark.parametrize(
    ("rule", "start", "due"),
    [
        ("reply_working_days", date(2024, 9, 10), date(2024, 10, 14)),
        ("reply_working_days", date(2017, 1, 16), date(2017, 2, 9)),  # 15 wd: the rule of 2007 holds on that day
        ("correction_notice_working_days", date(2025, 1, 15), date(2025, 1, 24)),
        ("third_party_answer_working_days", date(2024, 9, 12), date(2024, 10, 10)),
    ],
)
def test_the_rule_valid_on_the_first_day_sets_the_length(settings: Settings, calendar: Calendar, rule, start, due):
    assert rule_deadline(settings, rule, start, calendar).due.day == due


def test_information_created_on_2024_09_23_is_public_by_2024_10_24(settings: Settings, calendar: Calendar):
    assert proactive_due(settings, date(2024, 9, 23), calendar).due.day == date(2024, 10, 24)


@pytest.mark.parametrize(
    ("year", "due"),
    [
        (2024, date(2025, 1, 27)),  # 2025-01-31 is in the Spring Festival holiday
        (2025, date(2026, 1, 30)),  # 2026-01-31 is a Saturday
        (2016, date(2017, 3, 31)),  # 2007 rule: 31 March, a Friday
        (2018, date(2019, 3, 29)),  # still the 2007 rule; 31 March is a Sunday
        (2019, date(2020, 1, 23)),  # 2020-01-31 fell into the prolonged Spring Festival
    ],
)
def test_the_yearly_report_is_out_on_the_last_working_day_before_its_limit(settings, calendar, year, due):
    assert yearly_report_due(settings, year, calendar).day == due
