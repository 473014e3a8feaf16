"""What needs two persons: one asks with a reason, another confirms in time. Whether they may, each act's rules say."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from pubflow.errors import Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Countersign, Person


def ask(
    office: Office, tx: Tx, actor: Actor, act: str, subject: str, about: Mapping[str, Any], reason: str
) -> Countersign:
    """Keep what `actor` asks for. Raises StepRefused when somebody has asked for the very same already."""
    for one in waiting(tx.session, act, subject, tx.now):
        if one.about == dict(about):
            until = one.confirm_until.isoformat(timespec="minutes")
            why = Reason("asked_already", f"{one.asked_by} 已提出同样的申请，等待另一人在 {until} 前确认")
            raise StepRefused(subject, "申请", (why,))
    row = Countersign(
        act=act,
        subject=subject,
        about=dict(about),
        asked_by=actor.id,
        asked_at=tx.now,
        reason=reason,
        confirm_until=tx.now + timedelta(hours=office.settings.exceptional.confirm_hours),
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def waiting(session: Session, act: str, subject: str, now: datetime) -> list[Countersign]:
    """What somebody who is still here has asked for and nobody has confirmed yet, in time."""
    found = (
        select(Countersign)
        .join(Person, col(Person.id) == col(Countersign.asked_by))
        .where(
            col(Person.active).is_(True),
            Countersign.act == act,
            Countersign.subject == subject,
            col(Countersign.confirmed_by).is_(None),
            col(Countersign.confirm_until) > now,
        )
    )
    return list(session.exec(found.order_by(col(Countersign.id))).all())


def confirmed_by(tx: Tx, asked: Countersign, actor: Actor, reason: str) -> None:
    """The second person confirms. Raises StepRefused for the one who asked, and where a third was faster."""
    again = tx.session.get_one(Countersign, asked.id, with_for_update=True)
    if again.asked_by == actor.id:
        raise StepRefused(asked.subject, "确认", (Reason("second_person", "须由另一人确认"),))
    if again.confirmed_by is not None:
        raise StepRefused(asked.subject, "确认", (Reason("confirmed", f"已由 {again.confirmed_by} 确认"),))
    again.confirmed_by, again.confirmed_at, again.confirm_reason = actor.id, tx.now, reason
