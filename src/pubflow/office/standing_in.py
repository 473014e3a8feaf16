"""Absence and its deputies, and the chief's dated exemptions from “different persons” (design decision 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import OPENED_BY_FLOW, ZH, Role, Stage
from pubflow.moments import iso
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import Exemption, Person

LONGEST_EXEMPTION = timedelta(days=366)


def stood_in_for(session: Session, person: Person, now: datetime) -> tuple[Actor, ...]:
    """The absent persons whose deputy this is, as they would act; the inactive do not count."""
    absent = session.exec(
        select(Person).where(
            Person.deputy_id == person.id,
            col(Person.active).is_(True),
            col(Person.absent_until) > now,
            Person.id != person.id,
        )
    ).all()
    return tuple(Actor(one.id, frozenset(one.roles), one.section_id) for one in absent)


def set_absence(
    office: Office, actor: Actor, person_id: str, *, until: datetime | None, reason: str, now: datetime
) -> Person:
    """Note that somebody is away until an instant (None: is back). The deputy acts meanwhile, under the own name.

    One says it of oneself, the operator of anybody. Raises StepRefused, NotFound, BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, person_id, "people absent", now),
        office.records.writing(now, what="people absent", who=actor.id, subject=person_id) as tx,
    ):
        if actor.id != person_id and Role.OPERATOR not in actor.roles:
            why = Reason("other_role", "别人的请假由系统管理员登记")
            raise StepRefused(person_id, "登记请假", (why,))
        person = tx.session.get(Person, person_id)
        if person is None:
            raise NotFound(f"人员 {person_id}", "请用 `pubflow people list` 查看登录名")
        if until is not None and until <= now:
            raise BadInput("请假结束时间已经过去", "until", "请给一个将来的时间；已经回来的用 --back")
        if until is not None and person.deputy_id is None:
            raise BadInput(f"{person_id} 没有代理人", "deputy", "请先由系统管理员指定代理人")
        person.absent_until = until
        action = "absent" if until else "back"
        data = {"until": iso(until) if until else "", "deputy": person.deputy_id or ""}
        tx.record(Event(action, actor.id, person_id, reason=reason, data=data))
    return person


def exempt(
    office: Office,
    actor: Actor,
    person_id: str,
    stages: Sequence[str],
    *,
    until: datetime,
    reason: str,
    now: datetime,
) -> Exemption:
    """The chief lets one person decide in two stages until an instant, for a bureau too small for three.

    Never for the chief's own person; the rule that a writer does not decide is never exempt.
    Raises StepRefused, NotFound, BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, person_id, "people exempt", now),
        office.records.writing(now, what="people exempt", who=actor.id, subject=person_id) as tx,
    ):
        _check_exemption(actor, person_id, stages, until=until, reason=reason, now=now)
        if tx.session.get(Person, person_id) is None:
            raise NotFound(f"人员 {person_id}", "请用 `pubflow people list` 查看登录名")
        exemption = Exemption(
            person_id=person_id,
            stage=stages[0],
            other_stage=stages[1],
            valid_from=now,
            valid_to=until,
            reason=reason,
            by=actor.id,
        )
        tx.session.add(exemption)
        data = {"stages": list(stages), "until": iso(until)}
        tx.record(Event("exempt", actor.id, person_id, Role.CHIEF, reason=reason, data=data))
    return exemption


def _check_exemption(
    actor: Actor, person_id: str, stages: Sequence[str], *, until: datetime, reason: str, now: datetime
) -> None:
    reasons = []
    if Role.CHIEF not in actor.roles:
        reasons.append(Reason("other_role", "兼任须由主要领导批准"))
    if actor.id == person_id:
        reasons.append(Reason("own_exemption", "主要领导不能批准自己兼任"))
    if reasons:
        raise StepRefused(person_id, "批准兼任", tuple(reasons))
    known = [stage.value for stage in OPENED_BY_FLOW]
    if len(set(stages)) != 2 or not set(stages) <= set(known):
        named = "、".join(f"{stage}（{ZH[Stage(stage)]}）" for stage in known)
        raise BadInput("兼任须写明两个不同的阶段", "stages", f"可用：{named}")
    if not now < until <= now + LONGEST_EXEMPTION:
        raise BadInput("兼任期限不对", "until", f"请给一个将来的时间，不超过 {LONGEST_EXEMPTION.days} 天")
    if not reason.strip():
        raise BadInput("没有写明理由", "reason", "请写明为什么需要兼任")


def debts(office: Office, now: datetime) -> list[Exemption]:
    """Exemptions in force: shown until they end."""
    with office.records.reading() as session:
        return list(
            session.exec(select(Exemption).where(Exemption.valid_to > now).order_by(col(Exemption.valid_to))).all()
        )
