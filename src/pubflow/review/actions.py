"""Department review: opened by its flow, decided by section heads; and the return, which every deciding stage has."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from pubflow.errors import BadInput, WorkspaceError
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.masks import CONFIRM_DIFFERENCE, CONFIRM_ROUND
from pubflow.lifecycle.rules import round_is_done, waiting_reviews
from pubflow.lifecycle.stages import Action, Role, Stage
from pubflow.office.due import StepOutcome
from pubflow.office.line import by_others, decision_row, open_rounds, reviewed_texts, take_step, versions_of
from pubflow.office.office import Office
from pubflow.office.opening import open_stage
from pubflow.office.proposals import open_numbers
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Person, Report, Review, Section


def open_review(office: Office, report_id: str, now: datetime) -> StepOutcome:
    """The department-review flow's work: one open review for each step of the workflow not yet approved."""
    return open_stage(office, Stage.DEPARTMENT_REVIEW, report_id, now, _open_reviews)


def _open_reviews(tx: Tx, edition: Edition) -> str:
    earlier = tx.session.exec(
        select(Review).where(Review.edition_id == edition.id, Review.stage == Stage.DEPARTMENT_REVIEW)
    ).all()
    writers, texts = reviewed_texts(edition, versions_of(tx.session, edition), earlier)
    difference = texts.difference_from(edition.digest) is not None
    approved = {
        review.step
        for review in earlier
        if review.state == "approved" and review.digest == edition.digest and by_others(review, writers)
    }
    # A re-submission goes to the same person as before, while that person still heads the section.
    before = {review.step: review.by for review in earlier if review.by and _still_heads(tx.session, review)}
    to_come = open_rounds(edition, approved)
    waiting = [
        review
        for review in edition.workflow["reviews"]
        if review["step"] not in approved and review["round"] in to_come
    ]
    if difference:
        own = tx.session.get_one(Report, edition.report_id).section_id
        waiting = [{"step": CONFIRM_DIFFERENCE, "section": own, "round": CONFIRM_ROUND}]
    for review in waiting:
        section = tx.session.get(Section, review["section"])
        if section is None:
            raise WorkspaceError(
                f"{edition.report_id}: its review {review['step']} is for section {review['section']}, which the "
                "register does not know.",
                f"Mend config/, restart, then: pubflow report move-workflow {edition.report_id} --reason REASON",
            )
        tx.session.add(
            Review(
                edition_id=edition.id,
                visit=edition.visit,
                stage=Stage.DEPARTMENT_REVIEW,
                step=review["step"],
                round=review["round"],
                section_id=section.id,
                version=edition.version,
                digest=edition.digest,
                assigned_to=before.get(review["step"]) or section.head_id,
                opened_at=tx.now,
            )
        )
    if difference:
        return "the difference to the reviewed text waits for confirmation"
    return f"{len(waiting)} department reviews opened"


def _still_heads(session: Session, review: Review) -> bool:
    person = session.get(Person, review.by)
    return (
        person is not None
        and person.active
        and Role.SECTION_HEAD in person.roles
        and person.section_id == review.section_id
    )


def approve(office: Office, report_id: str, actor: Actor, *, digest: str | None, remark: str, now: datetime) -> Edition:
    """Approve for one's department. Raises StepRefused with every reason, AlreadyMoved, NotFound."""

    def decide(tx: Tx, edition: Edition, facts: EditionFacts, acting: Actor) -> Mapping[str, Any]:
        review = _waiting_review(tx.session, edition, acting)
        if round_is_done(facts):
            close_round(tx.session, edition, facts, review)
        review.state, review.by, review.reason, review.decided_at = "approved", actor.id, remark, now
        return {"review": review.step, "version": edition.version}

    return take_step(office, report_id, Action.APPROVE, actor, now=now, digest=digest, reason=remark, also=decide)


def send_back(
    office: Office, report_id: str, actor: Actor, *, digest: str | None, reason: str, place: str, now: datetime
) -> Edition:
    """Return a draft to its drafter with place and reason, from whichever stage decides on it now.

    Where masking was proposed, place and reason may be left to name the proposals.
    Raises StepRefused with every reason, AlreadyMoved, NotFound, BadInput without a place,
    SecretMarkFound (place and reason are kept).
    """
    office.admit(actor, place, "", now)
    if not (place.strip() and reason.strip()):
        proposed = _proposed(office, report_id)
        place, reason = place if place.strip() else proposed, reason if reason.strip() else proposed

    def decide(tx: Tx, edition: Edition, facts: EditionFacts, acting: Actor) -> Mapping[str, Any]:
        if not place.strip():
            raise BadInput("没有写明退回哪一处", report_id, "请用 --place 写明位置，例如“第二部分第1段”，整篇写“全文”")
        if facts.stage is Stage.DEPARTMENT_REVIEW:
            review = _waiting_review(tx.session, edition, acting)
        else:
            review = decision_row(edition, acting, now, state="returned", reason=reason)
            tx.session.add(review)
        review.state, review.by, review.decided_at = "returned", actor.id, now
        review.reason, review.place = reason, place
        return {"place": place, "version": edition.version}

    return take_step(office, report_id, Action.RETURN, actor, now=now, digest=digest, reason=reason, also=decide)


def _proposed(office: Office, report_id: str) -> str:
    """The open masking proposals on the text at hand in words; empty when there are none."""
    with office.records.reading() as session:
        edition = session.exec(
            select(Edition).where(Edition.report_id == report_id).order_by(col(Edition.number).desc()).limit(1)
        ).first()
        numbers = open_numbers(session, edition) if edition is not None else []
    return f"脱敏建议 {'、'.join(map(str, numbers))}" if numbers else ""


def _waiting_review(session: Session, edition: Edition, acting: Actor) -> Review:
    """The open review of this section in the round at hand; the rules have seen that there is one."""
    return session.exec(
        _open_reviews_of(edition)
        .where(Review.section_id == acting.section)
        .order_by(col(Review.round), col(Review.id))
        .limit(1)
    ).one()


def close_round(session: Session, edition: Edition, facts: EditionFacts, last: Review) -> None:
    """The round has its quorum with this approval: its other open reviews are not needed any more."""
    if all(review.step == last.step for review in waiting_reviews(facts)):
        return
    for review in session.exec(_open_reviews_of(edition).where(Review.round == last.round)).all():
        if review.id != last.id:
            review.state = "not_needed"


def _open_reviews_of(edition: Edition) -> SelectOfScalar[Review]:
    return select(Review).where(Review.edition_id == edition.id, Review.visit == edition.visit, Review.state == "open")
