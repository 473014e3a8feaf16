"""Releases: plan, move, hold, resume, cancel, retry."""

from datetime import datetime, timedelta
from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.errors import BadInput
from pubflow.lifecycle.stages import ReleaseAction
from pubflow.moments import parse_instant, parse_span, utc_now
from pubflow.office.office import Office
from pubflow.publication import releases
from pubflow.publication.moving_earlier import earlier_asked
from pubflow.records.tables import Release

router = APIRouter(prefix="/releases")
FAR = 3660  # days; a longer span is a slip of the finger


class Verb(StrEnum):
    """What people may do to a release that is planned."""

    MOVE = ReleaseAction.MOVE
    HOLD = ReleaseAction.HOLD
    RESUME = ReleaseAction.RESUME
    CANCEL = ReleaseAction.CANCEL
    RETRY = ReleaseAction.RETRY


class PlanIn(BaseModel):
    """Reports to publish together. `at`: an instant with its offset; `wait`: a span from now such as 20s."""

    reports: list[str]
    at: str | None = None
    wait: str | None = None


class ChangeIn(BaseModel):
    """A change: the new instant of a move, and why. confirm: as the second person for an earlier instant."""

    at: str | None = None
    wait: str | None = None
    reason: str = ""
    confirm: bool = False


class EarlierAsked(BaseModel):
    """Who has asked for which earlier instant, and until when a second person may confirm it."""

    to: str
    by: str
    until: datetime


class ReleaseOut(BaseModel):
    """A release and where it stands. missed: its instant has passed and it is not public.

    earlier_asked: an earlier instant that waits for a second person.
    """

    id: str
    instant: datetime
    state: str
    held: bool
    reports: list[str]
    planned_by: str
    failure: str
    released_at: datetime | None
    lateness_ms: int | None
    verified_at: datetime | None
    missed: bool
    earlier_asked: EarlierAsked | None = None


@router.post("", status_code=201)
def plan(given: PlanIn, office: TheOffice, actor: SignedIn) -> ReleaseOut:
    """Plan a release."""
    now = utc_now()
    release = releases.plan(office, given.reports, actor, instant=_instant(given, now), now=now)
    return _out(office, release)


@router.get("")
def listed(office: TheOffice, actor: SignedIn) -> list[ReleaseOut]:
    """All releases, the next instant first."""
    return [_shape(release, reports) for release, reports in releases.all_releases(office)]


@router.get("/{release_id}")
def show(release_id: str, office: TheOffice, actor: SignedIn) -> ReleaseOut:
    """One release."""
    with office.records.reading() as session:
        release = releases.read_release(session, release_id)
    return _out(office, release)


@router.post("/{release_id}/{verb}")
def change(release_id: str, verb: Verb, given: ChangeIn, office: TheOffice, actor: SignedIn) -> ReleaseOut:
    """Move, hold, resume, cancel or retry."""
    now = utc_now()
    to = _instant(given, now) if verb is Verb.MOVE else None
    release = releases.change(
        office,
        release_id,
        ReleaseAction(verb.value),
        actor,
        now=now,
        to=to,
        reason=given.reason,
        confirm=given.confirm,
    )
    return _out(office, release)


def _instant(given: PlanIn | ChangeIn, now: datetime) -> datetime:
    if given.wait is not None:
        span = parse_span(given.wait)
        if span > timedelta(days=FAR):
            raise BadInput(f"发布时间在 {FAR} 天以后", "--in", "请用 --at 写明日期")
        return now + span
    return parse_instant(given.at or "")


def _out(office: Office, release: Release) -> ReleaseOut:
    with office.records.reading() as session:
        found = _shape(release, releases.reports_of(session, release))
        asked = earlier_asked(session, release, utc_now())
    if asked is not None:
        found.earlier_asked = EarlierAsked(to=asked.about["to"], by=asked.asked_by, until=asked.confirm_until)
    return found


def _shape(release: Release, reports: list[str]) -> ReleaseOut:
    fields = release.model_dump(include=set(ReleaseOut.model_fields) - {"reports", "missed", "earlier_asked"})
    missed = not releases.is_ended(release) and release.instant < utc_now()
    return ReleaseOut(**fields, reports=reports, missed=missed)
