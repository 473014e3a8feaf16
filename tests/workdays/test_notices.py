"""The dates of the calendar files against the sentences of their notices, and against chinesecalendar."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar
import pytest

from pubflow.settings import Holiday, load_calendar, shipped_config, weekday_name
from pubflow.workdays import Calendar

DATA = load_calendar(shipped_config() / "calendar")
SENTENCES = [
    pytest.param(year.year, holiday, id=f"{year.year} {holiday.name} {holiday.notice}")
    for year in DATA.years.values()
    for holiday in year.holidays
]
_DATE = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日"
_NOTE = r"(?:（[^）]*）)?"
_OFF = re.compile(rf"{_DATE}{_NOTE}(?:至{_DATE}{_NOTE})?放假")
_ALSO_OFF = re.compile(rf"，{_DATE}{_NOTE}补休")
_WORKED = re.compile(rf"{_DATE}（[^）]*(?:星期|周)[六日]）(?=[^。]*上班)")
_NAMED = re.compile(rf"{_DATE}（(?:[^）]*、)?(?:星期|周)([一二三四五六日])）")
_COUNT = re.compile(r"共(\d+)天")
EXTENSION_2020 = "国办发明电〔2020〕1号"  # its sentence names only the new end; held by a test of its own


def _day(parts: tuple[str | None, ...], year: int, month: int) -> date:
    return date(int(parts[0] or year), int(parts[1] or month), int(parts[2] or 0))


def _off(year: int, wording: str) -> tuple[date, date]:
    found = _OFF.search(wording)
    assert found, wording
    first = _day(found.groups()[:3], year, 0)
    last = _day(found.groups()[3:], year, first.month) if found[6] else first
    also = _ALSO_OFF.search(wording)
    return first, _day(also.groups(), year, 0) if also else last


@pytest.mark.parametrize(("year", "holiday"), SENTENCES)
def test_the_dates_are_those_of_the_sentence_of_the_notice(year: int, holiday: Holiday):
    if holiday.notice == EXTENSION_2020:
        assert (holiday.first, holiday.last) == (date(2020, 1, 24), date(2020, 2, 2))
        return
    assert (holiday.first, holiday.last) == _off(year, holiday.wording)
    worked = [_day(found.groups()[:3], year, 0) for found in _WORKED.finditer(holiday.wording)]
    assert list(holiday.workdays) == worked
    for count in _COUNT.findall(holiday.wording):
        assert len(list(holiday.days_off())) == int(count)


@pytest.mark.parametrize(("year", "holiday"), SENTENCES)
def test_the_notice_and_the_calendar_agree_on_the_days_of_the_week(year: int, holiday: Holiday):
    month = holiday.first.month  # for "5月1日（周四）至5日（周一）"
    for found in _NAMED.finditer(holiday.wording):
        month = int(found[2] or month)
        assert weekday_name(_day(found.groups()[:3], year, month)) == f"周{found[4]}"


def test_every_year_from_2016_to_2026_has_its_notice_and_the_two_amendments_are_there():
    assert sorted(DATA.years) == list(range(2016, 2027))
    numbers = {year.year: [notice.number for notice in year.notices] for year in DATA.years.values()}
    assert numbers == {
        2016: ["国办发明电〔2015〕18号"],
        2017: ["国办发明电〔2016〕17号"],
        2018: ["国办发明电〔2017〕12号"],
        2019: ["国办发明电〔2018〕15号", "国办发明电〔2019〕3号"],
        2020: ["国办发明电〔2019〕16号", "国办发明电〔2020〕1号"],
        2021: ["国办发明电〔2020〕27号"],
        2022: ["国办发明电〔2021〕11号"],
        2023: ["国办发明电〔2022〕16号"],
        2024: ["国办发明电〔2023〕7号"],
        2025: ["国办发明电〔2024〕12号"],
        2026: ["国办发明电〔2025〕7号"],
    }


# Where we and chinesecalendar differ, with the reason. None is known for 1.11.0.
DISAGREEMENTS: dict[date, str] = {}


def test_every_disagreement_with_chinesecalendar_is_listed_with_its_reason(calendar: Calendar):
    differing = {
        day for day in _every_day() if calendar.is_workday(day, planning=True) != chinese_calendar.is_workday(day)
    }
    assert differing == set(DISAGREEMENTS)


def _every_day() -> Iterator[date]:
    day = date(2016, 1, 1)
    while day <= date(2026, 12, 31):
        yield day
        day += timedelta(days=1)
