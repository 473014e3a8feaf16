"""What each kind owes next by its cadence: 常规 by its schedule, 临时 each item by its limit, 固定 its look-through."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.lifecycle.stages import Stage
from pubflow.office.deadlines import ENDED, Due, due_on, limit_of, shanghai_day
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Report, Source
from pubflow.settings import Kind
from pubflow.settings.schedules import IssueSchedule
from pubflow.workdays import DueDay, Schedule, Standing, next_due, regular_due, yearly_report_due
from pubflow.workdays.deadlines import months_later

_MONTH, _YEAR = re.compile(r"(\d{4})-(0[1-9]|1[0-2])"), re.compile(r"\d{4}")
_MONTHS = 12
_LONG_AGO = dt.timedelta(days=366)  # an old record that was brought in does not make all years since overdue
_PUBLIC = (Stage.PUBLISHED, Stage.SUPERSEDED)


@dataclass(frozen=True)
class Owed:
    """What a kind owes next. period: of the issue, empty where there is none. report: the one on the line for it, or
    the 临时 item itself. due: None where a kind has no schedule, or nothing of it is on the line."""

    kind: str
    name: str
    cadence: str
    period: str
    report: str | None
    due: Due | None
    section: str | None


@dataclass(frozen=True)
class _Issue:
    report: str
    period: str
    stage: str
    published_at: datetime | None


def owed(office: Office, now: datetime) -> list[Owed]:
    """Every kind with what it owes next, soonest first; 临时 items on the line one by one."""
    with office.records.reading() as session:
        found = [one for kind in office.settings.kinds.values() for one in _of_kind(office, session, kind, now)]
    return sorted(found, key=lambda one: (one.due is None, one.due.day if one.due else dt.date.max, one.kind))


def _of_kind(office: Office, session: Session, kind: Kind, now: datetime) -> list[Owed]:
    if kind.cadence == "occasional":
        return _occasional(office, session, kind, now)
    name, cadence = kind.name, office.settings.cadences[kind.cadence].name
    if kind.schedule is None:
        return [Owed(kind.id, name, cadence, "", None, None, None)]
    issues = _issues(session, kind)
    today = shanghai_day(now)
    if kind.cadence == "standing":
        days = [shanghai_day(one.published_at) for one in issues if one.published_at]
        if not days:
            return [Owed(kind.id, name, cadence, "", None, None, kind.schedule.section)]
        last = max(days)
        look = next_due(Standing(last, kind.schedule.every_months), office.settings, office.calendar)
        head = f"依据：{kind.schedule.source}；上次公开或核对：{last}"
        due = due_on(kind.name, look, (head,), office.calendar, now)
        return [Owed(kind.id, name, cadence, "", None, due, kind.schedule.section)]
    period = _next_period(office, kind.schedule, issues, today)
    label = _label(period, kind.schedule)
    due = due_on(
        name, _due_day(office, kind.schedule, period), (f"依据：{kind.schedule.source}",), office.calendar, now
    )
    on_line = next((one.report for one in issues if one.stage not in _PUBLIC and one.period == label), None)
    return [Owed(kind.id, name, cadence, label, on_line, due, kind.schedule.section)]


def _occasional(office: Office, session: Session, kind: Kind, now: datetime) -> list[Owed]:
    cadence = office.settings.cadences[kind.cadence].name
    rows = session.exec(
        select(Report, Edition)
        .join(Edition, col(Edition.report_id) == col(Report.id))
        .where(Report.kind == kind.id, col(Edition.stage).not_in(ENDED))
        .order_by(col(Report.id))
    ).all()
    limits = [(report.id, limit_of(office.settings, office.calendar, report, edition, now)) for report, edition in rows]
    found = [Owed(kind.id, kind.name, cadence, "", report, due, None) for report, due in limits if due]
    return found or [Owed(kind.id, kind.name, cadence, "", None, None, None)]


def _issues(session: Session, kind: Kind) -> list[_Issue]:
    """Issues of a kind that are public or on the line, with their periods as given when they were started."""
    rows = session.exec(
        select(Edition, Source)
        .join(Report, col(Report.id) == col(Edition.report_id))
        .join(Source, col(Source.edition_id) == col(Edition.id), isouter=True)
        .where(Report.kind == kind.id, col(Edition.stage).not_in((Stage.CANCELLED, Stage.WITHDRAWN)))
    ).all()
    return [
        _Issue(edition.report_id, _period_of(source), edition.stage, edition.published_at) for edition, source in rows
    ]


def _period_of(source: Source | None) -> str:
    head = source.parameters.get("head", {}) if source is not None else {}
    return str(head.get("period", "")) if isinstance(head, dict) else ""


def _next_period(office: Office, schedule: IssueSchedule, issues: Sequence[_Issue], today: dt.date) -> dt.date:
    """The first month of the period that is owed: the one after the last published; before the first of all, or after
    a gap of more than a year, the earliest whose due day has not passed."""
    every = schedule.every_months
    public = [first for one in issues if one.stage in _PUBLIC and (first := _first_month(one.period)) is not None]
    if public:
        following = months_later(max(public), every, on=1)
        if _due_day(office, schedule, following).day > today - _LONG_AGO:
            return following
    step = min(every, _MONTHS)
    period = months_later(dt.date(today.year, (today.month - 1) // step * step + 1, 1), -2 * every, on=1)
    while _due_day(office, schedule, period).day < today:
        period = months_later(period, every, on=1)
    return period


def _due_day(office: Office, schedule: IssueSchedule, period: dt.date) -> DueDay:
    if schedule.rule is not None:
        return yearly_report_due(office.settings, period.year, office.calendar, planning=True)
    shape = Schedule(schedule.every_months, schedule.lag_months, schedule.day or 1)
    return regular_due(shape, period, office.calendar)


def _first_month(period: str) -> dt.date | None:
    """The first day of a period such as 2026-10 or 2026; None for another spelling."""
    found = _MONTH.match(period)
    if found:
        return dt.date(int(found[1]), int(found[2]), 1)
    return dt.date(int(period), 1, 1) if _YEAR.fullmatch(period) else None


def _label(period: dt.date, schedule: IssueSchedule) -> str:
    return f"{period.year}" if schedule.every_months == _MONTHS else f"{period:%Y-%m}"
