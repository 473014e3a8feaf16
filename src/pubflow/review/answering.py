"""The side of the person outside: opening a link, and the one answer that ends it.

Opening is recorded and ends nothing, since programs that guard a mailbox open links too.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlmodel import Session, select

from pubflow.audit.events import Event
from pubflow.documents.report_text import ReportText
from pubflow.errors import BadInput, NotFound, PubflowError, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, Action, Machine, Stage
from pubflow.lifecycle.steps import judged, next_stage
from pubflow.office.access import open_text
from pubflow.office.exceptional_facts import AGREED, CONSENT, FACT_CHECK, WRONG
from pubflow.office.line import facts_of, move_edition, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, OutsideCheck, Report
from pubflow.review.outside import NAME, answer_place, ended_because, passages_of, token_hash

OUTSIDE = Actor("outside", frozenset({Machine.OUTSIDE}))
CORRECT, REFUSED = "correct", "refused"
ANSWERS = {FACT_CHECK: (CORRECT, WRONG), CONSENT: (AGREED, REFUSED)}
LONGEST = {"name": 40, "where": 200, "what": 2000}
_RETURNING = (Stage.DEPARTMENT_REVIEW, Stage.CONFIDENTIALITY_CHECK, Stage.APPROVAL)
_WHY_ENDED = {
    "used": "已经答复过，每个链接只能答复一次",
    "voided": "已由发出单位作废",
    "expired": "已过有效期",
    "edited": "稿件在发出后已经修改，请向发出单位索取新的链接",
    "over": "这份稿件的办理已经结束",
}


@dataclass(eq=False)
class LinkEnded(PubflowError):
    """A link that was real once. why: used, voided, expired, edited or over."""

    code: ClassVar[str] = "link_ended"
    status: ClassVar[int] = 410
    why: str

    def __str__(self) -> str:
        return f"这个链接不能再使用：{_WHY_ENDED[self.why]}"


@dataclass(frozen=True)
class Shown:
    """What the person outside sees. text: the whole text, where no passages were chosen."""

    check_id: str
    kind: str
    person: str
    expires_at: datetime
    passages: Sequence[str]
    text: ReportText | None


def look_at(office: Office, token: str, now: datetime) -> Shown:
    """What a link shows; every opening is recorded. Raises NotFound, LinkEnded, SealBroken."""
    with office.records.reading() as session:
        check, edition = _found(session, token)
    with _refusals_recorded(office, edition, check, "outside open", now):
        _still_good(edition, check, now)
        with office.records.reading() as session:
            passages = passages_of(office, session, edition, check)
            text = None if passages else open_text(office, session, edition, check.version)
            person = Tx(session, now, office.vault).personal(check.person)
    opened = Event(
        "outside_opened", OUTSIDE.id, edition.report_id, Machine.OUTSIDE, check.digest, data={"check": check.id}
    )
    office.records.record(opened, now)
    return Shown(check.id, check.kind, person or "", check.expires_at, passages, text)


def answer(office: Office, token: str, *, given: str, where: str, what: str, name: str, now: datetime) -> str:
    """The one answer of a link; the number it is kept under. A co-producer's refusal sends the report back.

    Raises NotFound, LinkEnded, BadInput, SecretMarkFound; the link then stays as it was.
    """
    with office.records.reading() as session:
        check, edition = _found(session, token)
    for value in (where, what, name):
        office.admit(OUTSIDE, value, "", now)
    with _refusals_recorded(office, edition, check, "outside answer", now):
        _still_good(edition, check, now)
        _check_answer(check, given, where=where, what=what, name=name)
        with office.records.writing(now, what="outside answer", who=OUTSIDE.id, subject=edition.report_id) as tx:
            check = tx.session.get_one(OutsideCheck, check.id, with_for_update=True)
            edition = newest_edition(tx.session, edition.report_id)
            _still_good(edition, check, now)  # another answer may have been faster
            _keep(office, tx, edition, check, given, where=where, what=what, name=name)
            if given == REFUSED and edition.stage in _RETURNING:
                _send_back(tx, edition, check)
    return check.id


def _found(session: Session, token: str) -> tuple[OutsideCheck, Edition]:
    check = session.exec(select(OutsideCheck).where(OutsideCheck.token_hash == token_hash(token))).first()
    if check is None:
        raise NotFound("这个链接", "请核对地址是否完整，或向发出单位询问")
    # A newer edition ends the links of the older one: what is asked now is another text.
    edition = session.get_one(Edition, check.edition_id)
    return check, edition


@contextmanager
def _refusals_recorded(
    office: Office, edition: Edition, check: OutsideCheck, what: str, now: datetime
) -> Iterator[None]:
    with refusals_recorded(office, OUTSIDE, edition.report_id, what, now):
        try:
            yield
        except LinkEnded as ended:
            office.refuse(OUTSIDE, edition.report_id, what, now, {"codes": [f"link_{ended.why}"], "check": check.id})
            raise


def _still_good(edition: Edition, check: OutsideCheck, now: datetime) -> None:
    why = ended_because(edition, check, now)
    if why:
        raise LinkEnded(why)


def _check_answer(check: OutsideCheck, given: str, *, where: str, what: str, name: str) -> None:
    if given not in ANSWERS[check.kind]:
        raise BadInput("没有选择答复", "answer", "请选择一项")
    if not name.strip():
        raise BadInput("没有写姓名", "name", "请写您的姓名")
    if given in (WRONG, REFUSED) and not what.strip():
        raise BadInput("没有写明意见", "what", "请写明何处有误、应为什么，或不同意的理由")
    for field, value in {"name": name, "where": where, "what": what}.items():
        if len(value) > LONGEST[field]:
            raise BadInput(f"文字超过 {LONGEST[field]} 字", field, "请缩短")


def _keep(
    office: Office,
    tx: Tx,
    edition: Edition,
    check: OutsideCheck,
    given: str,
    *,
    where: str,
    what: str,
    name: str,
) -> None:
    key = tx.session.get_one(Report, edition.report_id).wrapped_key
    told = json.dumps({"where": where.strip(), "what": what.strip()}, ensure_ascii=False).encode()
    check.sealed_answer = office.vault.seal(key, told, answer_place(check))
    check.answered_by = tx.commit_personal(NAME, name.strip(), subject=check.id)
    check.state, check.answer, check.answered_at = "answered", given, tx.now
    data = {"check": check.id, "answer": given, "name": check.answered_by}
    tx.record(Event("outside_answered", OUTSIDE.id, edition.report_id, Machine.OUTSIDE, check.digest, data=data))


def _send_back(tx: Tx, edition: Edition, check: OutsideCheck) -> None:
    """A co-producer does not consent: the draft goes back. The reason quotes the draft and stays sealed."""
    reason = f"联合单位不同意，理由见外部答复 {check.id}"
    facts = facts_of(tx.session, edition)
    acting, reasons = judged(facts, Action.REFUSE, OUTSIDE, tx.now, reason=reason)
    if reasons:
        raise StepRefused(edition.report_id, ZH[Action.REFUSE], tuple(reasons))
    data = {"check": check.id, "version": edition.version}
    move_edition(tx, edition, next_stage(facts, Action.REFUSE), Action.REFUSE, acting, reason=reason, data=data)
