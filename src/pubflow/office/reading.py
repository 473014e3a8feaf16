"""What is shown of reports: lists, the story of one report, the inbox of one person. Nothing here writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.errors import Reason
from pubflow.lifecycle.facts import Actor, ClaimFact, EditionFacts
from pubflow.lifecycle.rules import live_claims
from pubflow.lifecycle.stages import ZH, Action, Role, Stage
from pubflow.lifecycle.steps import NO_BUTTON, STEPS, objections
from pubflow.lifecycle.workflow import ASKED
from pubflow.office.access import open_sealed, reading_objections
from pubflow.office.deadlines import Due, limit_of
from pubflow.office.line import facts_of, newest_edition
from pubflow.office.notes import Notes
from pubflow.office.office import Office
from pubflow.office.waiting import soonest, tasks_of
from pubflow.records.tables import (
    AuditEvent,
    Edition,
    ImportWarning,
    Publication,
    Release,
    Remark,
    Report,
    Review,
    Version,
)

# Open to somebody, but nothing that the line waits for.
_NOT_WAITED_FOR = NO_BUTTON | {Action.CANCEL, Action.RECALL, Action.MOVE_WORKFLOW}
_ENDED = (Stage.PUBLISHED, Stage.SUPERSEDED, Stage.WITHDRAWN, Stage.CANCELLED)


@dataclass(frozen=True)
class Waiting:
    """Who is waited for. person: None when anybody with the role in that section may act."""

    role: str
    section: str
    person: str | None
    since: datetime


@dataclass(frozen=True)
class DecisionView:
    """One decision somebody took."""

    at: datetime
    stage: str
    decision: str
    role: str
    person_id: str
    version: int
    digest: str
    reason: str
    place: str


@dataclass(frozen=True)
class VersionView:
    """One version of an edition."""

    number: int
    digest: str
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class ReportLine:
    """One line of a list. title: None for somebody who may not read the report yet.

    due: by when who is waited for is to act. limit: by when it must be public on the organ's own motion. Both are
    computed by the calendar as it is; in lists without their explanation.
    """

    id: str
    title: str | None
    kind: str
    category: str
    stage: str
    stage_name: str
    version: int
    digest: str
    section: str
    drafter: str
    waiting: Waiting | None
    release: str | None
    instant: datetime | None
    due: Due | None = None
    limit: Due | None = None


@dataclass(frozen=True)
class ReportView:
    """Everything about one report but its text. actions: for this person, why not (empty means: go ahead).

    claims: who has taken which task. open_proposals: masking proposals without an answer, by number.
    confirm_from: the version from which only the difference is to be confirmed, if so.
    notes: what is out of the usual, such as a debt, a lost role or an outside check.
    """

    line: ReportLine
    index_no: str | None
    public_path: str | None
    versions: Sequence[VersionView]
    decisions: Sequence[DecisionView]
    open_warnings: Sequence[str]
    open_findings: int
    actions: Mapping[str, Sequence[Reason]]
    claims: Sequence[ClaimFact] = ()
    open_remarks: int = 0
    open_proposals: Sequence[int] = ()
    confirm_from: int | None = None
    notes: Sequence[str] = ()


def waiting_for(facts: EditionFacts, edition: Edition, reviews: Sequence[Review]) -> Waiting | None:
    """Who is waited for in this stage; None where no person is."""
    since = edition.stage_since
    if facts.stage is Stage.DRAFTING:
        return Waiting(Role.DRAFTER, facts.section, facts.drafter, since)
    if facts.stage is Stage.DEPARTMENT_REVIEW:
        open_ones = [review for review in reviews if review.visit == edition.visit and review.state == "open"]
        if not open_ones:
            return Waiting(Role.SECTION_HEAD, facts.section, None, since)
        return Waiting(Role.SECTION_HEAD, open_ones[0].section_id, open_ones[0].assigned_to, since)
    if facts.stage is Stage.CONFIDENTIALITY_CHECK:
        return Waiting(Role.OFFICER, "", None, since)
    if facts.stage is Stage.APPROVAL:
        return Waiting(Role.CHIEF if facts.sensitive else Role.LEADER, "", None, since)
    return None


def report_lines(office: Office, actor: Actor, now: datetime, *, open_only: bool = False) -> list[ReportLine]:
    """The newest edition of each report, newest report first."""
    with office.records.reading() as session:
        found = select(Edition).order_by(col(Edition.report_id).desc())
        if open_only:
            found = found.where(col(Edition.stage).not_in(_ENDED))
        return [_brief(_line(office, session, edition, actor, now)) for edition in session.exec(found).all()]


def report_view(office: Office, report_id: str, actor: Actor, now: datetime) -> ReportView:
    """One report as `actor` may see it. Raises NotFound."""
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        facts = facts_of(session, edition)
        report = session.get_one(Report, report_id)
        publication = session.exec(select(Publication).where(Publication.edition_id == edition.id)).first()
        possible = [action for stage, action in STEPS if stage is facts.stage and action not in NO_BUTTON]
        return ReportView(
            line=_line(office, session, edition, actor, now),
            index_no=report.index_no,
            public_path=publication.path if publication else None,
            versions=_versions(session, edition),
            decisions=decisions_on(session, edition),
            open_warnings=facts.open_warnings,
            open_findings=facts.open_findings,
            # The digest and the reason are asked for when the button is pressed; they do not grey it.
            actions={
                action.value: objections(facts, action, actor, now, digest=facts.digest, reason="…")
                for action in possible
            },
            claims=live_claims(facts, now),
            open_remarks=_open_remarks(session, edition),
            open_proposals=facts.open_proposals,
            confirm_from=_confirm_from(session, edition, facts),
            notes=Notes(session, now).on(edition, _reviews_of(session, edition)),
        )


def inbox(office: Office, actor: Actor, now: datetime) -> list[tuple[ReportLine, list[str], tuple[ClaimFact, ...]]]:
    """What waits for this person, oldest first, with the actions open to them and who has taken it.

    What another has taken stays in sight: the claim lapses.
    """
    with office.records.reading() as session:
        editions = session.exec(
            select(Edition).where(col(Edition.stage).not_in(_ENDED)).order_by(col(Edition.stage_since))
        ).all()
        waiting = []
        for edition in editions:
            facts = facts_of(session, edition)
            actions = [
                action.value
                for stage, action in STEPS
                if stage is facts.stage
                and action not in _NOT_WAITED_FOR
                and (action is not Action.FAST or facts.fast_lane == ASKED)
                and not objections(facts, action, actor, now, digest=facts.digest, reason="…")
            ]
            mine = facts.stage is not Stage.DRAFTING or facts.drafter == actor.id or Action.FAST in actions
            if mine and (actions or _only_claimed(facts, actor, now)):
                waiting.append((_brief(_line(office, session, edition, actor, now)), actions, live_claims(facts, now)))
        return waiting


def _only_claimed(facts: EditionFacts, actor: Actor, now: datetime) -> bool:
    """Whether nothing but another's claim keeps `actor` from deciding here."""
    reasons = objections(facts, Action.RETURN, actor, now, digest=facts.digest, reason="…")
    return [reason.code for reason in reasons] == ["claimed"]


def _reviews_of(session: Session, edition: Edition) -> Sequence[Review]:
    return session.exec(select(Review).where(Review.edition_id == edition.id).order_by(col(Review.id))).all()


def _open_remarks(session: Session, edition: Edition) -> int:
    found = select(Remark.number).where(
        Remark.edition_id == edition.id, col(Remark.answers).is_(None), col(Remark.resolved_by).is_(None)
    )
    return len(session.exec(found).all())


def _confirm_from(session: Session, edition: Edition, facts: EditionFacts) -> int | None:
    """The newest version with the text from which only the difference is to be confirmed."""
    if facts.difference_from is None:
        return None
    found = select(Version.number).where(Version.edition_id == edition.id, Version.digest == facts.difference_from)
    return session.exec(found.order_by(col(Version.number).desc()).limit(1)).first()


@dataclass(frozen=True)
class WarningView:
    """An import warning and its answer. place and text quote the draft."""

    code: str
    text: str
    place: str
    remedy: str
    state: str
    by: str | None
    reason: str


def warnings_of(office: Office, report_id: str) -> list[WarningView]:
    """The import warnings of a report, answered or not. Raises NotFound."""
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        found = session.exec(select(ImportWarning).where(ImportWarning.edition_id == edition.id)).all()
        views = [
            WarningView(
                code=warning.code,
                **json.loads(open_sealed(office, session, edition, warning.sealed, f"{edition.id}/{warning.code}")),
                state=warning.state,
                by=warning.by,
                reason=warning.reason,
            )
            for warning in found
        ]
    return sorted(views, key=lambda warning: (len(warning.code), warning.code))  # W10 comes after W9


def history(office: Office, *, subject: str | None = None, after: int = 0, limit: int = 100) -> list[AuditEvent]:
    """Audit events after a sequence number, oldest first."""
    with office.records.reading() as session:
        found = select(AuditEvent).where(AuditEvent.seq > after).order_by(col(AuditEvent.seq)).limit(limit)
        if subject:
            found = found.where(AuditEvent.subject == subject)
        return list(session.exec(found).all())


def decisions_on(session: Session, edition: Edition) -> list[DecisionView]:
    """Decisions taken on any version of an edition, oldest first."""
    taken = session.exec(
        select(Review)
        .where(Review.edition_id == edition.id, col(Review.state).not_in(("open", "not_needed")))
        .order_by(col(Review.decided_at), col(Review.id))
    ).all()
    roles = {
        Stage.DEPARTMENT_REVIEW: Role.SECTION_HEAD,
        Stage.CONFIDENTIALITY_CHECK: Role.OFFICER,
        Stage.APPROVAL: Role.LEADER,
    }
    return [
        DecisionView(
            at=review.decided_at or review.opened_at,
            stage=review.stage,
            decision=review.state,
            role=roles[Stage(review.stage)],
            person_id=review.by or "",
            version=review.version,
            digest=review.digest,
            reason=review.reason,
            place=review.place,
        )
        for review in taken
    ]


def _versions(session: Session, edition: Edition) -> list[VersionView]:
    found = select(Version).where(Version.edition_id == edition.id).order_by(col(Version.number))
    return [
        VersionView(version.number, version.digest, version.author_id, version.reason, version.created_at)
        for version in session.exec(found).all()
    ]


def _brief(line: ReportLine) -> ReportLine:
    """Without the day-by-day explanations."""
    return replace(line, due=line.due and line.due.brief(), limit=line.limit and line.limit.brief())


def _line(office: Office, session: Session, edition: Edition, actor: Actor, now: datetime) -> ReportLine:
    report = session.get_one(Report, edition.report_id)
    release = session.get(Release, edition.release_id) if edition.release_id else None
    reviews = session.exec(select(Review).where(Review.edition_id == edition.id).order_by(col(Review.id))).all()
    return ReportLine(
        id=report.id,
        title=None if reading_objections(report, edition, actor) else report.title,
        kind=report.kind,
        category=report.category,
        stage=edition.stage,
        stage_name=ZH[Stage(edition.stage)],
        version=edition.version,
        digest=edition.digest,
        section=report.section_id,
        drafter=report.drafter_id,
        waiting=waiting_for(facts_of(session, edition), edition, reviews),
        release=edition.release_id,
        instant=release.instant if release else None,
        due=soonest(tasks_of(report, edition, reviews), office.calendar, now),
        limit=limit_of(office.settings, office.calendar, report, edition, now),
    )
