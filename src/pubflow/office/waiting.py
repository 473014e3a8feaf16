"""Tasks: what an edition waits for, of whom, since when and by when. Read from the register, nothing here writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.lifecycle.masks import CONFIRM_DIFFERENCE
from pubflow.lifecycle.stages import ZH, Role, Stage
from pubflow.office.deadlines import Due, due_after, stage_days
from pubflow.records.tables import Claim, Conflict, Edition, Person, Report, Review, Version
from pubflow.workdays import Calendar

# What a stage asks of its person, as the buttons call it.
_ASKED = {
    Stage.DRAFTING: "修改并送审",
    Stage.CONFIDENTIALITY_CHECK: ZH[Stage.CONFIDENTIALITY_CHECK],
    Stage.APPROVAL: ZH[Stage.APPROVAL],
}
_OTHER_REVIEWS = {CONFIRM_DIFFERENCE: "确认差异"}  # reviews that no workflow names
_REVIEW_WORKDAYS = 3  # of an edition whose workflow does not say


@dataclass(frozen=True)
class Task:
    """Something an edition waits for. step: a review's step or the stage. section: empty where it does not matter."""

    stage: Stage
    step: str
    asked: str
    role: Role
    section: str
    assigned: str | None
    since: datetime
    workdays: int

    def due(self, calendar: Calendar, now: datetime) -> Due:
        """By when, as the calendar has it now."""
        return due_after(self.asked, self.since, self.workdays, calendar, now)


def tasks_of(report: Report, edition: Edition, reviews: Sequence[Review]) -> list[Task]:
    """What waits for people now; department reviews of one round wait side by side.

    reviews: all of the edition, in order.
    """
    stage = Stage(edition.stage)
    if stage is Stage.DEPARTMENT_REVIEW:
        return _reviews(edition, [review for review in reviews if review.visit == edition.visit])
    if stage not in _ASKED:
        return []
    role, assigned = {
        Stage.DRAFTING: (Role.DRAFTER, report.drafter_id),
        Stage.CONFIDENTIALITY_CHECK: (Role.OFFICER, None),
        Stage.APPROVAL: (Role.CHIEF if report.sensitive else Role.LEADER, None),
    }[stage]
    section = report.section_id if stage is Stage.DRAFTING else ""
    days = stage_days(edition.workflow, stage)
    return [Task(stage, stage.value, _ASKED[stage], role, section, assigned, edition.stage_since, days)]


def read_tasks(session: Session, edition: Edition) -> list[Task]:
    """The tasks of an edition, read in this session."""
    report = session.get_one(Report, edition.report_id)
    reviews = session.exec(select(Review).where(Review.edition_id == edition.id).order_by(col(Review.id))).all()
    return tasks_of(report, edition, reviews)


def soonest(tasks: Sequence[Task], calendar: Calendar, now: datetime) -> Due | None:
    """The due day that comes first; None when nobody is waited for."""
    return min((task.due(calendar, now) for task in tasks), key=lambda due: due.day, default=None)


def people_for(session: Session, edition: Edition, task: Task, now: datetime) -> list[Person]:
    """Who may do a task: whoever has taken it or it is assigned to, else everybody of its role who may decide."""
    everybody = session.exec(select(Person).where(col(Person.active).is_(True)).order_by(col(Person.id))).all()
    claim = session.get(Claim, (edition.id, edition.visit, task.step))
    named = claim.person_id if claim and claim.until > now else task.assigned
    found = [person for person in everybody if person.id == named]
    if found or task.stage is Stage.DRAFTING:
        return found
    barred = _barred(session, edition)
    fitting = [
        person
        for person in everybody
        if task.role in person.roles and task.section in ("", person.section_id) and person.id not in barred
    ]
    return _not_twice(session, edition, task, fitting)


def _not_twice(session: Session, edition: Edition, task: Task, fitting: list[Person]) -> list[Person]:
    """Without those who decided on this digest in another stage: the stages are different persons'."""
    decided = session.exec(
        select(Review.by).where(
            Review.edition_id == edition.id, Review.digest == edition.digest, Review.stage != task.stage.value
        )
    ).all()
    return [person for person in fitting if person.id not in set(decided)]


def _barred(session: Session, edition: Edition) -> Collection[str]:
    """Writers and those with a conflict of interest decide nothing."""
    writers = session.exec(select(Version.author_id).where(Version.edition_id == edition.id)).all()
    conflicts = session.exec(select(Conflict.person_id).where(Conflict.edition_id == edition.id)).all()
    return {*writers, *conflicts}


def _reviews(edition: Edition, reviews: Sequence[Review]) -> list[Task]:
    """The open reviews of the first round that has one; a later round begins when the one before it was decided."""
    open_ones = [review for review in reviews if review.state == "open"]
    here = min((review.round for review in open_ones), default=0)
    before = [review.decided_at for review in reviews if review.round < here and review.decided_at is not None]
    named = {one["step"]: one for one in edition.workflow.get("reviews", ())}
    tasks = []
    for review in open_ones:
        if review.round != here:
            continue
        step = named.get(review.step, {})
        tasks.append(
            Task(
                Stage.DEPARTMENT_REVIEW,
                review.step,
                str(step.get("name") or _OTHER_REVIEWS.get(review.step, ZH[Stage.DEPARTMENT_REVIEW])),
                Role.SECTION_HEAD,
                review.section_id,
                review.assigned_to,
                max([review.opened_at, *before]),
                int(step.get("due_workdays") or _REVIEW_WORKDAYS),
            )
        )
    return tasks
