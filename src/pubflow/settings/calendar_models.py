"""The working-day calendar as data: the week, and one notice of the State Council's office a year with its holidays."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pubflow.settings.entry import Dated, Day, Entry, Words

WeekdayName = Literal["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
_WEEKDAYS: tuple[WeekdayName, ...] = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
NOTICE_NUMBER = r"^\S+〔\d{4}〕\d+号$"
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


def weekday_name(day: dt.date) -> WeekdayName:
    """`周六` for a Saturday. The only place that asks a date for its day of the week."""
    return _WEEKDAYS[day.weekday()]


class Week(Dated):
    """The weekly days of rest."""

    rest_days: tuple[WeekdayName, ...] = Field(min_length=1, max_length=6)

    def rests_on(self, day: dt.date) -> bool:
        """Whether `day` is a weekly day of rest, before any notice is looked at."""
        return weekday_name(day) in self.rest_days


class NewYear(Dated):
    """How far the New Year's arrangement of the next year may reach back into December."""

    reaches_back_to: MonthDay

    def touches(self, day: dt.date) -> bool:
        """Whether the notice of the year after `day` may still change `day`."""
        return f"{day:%m-%d}" >= self.reaches_back_to


class FixedHoliday(Dated):
    """A holiday with a fixed date, for planning in a year without a notice."""

    name: Words
    days: tuple[MonthDay, ...] = Field(min_length=1)

    def falls_on(self, day: dt.date) -> bool:
        """Whether `day` is a day of this holiday by law, before any notice."""
        return self.valid_on(day) and f"{day:%m-%d}" in self.days


class Notice(Entry):
    """A notice as issued; `source` says where its text was read."""

    number: Annotated[str, Field(pattern=NOTICE_NUMBER)]
    title: Words
    issued: Day
    source: Words


class Holiday(Entry):
    """One sentence of a notice: the days off, both ends included, and the weekend days worked instead 调休上班.

    An entry of an amending notice replaces the entry of the same name of the notice before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    name: Words
    notice: Words
    wording: Words
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    workdays: tuple[Day, ...]

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Holiday":
        if self.first > self.last:
            raise ValueError(f"from {self.first} is after to {self.last}")
        return self

    def days_off(self) -> Iterator[dt.date]:
        """Every day of the holiday, weekends within it included."""
        return (self.first + dt.timedelta(days=n) for n in range((self.last - self.first).days + 1))


class CalendarYear(Entry):
    """The notices of one year, the yearly one first, and their holidays in the order of the file."""

    year: int
    notices: tuple[Notice, ...] = Field(min_length=1)
    holidays: tuple[Holiday, ...]

    def in_force(self) -> tuple[Holiday, ...]:
        """The holidays that hold: of each name the one of the latest notice."""
        order = {notice.number: rank for rank, notice in enumerate(sorted(self.notices, key=lambda one: one.issued))}
        latest: dict[str, Holiday] = {}
        for holiday in sorted(self.holidays, key=lambda one: order[one.notice]):
            latest[holiday.name] = holiday
        return tuple(latest.values())


class CalendarData(Entry):
    """Everything `config/calendar/` holds, checked. A year that is not in `years` has no notice yet."""

    week: Week
    new_year: NewYear
    fixed: tuple[FixedHoliday, ...]
    years: dict[int, CalendarYear]
