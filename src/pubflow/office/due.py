"""What the machines owe: level-triggered, read from the register alone. Prefect moves, the register decides."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, select
from sqlmodel import Session, col

from pubflow.lifecycle.stages import OPENED_BY_FLOW, ZH, ReleaseState, Stage
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Opening, Release, Source, StepRun

DRAFTING, SCHEDULED_PUBLICATION, DAILY = "drafting", "scheduled-publication", "daily"
STEPS = (DRAFTING, *OPENED_BY_FLOW.values(), SCHEDULED_PUBLICATION, DAILY)


@dataclass(frozen=True)
class DueStep:
    """A machine step that is due. `subject`: report or release; `version`: of the report, 0 for a release."""

    step: str
    subject: str
    version: int


@dataclass(frozen=True)
class StepOutcome:
    """What a machine step did, in a sentence for the operator."""

    text: str
    changed: bool


def due_steps(office: Office) -> list[DueStep]:
    """All machine steps that are due, oldest first."""
    with office.records.reading() as session:
        due = [DueStep(DRAFTING, report, 0) for report in session.scalars(_undrafted())]
        for stage, report, version in session.execute(_unopened()):
            due.append(DueStep(OPENED_BY_FLOW[Stage(stage)], report, version))
        return due + [DueStep(SCHEDULED_PUBLICATION, release, 0) for release in _releases(session)]


def due_version(office: Office, step: str, subject: str) -> int | None:
    """The version for which this step of this report or release is due now; None when it is not due."""
    return next((due.version for due in due_steps(office) if due.step == step and due.subject == subject), None)


def not_due(office: Office, step: str, subject: str) -> StepOutcome:
    """What to say when a step is run that is not due. Raises NotFound for a subject that does not exist."""
    with office.records.reading() as session:
        release = session.get(Release, subject)
        if release is not None:
            state = "held" if release.held else release.state
            return StepOutcome(f"not due: {step} {subject}: the release is {state}; nothing was changed", changed=False)
        edition = newest_edition(session, subject)
    stands = f"stands in {edition.stage} ({ZH[Stage(edition.stage)]}), v{edition.version}"
    return StepOutcome(f"not due: {step} {subject}: the report {stands}; nothing was changed", changed=False)


def _undrafted() -> Select[tuple[str]]:
    has_source = exists().where(col(Source.edition_id) == col(Edition.id))
    return (
        select(col(Edition.report_id))
        .where(col(Edition.stage) == Stage.DRAFTING, col(Edition.version) == 0, has_source)
        .order_by(col(Edition.stage_since))
    )


def _unopened() -> Select[tuple[str, str, int]]:
    # Each entry into a stage is a visit of its own, so that an opening of this visit is one of this stage.
    this_visit = and_(col(Opening.edition_id) == col(Edition.id), col(Opening.visit) == col(Edition.visit))
    return (
        select(col(Edition.stage), col(Edition.report_id), col(Edition.version))
        .where(col(Edition.stage).in_(OPENED_BY_FLOW), ~exists().where(this_visit))
        .order_by(col(Edition.stage_since))
    )


def _releases(session: Session) -> list[str]:
    """Releases to stage (confirmed, every edition signed) and releases to verify (public, not yet seen there)."""
    waiting = exists().where(col(Edition.release_id) == col(Release.id), col(Edition.stage) != Stage.SCHEDULED)
    confirmed = and_(col(Release.state) == ReleaseState.CONFIRMED, ~col(Release.held), ~waiting)
    unseen = and_(col(Release.state) == ReleaseState.RELEASED, col(Release.verified_at).is_(None))
    found = select(col(Release.id)).where(confirmed | unseen).order_by(col(Release.instant))
    return list(session.scalars(found))


class StepRuns:
    """Which run was asked for which due step, and who holds it. Bookkeeping: losing it loses no report."""

    def __init__(self, office: Office) -> None:
        self._records = office.records

    def get(self, due: DueStep) -> StepRun | None:
        """The bookkeeping row of a due step."""
        with self._records.reading() as session:
            return session.get(StepRun, (due.step, due.subject, due.version))

    def all_open(self) -> list[StepRun]:
        """Rows for which a run was asked for."""
        with self._records.reading() as session:
            return list(session.scalars(select(StepRun).where(col(StepRun.flow_run_id).is_not(None))))

    def record(self, due: DueStep, attempt: int, flow_run_id: str | None, now: datetime) -> None:
        """Note the run asked for (None: forget it, its step is done)."""
        with self._records.bookkeeping() as session:
            row = self._row(session, due)
            row.attempt, row.flow_run_id, row.requested_at = attempt, flow_run_id, now

    def acquire(self, due: DueStep, holder: str, until: datetime, now: datetime) -> bool:
        """Take the lease unless somebody else holds it."""
        with self._records.bookkeeping() as session:
            row = self._row(session, due)
            if row.lease_holder not in (None, holder) and row.lease_until is not None and row.lease_until > now:
                return False
            row.lease_holder, row.lease_until = holder, until
            return True

    def renew(self, due: DueStep, holder: str, until: datetime) -> bool:
        """Prolong one's own lease; False when somebody else has it by now."""
        with self._records.bookkeeping() as session:
            row = self._row(session, due)
            if row.lease_holder != holder:
                return False
            row.lease_until = until
            return True

    def release(self, due: DueStep, holder: str) -> None:
        """End one's own lease."""
        with self._records.bookkeeping() as session:
            row = self._row(session, due)
            if row.lease_holder == holder:
                row.lease_holder = row.lease_until = None

    @staticmethod
    def _row(session: Session, due: DueStep) -> StepRun:
        row = session.get(StepRun, (due.step, due.subject, due.version), with_for_update=True)
        if row is None:
            row = StepRun(step=due.step, subject=due.subject, version=due.version)
            session.add(row)
        return row
