"""Right holders 权利人: their consent, or the public-interest override with its letter, before a value is public."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlmodel import Session, col, select

from pubflow.audit.events import Event
from pubflow.confidentiality.bases import grounds_of, today
from pubflow.confidentiality.grounds import CONSENT, OVERRIDE, Ground
from pubflow.documents.templates import office_templates, rendered
from pubflow.errors import BadInput, NotFound, StepRefused
from pubflow.lifecycle.facts import Actor
from pubflow.lifecycle.stages import ZH, Action, Role
from pubflow.lifecycle.steps import judged
from pubflow.office.access import open_sealed, read_text
from pubflow.office.line import facts_of, newest_edition, refusals_recorded
from pubflow.office.office import Office
from pubflow.records.store import Tx
from pubflow.records.tables import Edition, Finding, Report, RightHolder

_ASK = {
    CONSENT: "请先用 check consent 登记权利人的同意（何人、何日、何种方式、文号）",
    OVERRIDE: "请先用 check override 登记公共利益决定，并向权利人发出告知书",
}


def record_consent(
    office: Office,
    report_id: str,
    actor: Actor,
    finding_id: int,
    *,
    digest: str | None,
    holder: str,
    on: dt.date,
    how: str,
    document_no: str,
    reason: str,
    now: datetime,
) -> str:
    """Note that the right holder has consented to the publication of one value; the number of the record.

    holder: a personal value, kept erasable beside the history. how: in writing, by mail ... Raises StepRefused,
    BadInput, NotFound, SecretMarkFound.
    """
    given = {"holder": holder, "how": how, "document_no": document_no}
    with _officer_writes(office, report_id, actor, finding_id, digest, reason, given, now) as (tx, edition, finding):
        if on > today(now):
            raise BadInput(f"同意日期 {on} 还没有到", "on", "请写权利人同意的日期")
        row = _row(tx, edition, finding, actor, CONSENT, holder, on, how, document_no, reason)
        tx.session.add(row)
        _told(tx, actor, edition, finding, row)
    return row.id


def record_override(
    office: Office,
    report_id: str,
    actor: Actor,
    finding_id: int,
    *,
    digest: str | None,
    holder: str,
    how: str,
    document_no: str,
    reason: str,
    now: datetime,
) -> str:
    """Note that public interest outweighs the right holder's, and make the letter that says so; the record's number.

    The letter names what is published and why (the law asks for both); it is kept sealed, with its digest.
    Raises StepRefused, BadInput (also a mistaken template), NotFound, SecretMarkFound.
    """
    given = {"holder": holder, "how": how, "document_no": document_no}
    with _officer_writes(office, report_id, actor, finding_id, digest, reason, given, now) as (tx, edition, finding):
        row = _row(tx, edition, finding, actor, OVERRIDE, holder, today(now), how, document_no, reason)
        report = tx.session.get_one(Report, edition.report_id)
        letter = rendered(
            office_templates(office.settings.templates / "letters"),
            "override.txt.j2",
            number=row.id,
            document_no=document_no,
            holder=holder,
            title=report.title,
            report=report.id,
            passage=finding.masked,
            reason=reason,
            sources=[one.source for one in grounds_of(office).grounds if one.needs == OVERRIDE],
            bureau=office.settings.bureau.name,
            now=now,
        )
        row.letter_digest = hashlib.sha256(letter.encode()).hexdigest()
        row.sealed = office.vault.seal(report.wrapped_key, letter.encode(), _place(edition, row))
        tx.session.add(row)
        _told(tx, actor, edition, finding, row)
    return row.id


def letter(office: Office, actor: Actor, report_id: str, number: str, now: datetime) -> tuple[RightHolder, str]:
    """The letter of an override, for whoever may read the draft; the reader is logged. Raises NotFound, StepRefused."""
    read_text(office, actor, report_id, now=now)
    with office.records.reading() as session:
        row = session.get(RightHolder, number)
        edition = session.get(Edition, row.edition_id) if row else None
        if row is None or edition is None or edition.report_id != report_id or row.sealed is None:
            raise NotFound(f"{report_id} 的告知书 {number}", "请用 `pubflow check form` 查看编号")
        return row, open_sealed(office, session, edition, row.sealed, _place(edition, row)).decode()


def record_for(session: Session, edition: Edition, finding: Finding, ground: Ground) -> str:
    """The newest record that a ground needs for this value in this clause. Raises BadInput saying what to do."""
    found = select(RightHolder.id).where(
        RightHolder.edition_id == edition.id, RightHolder.life == finding.life, RightHolder.kind == ground.needs
    )
    number = session.exec(found.order_by(col(RightHolder.recorded_at).desc(), col(RightHolder.id).desc())).first()
    if number is None:
        raise BadInput(f"理由“{ground.name}”缺少登记", str(finding.id), _ASK[ground.needs])
    return number


@contextmanager
def _officer_writes(
    office: Office,
    report_id: str,
    actor: Actor,
    finding_id: int,
    digest: str | None,
    reason: str,
    given: dict[str, str],
    now: datetime,
) -> Iterator[tuple[Tx, Edition, Finding]]:
    """The officer who may decide on this finding writes something about it; refusals are recorded."""
    office.admit(actor, "\n".join((reason, *given.values())), "", now)
    with (
        refusals_recorded(office, actor, report_id, "right holder", now),
        office.records.writing(now, what="right holder", who=actor.id, subject=report_id) as tx,
    ):
        edition = newest_edition(tx.session, report_id)
        facts = facts_of(tx.session, edition)
        _, reasons = judged(facts, Action.DECIDE, actor, now, digest=digest, reason=reason)
        if reasons:
            raise StepRefused(report_id, ZH[Action.DECIDE], tuple(reasons))
        finding = tx.session.get(Finding, finding_id)
        if finding is None or finding.edition_id != edition.id or finding.digest != edition.digest:
            raise NotFound(f"{report_id} 的发现项 {finding_id}", "请用 `pubflow check findings` 查看编号")
        for name, value in given.items():
            if not value.strip():
                raise BadInput("没有填写", name, "权利人、方式、文号都要写明")
        yield tx, edition, finding


def _row(
    tx: Tx,
    edition: Edition,
    finding: Finding,
    actor: Actor,
    kind: str,
    holder: str,
    on: dt.date,
    how: str,
    document_no: str,
    reason: str,
) -> RightHolder:
    number = tx.next_id("T")
    return RightHolder(
        id=number,
        edition_id=edition.id,
        finding_id=finding.id or 0,
        life=finding.life,
        kind=kind,
        holder=tx.commit_personal("right_holder", holder.strip(), subject=number),
        given_on=on.isoformat(),
        how=how,
        document_no=document_no,
        reason=reason,
        by=actor.id,
        recorded_at=tx.now,
    )


def _told(tx: Tx, actor: Actor, edition: Edition, finding: Finding, row: RightHolder) -> None:
    data = {"record": row.id, "finding": finding.id, "holder": row.holder, "on": row.given_on}
    data |= {"document_no": row.document_no, "letter": row.letter_digest}
    event = "consent_recorded" if row.kind == CONSENT else "override_recorded"
    tx.record(Event(event, actor.id, edition.report_id, Role.OFFICER, edition.digest, reason=row.reason, data=data))


def _place(edition: Edition, row: RightHolder) -> str:
    return f"{edition.id}/letter/{row.id}"
