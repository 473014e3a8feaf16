"""The story of each report as the operator may see it in the Prefect UI: no text, no names, no title before release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from pubflow.errors import NotFound
from pubflow.lifecycle.stages import ReleaseState, Stage
from pubflow.office.deadlines import Due, limit_of
from pubflow.office.line import facts_of, newest_edition
from pubflow.office.notes import Notes
from pubflow.office.office import Office
from pubflow.office.reading import DecisionView, decisions_on, waiting_for
from pubflow.office.waiting import soonest, tasks_of
from pubflow.records.tables import AuditEvent, Edition, Release, Report, Review


@dataclass(frozen=True)
class Story:
    """Where a report or a release stands. stage: a Stage, or a ReleaseState for a release."""

    subject: str
    title: str | None
    stage: str
    version: int
    waits_for: str | None
    section: str | None
    person_id: str | None
    since: datetime | None
    decisions: Sequence[DecisionView]
    next_instant: datetime | None
    desk_link: str | None
    due: Due | None = None
    limit: Due | None = None
    notes: Sequence[str] = ()
    reports: Sequence[tuple[str, str]] = ()
    released_at: datetime | None = None
    lateness_ms: int | None = None
    verified_at: datetime | None = None


def story(office: Office, subject: str, now: datetime) -> Story | None:
    """The story of a report or release; None when there is no such thing."""
    with office.records.reading() as session:
        release = session.get(Release, subject)
        if release is not None:
            return _of_release(session, release)
        try:
            return _of_report(office, session, newest_edition(session, subject), now, Notes(session, now))
        except NotFound:
            return None


def board(office: Office, now: datetime) -> list[Story]:
    """Every report on the line and every release still to come, oldest first."""
    ended = (Stage.PUBLISHED, Stage.SUPERSEDED, Stage.WITHDRAWN, Stage.CANCELLED)
    with office.records.reading() as session:
        editions = session.exec(
            select(Edition).where(col(Edition.stage).not_in(ended)).order_by(col(Edition.stage_since))
        ).all()
        over = (ReleaseState.RELEASED, ReleaseState.CANCELLED)
        releases = session.exec(
            select(Release).where(col(Release.state).not_in(over)).order_by(col(Release.instant))
        ).all()
        notes = Notes(session, now)
        reports = [_of_report(office, session, edition, now, notes) for edition in editions]
        return reports + [_of_release(session, release) for release in releases]


def change_counter(office: Office) -> int:
    """The number of the last audit event: when it has not moved, nothing has."""
    with office.records.reading() as session:
        return session.exec(select(func.max(AuditEvent.seq))).one() or 0


def changed_since(office: Office, seq: int) -> list[str]:
    """Reports and releases with events after `seq`."""
    with office.records.reading() as session:
        subjects = session.exec(select(AuditEvent.subject).where(AuditEvent.seq > seq).distinct()).all()
        return sorted(subject for subject in subjects if subject.startswith(("R-", "L-")))


def _of_release(session: Session, release: Release) -> Story:
    found = select(Edition.report_id, Edition.stage).where(Edition.release_id == release.id)
    return Story(
        subject=release.id,
        title=None,
        stage="held" if release.held else release.state,
        version=0,
        waits_for=None,
        section=None,
        person_id=None,
        since=None,
        decisions=(),
        next_instant=release.instant,
        desk_link=None,
        reports=session.exec(found.order_by(col(Edition.report_id))).all(),
        released_at=release.released_at,
        lateness_ms=release.lateness_ms,
        verified_at=release.verified_at,
    )


def _of_report(office: Office, session: Session, edition: Edition, now: datetime, notes: Notes) -> Story:
    report = session.get_one(Report, edition.report_id)
    release = session.get(Release, edition.release_id) if edition.release_id else None
    reviews = session.exec(select(Review).where(Review.edition_id == edition.id).order_by(col(Review.id))).all()
    waiting = waiting_for(facts_of(session, edition), edition, reviews)
    public = edition.stage in (Stage.PUBLISHED, Stage.SUPERSEDED)
    return Story(
        subject=report.id,
        title=report.title if public else None,
        stage=edition.stage,
        version=edition.version,
        waits_for=waiting.role if waiting else None,
        section=(waiting.section or None) if waiting else None,
        person_id=waiting.person if waiting else None,
        since=edition.stage_since,
        decisions=decisions_on(session, edition),
        next_instant=release.instant if release and not public else None,
        desk_link=None,
        due=soonest(tasks_of(report, edition, reviews), office.calendar, now),
        limit=limit_of(office.settings, office.calendar, report, edition, now),
        notes=notes.on(edition, reviews),
    )
