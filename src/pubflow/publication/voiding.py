"""Decisions of somebody deactivated for cause: the operator asks, the chief confirms, and every edition not yet public
that rests on them goes back to the stage that has to decide anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, Action, Role, Stage
from pubflow.lifecycle.steps import judged, next_stage
from pubflow.moments import iso
from pubflow.office.countersigning import ask, confirmed_by, waiting
from pubflow.office.exceptional_facts import DECIDED
from pubflow.office.line import facts_of, move_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.publication.releases import hold_for
from pubflow.records.store import Tx
from pubflow.records.tables import Countersign, Edition, Finding, Person, Review

VOID_DECISIONS = "void_decisions"
VOIDED = "voided"
_NOT_PUBLIC = (
    Stage.DRAFTING,
    Stage.DEPARTMENT_REVIEW,
    Stage.CONFIDENTIALITY_CHECK,
    Stage.APPROVAL,
    Stage.SCHEDULED,
)


def ask_void(office: Office, actor: Actor, person_id: str, *, reason: str, now: datetime) -> Countersign:
    """Ask that the decisions of a deactivated person be void (operator). Raises StepRefused, NotFound, BadInput."""
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, person_id, "void ask", now),
        office.records.writing(now, what="void ask", who=actor.id, subject=person_id) as tx,
    ):
        if Role.OPERATOR not in actor.roles:
            raise StepRefused(person_id, ZH[Action.VOID], (Reason("other_role", "由系统管理员提出"),))
        person = tx.session.get(Person, person_id)
        if person is None:
            raise NotFound(f"人员 {person_id}", "请用 `pubflow people list` 查看登录名")
        if person.active:
            raise BadInput(f"{person_id} 仍在使用", "id", "请先停用：pubflow people deactivate")
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明为什么其决定不能算数")
        asked = ask(office, tx, actor, VOID_DECISIONS, person_id, {}, reason)
        data = {"until": iso(asked.confirm_until)}
        tx.record(Event("void_asked", actor.id, person_id, Role.OPERATOR, reason=reason, data=data))
    return asked


def confirm_void(office: Office, actor: Actor, person_id: str, *, reason: str, now: datetime) -> list[str]:
    """The chief confirms: the reports that go back or lose a decision, all in one transaction.

    Raises StepRefused, AlreadyMoved when one of them was switched this very moment (try again), BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, person_id, "void confirm", now),
        office.records.writing(now, what="void confirm", who=actor.id, subject=person_id) as tx,
    ):
        asked = waiting(tx.session, VOID_DECISIONS, person_id, now)
        reasons = []
        if not any(Role.CHIEF in mandate.roles for mandate in actor.mandates()):
            reasons.append(Reason("other_role", "由主要领导确认"))
        if not asked:
            reasons.append(Reason("nothing_asked", "没有人申请，或申请已过期"))
        if reasons:
            raise StepRefused(person_id, ZH[Action.VOID], tuple(reasons))
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明确认的理由")
        confirmed_by(tx, asked[0], actor, reason)
        changed = []
        for edition, voided in _void_all(tx, person_id).items():
            _go_back(office, tx, tx.session.get_one(Edition, edition), actor, person_id, voided, reason)
            changed.append(edition.partition("/")[0])
        data = {"asked_by": asked[0].asked_by, "reports": sorted(changed)}
        tx.record(Event("decisions_voided", actor.id, person_id, Role.CHIEF, reason=reason, data=data))
    return sorted(changed)


def _void_all(tx: Tx, person_id: str) -> Mapping[str, list[str]]:
    """Void the person's decisions on everything not public yet; the steps that lost one, by edition."""
    voided: dict[str, list[str]] = {}
    for finding in _findings_by(tx.session, person_id):
        finding.decision = finding.basis = finding.reason = ""
        finding.by = finding.decided_at = None
        voided.setdefault(finding.edition_id, []).append(f"finding {finding.id}")
        # Whoever cleared this text relied on the decision: it is cleared again.
        clearances = select(Review).where(
            Review.edition_id == finding.edition_id, Review.digest == finding.digest, Review.state == "cleared"
        )
        _mark(tx.session.exec(clearances).all(), voided)
    _mark(_reviews_by(tx.session, person_id), voided)
    tx.session.flush()
    return voided


def _mark(reviews: Sequence[Review], voided: dict[str, list[str]]) -> None:
    for review in reviews:
        review.state = VOIDED
        voided.setdefault(review.edition_id, []).append(review.step)


def _findings_by(session: Session, person_id: str) -> Sequence[Finding]:
    found = select(Finding).join(Edition, col(Edition.id) == col(Finding.edition_id))
    return session.exec(found.where(Finding.by == person_id, col(Edition.stage).in_(_NOT_PUBLIC))).all()


def _reviews_by(session: Session, person_id: str) -> Sequence[Review]:
    found = select(Review).join(Edition, col(Edition.id) == col(Review.edition_id))
    found = found.where(
        or_(Review.by == person_id, Review.forced_by == person_id),
        col(Review.state).in_(DECIDED),
        col(Edition.stage).in_(_NOT_PUBLIC),
    )
    return session.exec(found.order_by(col(Review.id))).all()


def _go_back(
    office: Office, tx: Tx, edition: Edition, actor: Actor, person_id: str, voided: Sequence[str], reason: str
) -> None:
    facts = facts_of(tx.session, edition)
    acting, reasons = judged(facts, Action.VOID, actor, tx.now, reason=reason)
    if reasons:
        raise StepRefused(edition.report_id, ZH[Action.VOID], tuple(reasons))
    to = next_stage(facts, Action.VOID)
    data: dict[str, object] = {"person": person_id, "voided": sorted(set(voided))}
    if facts.stage is Stage.SCHEDULED and to is not Stage.SCHEDULED:
        data["release"] = hold_for(office, tx, edition, "voided")
    if to is facts.stage is Stage.DEPARTMENT_REVIEW:  # a new visit: its flow opens the voided review again
        tx.move(edition, visit=edition.visit + 1)
    move_edition(tx, edition, to, Action.VOID, acting, reason=reason, data=data)
