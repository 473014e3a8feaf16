"""The calendar of an office: the week, changed by the State Council's yearly notices.

Statutory use is the default and refuses (CalendarMissing) as soon as one day looked at is not settled. With
`planning=True` such a day is taken by the week and the fixed holidays, and the result says that it is provisional.
"""

import datetime as dt
from pathlib import Path

from pubflow.settings import CalendarData, load_calendar, weekday_name
from pubflow.workdays.days import CalendarMissing, CountedDay, DayFact, DueDay, WorkdayCount

_DAY = dt.timedelta(days=1)


class Calendar:
    """Working days 2016 and on, as far as notices are known. Immutable: make a new one when a notice arrives."""

    def __init__(self, data: CalendarData) -> None:
        self._week, self._new_year, self._fixed = data.week, data.new_year, data.fixed
        self._years = frozenset(data.years)
        in_force = [holiday for year in data.years.values() for holiday in year.in_force()]
        self._off = {day: holiday for holiday in in_force for day in holiday.days_off()}
        self._made_up = {day: holiday for holiday in in_force for day in holiday.workdays}

    @classmethod
    def load(cls, folder: Path) -> "Calendar":
        """The calendar in `folder` (a `config/calendar/`). Raises ConfigError with every mistake in its files."""
        return cls(load_calendar(folder))

    def fact(self, day: dt.date) -> DayFact:
        """What is known of `day`; never refuses, but says which year's notice is still lacking."""
        works, reason = self._by_notice(day) or self._by_law(day) or self._by_week(day)
        lacks = self._lacking(day)
        if lacks is not None:
            reason += f"（暂按此计：{lacks}年节假日安排尚未录入）"
        return DayFact(day, works, reason, lacks)

    def is_workday(self, day: dt.date, *, planning: bool = False) -> bool:
        """Whether `day` is worked. Raises CalendarMissing when that is not settled, unless planning."""
        return self._fact(day, planning).works

    def add_workdays(self, day: dt.date, n: int, *, planning: bool = False) -> DueDay:
        """The `n`-th working day after `day`, which is itself not counted (dossier 1.4).

        n: working days, at least 1 (ValueError). Raises CalendarMissing when a day on the way is not settled,
        unless planning.
        """
        if n < 1:
            raise ValueError(f"a period of {n} working days has no last day")
        lines: list[CountedDay] = []
        count = 0
        while count < n:
            day += _DAY
            fact = self._fact(day, planning)
            count += fact.works
            lines.append(CountedDay(fact, count if fact.works else None))
        return DueDay(day, _provisional(lines), tuple(lines))

    def workdays_between(self, after: dt.date, until: dt.date, *, planning: bool = False) -> WorkdayCount:
        """How many working days lie after `after`, up to and including `until`; add_workdays turned round.

        Raises ValueError when `until` is before `after`, CalendarMissing as add_workdays does.
        """
        if until < after:
            raise ValueError(f"{until} is before {after}")
        lines: list[CountedDay] = []
        count = 0
        for n in range(1, (until - after).days + 1):
            fact = self._fact(after + n * _DAY, planning)
            count += fact.works
            lines.append(CountedDay(fact, count if fact.works else None))
        return WorkdayCount(count, _provisional(lines), tuple(lines))

    def last_workday_on_or_before(self, day: dt.date, *, planning: bool = False) -> DueDay:
        """The last working day up to and including `day`: the target for a limit that is a date.

        The explanation goes backwards from `day`. Raises CalendarMissing as add_workdays does.
        """
        lines: list[CountedDay] = []
        while True:
            fact = self._fact(day, planning)
            lines.append(CountedDay(fact, 1 if fact.works else None))
            if fact.works:
                return DueDay(day, _provisional(lines), tuple(lines))
            day -= _DAY

    def _fact(self, day: dt.date, planning: bool) -> DayFact:
        fact = self.fact(day)
        if fact.lacks is not None and not planning:
            raise CalendarMissing(fact.lacks, day)
        return fact

    def _by_notice(self, day: dt.date) -> tuple[bool, str] | None:
        if day in self._off:
            holiday = self._off[day]
            return False, f"{weekday_name(day)}，{holiday.name}放假（{holiday.notice}）"
        if day in self._made_up:
            holiday = self._made_up[day]
            return True, f"{weekday_name(day)}，{holiday.name}调休上班（{holiday.notice}）"
        return None

    def _by_law(self, day: dt.date) -> tuple[bool, str] | None:
        """A fixed date, in a year without a notice only: a notice names every holiday of its year itself."""
        holiday = next((one for one in self._fixed if day.year not in self._years and one.falls_on(day)), None)
        return None if holiday is None else (False, f"{weekday_name(day)}，{holiday.name}（{holiday.source}）")

    def _by_week(self, day: dt.date) -> tuple[bool, str]:
        rests = self._week.rests_on(day)
        return not rests, f"{weekday_name(day)}，{'周休息日' if rests else '工作日'}"

    def _lacking(self, day: dt.date) -> int | None:
        """The year whose notice may still change `day`: its own, or the next one where New Year reaches back."""
        if day.year not in self._years:
            return day.year
        if self._new_year.touches(day) and day.year + 1 not in self._years:
            return day.year + 1
        return None


def _provisional(lines: list[CountedDay]) -> bool:
    return any(not line.fact.settled for line in lines)
