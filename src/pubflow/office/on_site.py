"""Verbs of whoever owns the workspace's files: no password can be asked of them, so a person must answer for it."""

from datetime import datetime

from pubflow.errors import BadInput, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.office.people import OPERATOR_ON_SITE
from pubflow.records.tables import Person


def answering(office: Office, by: str, reason: str, action: str, now: datetime) -> Actor:
    """The owner of the files as an actor, when an active operator answers for it and a reason is given.

    The event names both: who owns the files is known, who answers for it is what the owner says.
    Raises BadInput, StepRefused, SecretMarkFound.
    """
    office.admit(OPERATOR_ON_SITE, reason, "", now)
    with refusals_recorded(office, OPERATOR_ON_SITE, "-", action, now):
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请用 --reason 写明理由")
        with office.records.reading() as session:
            person = session.get(Person, by)
        if person is None or not person.active or Role.OPERATOR not in person.roles:
            why = Reason("other_role", "负责人须是在任的系统管理员（--by 登录名）")
            raise StepRefused("-", action, (why,))
    return OPERATOR_ON_SITE
