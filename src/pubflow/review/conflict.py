"""“I have a conflict of interest”: whoever says so takes no decision on this edition any more."""

from datetime import datetime

from pubflow.audit.events import Event
from pubflow.errors import BadInput, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import OPENED_BY_FLOW, Role, Stage
from pubflow.office.line import newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import Conflict

_DECIDERS = frozenset({Role.SECTION_HEAD, Role.OFFICER, Role.LEADER, Role.CHIEF})


def declare_conflict(office: Office, report_id: str, actor: Actor, *, reason: str, now: datetime) -> None:
    """Step back from an edition; the deputy or another person decides. It cannot be taken back for this edition.

    Raises StepRefused for somebody who decides nothing here, BadInput without a reason, NotFound.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "conflict", now),
        office.records.writing(now, what="conflict", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        if not actor.roles & _DECIDERS:
            raise StepRefused(report_id, "声明利益冲突", (Reason("other_role", "只有作决定的人需要声明利益冲突"),))
        if Stage(edition.stage) not in (Stage.DRAFTING, *OPENED_BY_FLOW):
            raise StepRefused(report_id, "声明利益冲突", (Reason("stage", "这份稿件的决定已经作出"),))
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明有什么利益冲突")
        if tx.session.get(Conflict, (edition.id, actor.id)) is not None:
            raise BadInput("您已声明过利益冲突", report_id, "不必再声明")
        tx.session.add(Conflict(edition_id=edition.id, person_id=actor.id, reason=reason, declared_at=now))
        tx.record(Event("conflict", actor.id, report_id, digest=edition.digest, reason=reason))
