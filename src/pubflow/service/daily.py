"""The daily flow's work: verify and sign the audit history, scan what is public where rules changed, list what is late,
write the reminders that have come."""

from datetime import datetime

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.audit.verify import verify
from pubflow.confidentiality.rescans import rescan
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Machine, ReleaseState
from pubflow.office.checkpoints import checkpoint, stored_checkpoints
from pubflow.office.due import DAILY, StepOutcome
from pubflow.office.office import Office
from pubflow.office.reminders import overdue_reports, remind
from pubflow.records import history
from pubflow.records.tables import Release


def daily(office: Office, subject: str, now: datetime) -> StepOutcome:
    """Look over the line once. Safe to run twice: a reminder of one rung for one due day is written once.

    Raises WorkspaceError when the audit history does not verify or cannot be signed: the run fails and the operator
    sees it; the reminders are written all the same.
    """
    open_releases = (ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED, ReleaseState.FAILED)
    with office.records.reading() as session:
        verdict = verify(history.events(session.connection()), stored_checkpoints(office))
        late = session.exec(
            select(Release.id).where(col(Release.state).in_(open_releases), Release.instant < now)
        ).all()
    overdue = sorted(overdue_reports(office, now))
    _, tasks = rescan(office, f"flow:{DAILY}", now)
    with office.records.writing(now, what=DAILY, who=f"flow:{DAILY}", subject=subject) as tx:
        reminders = remind(office, tx, now)
        data = {
            "events": verdict.events,
            "overdue": overdue,
            "overdue_releases": sorted(late),
            "reminders": reminders,
            "withdrawal_tasks": tasks,
        }
        tx.record(Event("daily", f"flow:{DAILY}", subject, Machine.FLOW, data=data))
    if not verdict.good:
        raise WorkspaceError(
            f"The audit history does not verify: {verdict}.",
            "Run `pubflow audit verify` and call the auditor.",
        )
    checkpoint(office, now, verdict)
    text = (
        f"{verdict.events} events verify, {len(overdue)} reports and {len(late)} releases are overdue, "
        f"{reminders} reminders written"
    )
    return StepOutcome(text, changed=True)
