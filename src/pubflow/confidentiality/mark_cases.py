"""State-secret marks that came to a door: what was refused, and the officer's outcome. No byte of a text is here.

A case is the refusal's own audit event; its number is that of the event (design decision 6).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event, data_in
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import Role
from pubflow.office.line import refusals_recorded
from pubflow.office.office import Office
from pubflow.records.tables import AuditEvent

# The outcomes in fixed words: a free sentence here could repeat what must not be kept.
OUTCOMES = {"off_system": "系统外处理", "not_a_mark": "不是国家秘密标志，已改写"}
_CLOSED = "mark_case_closed"
_SEES = frozenset({Role.OFFICER, Role.AUDITOR, Role.CHIEF})


@dataclass(frozen=True)
class MarkCase:
    """One refusal: when, who came with it, which rules, and what the officer recorded. name: keyed fingerprint."""

    number: int
    at: str
    person: str
    rules: list[str]
    name: str
    outcome: str
    closed_by: str


def mark_cases(office: Office, actor: Actor, now: datetime) -> list[MarkCase]:
    """Every case, oldest first, for officer, chief and auditor. Raises StepRefused."""
    with refusals_recorded(office, actor, "-", "mark cases", now):
        if not any(mandate.roles & _SEES for mandate in actor.mandates()):
            raise StepRefused("-", "查看涉密标志拦截", (Reason("other_role", "由保密员、主要领导和审计员查看"),))
    with office.records.reading() as session:
        closed = {case: (outcome, by) for case, outcome, by in _closed(session)}
        return [
            MarkCase(seq, at, person, rules, name, *closed.get(seq, ("", "")))
            for seq, at, person, rules, name in _refused(session)
        ]


def close_case(office: Office, actor: Actor, number: int, outcome: str, *, now: datetime) -> None:
    """The officer records how a case ended, in fixed words. Raises StepRefused, NotFound, BadInput."""
    with (
        refusals_recorded(office, actor, "-", "close mark case", now),
        office.records.writing(now, what="close mark case", who=actor.id, subject="-") as tx,
    ):
        if not any(Role.OFFICER in mandate.roles for mandate in actor.mandates()):
            raise StepRefused("-", "记录涉密标志处理", (Reason("other_role", "这一步由保密员办理"),))
        if outcome not in OUTCOMES:
            known = "、".join(f"{one}（{name}）" for one, name in OUTCOMES.items())
            raise BadInput("没有这种处理结果", str(number), f"可用：{known}")
        case = next((one for one in _refused(tx.session) if one[0] == number), None)
        if case is None:
            raise NotFound(f"涉密标志拦截 {number}", "请用 `pubflow check marks` 查看编号")
        if case[2] == actor.id:
            raise StepRefused(
                "-", "记录涉密标志处理", (Reason("own_case", "这是您本人提交的内容；请由另一名保密员办理"),)
            )
        if any(known == number for known, _, _ in _closed(tx.session)):
            raise BadInput(f"涉密标志拦截 {number} 已有处理结果", str(number), "不必再记录")
        tx.record(Event(_CLOSED, actor.id, "-", Role.OFFICER, data={"case": number, "outcome": outcome}))


def _refused(session: Session) -> list[tuple[int, str, str, list[str], str]]:
    found = select(AuditEvent).where(AuditEvent.action == "refused", AuditEvent.subject == "-")
    cases = []
    for event in session.exec(found.order_by(col(AuditEvent.seq))).all():
        data = data_in(event.body)
        if data.get("code") == "secret_mark":
            cases.append((event.seq, event.at, event.actor, list(data["rules"]), str(data["name"])))
    return cases


def _closed(session: Session) -> list[tuple[int, str, str]]:
    found = select(AuditEvent).where(AuditEvent.action == _CLOSED, AuditEvent.subject == "-")
    return [
        (int(data["case"]), str(data["outcome"]), event.actor)
        for event in session.exec(found).all()
        for data in [data_in(event.body)]
    ]
