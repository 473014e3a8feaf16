"""Somebody outside answers for one text by a one-time link: a named person checks facts, a co-producing organ consents.

The link holds 256 random bits and is shown once; the register keeps its SHA-256. It is for one digest and ends with an
answer, an edit, its time, or when it is voided. Name and organ of a person are personal values: events and this table
hold commitments only, and they can be erased. What the asker may let outside is the asker's decision, recorded.
"""

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from pubflow.audit.events import Event
from pubflow.errors import BadInput, NotFound, Reason, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.rules import digest_objections, no_conflict, not_a_writer
from pubflow.lifecycle.stages import Role, Stage
from pubflow.moments import SHANGHAI, iso
from pubflow.office.access import open_sealed, open_text
from pubflow.office.exceptional_facts import CONSENT, WRONG, checks_on
from pubflow.office.line import facts_of, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, OutsideCheck, Report

TOKEN_BYTES = 32
NAME = "outside_person"
_ASKING = frozenset({Role.SECTION_HEAD, Role.LEADER, Role.CHIEF})
# While somebody outside still answers for the text; what is public is corrected, not checked.
OPEN_STAGES = (
    Stage.DRAFTING,
    Stage.DEPARTMENT_REVIEW,
    Stage.CONFIDENTIALITY_CHECK,
    Stage.APPROVAL,
    Stage.SCHEDULED,
)


def ask_outside(
    office: Office,
    report_id: str,
    actor: Actor,
    *,
    kind: str,
    name: str,
    organ: str,
    passages: Sequence[str] = (),
    digest: str | None,
    workdays: int | None,
    now: datetime,
) -> tuple[OutsideCheck, str]:
    """A new link for a named person: the check and the token, which nobody can show again.

    passages: what the person sees of the text, each standing in it word by word; none means the whole text.
    Raises StepRefused, BadInput, NotFound, SecretMarkFound; nothing is kept then.
    """
    for given in (name, organ, *passages):
        office.admit(actor, given, "", now)
    with (
        refusals_recorded(office, actor, report_id, "outside ask", now),
        office.records.writing(now, what="outside ask", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        report = tx.session.get_one(Report, report_id)
        reasons = _asking_objections(tx.session, edition, report, actor)
        reasons += digest_objections(facts_of(tx.session, edition), digest)
        if reasons:
            raise StepRefused(report_id, "征求外部意见", tuple(reasons))
        _check_given(edition, kind, name, organ, passages)
        text = open_text(office, tx.session, edition).canonical()
        lacking = next((passage for passage in passages if passage not in text), None)
        if lacking is not None:
            raise BadInput("文稿中找不到要核对的段落", report_id, "--passage 须与文稿完全一致")
        expires = _end_of(office, workdays, now)
        number = len(checks_on(tx.session, edition)) + 1
        token = secrets.token_urlsafe(TOKEN_BYTES)
        place = f"{report_id}-{edition.number}-F{number}"
        check = OutsideCheck(
            id=place,
            edition_id=edition.id,
            kind=kind,
            organ=organ.strip() if kind == CONSENT else "",
            person=tx.commit_personal(NAME, f"{name.strip()}\n{organ.strip()}", subject=place),
            version=edition.version,
            digest=edition.digest,
            token_hash=token_hash(token),
            sealed=_sealed(office, report, list(passages), place),
            asked_by=actor.id,
            asked_at=now,
            expires_at=expires,
        )
        tx.session.add(check)
        role = ",".join(sorted(role for mandate in actor.mandates() for role in mandate.roles & _ASKING))
        shown = "passages" if passages else "text"
        data = {"check": place, "kind": kind, "shown": shown, "until": iso(expires), "person": check.person}
        tx.record(Event("outside_asked", actor.id, report_id, role, edition.digest, data=data))
    return check, token


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _asking_objections(session: Session, edition: Edition, report: Report, actor: Actor) -> list[Reason]:
    if edition.stage not in OPEN_STAGES or not edition.version:
        return [Reason("stage", "这份稿件现在不能送外部核对")]
    facts = facts_of(session, edition)
    sections = {report.section_id, *(step["section"] for step in edition.workflow["reviews"])}
    for mandate in actor.mandates():
        heads_one = Role.SECTION_HEAD in mandate.roles and mandate.section in sections
        if heads_one or mandate.roles & {Role.LEADER, Role.CHIEF}:
            return no_conflict(facts, actor)
    return [Reason("other_role", "由本稿件的科室负责人或局领导决定送外部核对")]


def _check_given(edition: Edition, kind: str, name: str, organ: str, passages: Sequence[str]) -> None:
    if not name.strip() or not organ.strip():
        raise BadInput("没有写明姓名或单位", "name", "请用 --name 和 --organ 写明由谁核对")
    if any("\n" in value.strip() for value in (name, organ)):
        raise BadInput("姓名或单位不止一行", "name", "请只写一行")
    if not all(passage.strip() for passage in passages):
        raise BadInput("有一段为空", "passage", "请写文稿中的原文")
    consents = edition.workflow.get("consents", ())
    if kind == CONSENT and organ.strip() not in consents:
        named = "、".join(consents) or "无"
        raise BadInput(f"“{organ.strip()}”不是这份稿件的联合单位", "organ", f"联合单位：{named}")
    if kind == CONSENT and passages:
        raise BadInput("联合单位对全文表示意见", "passage", "请不写 --passage")


def _end_of(office: Office, workdays: int | None, now: datetime) -> datetime:
    """The end of the last day in Shanghai. Working days that no notice settles yet are counted for planning."""
    limits = office.settings.exceptional
    days = limits.link_workdays if workdays is None else workdays
    if not 1 <= days <= limits.link_workdays_at_most:
        raise BadInput("链接有效期不对", "valid_workdays", f"请给 1 至 {limits.link_workdays_at_most} 个工作日")
    last = office.calendar.add_workdays(now.astimezone(SHANGHAI).date(), days, planning=True).day
    return datetime.combine(last + dt.timedelta(days=1), dt.time(), SHANGHAI).astimezone(dt.UTC)


def _sealed(office: Office, report: Report, content: object, place: str) -> bytes:
    return office.vault.seal(report.wrapped_key, json.dumps(content, ensure_ascii=False).encode(), place)


# What the office does with an answer


def void_check(office: Office, report_id: str, actor: Actor, check_id: str, *, reason: str, now: datetime) -> None:
    """End a link before its time; whoever may ask for one may void it. Raises StepRefused, NotFound, BadInput."""
    with _changing(office, report_id, actor, check_id, "outside void", reason, now) as (tx, edition, check):
        if check.state != "open":
            raise BadInput(f"{check_id} 已结束（{check.state}）", report_id, "不必再作废")
        check.state = "voided"
        data = {"check": check_id}
        tx.record(Event("outside_voided", actor.id, report_id, digest=edition.digest, reason=reason, data=data))


def respond(office: Office, report_id: str, actor: Actor, check_id: str, *, reason: str, now: datetime) -> None:
    """Say what becomes of a fault that was found outside: corrected, or why not. The report is signed only then.

    Raises StepRefused, NotFound, BadInput.
    """
    with _changing(office, report_id, actor, check_id, "outside respond", reason, now) as (tx, edition, check):
        if check.answer != WRONG or check.acknowledged_by is not None:
            raise BadInput(f"{check_id} 没有等待回应的错误", report_id, "请用 `pubflow review links` 查看")
        check.acknowledged_by, check.acknowledged_at, check.acknowledgement = actor.id, now, reason
        data = {"check": check_id}
        tx.record(Event("outside_responded", actor.id, report_id, digest=edition.digest, reason=reason, data=data))


def erase_person(office: Office, report_id: str, actor: Actor, check_id: str, *, reason: str, now: datetime) -> None:
    """Erase name and organ of a person outside once the link has ended (operator); the history stays whole.

    Raises StepRefused, NotFound, BadInput.
    """
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, "outside erase", now),
        office.records.writing(now, what="outside erase", who=actor.id, subject=report_id) as tx,
    ):
        if Role.OPERATOR not in actor.roles:
            raise StepRefused(report_id, "删除外部人员信息", (Reason("other_role", "由系统管理员办理"),))
        edition = newest_edition(tx.session, report_id)
        check = _check(tx.session, edition, check_id)
        if check.state == "open" and check.expires_at > now and check.digest == edition.digest:
            raise BadInput(f"{check_id} 仍可使用", report_id, "请先作废：pubflow review link-void")
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明理由，其中不要写个人信息")
        erased = tx.erase_personal(check_id)
        data = {"check": check_id, "commitments": erased}
        tx.record(Event("outside_erased", actor.id, report_id, Role.OPERATOR, reason=reason, data=data))


@dataclass(frozen=True)
class CheckView:
    """One link as the office sees it. person, answered_by: None once erased. ended: why it can no longer be used."""

    id: str
    kind: str
    organ: str
    person: str | None
    version: int
    state: str
    ended: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    passages: Sequence[str]
    answer: str
    where: str
    what: str
    answered_by: str | None
    answered_at: datetime | None
    acknowledged_by: str | None
    acknowledgement: str


def checks_of(office: Office, report_id: str, now: datetime) -> list[CheckView]:
    """The links of a report with their answers, oldest first; they quote the draft. Raises NotFound, SealBroken."""
    with office.records.reading() as session:
        edition = newest_edition(session, report_id)
        return [_view(office, session, edition, check, now) for check in checks_on(session, edition)]


def ended_because(edition: Edition, check: OutsideCheck, now: datetime) -> str:
    """Why a link can no longer be used, as a word; empty while it can."""
    if check.state != "open":
        return "used" if check.state == "answered" else check.state
    if check.expires_at <= now:
        return "expired"
    if check.digest != edition.digest:
        return "edited"
    return "" if edition.stage in OPEN_STAGES else "over"


def _view(office: Office, session: Session, edition: Edition, check: OutsideCheck, now: datetime) -> CheckView:
    personal = Tx(session, now, office.vault).personal
    told = {"where": "", "what": ""}
    if check.sealed_answer is not None:
        told = json.loads(open_sealed(office, session, edition, check.sealed_answer, answer_place(check)))
    return CheckView(
        id=check.id,
        kind=check.kind,
        organ=check.organ,
        person=personal(check.person),
        version=check.version,
        state=check.state,
        ended=ended_because(edition, check, now),
        asked_by=check.asked_by,
        asked_at=check.asked_at,
        expires_at=check.expires_at,
        passages=passages_of(office, session, edition, check),
        answer=check.answer,
        where=told["where"],
        what=told["what"],
        answered_by=personal(check.answered_by) if check.answered_by else None,
        answered_at=check.answered_at,
        acknowledged_by=check.acknowledged_by,
        acknowledgement=check.acknowledgement,
    )


def passages_of(office: Office, session: Session, edition: Edition, check: OutsideCheck) -> list[str]:
    """The passages that a link shows; none means the whole text."""
    found: list[str] = json.loads(open_sealed(office, session, edition, check.sealed, check.id))
    return found


def answer_place(check: OutsideCheck) -> str:
    """Where the answer is bound to by its seal."""
    return f"{check.id}/answer"


@contextmanager
def _changing(
    office: Office, report_id: str, actor: Actor, check_id: str, what: str, reason: str, now: datetime
) -> Iterator[tuple[Tx, Edition, OutsideCheck]]:
    office.admit(actor, reason, "", now)
    with (
        refusals_recorded(office, actor, report_id, what, now),
        office.records.writing(now, what=what, who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        reasons = _asking_objections(tx.session, edition, tx.session.get_one(Report, report_id), actor)
        reasons += not_a_writer(facts_of(tx.session, edition), actor)
        if reasons:
            raise StepRefused(report_id, "办理外部意见", tuple(reasons))
        if not reason.strip():
            raise BadInput("没有写明理由", "reason", "请写明理由")
        yield tx, edition, _check(tx.session, edition, check_id)


def _check(session: Session, edition: Edition, check_id: str) -> OutsideCheck:
    check = session.get(OutsideCheck, check_id, with_for_update=True)
    if check is None or check.edition_id != edition.id:
        raise NotFound(f"{edition.report_id} 的外部核对 {check_id}", "请用 `pubflow review links` 查看编号")
    return check
