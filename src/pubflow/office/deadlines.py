"""Due days: computed from the calendar whenever they are asked for, never stored, so that a new notice mends them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pubflow.lifecycle.stages import Stage
from pubflow.moments import SHANGHAI
from pubflow.records.tables import Edition, Report
from pubflow.settings import Settings
from pubflow.settings.schedules import StageDays
from pubflow.workdays import Calendar, DueDay, proactive_due

PROACTIVE_METHOD = "主动公开"
ENDED = (Stage.PUBLISHED, Stage.SUPERSEDED, Stage.WITHDRAWN, Stage.CANCELLED)


@dataclass(frozen=True)
class Due:
    """By when somebody is to act, or something is to be public.

    about: a review's or stage's name, "limit" for the 20 working days, a kind's name for its next issue.
    text: the day as it is shown; a provisional one says so. workdays_left: working days from today to the day, 0 on
    it, negative after it. explanation: line by line, Chinese.
    """

    about: str
    day: dt.date
    provisional: bool
    text: str
    workdays_left: int
    overdue: bool
    explanation: tuple[str, ...] = ()

    def brief(self) -> "Due":
        """The same without its explanation, for lists."""
        return replace(self, explanation=())


def due_after(about: str, since: datetime, workdays: int, calendar: Calendar, now: datetime) -> Due:
    """The due day `workdays` working days after the Shanghai day of `since`, which is itself not counted."""
    began = shanghai_day(since)
    counted = calendar.add_workdays(began, workdays, planning=True)
    head = f"{began} 开始，不计；办理期限{workdays}个工作日"
    return _due(about, counted, (head,), calendar, now)


def due_on(about: str, counted: DueDay, heads: tuple[str, ...], calendar: Calendar, now: datetime) -> Due:
    """A due day that is counted already, with what is said before its explanation."""
    return _due(about, counted, heads, calendar, now)


def limit_of(settings: Settings, calendar: Calendar, report: Report, edition: Edition, now: datetime) -> Due | None:
    """The last day to be public of what is disclosed on the organ's own motion; None when no limit runs any more.

    Counted from the day the report came onto the line: the earliest its information can be said to have been made.
    """
    if report.method != PROACTIVE_METHOD or edition.stage in ENDED:
        return None
    limit = proactive_due(settings, shanghai_day(report.created_at), calendar, planning=True)
    heads = limit.explained()[:2]
    return _due("limit", limit.due, heads, calendar, now)


def stage_days(workflow: Mapping[str, Any], stage: Stage) -> int:
    """Working days this stage may take by the workflow the edition began with."""
    return int(workflow.get("due_workdays", {}).get(stage.value) or getattr(StageDays(), stage.value))


def shanghai_day(moment: datetime) -> dt.date:
    """The day of the office's clock."""
    return moment.astimezone(SHANGHAI).date()


def _due(about: str, counted: DueDay, heads: tuple[str, ...], calendar: Calendar, now: datetime) -> Due:
    today, day = shanghai_day(now), counted.day
    if today <= day:
        left = calendar.workdays_between(today, day, planning=True).days
    else:
        left = -calendar.workdays_between(day, today, planning=True).days
    return Due(
        about=about,
        day=day,
        provisional=counted.provisional,
        text=str(counted),
        workdays_left=left,
        overdue=today > day,
        explanation=(*heads, *map(str, counted.explanation), f"到期日：{counted}"),
    )
