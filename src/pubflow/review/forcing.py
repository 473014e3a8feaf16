"""A department review that cannot be had is forced by two persons, and stays a debt until a third has looked at it.

Only a department review: never the scan, the clearance, the signature or the instant.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.errors import Reason, StepRefused
from pubflow.lifecycle import rules
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import ZH, Action, Role, Stage
from pubflow.moments import iso
from pubflow.office.countersigning import ask, confirmed_by, waiting
from pubflow.office.exceptional_facts import FORCE_REVIEW
from pubflow.office.line import facts_of, newest_edition, refusals_recorded, take_step
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Countersign, Edition, Person, Review
from pubflow.review.actions import close_round

_ASKERS = frozenset({Role.LEADER, Role.OPERATOR})


def ask_force(
    office: Office, report_id: str, actor: Actor, *, step: str, digest: str | None, reason: str, now: datetime
) -> Countersign:
    """Ask that a waiting review be forced because nobody can give it. Raises StepRefused, NotFound, SecretMarkFound."""
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "force ask", now),
        office.records.writing(now, what="force ask", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        facts = facts_of(tx.session, edition)
        reasons = _asking_objections(tx.session, facts, actor, step, now)
        reasons += rules.digest_objections(facts, digest)
        if not reason.strip():
            reasons.append(Reason("reason_missing", "请写明理由"))
        if reasons:
            raise StepRefused(report_id, ZH[Action.FORCE], tuple(reasons))
        review = _review(tx.session, edition, step)
        about = {"step": step, "digest": edition.digest, "section": review.section_id}
        asked = ask(office, tx, actor, FORCE_REVIEW, report_id, about, reason)
        role = ",".join(sorted(actor.roles & _ASKERS))
        data = {"step": step, "until": iso(asked.confirm_until)}
        tx.record(Event("force_asked", actor.id, report_id, role, edition.digest, reason=reason, data=data))
    return asked


def confirm_force(
    office: Office, report_id: str, actor: Actor, *, digest: str | None, reason: str, now: datetime
) -> Edition:
    """The second person confirms: the review counts as given, by two who are not its section's head.

    Raises StepRefused with every reason, AlreadyMoved, NotFound.
    """

    def decide(tx: Tx, edition: Edition, facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        steps = {review.step for review in rules.waiting_reviews(facts)}
        asked = next(
            one
            for one in waiting(tx.session, FORCE_REVIEW, report_id, now)
            if one.asked_by != actor.id and one.about["step"] in steps and one.about["digest"] == edition.digest
        )
        review = _review(tx.session, edition, str(asked.about["step"]))
        can_be_had = _can_be_had(tx.session, facts, review.section_id, now)
        if can_be_had:
            raise StepRefused(report_id, ZH[Action.FORCE], tuple(can_be_had))
        confirmed_by(tx, asked, actor, reason)
        if rules.round_is_done(facts):
            close_round(tx.session, edition, facts, review)
        review.state, review.by, review.reason, review.decided_at = "approved", actor.id, reason, now
        review.forced_by = asked.asked_by
        return {"review": review.step, "asked_by": asked.asked_by, "version": edition.version, "debt": asked.id}

    return take_step(office, report_id, Action.FORCE, actor, now=now, digest=digest, reason=reason, also=decide)


def _asking_objections(session: Session, facts: EditionFacts, actor: Actor, step: str, now: datetime) -> list[Reason]:
    if facts.stage is not Stage.DEPARTMENT_REVIEW:
        return [Reason("no_such_step", f"{ZH[facts.stage]}阶段没有可以强制通过的部门审核")]
    reasons = rules.opened(facts, actor, now)
    if not actor.roles & _ASKERS:
        reasons.append(Reason("other_role", "由分管领导或系统管理员提出"))
    reasons += (
        rules.not_a_writer(facts, actor) + rules.other_person(facts, actor, now) + rules.no_conflict(facts, actor)
    )
    waited_for = {review.step: review.section for review in rules.waiting_reviews(facts)}
    if step not in waited_for:
        named = "、".join(waited_for) or "无"
        return [*reasons, Reason("no_open_review", f"没有等待中的审核“{step}”；现在等待：{named}")]
    return reasons + _can_be_had(session, facts, waited_for[step], now)


def _can_be_had(session: Session, facts: EditionFacts, section: str, now: datetime) -> list[Reason]:
    """Nothing is forced while a head of the section, or the deputy of one who is away, can decide."""
    heads = session.exec(select(Person).where(Person.section_id == section, col(Person.active).is_(True))).all()
    able = []
    for head in heads:
        if Role.SECTION_HEAD not in head.roles:
            continue
        decider: Person | None = head
        if _is_away(head, now):
            decider = session.get(Person, head.deputy_id) if head.deputy_id else None
        if decider is None or not decider.active or _is_away(decider, now):
            continue
        if decider.id not in facts.writers | facts.conflicted:
            able.append(decider.id)
    return [Reason("can_be_had", f"{'、'.join(able)} 可以审核，不能强制通过")] if able else []


def _is_away(person: Person, now: datetime) -> bool:
    return person.absent_until is not None and person.absent_until > now


def _review(session: Session, edition: Edition, step: str) -> Review:
    """The open review of this step; the rules have seen that there is one."""
    return session.exec(
        select(Review).where(
            Review.edition_id == edition.id,
            Review.visit == edition.visit,
            Review.state == "open",
            Review.step == step,
        )
    ).one()
