"""An earlier instant for a confirmed release: the signatures were for a later one, so two persons sign for the move."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from pubflow.audit.events import Event
from pubflow.errors import Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, ReleaseAction, Role
from pubflow.moments import iso, shown
from pubflow.office.countersigning import ask, confirmed_by, waiting
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Countersign, Person, Release

EARLIER = "earlier_instant"


def ask_earlier(
    office: Office,
    tx: Tx,
    release: Release,
    acting: Actor,
    *,
    to: datetime,
    reason: str,
    place: Mapping[str, Sequence[str]],
) -> None:
    """Keep what one person asks for; the release itself does not change."""
    asked = ask(office, tx, acting, EARLIER, release.id, _about(release, to), reason)
    role = ",".join(sorted(acting.roles & {Role.LEADER, Role.OPERATOR}))
    data = {"from": iso(release.instant), "to": iso(to), "until": iso(asked.confirm_until), **place}
    tx.record(Event("earlier_asked", acting.id, release.id, role, reason=reason, data=data))


def confirm_earlier(tx: Tx, release: Release, acting: Actor, *, to: datetime, reason: str) -> str:
    """The second person confirms the very instant that was asked for; who asked. One of the two is a leader.

    Raises StepRefused when nobody has asked for it since the release last moved, or the two are not enough.
    """
    found = [one for one in waiting(tx.session, EARLIER, release.id, tx.now) if one.about == _about(release, to)]
    if not found:
        why = Reason("nothing_asked", f"没有人申请把 {release.id} 提前到 {shown(to, seconds=True)}，或申请已过期")
        raise StepRefused(release.id, ZH[ReleaseAction.MOVE], (why,))
    asked = found[0]
    asker = tx.session.get_one(Person, asked.asked_by)
    if Role.LEADER not in acting.roles and Role.LEADER not in asker.roles:
        why = Reason("no_leader", "提前发布的两人中须有一位分管领导")
        raise StepRefused(release.id, ZH[ReleaseAction.MOVE], (why,))
    confirmed_by(tx, asked, acting, reason)
    return asked.asked_by


def earlier_asked(session: Session, release: Release, now: datetime) -> Countersign | None:
    """What waits for the second person, if the release has not moved since."""
    found = waiting(session, EARLIER, release.id, now)
    return next((one for one in found if one.about["from"] == iso(release.instant)), None)


def _about(release: Release, to: datetime) -> dict[str, str]:
    return {"from": iso(release.instant), "to": iso(to)}
