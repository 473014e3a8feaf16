"""What the calendar answers, when it refuses, and how it explains itself."""

import pickle
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pubflow.settings import shipped_config
from pubflow.workdays import Calendar, CalendarMissing

SHIPPED = Calendar.load(shipped_config() / "calendar")
LAST = date(2026, 5, 1)  # the longest period from here still ends within the notices
STARTS = st.dates(date(2016, 1, 1), LAST)
DAYS = st.integers(1, 100)
UNHURRIED = hypothesis_settings(deadline=None, max_examples=50)  # a busy machine is no failure


@UNHURRIED
@given(start=STARTS, n=DAYS)
def test_a_due_day_is_worked_and_counting_back_gives_the_period(start: date, n: int):
    due = SHIPPED.add_workdays(start, n)
    assert SHIPPED.is_workday(due.day)
    assert SHIPPED.workdays_between(start, due.day).days == n
    assert SHIPPED.last_workday_on_or_before(due.day).day == due.day


@UNHURRIED
@given(start=STARTS, later=st.integers(0, 40), n=DAYS, more=st.integers(1, 40))
def test_a_later_start_or_a_longer_period_never_ends_earlier(start: date, later: int, n: int, more: int):
    due = SHIPPED.add_workdays(start, n).day
    assert due <= SHIPPED.add_workdays(min(start + timedelta(days=later), LAST), n).day
    assert due < SHIPPED.add_workdays(start, n + more).day


@UNHURRIED
@given(start=STARTS, n=st.integers(1, 40), more=st.integers(1, 40))
def test_a_period_in_two_parts_ends_where_the_whole_ends(start: date, n: int, more: int):
    half = SHIPPED.add_workdays(start, n).day
    assert SHIPPED.add_workdays(half, more).day == SHIPPED.add_workdays(start, n + more).day


@UNHURRIED
@given(start=STARTS, n=DAYS)
def test_the_explanation_names_every_day_on_the_way_once_and_numbers_the_counted_ones(start: date, n: int):
    due = SHIPPED.add_workdays(start, n)
    assert [line.day for line in due.explanation] == [
        start + timedelta(days=k) for k in range(1, (due.day - start).days + 1)
    ]
    assert [line.number for line in due.explanation if line.fact.works] == list(range(1, n + 1))
    assert all(line.number is None for line in due.explanation if not line.fact.works)


@UNHURRIED
@given(day=st.dates(date(2016, 1, 15), date(2026, 12, 24)))
def test_no_working_day_lies_between_a_day_and_the_last_working_day_before_it(day: date):
    last = SHIPPED.last_workday_on_or_before(day).day
    assert last <= day
    assert SHIPPED.workdays_between(last, day).days == 0
    assert SHIPPED.is_workday(last)


@UNHURRIED
@given(start=st.dates(date(2026, 10, 1), date(2028, 3, 1)), n=st.integers(1, 60))
def test_a_planned_day_that_looked_past_the_notices_is_always_flagged(start: date, n: int):
    planned = SHIPPED.add_workdays(start, n, planning=True)
    assert planned.provisional == (planned.day >= date(2026, 12, 25))
    if planned.provisional:
        with pytest.raises(CalendarMissing):
            SHIPPED.add_workdays(start, n)
    else:
        assert SHIPPED.add_workdays(start, n) == planned


def test_each_day_is_explained_in_the_words_of_the_office():
    due = SHIPPED.add_workdays(date(2024, 9, 13), 2)
    assert [str(line) for line in due.explanation] == [
        "2024-09-14 第1个工作日：周六，中秋节调休上班（国办发明电〔2023〕7号）",
        "2024-09-15 不计：周日，中秋节放假（国办发明电〔2023〕7号）",
        "2024-09-16 不计：周一，中秋节放假（国办发明电〔2023〕7号）",
        "2024-09-17 不计：周二，中秋节放假（国办发明电〔2023〕7号）",
        "2024-09-18 第2个工作日：周三，工作日",
    ]
    assert str(due) == "2024-09-18"


def test_an_amending_notice_replaces_the_sentence_of_the_yearly_one():
    assert [SHIPPED.is_workday(date(2019, 5, day)) for day in (1, 2, 3, 4, 5, 6)] == [False] * 4 + [True, True]
    assert SHIPPED.is_workday(date(2019, 4, 28))
    assert "国办发明电〔2019〕3号" in SHIPPED.fact(date(2019, 5, 2)).reason
    assert not SHIPPED.is_workday(date(2020, 2, 1))
    assert SHIPPED.is_workday(date(2020, 1, 19))
    assert SHIPPED.is_workday(date(2020, 2, 3))


def test_the_notice_of_2019_turned_the_last_days_of_2018_round():
    days = [date(2018, 12, day) for day in (28, 29, 30, 31)]
    assert [SHIPPED.is_workday(day) for day in days] == [True, True, False, False]


def test_without_a_notice_a_statutory_period_is_refused_and_says_what_to_do():
    with pytest.raises(CalendarMissing) as refused:
        SHIPPED.add_workdays(date(2026, 12, 4), 20)
    assert (refused.value.year, refused.value.day) == (2027, date(2026, 12, 25))
    assert str(refused.value) == (
        "没有2027年的节假日安排，2026-12-25 是否为工作日不能确定，法定期限不能推算。"
        "请系统管理员按国务院办公厅的通知补上 config/calendar/2027.toml（写法见 docs/calendar.md），再办理"
    )
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301


@pytest.mark.parametrize("day", [date(2015, 12, 31), date(2027, 3, 1), date(2026, 12, 25), date(2026, 12, 31)])
def test_no_day_is_guessed_to_be_worked_or_not(day: date):
    with pytest.raises(CalendarMissing):
        SHIPPED.is_workday(day)
    with pytest.raises(CalendarMissing):
        SHIPPED.last_workday_on_or_before(day)
    with pytest.raises(CalendarMissing):
        SHIPPED.workdays_between(day - timedelta(days=1), day)


def test_the_last_day_that_the_notice_of_2026_settles_is_24_december():
    assert SHIPPED.is_workday(date(2026, 12, 24))


def test_planning_skips_the_holidays_of_fixed_date_and_says_that_the_day_may_change():
    planned = SHIPPED.add_workdays(date(2026, 12, 31), 1, planning=True)
    assert planned.day == date(2027, 1, 4)  # Friday 1 January, then the weekend
    assert str(planned) == "2027-01-04（暂定：2027年节假日安排尚未录入）"
    assert str(planned.explanation[0]) == (
        "2027-01-01 不计：周五，元旦（全国年节及纪念日放假办法第二条，2024年11月10日第四次修订）"
        "（暂按此计：2027年节假日安排尚未录入）"
    )


def test_where_a_notice_has_spoken_it_decides_alone_fixed_dates_included(folder: Path):
    assert "国办发明电〔2025〕7号" in SHIPPED.fact(date(2026, 1, 1)).reason
    file = folder / "2026.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("from = 2026-10-01", "from = 2026-10-03"), encoding="utf-8")
    assert Calendar.load(folder).is_workday(date(2026, 10, 2))


def test_a_provisional_day_is_mended_by_the_notice_when_it_arrives(without, folder: Path):
    received = date(2024, 9, 10)
    before = without(2024, 2025, 2026).add_workdays(received, 20, planning=True)
    assert str(before) == "2024-10-08（暂定：2024年节假日安排尚未录入）"
    shutil.copy(shipped_config() / "calendar/2024.toml", folder)
    assert str(Calendar.load(folder).add_workdays(received, 20, planning=True)) == "2024-10-14"


def test_a_period_over_new_year_needs_only_the_notices_it_looks_at(without):
    calendar = without(2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026)
    assert calendar.add_workdays(date(2018, 12, 21), 1).day == date(2018, 12, 24)
    with pytest.raises(CalendarMissing, match="2019"):
        calendar.add_workdays(date(2018, 12, 21), 2)
    planned = calendar.add_workdays(date(2018, 12, 28), 1, planning=True)
    assert (planned.day, planned.provisional) == (date(2018, 12, 31), True)
    assert SHIPPED.add_workdays(date(2018, 12, 28), 1).day == date(2018, 12, 29)


def test_a_leap_day_is_a_day_like_any_other():
    assert SHIPPED.add_workdays(date(2024, 2, 28), 1).day == date(2024, 2, 29)
    assert SHIPPED.workdays_between(date(2024, 2, 28), date(2024, 3, 1)).days == 2


def test_a_period_of_no_day_and_a_span_turned_round_are_mistakes_of_the_caller():
    with pytest.raises(ValueError, match="0 working days"):
        SHIPPED.add_workdays(date(2024, 2, 28), 0)
    with pytest.raises(ValueError, match="is before"):
        SHIPPED.workdays_between(date(2024, 2, 28), date(2024, 2, 27))


def test_exactly_one_function_of_the_program_asks_for_the_day_of_the_week():
    root = Path(__file__).parents[2]
    asking = re.compile(r"\.(iso)?weekday\(|\.isocalendar\(")
    files = [*(root / "src/pubflow").rglob("*.py"), *(root / "flows").rglob("*.py")]
    found = {path.name: len(asking.findall(path.read_text(encoding="utf-8"))) for path in files}
    assert {name: count for name, count in found.items() if count} == {"calendar_models.py": 1}
