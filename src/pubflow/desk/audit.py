"""The audit history over HTTP, for those whose work it is."""

from fastapi import APIRouter

from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.desk.reports import HISTORY_READERS, EventOut, event_out
from pubflow.errors import Reason, StepRefused
from pubflow.moments import utc_now
from pubflow.office import reading

router = APIRouter(prefix="/audit")


@router.get("")
def log(
    office: TheOffice, actor: SignedIn, subject: str | None = None, after: int = 0, limit: int = 100
) -> list[EventOut]:
    """Events after a number, oldest first."""
    if not actor.roles & HISTORY_READERS:
        office.refuse(actor, subject or "-", "audit log", utc_now(), {"codes": ["other_role"]})
        raise StepRefused("审计记录", "查看", (Reason("other_role", "审计记录向审计员、系统管理员和主要领导开放"),))
    events = reading.history(office, subject=subject, after=after, limit=min(max(limit, 1), 1000))
    return [event_out(event) for event in events]
