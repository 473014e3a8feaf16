"""Reminders: which rungs of the escalation have come, for every step, limit and issue that is due. Run by the daily
flow; each rung is told once for a due day, however often and whenever it runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.lifecycle.stages import ZH, Role, Stage
from pubflow.office.deadlines import Due, limit_of
from pubflow.office.issues import Owed, owed
from pubflow.office.office import Office
from pubflow.office.telling import post, present, words_of
from pubflow.office.waiting import Task, people_for, tasks_of
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Person, Report, Review, Section
from pubflow.settings.notices import Rung

LIMIT = "limit"
_WAITING = (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)


def overdue_reports(office: Office, now: datetime) -> dict[str, Due]:
    """Reports with a step past its due day, with the due day that came first."""
    with office.records.reading() as session:
        late = {
            report.id: min((due for _, due in tasks if due.overdue), key=lambda due: due.day, default=None)
            for report, _, tasks in _on_the_line(office, session, now)
        }
    return {report: due for report, due in late.items() if due is not None}


def remind(office: Office, tx: Tx, now: datetime) -> int:
    """Write the reminders that have come; how many messages are new. Nothing where no channel is set up."""
    if not office.settings.notices.channels:
        return 0
    new = 0
    for report, edition, tasks in _on_the_line(office, tx.session, now):
        for task, due in tasks:
            people = people_for(tx.session, edition, task, now)
            new += _climb(office, tx, "step", f"{edition.id}/{edition.visit}/{task.step}", due, edition, task, people)
        limit = limit_of(office.settings, office.calendar, report, edition, now)
        if limit:
            waiting = [one for task, _ in tasks for one in people_for(tx.session, edition, task, now)]
            first = tasks[0][0] if tasks else None
            new += _climb(office, tx, LIMIT, f"{edition.id}/{LIMIT}", limit, edition, first, waiting)
    for issue in owed(office, now):
        if issue.due is not None and issue.section is not None and issue.report is None:
            new += _issue(office, tx, issue, issue.due)
    return new


def rung_for(rungs: Sequence[Rung], about: str, workdays_left: int) -> tuple[Rung, int] | None:
    """The highest rung reached, and how often it has come round; None before the first.

    Lower rungs that were missed are not made up for: who is told now need not be told of yesterday.
    """
    late = -workdays_left
    reached = [rung for rung in rungs if about in rung.about and rung.workdays <= late]
    if not reached:
        return None
    rung = max(reached, key=lambda one: one.workdays)
    return rung, (late - rung.workdays) // rung.again_every_workdays if rung.again_every_workdays else 0


def _climb(
    office: Office,
    tx: Tx,
    about: str,
    key: str,
    due: Due,
    edition: Edition,
    task: Task | None,
    actors: Sequence[Person],
) -> int:
    found = rung_for(office.settings.notices.rungs, about, due.workdays_left)
    if found is None:
        return 0
    rung, times = found
    place = {
        "subject": edition.report_id,
        "edition_id": edition.id,
        "visit": edition.visit,
        "step": LIMIT if about == LIMIT or task is None else task.step,
    }
    people = told(tx.session, rung, actors, tx.now)
    if not people:  # nobody is waited for, such as for the instant of a release
        return 0
    words = words_of(office, task, edition, due)
    return post(office, tx, f"{rung.id}/{key}/{due.day}/{times}", rung.id, rung, words, people, place)


def _issue(office: Office, tx: Tx, issue: Owed, due: Due) -> int:
    found = rung_for(office.settings.notices.rungs, "issue", due.workdays_left)
    section = tx.session.get(Section, issue.section)
    if found is None or section is None:
        return 0
    rung, times = found
    head = tx.session.get(Person, section.head_id) if section.head_id else None
    people = told(tx.session, rung, [head] if head is not None and head.active else [], tx.now)
    name = f"{issue.name}（{issue.period}）" if issue.period else issue.name
    words = {
        "report": name,
        "stage": "",
        "task": name,
        "whom": f"{ZH[Role.SECTION_HEAD]}（{section.id}）",
        "due": due.text,
        "late": str(max(-due.workdays_left, 0)),
        "desk": office.settings.notices.sending.desk,
    }
    key = f"{rung.id}/{issue.kind}/{issue.period}/{due.day}/{times}"
    return post(office, tx, key, rung.id, rung, words, people, {"subject": issue.kind})


def told(session: Session, rung: Rung, actors: Sequence[Person], now: datetime) -> list[str]:
    """Whom a rung tells: the actors (an absent one's deputy instead), their deputies, the leaders in charge."""
    found: list[Person] = []
    if "actor" in rung.to:
        found += present(session, actors, now)
    if "deputy" in rung.to:
        deputies = [session.get(Person, one.deputy_id) for one in actors if one.deputy_id]
        found += [one for one in deputies if one is not None and one.active]
    if "leader" in rung.to:
        everybody = session.exec(select(Person).where(col(Person.active).is_(True)).order_by(col(Person.id))).all()
        found += present(session, [one for one in everybody if Role.LEADER in one.roles], now)
    return sorted({person.id for person in found})


def _on_the_line(
    office: Office, session: Session, now: datetime
) -> Iterator[tuple[Report, Edition, list[tuple[Task, Due]]]]:
    """Every edition that is not public or ended, with its tasks and their due days."""
    editions = session.exec(
        select(Edition).where(col(Edition.stage).in_((*_WAITING, Stage.SCHEDULED))).order_by(col(Edition.report_id))
    ).all()
    reviews: dict[str, list[Review]] = {}
    under_review = select(Edition.id).where(Edition.stage == Stage.DEPARTMENT_REVIEW)
    for review in session.exec(select(Review).where(col(Review.edition_id).in_(under_review)).order_by(col(Review.id))):
        reviews.setdefault(review.edition_id, []).append(review)
    for edition in editions:
        report = session.get_one(Report, edition.report_id)
        tasks = tasks_of(report, edition, reviews.get(edition.id, ()))
        yield report, edition, [(task, task.due(office.calendar, now)) for task in tasks]
