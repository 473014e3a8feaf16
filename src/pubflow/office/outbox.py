"""The outbox: messages written with what causes them, sent after the commit, at least once.

A message is waiting, or being sent under a lease, or settled: sent (it has a receipt), given up (refused too often),
unknown (sent twice, and nobody knows), overtaken (its task was done first). What has a receipt is never sent again.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, and_, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from pubflow.records.store import Records, Tx
from pubflow.records.tables import Message
from pubflow.settings.notices import Sending

LEASE = timedelta(minutes=2)  # far longer than a send may take; after it nobody knows what became of the message
MOST_UNKNOWN = 2  # an unknown outcome is sent once more, then a person decides


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given_up"
    UNKNOWN = "unknown"
    OVERTAKEN = "overtaken"


OPEN = (MessageState.WAITING, MessageState.SENDING)
STUCK = (MessageState.GIVEN_UP, MessageState.UNKNOWN)
MESSAGE_ZH = {
    MessageState.WAITING: "待发送",
    MessageState.SENDING: "发送中",
    MessageState.SENT: "已送达",
    MessageState.GIVEN_UP: "多次被拒，已停发",
    MessageState.UNKNOWN: "结果不明，已停发",
    MessageState.OVERTAKEN: "事项已办，不再发送",
}


def message_id(key: str) -> str:
    """The stable id of the message with this key: the same message always has the same."""
    return f"M-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def put(tx: Tx, key: str, **fields: Any) -> bool:
    """Write a message unless one of this key is there already; whether it was written."""
    session = tx.session
    session.flush()
    insert_or = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = Message(id=message_id(key), key=key, created_at=tx.now, next_try=tx.now, **fields).model_dump()
    new = insert_or(Message).values(**row).on_conflict_do_nothing().returning(col(Message.id))
    return session.connection().execute(new).first() is not None


def doubt_open(engine: Engine) -> None:
    """After a restore: what was open in the backup may have been sent since, so it goes out marked."""
    is_open = col(Message.state).in_([state.value for state in OPEN])
    marked = {"state": MessageState.WAITING.value, "uncertain": 1, "lease_token": None, "lease_until": None}
    with engine.begin() as connection:
        connection.execute(update(Message).where(is_open).values(**marked))


class Outbox:
    """The messages as a sender sees them. Every change is one short guarded transaction of its own."""

    def __init__(self, records: Records, sending: Sending) -> None:
        self._records = records
        self._sending = sending

    def take(self, channel: str, now: datetime) -> Message | None:
        """The next message of a channel, leased to the caller; None when none is due.

        A lease that ran out belongs to a sender that died between sending and recording: its outcome is unknown.
        """
        with self._records.reading() as session:  # most rounds end here, without the write lock
            if not self._candidates(session, channel, now):
                return None
        with self._records.bookkeeping() as session:
            for message in self._candidates(session, channel, now):
                if message.state == MessageState.SENDING:
                    self._settle_unknown(session, message, message.lease_token, "发送后没有留下结果", now)
                    continue
                token = secrets.token_hex(8)
                taken = _change(
                    session,
                    message,
                    message.lease_token,
                    state=MessageState.SENDING.value,
                    attempts=message.attempts + 1,
                    lease_token=token,
                    lease_until=now + LEASE,
                )
                if taken:
                    message.attempts, message.lease_token = message.attempts + 1, token
                    return message
        return None

    def sent(self, message: Message, receipt: str, now: datetime) -> None:
        """The receipt. Whoever brings it, and however late: from here on the message is never sent again."""
        with self._records.bookkeeping() as session:
            settled = {"state": MessageState.SENT.value, "receipt": receipt, "settled_at": now}
            session.connection().execute(
                update(Message)
                .where(col(Message.id) == message.id, col(Message.state) != MessageState.SENT)
                .values(**settled, lease_token=None, lease_until=None, last_error="")
            )

    def refused(self, message: Message, why: str, now: datetime) -> None:
        """It certainly did not arrive: tried again after a growing wait, given up after so many times."""
        over = message.attempts >= self._sending.attempts
        with self._records.bookkeeping() as session:
            _change(
                session,
                message,
                message.lease_token,
                state=(MessageState.GIVEN_UP if over else MessageState.WAITING).value,
                next_try=now + self.wait_after(message.attempts),
                settled_at=now if over else None,
                last_error=why,
                **_FREE,
            )

    def unknown(self, message: Message, why: str, now: datetime) -> None:
        """It may have arrived: sent once more, marked; a second time nobody sends it again by itself."""
        with self._records.bookkeeping() as session:
            self._settle_unknown(session, message, message.lease_token, why, now)

    def overtaken(self, message: Message, now: datetime) -> None:
        """Nobody needs it any more."""
        with self._records.bookkeeping() as session:
            state = MessageState.OVERTAKEN.value
            _change(session, message, message.lease_token, state=state, settled_at=now, **_FREE)

    def wait_after(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts: doubling, up to the longest."""
        first, longest = self._sending.first_wait_seconds, self._sending.longest_wait_seconds
        return timedelta(seconds=min(first * 2 ** min(attempts - 1, 30), longest))

    def _settle_unknown(self, session: Session, message: Message, token: str | None, why: str, now: datetime) -> None:
        times = message.uncertain + 1
        over = times >= MOST_UNKNOWN
        _change(
            session,
            message,
            token,
            state=(MessageState.UNKNOWN if over else MessageState.WAITING).value,
            uncertain=times,
            next_try=now + self.wait_after(1),
            settled_at=now if over else None,
            last_error=why,
            **_FREE,
        )

    def _candidates(self, session: Session, channel: str, now: datetime) -> Sequence[Message]:
        # No time of ours lies further ahead than the longest wait: one that does was written before the clock was set
        # back, and is due.
        far = now + timedelta(seconds=self._sending.longest_wait_seconds) + LEASE
        due = or_(col(Message.next_try) <= now, col(Message.next_try) > far)
        lost = or_(col(Message.lease_until) <= now, col(Message.lease_until) > now + 2 * LEASE)
        found = (
            select(Message)
            .where(
                Message.channel == channel,
                or_(
                    and_(col(Message.state) == MessageState.WAITING, due),
                    and_(col(Message.state) == MessageState.SENDING, lost),
                ),
            )
            .order_by(col(Message.next_try), col(Message.id))
            .limit(20)
        )
        return session.exec(found).all()


_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


def _change(session: Session, message: Message, token: str | None, **values: Any) -> bool:
    """Change a message only if it is as it was read: of two senders one wins."""
    held = col(Message.lease_token).is_(None) if token is None else col(Message.lease_token) == token
    guarded = update(Message).where(
        col(Message.id) == message.id, held, col(Message.state).in_([state.value for state in OPEN])
    )
    return session.connection().execute(guarded.values(**values)).rowcount == 1
