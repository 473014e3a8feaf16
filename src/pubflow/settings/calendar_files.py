"""The files of `config/calendar/` into a checked calendar; each mistake becomes a Problem with file, key and remedy."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pubflow.settings.calendar_models import CalendarData, CalendarYear, FixedHoliday, Holiday, NewYear, Notice, Week
from pubflow.settings.entries import nearest, validated
from pubflow.settings.entry import Entry
from pubflow.settings.models import ConfigError, Problem
from pubflow.settings.reading import WEEK, calendar_tables

E = TypeVar("E", bound=Entry)
Table = Mapping[str, Any]
_YEAR_FILE = re.compile(r"(?:.*/)?(\d{4})\.toml")
_KEYS = {"week": ("week", "new_year", "fixed"), "year": ("notice", "amendment", "holiday")}


def load_calendar(folder: Path) -> CalendarData:
    """The calendar in `folder` (a `config/calendar/`). Raises ConfigError with all problems when there is any."""
    problems: list[Problem] = []
    tables = calendar_tables(folder, problems)
    data, found = make_calendar(tables)
    problems += found
    if problems or data is None:
        raise ConfigError(tuple(problems))
    return data


def make_calendar(tables: Mapping[str, Table]) -> tuple[CalendarData | None, list[Problem]]:
    """A calendar of the TOML tables by file name (`calendar/2016.toml`), and every problem found on the way.

    None when the rules of the week are unusable: without them no other day can be judged.
    """
    problems: list[Problem] = []
    week, new_year = None, None
    fixed: tuple[FixedHoliday, ...] = ()
    years: dict[int, CalendarYear] = {}
    for file, table in tables.items():
        if file.endswith(f"/{WEEK}"):
            problems += _unknown_keys(file, "week", table)
            week = _one(Week, table, file, "week", problems)
            new_year = _one(NewYear, table, file, "new_year", problems)
            fixed = tuple(row for _, row in _rows(FixedHoliday, table, file, "fixed", problems) if row is not None)
        elif found := _YEAR_FILE.fullmatch(file):
            problems += _unknown_keys(file, "year", table)
            year = _year(int(found[1]), file, table, problems)
            if year is not None:
                years[year.year] = year
        else:
            remedy = "Name it after its year, such as 2026.toml, or move it away"
            problems.append(Problem(file, "", "is no calendar year", remedy))
    if week is None or new_year is None:
        return None, problems
    data = CalendarData(week=week, new_year=new_year, fixed=fixed, years=years)
    return data, problems + list(_contradictions(data, _names(tables)))


def _names(tables: Mapping[str, Table]) -> dict[int, str]:
    return {int(found[1]): file for file in tables if (found := _YEAR_FILE.fullmatch(file))}


def _unknown_keys(file: str, kind: str, table: Table) -> list[Problem]:
    known = _KEYS[kind]
    return [Problem(file, key, "unknown key", nearest(key, known)) for key in table if key not in known]


def _one(model: type[E], table: Table, file: str, key: str, problems: list[Problem]) -> E | None:
    if key not in table:
        problems.append(Problem(file, key, "is missing", f"Add [{key}]; see the shipped file"))
        return None
    return validated(model, table[key], file, key, problems)


def _year(year: int, file: str, table: Table, problems: list[Problem]) -> CalendarYear | None:
    """The year of one file; None where a notice or an entry is mistaken, so that no half year is ever counted with."""
    before = len(problems)
    notices = [_one(Notice, table, file, "notice", problems)]
    notices += [row for _, row in _rows(Notice, table, file, "amendment", problems)]
    holidays = _rows(Holiday, table, file, "holiday", problems)
    if not table.get("holiday"):
        problems.append(Problem(file, "holiday", "is missing", "Add a [[holiday]] for each sentence of the notice"))
    if len(problems) > before:
        return None
    known = [notice.number for notice in notices if notice is not None]
    for key, holiday in holidays:
        if holiday is not None and holiday.notice not in known:
            what = f"there is no notice {holiday.notice!r} in this file"
            problems.append(Problem(file, f"{key}.notice", what, nearest(holiday.notice, known)))
    problems += _twice(file, holidays)
    problems += _order_of_notices(file, [notice for notice in notices if notice is not None])
    if len(problems) > before:
        return None
    return CalendarYear(
        year=year,
        notices=tuple(notice for notice in notices if notice is not None),
        holidays=tuple(holiday for _, holiday in holidays if holiday is not None),
    )


def _rows(model: type[E], table: Table, file: str, key: str, problems: list[Problem]) -> list[tuple[str, E | None]]:
    raw = table.get(key, [])
    if not isinstance(raw, list):
        problems.append(Problem(file, key, "is not a list of entries", f"Write [[{key}]] for each entry"))
        return []
    return [(place, validated(model, row, file, place, problems)) for place, row in _placed(key, raw)]


def _placed(key: str, raw: list[Any]) -> Iterator[tuple[str, Any]]:
    for number, row in enumerate(raw):
        name = row.get("name") if isinstance(row, dict) else None
        yield f"{key}[{number}]" + (f" {name}" if isinstance(name, str) else ""), row


def _twice(file: str, holidays: list[tuple[str, Holiday | None]]) -> Iterator[Problem]:
    seen = set()
    for key, holiday in holidays:
        if holiday is None:
            continue
        if (holiday.name, holiday.notice) in seen:
            yield Problem(file, key, "stands there twice in one notice", "Remove one of them, or cite the amendment")
        seen.add((holiday.name, holiday.notice))


def _order_of_notices(file: str, notices: list[Notice]) -> Iterator[Problem]:
    numbers = [notice.number for notice in notices]
    for place, notice in enumerate(notices[1:]):
        if notice.issued < notices[0].issued:
            what = f"{notice.issued} is before {notices[0].issued}, when the yearly notice was issued"
            yield Problem(file, f"amendment[{place}].issued", what, "Put the yearly notice into [notice]")
        if numbers.count(notice.number) > 1:
            yield Problem(file, f"amendment[{place}].number", "is used twice", "Give the amendment its own number")


def _contradictions(data: CalendarData, files: Mapping[int, str]) -> Iterator[Problem]:
    """Days that cannot be what the files say: each holiday alone, then all against each other, across years."""
    claimed: dict[dt.date, tuple[str, str]] = {}
    for year in sorted(data.years.values(), key=lambda one: one.year):
        for holiday in year.in_force():
            file = files[year.year]
            key = f"holiday[{year.holidays.index(holiday)}] {holiday.name}"
            yield from _out_of_place(file, key, year.year, holiday, data)
            yield from _overlaps(file, key, holiday, claimed)


def _out_of_place(file: str, key: str, year: int, holiday: Holiday, data: CalendarData) -> Iterator[Problem]:
    spans_new_year = holiday.first <= dt.date(year, 1, 1) <= holiday.last
    for day in (*holiday.days_off(), *holiday.workdays):
        reaches_back = spans_new_year and day.year == year - 1 and data.new_year.touches(day)
        if day.year != year and not reaches_back:
            remedy = (
                f"Mend the date, or move the entry to the file of its year; only the holiday of 1 January may reach "
                f"back, to {data.new_year.reaches_back_to} of the year before"
            )
            yield Problem(file, key, f"{day} is not in {year}", remedy)
            break
    for day in holiday.workdays:
        if not data.week.rests_on(day):
            remedy = f"Only {'、'.join(data.week.rest_days)} can be worked instead; compare with the notice"
            yield Problem(file, f"{key}.workdays", f"{day} is no weekend day", remedy)


def _overlaps(file: str, key: str, holiday: Holiday, claimed: dict[dt.date, tuple[str, str]]) -> Iterator[Problem]:
    """Days of `holiday` that an entry before it, or its own other half, has taken; one message for each such entry."""
    off = [(day, "a day off") for day in holiday.days_off()]
    told = set()
    for day, role in [*off, *((day, "a make-up working day") for day in holiday.workdays)]:
        other, other_role = claimed.get(day, ("", ""))
        if not other:
            claimed[day] = (f"{file}: {key}", role)
        elif other not in told:
            told.add(other)
            what = f"{day} is {role} here and {other_role} in {other}"
            yield Problem(file, key, what, "Compare both with their notices; a day is one or the other, once")
