"""Debts: exceptions in force that stay in sight. Exemptions until they end, forced reviews until a third clears one."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.exceptional_facts import FORCE_REVIEW
from pubflow.office.line import facts_of, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.office.standing_in import debts
from pubflow.records.tables import Countersign


@dataclass(frozen=True)
class Debt:
    """One debt. id: what `people clear` takes, None where time alone ends it. persons: who made it."""

    id: int | None
    kind: str
    subject: str
    about: str
    persons: tuple[str, ...]
    since: datetime
    until: datetime | None
    reason: str


def all_debts(office: Office, now: datetime) -> list[Debt]:
    """Every debt of the office, the oldest first."""
    exemptions = [
        Debt(
            None,
            "exemption",
            one.person_id,
            f"{one.stage} + {one.other_stage}",
            (one.by,),
            one.valid_from,
            one.valid_to,
            one.reason,
        )
        for one in debts(office, now)
    ]
    with office.records.reading() as session:
        forced = forced_reviews(session)
    return sorted([*exemptions, *forced], key=lambda debt: debt.since)


def forced_reviews(session: Session, report_id: str | None = None) -> list[Debt]:
    """Forced reviews that no third person has cleared, of one report or of all."""
    found = select(Countersign).where(
        Countersign.act == FORCE_REVIEW,
        col(Countersign.confirmed_by).is_not(None),
        col(Countersign.cleared_by).is_(None),
    )
    if report_id is not None:
        found = found.where(Countersign.subject == report_id)
    return [
        Debt(
            one.id,
            FORCE_REVIEW,
            one.subject,
            str(one.about["step"]),
            (one.asked_by, one.confirmed_by or ""),
            one.confirmed_at or one.asked_at,
            None,
            one.reason,
        )
        for one in session.exec(found.order_by(col(Countersign.id))).all()
    ]


def clear_debt(office: Office, actor: Actor, debt_id: int, *, reason: str, now: datetime) -> Debt:
    """A third person has looked at what two have forced, and says so: the head when back, a leader or the chief.

    Raises StepRefused for the two themselves and for writers, NotFound, BadInput without a reason.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, str(debt_id), "debt clear", now),
        office.records.writing(now, what="debt clear", who=actor.id, subject=str(debt_id)) as tx,
    ):
        row = tx.session.get(Countersign, debt_id, with_for_update=True)
        debt = next((one for one in forced_reviews(tx.session) if one.id == debt_id), None)
        if row is None or debt is None:
            raise NotFound(f"待消除事项 {debt_id}", "请用 `pubflow people debts` 查看编号")
        writers = facts_of(tx.session, newest_edition(tx.session, row.subject)).writers
        reasons = []
        if actor.id in debt.persons:
            reasons.append(Reason("third_person", "须由申请人和确认人以外的第三人消除"))
        if actor.id in writers:
            reasons.append(Reason("author_decides", "参与起草的人不能消除"))
        if not any(_may_clear(mandate, str(row.about["section"])) for mandate in actor.mandates()):
            reasons.append(Reason("other_role", "由该科室负责人、分管领导或主要领导消除"))
        if reasons:
            raise StepRefused(row.subject, "消除待办事项", tuple(reasons))
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明如何补看、结论如何")
        row.cleared_by, row.cleared_at, row.clear_reason = actor.id, now, reason
        data = {"debt": debt_id, "step": debt.about}
        tx.record(Event("debt_cleared", actor.id, row.subject, reason=reason, data=data))
    return debt


def _may_clear(mandate: Actor, section: str) -> bool:
    heads_it = Role.SECTION_HEAD in mandate.roles and mandate.section == section
    return heads_it or bool(mandate.roles & {Role.LEADER, Role.CHIEF})
