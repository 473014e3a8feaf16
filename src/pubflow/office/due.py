"""What the machines owe: level-triggered, read from the register alone. Prefect moves, the register decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Select, and_, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from pubflow.lifecycle.stages import OPENED_BY_FLOW, ZH, ReleaseState, Stage
from pubflow.office.line import newest_edition
from pubflow.office.office import Office
from pubflow.records.tables import Edition, Opening, Release, Source, StepRun

DRAFTING, SCHEDULED_PUBLICATION, DAILY = "drafting", "scheduled-publication", "daily"
STEPS = (DRAFTING, *OPENED_BY_FLOW.values(), SCHEDULED_PUBLICATION, DAILY)
LONGEST_LEASE = timedelta(minutes=2)  # what a run may take at once; it renews a shorter one every few seconds


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


class Leased(Protocol):
    """A row that says who works on a step, and until when."""

    @property
    def lease_holder(self) -> str | None: ...
    @property
    def lease_until(self) -> datetime | None: ...


def due_steps(office: Office) -> list[DueStep]:
    """All machine steps that are due, oldest first."""
    with office.records.reading() as session:
        due = [DueStep(DRAFTING, report, 0) for report in session.scalars(_undrafted())]
        for stage, report, version in session.execute(_unopened()):
            due.append(DueStep(OPENED_BY_FLOW[Stage(stage)], report, version))
        return due + [DueStep(SCHEDULED_PUBLICATION, release, 0) for release in _releases(session)]


def due_versions(office: Office, step: str) -> dict[str, int]:
    """{report or release: version} for which this step is due now."""
    return {due.subject: due.version for due in due_steps(office) if due.step == step}


def due_version(office: Office, step: str, subject: str) -> int | None:
    """The version for which this step of this report or release is due now; None when it is not due."""
    return due_versions(office, step).get(subject)


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
    """Which run was asked for which due step, and who holds it. Bookkeeping: losing it loses no report.

    Many steps at a time, in one transaction: a run may take two hundred reports.
    """

    def __init__(self, office: Office) -> None:
        self._records = office.records

    def rows(self, dues: Iterable[DueStep]) -> dict[DueStep, StepRun]:
        """The bookkeeping rows of these steps, where there are any."""
        with self._records.reading() as session:
            return _rows(session, dues)

    def all_open(self) -> list[StepRun]:
        """Rows for which a run was asked for."""
        with self._records.reading() as session:
            return list(session.scalars(select(StepRun).where(col(StepRun.flow_run_id).is_not(None))))

    def record(self, attempts: Mapping[DueStep, int], flow_run_id: str | None, now: datetime) -> None:
        """Note the run asked for these steps, and the attempt of each (None: forget it, the step is done)."""
        with self._records.bookkeeping() as session:
            for due, row in _rows_for_update(session, attempts).items():
                row.attempt, row.flow_run_id, row.requested_at = attempts[due], flow_run_id, now

    def acquire(self, dues: Iterable[DueStep], holder: str, until: datetime, now: datetime) -> list[DueStep]:
        """Take the leases that nobody else holds; returns which."""
        with self._records.bookkeeping() as session:
            found = _rows_for_update(session, dues)
            taken = [due for due, row in found.items() if row.lease_holder == holder or not is_leased(row, now)]
            for due in taken:
                found[due].lease_holder, found[due].lease_until = holder, until
            return taken

    def renew(self, holder: str, until: datetime) -> None:
        """Prolong the leases that are still this holder's."""
        self._set(holder, holder, until)

    def release(self, holder: str) -> None:
        """End the leases that are still this holder's."""
        self._set(holder, None, None)

    def _set(self, holder: str, to: str | None, until: datetime | None) -> None:
        changed = update(StepRun).where(col(StepRun.lease_holder) == holder)
        with self._records.bookkeeping() as session:
            session.connection().execute(changed.values(lease_holder=to, lease_until=until))


def is_leased(row: Leased, now: datetime) -> bool:
    """Whether somebody works on a step. A lease that ends later than any could is of a clock that was set back since:
    it protects nobody, or the step would wait until the clock is there again."""
    return row.lease_holder is not None and row.lease_until is not None and now < row.lease_until <= now + LONGEST_LEASE


def _rows(session: Session, dues: Iterable[DueStep], *, for_update: bool = False) -> dict[DueStep, StepRun]:
    wanted = set(dues)
    steps, subjects = {due.step for due in wanted}, {due.subject for due in wanted}
    found = (
        select(StepRun)
        .where(col(StepRun.step).in_(steps), col(StepRun.subject).in_(subjects))
        .order_by(col(StepRun.subject), col(StepRun.version))  # everybody locks in the same order
    )
    rows = session.scalars(found.with_for_update() if for_update else found)
    return {due: row for row in rows if (due := DueStep(row.step, row.subject, row.version)) in wanted}


def _rows_for_update(session: Session, dues: Iterable[DueStep]) -> dict[DueStep, StepRun]:
    """The rows, made where there were none. Run and reconciler may be the first at the same time."""
    new = [{"step": due.step, "subject": due.subject, "version": due.version, "attempt": 0} for due in dues]
    if not new:
        return {}
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.connection().execute(insert(StepRun).on_conflict_do_nothing(), new)
    return _rows(session, dues, for_update=True)
