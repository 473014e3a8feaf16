"""Periods that the rules of `config/rules/disclosure.toml` set, on the calendar. Numbers and sources are data."""

import calendar as months
import datetime as dt
from dataclasses import dataclass

from pubflow.settings import ConfigError, Problem, Rule, Settings
from pubflow.workdays.calendar import Calendar
from pubflow.workdays.days import DueDay

PROACTIVE = "proactive_working_days"
YEARLY_REPORT = "yearly_report_due"


@dataclass(frozen=True)
class Deadline:
    """A period in working days: it began after `started`, `rule` sets its length, `due` is its last day."""

    started: dt.date
    rule: Rule
    due: DueDay

    def explained(self) -> tuple[str, ...]:
        """For `pubflow clock`: the rule, the first day, then one line a day, Chinese."""
        heads = (
            f"依据：{self.rule.source}，{self.rule.value}个工作日",
            f"{self.started} 不计：期限自次日起算",
        )
        return (*heads, *(str(line) for line in self.due.explanation), f"到期日：{self.due}")


def rule_deadline(
    settings: Settings, rule_id: str, started: dt.date, calendar: Calendar, *, planning: bool = False
) -> Deadline:
    """The period of the rule valid on `started`, the day that is not counted (receipt, creation).

    Raises ConfigError when no such rule holds on that day or it is no number of working days, CalendarMissing when
    the calendar does not reach far enough and it is not only planned.
    """
    rule = settings.rule(rule_id, started)
    if not isinstance(rule.value, int) or rule.value < 1 or rule.unit != "working_days":
        raise _mistaken(rule, 'is no number of "working_days"')
    return Deadline(started, rule, calendar.add_workdays(started, rule.value, planning=planning))


def proactive_due(settings: Settings, created: dt.date, calendar: Calendar, *, planning: bool = False) -> Deadline:
    """By when information created or changed on `created` must be public on the organ's own motion 主动公开."""
    return rule_deadline(settings, PROACTIVE, created, calendar, planning=planning)


def yearly_report_due(settings: Settings, year: int, calendar: Calendar, *, planning: bool = False) -> DueDay:
    """The last working day to publish the report on `year`: at or before the date set for the year after it.

    The rule is the one valid when the reported year has ended, on 1 January after it.
    """
    rule = settings.rule(YEARLY_REPORT, dt.date(year + 1, 1, 1))
    try:
        if rule.unit != "month_day":
            raise ValueError(rule.unit)
        limit = dt.date.fromisoformat(f"{year + 1}-{rule.value}")
    except ValueError:
        raise _mistaken(rule, 'is no "month_day" such as 01-31') from None
    return calendar.last_workday_on_or_before(limit, planning=planning)


def months_later(day: dt.date, count: int, *, on: int | None = None) -> dt.date:
    """The day `count` months after `day`, on day `on` of that month (else the same); a short month ends it earlier."""
    total = day.year * 12 + day.month - 1 + count
    year, month = divmod(total, 12)
    return dt.date(year, month + 1, min(on or day.day, months.monthrange(year, month + 1)[1]))


def _mistaken(rule: Rule, what: str) -> ConfigError:
    key = f"{rule.id} from {rule.valid_from}"
    problem = Problem(
        "rules/disclosure.toml",
        key,
        f"{rule.value!r} {rule.unit} {what}",
        "Mend the value or the unit of this [[rule]]",
    )
    return ConfigError((problem,))
