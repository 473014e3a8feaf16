"""A stage's flow does its work on one digest, once a visit: what makes a decision possible at all."""

from collections.abc import Callable
from datetime import datetime

from pubflow.audit.events import Event
from pubflow.lifecycle.stages import OPENED_BY_FLOW, Machine, Stage
from pubflow.office.due import StepOutcome, not_due
from pubflow.office.line import locked, newest_and_opening
from pubflow.office.office import Office
from pubflow.office.telling import tell_next
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Opening


def open_stage(
    office: Office, stage: Stage, report_id: str, now: datetime, work: Callable[[Tx, Edition], str]
) -> StepOutcome:
    """Do `work` and note the opening in one transaction, if the edition stands in `stage` and was not opened yet.

    work: writes what the stage needs and says what it did. Safe to run twice or to be killed.
    """
    step = OPENED_BY_FLOW[stage]
    with office.records.reading() as session:  # most idle runs end here, without taking the write lock
        edition, opening = newest_and_opening(session, report_id)
    if edition.stage != stage or opening is not None:
        return not_due(office, step, report_id)
    with office.records.writing(now, what=step, who=Machine.FLOW, subject=report_id) as tx:
        again = locked(tx.session, edition)
        opened = tx.session.get(Opening, (again.id, step, again.visit))
        if again.stage != stage or opened is not None:
            tx.record(Event("repeated", f"flow:{step}", report_id, Machine.FLOW, again.digest))
            return StepOutcome(
                f"not due: {step} {report_id}: another run was first; nothing was changed", changed=False
            )
        outcome = work(tx, again)
        tx.session.add(
            Opening(
                edition_id=again.id,
                step=step,
                visit=again.visit,
                version=again.version,
                digest=again.digest,
                outcome=outcome,
                opened_at=now,
            )
        )
        data = {"step": step, "version": again.version, "outcome": outcome}
        tell_next(office, tx, again)
        tx.record(Event("opened", f"flow:{step}", report_id, Machine.FLOW, again.digest, stage, stage, data=data))
    return StepOutcome(f"{report_id} v{again.version}: {outcome}", changed=True)
