"""The facts of the exceptional ways of an edition: what is forced, fast, joint, checked outside, or lost its decider.

Read only where a rule of the stage looks at it, so that the usual way costs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from pubflow.audit.events import data_in
from pubflow.lifecycle.facts import ForceFact, LostDecider
from pubflow.lifecycle.stages import Role, Stage
from pubflow.records.tables import AuditEvent, Countersign, Edition, OutsideCheck, Person, Referral, Review

FORCE_REVIEW = "force_review"
CONSENT, FACT_CHECK = "consent", "fact_check"
AGREED, WRONG = "agreed", "wrong"
HOLD = "hold"
MAY_BE_PUBLIC, WITHHELD = "public", "withheld"
DECIDED = ("approved", "cleared", "signed")
_ROLES = {
    Stage.DEPARTMENT_REVIEW: frozenset({Role.SECTION_HEAD}),
    Stage.CONFIDENTIALITY_CHECK: frozenset({Role.OFFICER}),
    Stage.APPROVAL: frozenset({Role.LEADER, Role.CHIEF}),
}


def exceptional_facts(session: Session, edition: Edition, decided: Sequence[Review]) -> dict[str, Any]:
    """Fields of EditionFacts. decided: the decisions in force on any text of the edition."""
    stage = Stage(edition.stage)
    found: dict[str, Any] = {"fast_lane": fast_lane(edition)}
    if stage is Stage.DEPARTMENT_REVIEW:
        found["force_asks"] = _force_asks(session, edition)
    if stage is Stage.APPROVAL:
        checks = checks_on(session, edition)
        found["missing_consents"] = missing_consents(edition, checks)
        found["open_faults"] = open_faults(checks)
    if stage is Stage.CONFIDENTIALITY_CHECK:
        found["referral"] = _referral(session, edition)
    rule = edition.workflow.get("lost_role", {})
    if stage is Stage.SCHEDULED and HOLD in rule.values():
        lost = lost_deciders(session, edition, decided, persons_of(session))
        found["not_standing"] = tuple(one for one in lost if rule.get(one.stage) == HOLD)
    return found


def _referral(session: Session, edition: Edition) -> str:
    """Whether the text at hand waits for the answer to a referral, or may not be public by it."""
    found = select(Referral.answer).where(Referral.edition_id == edition.id, Referral.digest == edition.digest)
    answers = session.exec(found).all()
    return "open" if "" in answers else WITHHELD if WITHHELD in answers else ""


def fast_lane(edition: Edition) -> str:
    """Empty where the kind has no fast lane; else possible, asked or granted."""
    return str(edition.workflow.get("fast", "possible")) if edition.workflow.get("fast_lane") else ""


def checks_on(session: Session, edition: Edition) -> list[OutsideCheck]:
    """Every outside check of an edition, oldest first."""
    found = select(OutsideCheck).where(OutsideCheck.edition_id == edition.id)
    return list(session.exec(found.order_by(col(OutsideCheck.asked_at), col(OutsideCheck.id))).all())


def missing_consents(edition: Edition, checks: Sequence[OutsideCheck]) -> tuple[str, ...]:
    """The co-producing organs that have not consented to the text at hand."""
    given = {one.organ for one in checks if one.answer == AGREED and one.digest == edition.digest}
    return tuple(organ for organ in edition.workflow.get("consents", ()) if organ not in given)


def open_faults(checks: Sequence[OutsideCheck]) -> tuple[str, ...]:
    """Fact checks of any version that found a fault nobody has responded to: an edit alone is no response."""
    return tuple(one.id for one in checks if one.answer == WRONG and one.acknowledged_by is None)


def persons_of(session: Session) -> dict[str, Person]:
    """Everybody, by id: an office is small, and one question is cheaper than one for each decision."""
    return {person.id: person for person in session.exec(select(Person)).all()}


def lost_deciders(
    session: Session, edition: Edition, decided: Sequence[Review], persons: Mapping[str, Person]
) -> tuple[LostDecider, ...]:
    """Who decided on the text at hand and is deactivated, or has lost the role, by now.

    A deputy's decision counts as that of the roles of the absent person: it is lost with the deputy's own account.
    """
    lost = []
    for review in decided:
        person = persons.get(review.by or "")
        if person is None or review.digest != edition.digest or review.state not in DECIDED:
            continue
        stage = Stage(review.stage)
        held = bool(_ROLES[stage] & frozenset(person.roles)) or review.forced_by is not None
        if not (person.active and (held or _as_deputy(session, edition, review))):
            lost.append(LostDecider(person.id, stage))
    return tuple(dict.fromkeys(lost))


def _as_deputy(session: Session, edition: Edition, review: Review) -> bool:
    """The history says whether the roles of an absent person were used, which the deputy need not have."""
    events = session.exec(
        select(AuditEvent.body).where(
            AuditEvent.subject == edition.report_id,
            AuditEvent.actor == review.by,
            AuditEvent.digest == review.digest,
            AuditEvent.from_state == review.stage,
        )
    ).all()
    return any("stands_in_for" in data_in(body) for body in events)


def _force_asks(session: Session, edition: Edition) -> tuple[ForceFact, ...]:
    found = (
        select(Countersign)
        .join(Person, col(Person.id) == col(Countersign.asked_by))
        .where(
            col(Person.active).is_(True),
            Countersign.act == FORCE_REVIEW,
            Countersign.subject == edition.report_id,
            col(Countersign.confirmed_by).is_(None),
        )
    )
    return tuple(
        ForceFact(one.about["step"], one.asked_by, one.confirm_until)
        for one in session.exec(found)
        if one.about["digest"] == edition.digest
    )
