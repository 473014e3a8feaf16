"""What an alarm looks at: releases past their instant and not public, signed but not staged, failed; the next one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pubflow.lifecycle.stages import ReleaseState, Stage
from pubflow.office.office import Office
from pubflow.records.tables import AuditEvent, Edition, Release

SWITCHED_WITHIN = timedelta(seconds=10)  # a switch takes far less; later than that a release is overdue
STAGED_WITHIN = timedelta(minutes=1)  # after the last signature
READY_BEFORE = timedelta(minutes=15)  # a signed release that nobody lets go on is told this long before its instant
_OPEN = (ReleaseState.PLANNED, ReleaseState.CONFIRMED, ReleaseState.STAGED, ReleaseState.FAILED)


@dataclass(frozen=True)
class ReleaseGauge:
    """One release as the alarm sees it. state: a ReleaseState, or "held". verb: what frees it, as one types it."""

    release: str
    state: str
    instant: datetime
    verb: str
    why: str = ""


@dataclass(frozen=True)
class Gauges:
    """The gauges of an office at one moment.

    overdue: past the instant and not public, whatever the reason. not_staged: all signed, and the pages not ready,
    or held shortly before the instant. failed: with the reason. next_release: the earliest to come, held ones apart.
    """

    overdue: tuple[ReleaseGauge, ...]
    not_staged: tuple[ReleaseGauge, ...]
    failed: tuple[ReleaseGauge, ...]
    next_release: ReleaseGauge | None

    @property
    def alarm(self) -> bool:
        """Whether somebody must look now."""
        return bool(self.overdue or self.not_staged or self.failed)

    def counts(self) -> dict[str, int]:
        """Numbers only, for a monitor that may not know which releases there are."""
        return {"overdue": len(self.overdue), "not_staged": len(self.not_staged), "failed": len(self.failed)}


def gauges(office: Office, now: datetime) -> Gauges:
    """Read them from the register; cheap enough for every round of a loop."""
    with office.records.reading() as session:
        releases = session.exec(
            select(Release).where(col(Release.state).in_(_OPEN)).order_by(col(Release.instant), col(Release.id))
        ).all()
        signed = _signed(session, [one.id for one in releases])
        overdue = [one for one in releases if one.instant < now - SWITCHED_WITHIN]
        waiting = [
            one for one in releases if one not in overdue and one.id in signed and _is_unready(session, one, now)
        ]
    coming = [one for one in releases if one.instant > now and not one.held and one.state != ReleaseState.FAILED]
    return Gauges(
        overdue=tuple(_gauge(one, signed, past=True) for one in overdue),
        not_staged=tuple(_gauge(one, signed, past=False) for one in waiting),
        failed=tuple(_gauge(one, signed, past=False) for one in releases if one.state == ReleaseState.FAILED),
        next_release=_gauge(coming[0], signed, past=False) if coming else None,
    )


def last_moved(session: Session, subject: str) -> datetime | None:
    """When anything but a look or a refusal last happened to a report or release."""
    last = session.exec(
        select(AuditEvent.at)
        .where(AuditEvent.subject == subject, col(AuditEvent.action).not_in(("read", "refused")))
        .order_by(col(AuditEvent.seq).desc())
        .limit(1)
    ).first()
    return datetime.fromisoformat(last) if last else None


def _signed(session: Session, releases: list[str]) -> set[str]:
    """Those of which every edition is signed."""
    rows = session.exec(
        select(Edition.release_id, Edition.stage).where(col(Edition.release_id).in_(releases)).distinct()
    ).all()
    unsigned = {release for release, stage in rows if stage != Stage.SCHEDULED}
    return {release for release, _ in rows if release} - unsigned


def _is_unready(session: Session, release: Release, now: datetime) -> bool:
    if release.state not in (ReleaseState.CONFIRMED, ReleaseState.STAGED):
        return False
    if release.held:
        return release.instant < now + READY_BEFORE
    if release.state == ReleaseState.STAGED:
        return False
    moved = last_moved(session, release.id)
    return moved is None or moved < now - STAGED_WITHIN


def _gauge(release: Release, signed: set[str], *, past: bool) -> ReleaseGauge:
    state = "held" if release.held and release.state != ReleaseState.FAILED else release.state
    return ReleaseGauge(
        release.id, state, release.instant, _verb(release, state, release.id in signed, past=past), release.failure
    )


def _verb(release: Release, state: str, signed: bool, *, past: bool) -> str:
    """What frees it: of several obstacles the first is named, the gauge then shows the next."""
    if state == ReleaseState.FAILED:
        return f"pubflow release retry {release.id}"
    if past and not signed:  # a signature is for an instant ahead
        return f'pubflow release move {release.id} --in 30m --reason "时间已过，尚未签发"'
    if state == "held":
        return f"pubflow release resume {release.id}"
    if state == ReleaseState.STAGED:
        return "pubflow reconcile"
    return f"pubflow flow run scheduled-publication {release.id}"
