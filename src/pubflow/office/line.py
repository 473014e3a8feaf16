"""The one way an edition moves: read the row, ask the rules, act, record (design decision 2)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import AlreadyMoved, BadInput, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor, ClaimFact, EditionFacts, EmbargoFact, ExemptionFact, ReleaseFact, ReviewFact
from pubflow.lifecycle.masks import CONFIRM_DIFFERENCE, ReviewedTexts
from pubflow.lifecycle.stages import OPENED_BY_FLOW, ZH, Action, ReleaseState, Stage
from pubflow.lifecycle.steps import STEPS, judged, next_stage
from pubflow.lifecycle.workflow import quorum_of
from pubflow.office.exceptional_facts import DECIDED, exceptional_facts
from pubflow.office.office import Office
from pubflow.office.telling import tell_next
from pubflow.records.store import Tx
from pubflow.records.tables import (
    Claim,
    Conflict,
    Edition,
    Exemption,
    Finding,
    ImportWarning,
    Opening,
    Person,
    Proposal,
    Release,
    Report,
    Review,
    ReviewForm,
    StagedPages,
    Version,
)

Also = Callable[[Tx, Edition, EditionFacts, Actor], Mapping[str, Any] | None]


EMBARGO_RULE = "embargo:"  # before the number of the report whose figure a text says
INHERITS = "inherit_embargo"  # the ground by which such a text waits for that report


def newest_edition(session: Session, report_id: str) -> Edition:
    """The edition of a report that people mean: the newest. Raises NotFound."""
    return newest_and_opening(session, report_id)[0]


def newest_and_opening(session: Session, report_id: str) -> tuple[Edition, Opening | None]:
    """The newest edition, and what its stage's flow has opened in this visit. Raises NotFound.

    One question, for these and for the report: whoever asks for an edition looks at its report next, and finds it
    in the session.
    """
    this_visit = and_(col(Opening.edition_id) == col(Edition.id), col(Opening.visit) == col(Edition.visit))
    found = (
        select(Edition, Opening, Report)
        .join(Report, col(Report.id) == col(Edition.report_id))
        .outerjoin(Opening, this_visit)
        .where(Edition.report_id == report_id)
        .order_by(col(Edition.number).desc())
        .limit(1)
    )
    row = session.exec(found).first()
    if row is None:
        raise NotFound(f"报告 {report_id}", "请用 `pubflow report list` 查看编号")
    edition, opening, _ = row
    return edition, opening


def locked(session: Session, edition: Edition) -> Edition:
    """The row as it is now, with nobody else changing it until the transaction ends; its report comes with it."""
    found = select(Edition, Report).join(Report, col(Report.id) == col(Edition.report_id))
    found = found.where(Edition.id == edition.id).with_for_update(of=Edition)
    return session.exec(found, execution_options={"populate_existing": True}).one()[0]


def facts_of(session: Session, edition: Edition) -> EditionFacts:
    """What the rules look at, read in this session; what no rule of this stage looks at is not read."""
    report = session.get_one(Report, edition.report_id)
    stage = Stage(edition.stage)
    drafting, checking = stage is Stage.DRAFTING, stage is Stage.CONFIDENTIALITY_CHECK
    versions = versions_of(session, edition)
    version = next((one for one in versions if one.number == edition.version), None) if drafting else None
    reviews = session.exec(select(Review).where(Review.edition_id == edition.id).order_by(col(Review.id))).all()
    writers, texts = reviewed_texts(edition, versions, reviews)
    decided = [review for review in reviews if review.state in DECIDED and by_others(review, writers)]
    line = texts.line_of(edition.digest)
    findings = session.exec(select(Finding).where(Finding.edition_id == edition.id)).all()
    here = [finding for finding in findings if finding.digest == edition.digest]
    deciders = _deciders(
        [review for review in decided if review.digest in line], [one for one in findings if one.digest in line]
    )
    open_warnings = select(ImportWarning.code).where(
        ImportWarning.edition_id == edition.id, ImportWarning.state == "open"
    )
    warnings = session.exec(open_warnings).all() if drafting else []
    return EditionFacts(
        report_id=report.id,
        stage=stage,
        digest=edition.digest,
        section=report.section_id,
        drafter=report.drafter_id,
        writers=writers,
        sensitive=report.sensitive,
        opened=_opened(session, edition),
        reviews=tuple(
            ReviewFact(review.step, review.section_id, review.state, review.round)
            for review in reviews
            if review.visit == edition.visit and review.stage == Stage.DEPARTMENT_REVIEW
        ),
        quorum=quorum_of(edition.workflow),
        deciders=deciders,
        conflicted=_conflicted(session, edition) if stage in OPENED_BY_FLOW else frozenset(),
        exemptions=_exemptions(session) if stage in OPENED_BY_FLOW and deciders.keys() - {stage} else (),
        passed=_passed(edition, decided, texts),
        missing_fields=_missing(version) if drafting else (),
        broken_checks=tuple(version.broken_checks) if version else (),
        open_warnings=tuple(sorted(warnings)),
        embargoes=_embargoes(session, edition, here),
        open_findings=sum(finding.decision == "" for finding in here),
        open_proposals=_open_proposals(session, edition, line) if findings and (drafting or checking) else (),
        difference_from=texts.difference_from(edition.digest),
        claims=_claims(session, edition) if stage in OPENED_BY_FLOW else (),
        **exceptional_facts(session, edition, decided),
        form_filled=checking and session.get(ReviewForm, (edition.id, edition.digest)) is not None,
        release=_release_fact(session, edition),
        staged_digest_matches=_staged_for(session, edition) == edition.digest,
    )


def _missing(version: Version | None) -> tuple[str, ...]:
    return tuple(version.missing_fields) if version else ("正文",)


def _opened(session: Session, edition: Edition) -> bool:
    step = OPENED_BY_FLOW.get(Stage(edition.stage))
    opening = session.get(Opening, (edition.id, step, edition.visit)) if step else None
    return opening is not None and opening.digest == edition.digest


def _deciders(decided: Sequence[Review], findings: Sequence[Finding]) -> dict[Stage, frozenset[str]]:
    """Deciding on a finding is the officer's decision as much as the clearance is."""
    by = [(Stage(review.stage), person) for review in decided for person in (review.by, review.forced_by)]
    by += [(Stage.CONFIDENTIALITY_CHECK, finding.by) for finding in findings]
    return {stage: frozenset(person for at, person in by if at is stage and person) for stage, _ in by}


def _passed(edition: Edition, decided: Sequence[Review], texts: ReviewedTexts) -> frozenset[Stage]:
    passed = {Stage(review.stage) for review in decided if review.digest == edition.digest}
    passed.discard(Stage.DEPARTMENT_REVIEW)
    if texts.passed(edition.digest):
        passed.add(Stage.DEPARTMENT_REVIEW)
    return frozenset(passed)


def by_others(review: Review, writers: frozenset[str]) -> bool:
    """Whether nobody who took this decision has written any of the text, since then either."""
    return writers.isdisjoint((review.by, review.forced_by))


def versions_of(session: Session, edition: Edition) -> Sequence[Version]:
    """Every version of an edition, oldest first; the sealed texts stay in the database until somebody opens one."""
    found = select(Version).where(Version.edition_id == edition.id).order_by(col(Version.number))
    return session.exec(found.options(defer(col(Version.sealed)))).all()  # type: ignore[arg-type]  # sqlmodel's `col`


def reviewed_texts(
    edition: Edition, versions: Sequence[Version], reviews: Sequence[Review]
) -> tuple[frozenset[str], ReviewedTexts]:
    """Who wrote any of this edition, and what department review knows of its texts.

    An approval of somebody who has become a writer since does not count any more.
    """
    writers = frozenset(version.author_id for version in versions)
    steps: dict[str, set[str]] = {}
    for review in reviews:
        if review.stage == Stage.DEPARTMENT_REVIEW and review.state == "approved" and by_others(review, writers):
            steps.setdefault(review.digest, set()).add(review.step)
    texts = ReviewedTexts(
        whole=frozenset(digest for digest, approved in steps.items() if not open_rounds(edition, approved)),
        confirmed=frozenset(digest for digest, approved in steps.items() if CONFIRM_DIFFERENCE in approved),
        masks_of={version.digest: version.masks_of for version in versions if version.masks_of is not None},
    )
    return writers, texts


def _open_proposals(session: Session, edition: Edition, line: Collection[str]) -> tuple[int, ...]:
    found = select(Proposal.id).where(
        Proposal.edition_id == edition.id, Proposal.state == "open", col(Proposal.digest).in_(line)
    )
    return tuple(number for number in session.exec(found.order_by(col(Proposal.id))).all() if number is not None)


def _claims(session: Session, edition: Edition) -> tuple[ClaimFact, ...]:
    """Those of the present visit whose holders are still here at all."""
    found = select(Claim, Person.absent_until).join(Person, col(Person.id) == col(Claim.person_id))
    found = found.where(Claim.edition_id == edition.id, Claim.visit == edition.visit, col(Person.active).is_(True))
    return tuple(ClaimFact(claim.step, claim.person_id, claim.until, away) for claim, away in session.exec(found))


def open_rounds(edition: Edition, approved: Collection[str]) -> set[int]:
    """The rounds of the workflow that these approved steps do not complete."""
    rounds: dict[int, list[str]] = {}
    for step in edition.workflow.get("reviews", ()):
        rounds.setdefault(step["round"], []).append(step["step"])
    quorum = quorum_of(edition.workflow)
    return {
        number
        for number, steps in rounds.items()
        if sum(step in approved for step in steps) < quorum.get(number, len(steps))
    }


def _conflicted(session: Session, edition: Edition) -> frozenset[str]:
    found = select(Conflict.person_id).where(Conflict.edition_id == edition.id)
    return frozenset(session.exec(found).all())


def _exemptions(session: Session) -> tuple[ExemptionFact, ...]:
    return tuple(
        ExemptionFact(
            one.person_id, frozenset({Stage(one.stage), Stage(one.other_stage)}), one.valid_from, one.valid_to
        )
        for one in session.exec(select(Exemption)).all()
    )


def _embargoes(session: Session, edition: Edition, findings: Sequence[Finding]) -> tuple[EmbargoFact, ...]:
    """From the officer's decisions on this very text: each finding of the type names its report in its rule."""
    sources = {
        finding.rule.removeprefix(EMBARGO_RULE)
        for finding in findings
        if finding.ground == INHERITS and finding.rule.startswith(EMBARGO_RULE)
    }
    made = []
    for source in sorted(sources):
        other = newest_edition(session, source)
        release = session.get(Release, other.release_id) if other.release_id else None
        made.append(
            EmbargoFact(
                source,
                release.instant if release else None,
                together=release is not None and release.id == edition.release_id,
                public=other.stage in (Stage.PUBLISHED, Stage.SUPERSEDED),
            )
        )
    return tuple(made)


def _release_fact(session: Session, edition: Edition) -> ReleaseFact | None:
    release = session.get(Release, edition.release_id) if edition.release_id else None
    if release is None:
        return None
    return ReleaseFact(release.id, ReleaseState(release.state), release.instant, release.held)


def _staged_for(session: Session, edition: Edition) -> str | None:
    if edition.release_id is None or edition.stage != Stage.SCHEDULED:
        return None
    staged = session.get(StagedPages, (edition.release_id, edition.id))
    return staged.version_digest if staged else None


@contextmanager
def refusals_recorded(office: Office, actor: Actor, subject: str, action: str, now: datetime) -> Iterator[None]:
    """Whatever the rules refuse inside is recorded, in a transaction of its own."""
    try:
        yield
    except StepRefused as refused:
        office.refuse(actor, subject, action, now, {"codes": [reason.code for reason in refused.reasons]})
        raise
    except (AlreadyMoved, BadInput, NotFound) as error:
        office.refuse(actor, subject, action, now, {"codes": [error.code]})
        raise


def take_step(
    office: Office,
    report_id: str,
    action: Action,
    actor: Actor,
    *,
    now: datetime,
    digest: str | None = None,
    reason: str = "",
    before: Callable[[Tx, Edition], None] | None = None,
    also: Also | None = None,
) -> Edition:
    """Take one step of the table with everything that belongs to it, in one transaction.

    before: writes that the rules look at (the filled form). also: writes that follow from the step, given the
    mandate under which it is taken (a deputy has an absent person's); what it returns goes into the event's data.
    Raises StepRefused with all reasons, AlreadyMoved, NotFound, StorageFailed, SecretMarkFound (the reason is a
    door too: it would stand in the audit history for ever); each is recorded.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, action, now),
        office.records.writing(now, what=action, who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        if before:
            before(tx, edition)
        facts = facts_of(tx.session, edition)
        acting, reasons = judged(facts, action, actor, now, digest=digest, reason=reason)
        if reasons:
            raise StepRefused(report_id, ZH[action], tuple(reasons))
        data = dict((also(tx, edition, facts, acting) if also else None) or {})
        if acting is not actor:
            data["stands_in_for"] = absent_behind(actor, acting)
        move_edition(tx, edition, next_stage(facts, action), action, acting, reason=reason, data=data)
        came_back = edition.stage == Stage.DRAFTING and facts.stage is not Stage.DRAFTING
        if came_back or edition.stage == Stage.DEPARTMENT_REVIEW:  # later stages tell when their flow has opened them
            tell_next(office, tx, edition)
    return edition


def decision_row(edition: Edition, acting: Actor, now: datetime, *, state: str, reason: str) -> Review:
    """The row of a decision taken by the officer or the leader on the version at hand."""
    return Review(
        edition_id=edition.id,
        visit=edition.visit,
        stage=edition.stage,
        step=edition.stage,
        section_id=acting.section,
        version=edition.version,
        digest=edition.digest,
        state=state,
        by=acting.id,
        reason=reason,
        opened_at=edition.stage_since,
        decided_at=now,
    )


def absent_behind(actor: Actor, acting: Actor) -> list[str]:
    """Whose roles and section a deputy acted with."""
    return [
        absent.id for absent in actor.stands_in_for if (absent.roles, absent.section) == (acting.roles, acting.section)
    ]


def move_edition(
    tx: Tx,
    edition: Edition,
    to: Stage,
    action: Action,
    actor: Actor,
    *,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Guarded update of the stage and its event. A change of stage is a new visit."""
    before = Stage(edition.stage)
    if to is not before:
        changes |= {"stage": to.value, "stage_since": tx.now, "visit": edition.visit + 1}
    digest = edition.digest
    tx.move(edition, **changes)
    tx.record(
        Event(
            action.value,
            actor.id,
            edition.report_id,
            ",".join(sorted(STEPS[before, action].by & actor.roles)),
            digest=changes.get("digest", digest),
            from_state=before.value,
            to_state=to.value,
            reason=reason,
            data=dict(data or {}),
        )
    )
