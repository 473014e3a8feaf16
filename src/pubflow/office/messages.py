"""Messages as people see them, and sending again what was given up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.office.outbox import MESSAGE_ZH, MOST_UNKNOWN, OPEN, STUCK, MessageState
from pubflow.records.tables import Message


@dataclass(frozen=True)
class MessageView:
    """A message as the operator sees it: no address, no secret."""

    id: str
    kind: str
    channel: str
    person: str | None
    subject: str
    headline: str
    state: str
    state_name: str
    attempts: int
    last_error: str
    next_try: datetime | None
    created_at: datetime
    settled_at: datetime | None
    receipt: str


def messages(office: Office, states: Collection[str] = (), *, limit: int = 200) -> list[MessageView]:
    """Messages, newest first; all states when none is named. Raises BadInput for a state there is not."""
    unknown = sorted(set(states) - {state.value for state in MessageState})
    if unknown:
        raise BadInput(f"没有“{'、'.join(unknown)}”这种状态", "state", f"可用：{'、'.join(MessageState)}")
    with office.records.reading() as session:
        found = select(Message).order_by(col(Message.created_at).desc(), col(Message.id)).limit(limit)
        if states:
            found = found.where(col(Message.state).in_(sorted(states)))
        return [_view(message) for message in session.exec(found).all()]


def retry(office: Office, actor: Actor, message: str | None, *, now: datetime) -> list[str]:
    """Send again what was given up or is of unknown outcome (None: all such); returns the ids.

    Operator only. What has a receipt is refused. Raises StepRefused, NotFound.
    """
    subject = message or "-"
    with (
        refusals_recorded(office, actor, subject, "notices retry", now),
        office.records.writing(now, what="notices retry", who=actor.id, subject=subject) as tx,
    ):
        if Role.OPERATOR not in actor.roles:
            raise StepRefused(subject, "重新发送", (Reason("other_role", "这一步由系统管理员办理"),))
        found = select(Message).where(
            col(Message.id) == message if message else col(Message.state).in_([state.value for state in STUCK])
        )
        rows = tx.session.exec(found.order_by(col(Message.id)).with_for_update()).all()
        if message and not rows:
            raise NotFound(f"消息 {message}", "请用 `pubflow notices list` 查看编号")
        for row in rows:
            if row.state in (MessageState.SENT, MessageState.SENDING, MessageState.OVERTAKEN):
                what = MESSAGE_ZH[MessageState(row.state)]
                raise StepRefused(row.id, "重新发送", (Reason("message_settled", f"该消息{what}，不能重新发送"),))
            row.state, row.attempts, row.next_try = MessageState.WAITING.value, 0, now
            row.uncertain, row.settled_at = min(row.uncertain, MOST_UNKNOWN - 1), None
        ids = [row.id for row in rows]
        tx.record(Event("notices_retried", actor.id, subject, Role.OPERATOR, data={"messages": ids}))
    return ids


def _view(message: Message) -> MessageView:
    state = MessageState(message.state)
    return MessageView(
        id=message.id,
        kind=message.kind,
        channel=message.channel,
        person=message.person_id,
        subject=message.subject,
        headline=message.headline,
        state=state.value,
        state_name=MESSAGE_ZH[state],
        attempts=message.attempts,
        last_error=message.last_error,
        next_try=message.next_try if state in OPEN else None,
        created_at=message.created_at,
        settled_at=message.settled_at,
        receipt=message.receipt,
    )
