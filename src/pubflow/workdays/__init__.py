"""Working days 工作日: which days count, when a period ends, and why, day by day. Pure; takes days, knows no clock."""

from pubflow.workdays.cadence import Occasional, Regular, Schedule, Standing, next_due, regular_due
from pubflow.workdays.calendar import Calendar
from pubflow.workdays.days import CalendarMissing, CountedDay, DayFact, DueDay, WorkdayCount
from pubflow.workdays.deadlines import Deadline, proactive_due, rule_deadline, yearly_report_due

__all__ = [
    "Calendar",
    "CalendarMissing",
    "CountedDay",
    "DayFact",
    "Deadline",
    "DueDay",
    "Occasional",
    "Regular",
    "Schedule",
    "Standing",
    "WorkdayCount",
    "next_due",
    "proactive_due",
    "regular_due",
    "rule_deadline",
    "yearly_report_due",
]
