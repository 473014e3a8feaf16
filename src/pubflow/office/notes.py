"""What is out of the usual about a report, in sentences for its page and the board. Person ids only, no text."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.lifecycle.stages import ZH, Stage
from pubflow.lifecycle.workflow import ASKED, GRANTED, is_joint
from pubflow.moments import shown
from pubflow.office.debts import forced_reviews
from pubflow.office.exceptional_facts import (
    FORCE_REVIEW,
    HOLD,
    WRONG,
    fast_lane,
    lost_deciders,
    missing_consents,
    persons_of,
)
from pubflow.records.tables import Countersign, Edition, OutsideCheck, Review

_ON_THE_LINE = (
    Stage.DRAFTING,
    Stage.DEPARTMENT_REVIEW,
    Stage.CONFIDENTIALITY_CHECK,
    Stage.APPROVAL,
    Stage.SCHEDULED,
)


class Notes:
    """Read once, then asked for many reports: the board costs four questions, however long it is."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._persons = persons_of(session)
        self._debts = forced_reviews(session)
        asks = select(Countersign).where(Countersign.act == FORCE_REVIEW, col(Countersign.confirmed_by).is_(None))
        self._asks = [one for one in session.exec(asks).all() if one.confirm_until > now]
        self._checks = session.exec(select(OutsideCheck).order_by(col(OutsideCheck.id))).all()

    def on(self, edition: Edition, reviews: Sequence[Review]) -> tuple[str, ...]:
        """Sentences about one edition, given its reviews; none for the usual way."""
        notes = [
            f"审核 {debt.about} 系强制通过（{debt.persons[0]} 提出，{debt.persons[1]} 确认），待第三人消除"
            for debt in self._debts
            if debt.subject == edition.report_id
        ]
        if edition.stage not in _ON_THE_LINE:
            return tuple(notes)
        notes += [
            f"{one.asked_by} 申请强制通过审核 {one.about['step']}，等待另一人在 {shown(one.confirm_until)} 前确认"
            for one in self._asks
            if one.subject == edition.report_id and one.about["digest"] == edition.digest
        ]
        return (*notes, *self._of_workflow(edition), *self._of_checks(edition), *self._lost(edition, reviews))

    def _of_workflow(self, edition: Edition) -> list[str]:
        words = {ASKED: "已申请快速办理，等待科室负责人或分管领导决定", GRANTED: "快速办理"}
        fast = words.get(fast_lane(edition))
        joint = [str(review["section"]) for review in edition.workflow.get("reviews", ()) if is_joint(review)]
        joint += edition.workflow.get("consents", ())
        return ([fast] if fast else []) + ([f"联合发布：{'、'.join(joint)}"] if joint else [])

    def _of_checks(self, edition: Edition) -> list[str]:
        mine = [one for one in self._checks if one.edition_id == edition.id]
        notes = []
        for one in mine:
            if one.answer == WRONG and one.acknowledged_by is None:
                notes.append(f"外部核对 {one.id} 指出有误，尚无回应")
            elif one.state == "open" and one.digest == edition.digest and one.expires_at > self._now:
                notes.append(f"外部核对 {one.id} 等待答复，至 {shown(one.expires_at)}")
        missing = missing_consents(edition, mine)
        return notes + ([f"联合单位尚未同意：{'、'.join(missing)}"] if missing else [])

    def _lost(self, edition: Edition, reviews: Sequence[Review]) -> list[str]:
        rule = edition.workflow.get("lost_role", {})
        return [
            f"{lost.person} 在{ZH[lost.stage]}作决定后已停用或不再担任该职务；"
            f"{'发布将因此暂停' if rule.get(lost.stage) == HOLD else '按规则其决定仍有效'}"
            for lost in lost_deciders(self._session, edition, reviews, self._persons)
        ]
