"""Changing what somebody of the office is: roles given and taken by the operator, never the operator's own."""

from collections.abc import Sequence
from datetime import datetime

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import Person


def change_roles(
    office: Office,
    actor: Actor,
    person_id: str,
    *,
    give: Sequence[str],
    take: Sequence[str],
    reason: str,
    now: datetime,
) -> Person:
    """Give and take roles (operator); what the person may do changes with the next request.

    Decisions taken before stay on record; whether they still carry a release is the workflow's rule `lost_role`.
    Raises StepRefused, NotFound, BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, person_id, "people roles", now),
        office.records.writing(now, what="people roles", who=actor.id, subject=person_id) as tx,
    ):
        if Role.OPERATOR not in actor.roles:
            raise StepRefused(person_id, "调整角色", (Reason("other_role", "这一步由系统管理员办理"),))
        if actor.id == person_id:
            raise StepRefused(person_id, "调整角色", (Reason("own_roles", "系统管理员不能调整自己的角色"),))
        unknown = [role for role in (*give, *take) if role not in set(Role)]
        if unknown:
            raise BadInput(f"没有名为 {'、'.join(unknown)} 的角色", "roles", f"可用角色：{'、'.join(Role)}")
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明为什么调整")
        person = tx.session.get(Person, person_id)
        if person is None:
            raise NotFound(f"人员 {person_id}", "请用 `pubflow people list` 查看登录名")
        before = sorted(person.roles)
        after = sorted((set(before) | set(give)) - set(take))
        if after == before:
            raise BadInput(f"{person_id} 的角色没有变化：{'、'.join(before)}", "roles", "请核对 --give 和 --take")
        if not after:
            raise BadInput(f"{person_id} 将没有任何角色", "roles", "不再使用的人请停用：pubflow people deactivate")
        person.roles = after
        data = {"before": before, "after": after}
        tx.record(Event("roles_changed", actor.id, person_id, Role.OPERATOR, reason=reason, data=data))
    return person
