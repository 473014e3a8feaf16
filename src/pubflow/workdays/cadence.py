"""When the next item is due, by cadence: 常规 by its schedule, 临时 from its creation, 固定 at its next look-through.

“常规性工作定期公开，临时性工作随时公开，固定性工作长期公开” (the 2016 report; dossier 6.1). These are planning
dates: until a year's notice exists they are provisional and say so.
"""

import datetime as dt
from dataclasses import dataclass

from pubflow.settings import Settings
from pubflow.workdays.calendar import Calendar
from pubflow.workdays.days import DueDay
from pubflow.workdays.deadlines import months_later, proactive_due


@dataclass(frozen=True)
class Schedule:
    """A 常规 product: one issue every `every_months` months, out by day `day` of the month that is `lag_months` after
    the period's last month. A monthly report by the 28th of the next month is Schedule(1, 1, 28).
    """

    every_months: int
    lag_months: int
    day: int

    def __post_init__(self) -> None:
        if self.every_months < 1 or self.lag_months < 0 or not 1 <= self.day <= 31:
            raise ValueError(f"{self} is no schedule: every month or more, lag 0 or more, day 1 to 31")


@dataclass(frozen=True)
class Regular:
    """常规: `last_period` is the first month of the last period published (any day of it)."""

    schedule: Schedule
    last_period: dt.date


@dataclass(frozen=True)
class Occasional:
    """临时: due from the day the information was created or changed."""

    created: dt.date


@dataclass(frozen=True)
class Standing:
    """固定: always public, looked through every `every_months` months since `reviewed`."""

    reviewed: dt.date
    every_months: int

    def __post_init__(self) -> None:
        if self.every_months < 1:
            raise ValueError(f"a standing item is looked through every month or more seldom, not {self.every_months}")


def next_due(what: Regular | Occasional | Standing, settings: Settings, calendar: Calendar) -> DueDay:
    """The next due day for planning, never a day of rest. For the binding day of an item see proactive_due."""
    match what:
        case Regular(schedule, last_period):
            return regular_due(schedule, months_later(last_period, schedule.every_months, on=1), calendar)
        case Occasional(created):
            return proactive_due(settings, created, calendar, planning=True).due
        case Standing(reviewed, every_months):
            return calendar.last_workday_on_or_before(months_later(reviewed, every_months), planning=True)


def regular_due(schedule: Schedule, period: dt.date, calendar: Calendar) -> DueDay:
    """When the issue of the period beginning in the month of `period` is due: the last working day up to its day."""
    months = schedule.every_months - 1 + schedule.lag_months
    return calendar.last_workday_on_or_before(months_later(period, months, on=schedule.day), planning=True)
