"""Claims: where several may decide, one takes the task, and the others see who has it.

A claim never blocks for ever: it lapses after the hours of the rule `claim_hours`, does not count while its holder is
away, inactive or in a conflict of interest, ends with the visit, and the operator can free it.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, Reason, StepRefused
from pubflow.lifecycle import rules
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import OPENED_BY_FLOW, Action, Role, Stage
from pubflow.lifecycle.steps import judged
from pubflow.moments import SHANGHAI, iso
from pubflow.office.line import absent_behind, facts_of, locked, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import Claim, Edition
from pubflow.settings import ConfigError
from pubflow.settings.models import Problem

_STEP = "领办"


def claim(office: Office, report_id: str, actor: Actor, *, now: datetime) -> Claim:
    """Take the task that waits here for somebody of one's role. Claiming again prolongs one's own claim.

    Raises StepRefused for somebody who may not decide now, or when another has it; NotFound.
    """
    with (
        refusals_recorded(office, actor, report_id, "claim", now),
        office.records.writing(now, what="claim", who=actor.id, subject=report_id) as tx,
    ):
        edition = _locked(tx.session, report_id)
        facts = facts_of(tx.session, edition)
        acting, step = _task(facts, actor, now)
        row = tx.session.get(Claim, (edition.id, edition.visit, step))
        if row is None:
            row = Claim(edition_id=edition.id, visit=edition.visit, step=step, person_id="", taken_at=now, until=now)
            tx.session.add(row)
        row.person_id, row.taken_at, row.until = actor.id, now, now + _lasts(office, now)
        data: dict[str, object] = {"step": step, "until": iso(row.until)}
        if acting is not actor:
            data["stands_in_for"] = absent_behind(actor, acting)
        role = ",".join(sorted(acting.roles))
        tx.record(Event("claim", actor.id, report_id, role, edition.digest, data=data))
    return row


def release_claim(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> list[str]:
    """Give up one's own claim; the operator frees whoever's there are, with a reason. Returns whose they were.

    Raises BadInput when there is none of one's own (or none at all), StepRefused, NotFound, SecretMarkFound.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "release_claim", now),
        office.records.writing(now, what="release_claim", who=actor.id, subject=report_id) as tx,
    ):
        edition = _locked(tx.session, report_id)
        found = select(Claim).where(Claim.edition_id == edition.id, Claim.visit == edition.visit)
        held = tx.session.exec(found.order_by(col(Claim.step))).all()
        operator = Role.OPERATOR in actor.roles
        freed = [one for one in held if operator or one.person_id == actor.id]
        if not freed and held:
            holders = "、".join(sorted({one.person_id for one in held}))
            why = Reason("not_own_claim", f"由 {holders} 领办；只有本人可以放弃，或由系统管理员解除")
            raise StepRefused(report_id, "放弃领办", (why,))
        if not freed:
            raise BadInput("没有人领办这份稿件", report_id, "不必放弃")
        if any(one.person_id != actor.id for one in freed) and not reason.strip():
            raise BadInput("没有写明理由", "reason", "解除他人的领办须写明理由")
        for one in freed:
            tx.session.delete(one)
            data = {"step": one.step, "held_by": one.person_id}
            tx.record(Event("release_claim", actor.id, report_id, digest=edition.digest, reason=reason, data=data))
    return [one.person_id for one in freed]


def _locked(session: Session, report_id: str) -> Edition:
    """The newest edition, so that of two claims at once one sees the other."""
    return locked(session, newest_edition(session, report_id))


def _task(facts: EditionFacts, actor: Actor, now: datetime) -> tuple[Actor, str]:
    """In whose place `actor` takes which task: whoever may return a text from here may decide on it."""
    if facts.stage not in OPENED_BY_FLOW:
        raise StepRefused(facts.report_id, _STEP, (Reason("stage", "现在没有等待审核、审查或签发的任务"),))
    acting, reasons = judged(facts, Action.RETURN, actor, now, digest=facts.digest, reason=_STEP)
    if facts.stage is Stage.APPROVAL:
        reasons = [*reasons, *rules.leader_enough(facts, acting, now)]
    step = rules.task_of(facts, acting)
    if reasons or step is None:
        raise StepRefused(facts.report_id, _STEP, tuple(reasons))
    return acting, step


def _lasts(office: Office, now: datetime) -> timedelta:
    rule = office.settings.rule("claim_hours", now.astimezone(SHANGHAI).date())
    if not isinstance(rule.value, int) or rule.value < 1 or rule.unit != "hours":
        what, remedy = "is not a number of hours", 'Write value = 4 and unit = "hours"'
        raise ConfigError((Problem("rules/disclosure.toml", rule.id, what, remedy),))
    return timedelta(hours=rule.value)
