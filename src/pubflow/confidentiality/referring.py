"""报审: the officer is unsure and asks the competent department or the secrecy administration; the report waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from pubflow.confidentiality.bases import today
from pubflow.errors import BadInput
from pubflow.lifecycle.facts import Actor, EditionFacts
from pubflow.lifecycle.stages import Action
from pubflow.office.exceptional_facts import MAY_BE_PUBLIC, WITHHELD
from pubflow.office.line import take_step
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Referral

ANSWERS = {MAY_BE_PUBLIC: "可以公开", WITHHELD: "不予公开"}


def refer(
    office: Office, report_id: str, actor: Actor, *, digest: str | None, organ: str, reason: str, now: datetime
) -> Edition:
    """Refer the version at hand to a competent organ; it cannot be cleared until the answer is on record.

    Raises StepRefused, BadInput, NotFound, SecretMarkFound.
    """
    office.admit(actor, organ, "", now)

    def write(tx: Tx, edition: Edition, facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        if not organ.strip():
            raise BadInput("没有写明报审的部门", report_id, "请用 --to 写明主管部门或者保密行政管理部门")
        if facts.referral == "open":
            raise BadInput("这一版本已经报审", report_id, "收到答复后请用 check reply 记录")
        limits = (
            office.settings.rule("referral_report_working_days", today(now)).value,
            office.settings.rule("referral_decision_working_days", today(now)).value,
        )
        due = office.calendar.add_workdays(today(now), sum(map(int, limits)), planning=True)
        row = Referral(
            id=tx.next_id("B"),
            edition_id=edition.id,
            digest=edition.digest,
            organ=organ.strip(),
            reason=reason,
            by=actor.id,
            asked_at=now,
        )
        tx.session.add(row)
        return {"referral": row.id, "organ": row.organ, "due": due.day.isoformat()}

    return take_step(office, report_id, Action.REFER, actor, now=now, digest=digest, reason=reason, also=write)


def reply(
    office: Office,
    report_id: str,
    actor: Actor,
    *,
    digest: str | None,
    answer: str,
    document_no: str,
    reason: str,
    now: datetime,
) -> Edition:
    """Record what the organ answered: public or withheld. With withheld this text is never cleared.

    Raises StepRefused, BadInput, NotFound, SecretMarkFound.
    """
    office.admit(actor, document_no, "", now)

    def write(tx: Tx, edition: Edition, _facts: EditionFacts, _acting: Actor) -> Mapping[str, Any]:
        if answer not in ANSWERS:
            known = "、".join(f"{one}（{name}）" for one, name in ANSWERS.items())
            raise BadInput(f"没有“{answer}”这种答复", report_id, f"可用：{known}")
        if not document_no.strip():
            raise BadInput("没有写明答复的文号", report_id, "请用 --doc 写明文号，没有文号的写明日期和方式")
        found = select(Referral).where(
            Referral.edition_id == edition.id, Referral.digest == edition.digest, Referral.answer == ""
        )
        row = tx.session.exec(found.order_by(col(Referral.asked_at))).first()
        if row is None:
            raise BadInput("这一版本没有报审，或已有答复", report_id, "需要报审的请用 check refer")
        row.answer, row.document_no, row.answered_by, row.answered_at = answer, document_no.strip(), actor.id, now
        return {"referral": row.id, "answer": answer, "document_no": row.document_no}

    return take_step(office, report_id, Action.REPLY, actor, now=now, digest=digest, reason=reason, also=write)
