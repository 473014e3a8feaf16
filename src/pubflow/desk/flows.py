"""Starting a flow by hand. A step that is not due says so and changes nothing."""

from typing import Protocol

from fastapi import APIRouter, Request
from pydantic import BaseModel

from pubflow.audit.events import Event
from pubflow.desk.asking import SignedIn, TheOffice
from pubflow.errors import BadInput, Reason, StepRefused
from pubflow.lifecycle.stages import Role
from pubflow.moments import utc_now
from pubflow.office.due import DAILY, STEPS, DueStep, due_steps, due_version, not_due

router = APIRouter(prefix="/flows")


class RunFlow(Protocol):
    """Starts a flow run for these reports (none: whatever is due); returns its name and id."""

    def __call__(self, step: str, reports: list[str]) -> tuple[str, str]: ...


class RunIn(BaseModel):
    """Which report or release; none means whatever is due."""

    subject: str | None = None


class RunOut(BaseModel):
    """The run that was started. note: why it will change nothing, when its step is not due."""

    name: str
    id: str
    note: str = ""


@router.get("")
def listed(office: TheOffice, actor: SignedIn) -> list[DueStep]:
    """Machine steps that are due now."""
    return due_steps(office)


@router.post("/{step}/run", status_code=201)
def run(step: str, given: RunIn, request: Request, office: TheOffice, actor: SignedIn) -> RunOut:
    """Start a flow by hand (operator). Raises StepRefused, BadInput, LookAgain."""
    subject = given.subject or "-"
    if Role.OPERATOR not in actor.roles:
        office.refuse(actor, subject, f"flow run {step}", utc_now(), {"codes": ["other_role"]})
        raise StepRefused(step, "手工启动", (Reason("other_role", "这一步由系统管理员办理"),))
    if step not in STEPS:
        raise BadInput(f"没有名为 {step} 的流程", remedy=f"可用：{'、'.join(STEPS)}")
    note = ""
    if given.subject and step != DAILY and due_version(office, step, given.subject) is None:
        note = not_due(office, step, given.subject).text
    start: RunFlow = request.app.state.run_flow
    name, id_ = start(step, [given.subject] if given.subject else [])
    office.records.record(
        Event("flow_started", actor.id, subject, Role.OPERATOR, data={"step": step, "run": id_}), utc_now()
    )
    return RunOut(name=name, id=id_, note=note)
