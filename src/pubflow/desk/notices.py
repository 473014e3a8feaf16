"""What each kind owes next, and the messages that were sent or are stuck."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.errors import Reason, StepRefused
from pubflow.lifecycle.stages import Role
from pubflow.moments import utc_now
from pubflow.office import issues, messages
from pubflow.office.issues import Owed
from pubflow.office.messages import MessageView

router = APIRouter()
MESSAGE_READERS = frozenset({Role.OPERATOR, Role.AUDITOR, Role.CHIEF})


class RetryIn(BaseModel):
    """Which message to send again; none means all that were given up or are of unknown outcome."""

    message: str | None = None


class RetryOut(BaseModel):
    """The messages that will be sent again."""

    messages: list[str]


@router.get("/due")
def due(office: TheOffice, actor: SignedIn) -> list[Owed]:
    """What each kind owes next, soonest first."""
    return issues.owed(office, utc_now())


@router.get("/notices")
def listed(
    office: TheOffice, actor: SignedIn, state: Annotated[list[str] | None, Query()] = None, limit: int = 200
) -> list[MessageView]:
    """Messages, newest first, for those who look after them."""
    if not actor.roles & MESSAGE_READERS:
        office.refuse(actor, "-", "notices list", utc_now(), {"codes": ["other_role"]})
        raise StepRefused("消息", "查看", (Reason("other_role", "消息向系统管理员、审计员和主要领导开放"),))
    return messages.messages(office, state or (), limit=min(max(limit, 1), 1000))


@router.post("/notices/retry")
def retry(given: RetryIn, office: TheOffice, actor: SignedIn) -> RetryOut:
    """Send again what is stuck (operator)."""
    return RetryOut(messages=messages.retry(office, actor, given.message, now=utc_now()))
