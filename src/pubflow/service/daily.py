"""The daily flow's work: verify and sign the audit history, list what waits too long, write down that it looked."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.audit.verify import verify
from pubflow.errors import WorkspaceError
from pubflow.lifecycle.stages import Machine, ReleaseState, Stage
from pubflow.office.checkpoints import checkpoint, stored_checkpoints
from pubflow.office.due import DAILY, StepOutcome
from pubflow.office.office import Office
from pubflow.records import history
from pubflow.records.tables import Edition, Release

# A calendar span for the operator's eye, no statutory clock; working days come with the calendar.
WAITS_LONG = timedelta(days=7)


def daily(office: Office, subject: str, now: datetime) -> StepOutcome:
    """Look over the line once. Safe to run twice: it only records what it saw.

    Raises WorkspaceError when the audit history does not verify or cannot be signed: the run fails and the operator
    sees it.
    """
    waiting = (Stage.DRAFTING, Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
    open_releases = (ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED, ReleaseState.FAILED)
    with office.records.reading() as session:
        verdict = verify(history.events(session.connection()), stored_checkpoints(office))
        long = session.exec(
            select(Edition.report_id).where(col(Edition.stage).in_(waiting), Edition.stage_since < now - WAITS_LONG)
        ).all()
        late = session.exec(
            select(Release.id).where(col(Release.state).in_(open_releases), Release.instant < now)
        ).all()
    data = {"events": verdict.events, "waits_long": sorted(long), "overdue_releases": sorted(late)}
    office.records.record(Event("daily", f"flow:{DAILY}", subject, Machine.FLOW, data=data), now)
    if not verdict.good:
        raise WorkspaceError(
            f"The audit history does not verify: {verdict}.",
            "Run `pubflow audit verify` and call the auditor.",
        )
    checkpoint(office, now, verdict)
    text = f"{verdict.events} events verify, {len(long)} reports wait over a week, {len(late)} releases are overdue"
    return StepOutcome(text, changed=True)
