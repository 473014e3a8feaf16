"""The story of each report as the operator may see it in the Prefect UI: no text, no names, no title before release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from pubflow.errors import NotFound
from pubflow.lifecycle.stages import ReleaseState, Stage
from pubflow.office.line import facts_of, newest_edition
from pubflow.office.office import Office
from pubflow.office.reading import DecisionView, decisions_on, waiting_for
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


def story(office: Office, subject: str) -> Story | None:
    """The story of a report or release; None when there is no such thing."""
    with office.records.reading() as session:
        release = session.get(Release, subject)
        if release is not None:
            return _of_release(release)
        try:
            return _of_report(session, newest_edition(session, subject))
        except NotFound:
            return None


def board(office: Office) -> list[Story]:
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
        return [_of_report(session, edition) for edition in editions] + [_of_release(release) for release in releases]


def change_counter(office: Office) -> int:
    """The number of the last audit event: when it has not moved, nothing has."""
    with office.records.reading() as session:
        return session.exec(select(func.max(AuditEvent.seq))).one() or 0


def changed_since(office: Office, seq: int) -> list[str]:
    """Reports and releases with events after `seq`."""
    with office.records.reading() as session:
        subjects = session.exec(select(AuditEvent.subject).where(AuditEvent.seq > seq).distinct()).all()
        return sorted(subject for subject in subjects if subject.startswith(("R-", "L-")))


def _of_release(release: Release) -> Story:
    stage = "held" if release.held else release.state
    return Story(release.id, None, stage, 0, None, None, None, None, (), release.instant, None)


def _of_report(session: Session, edition: Edition) -> Story:
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
    )
